"""G += C~ s, and G <- G - G leak + C~ s, by plain integers."""

from fractions import Fraction

import numpy as np
import pytest

from ohmgrad.golden.blocks.update.correlator import LEAK_BITS, Correlator, correlate, correlate_leaky

from .reference import clipped, nearest


@pytest.mark.parametrize(("bits", "largest"), [(6, 1), (23, 1), (13, 127)])
def test_correlate_until_it_saturates(bits, largest):
    """By signs, and by sines or line codes up to 127."""
    block = Correlator(5, bits)
    assert block.bound == 2 ** (bits - 1) - 1
    draw = np.random.default_rng(bits)
    g = draw.integers(-block.bound, block.bound + 1, 50).astype(np.int32)
    g[:3] = block.bound, -block.bound, 0
    for _ in range(100):
        cost, signs = int(draw.integers(-15, 16)), draw.integers(-largest, largest + 1, g.size).astype(np.int32)
        exact = [int(x) + cost * int(s) for x, s in zip(g, signs, strict=True)]
        over = correlate(np.int64(block.bound), cost, signs, g)
        assert g.tolist() == [clipped(x, block.bound) for x in exact]
        assert over == any(abs(x) > block.bound for x in exact)


@pytest.mark.parametrize("bits", [6, 13, 30])
@pytest.mark.parametrize("leak", [2, 257, 2**15])
def test_correlate_with_a_leak_until_it_saturates(leak, bits):
    bound = Correlator(5, bits).bound
    draw = np.random.default_rng(bits + leak)
    g = draw.integers(-bound, bound + 1, 50).astype(np.int32)
    g[:3] = bound, -bound, 0
    flagged = 0
    for _ in range(60):
        most = 1 << (bits - 3)
        cost, factors = int(draw.integers(-most, most)), draw.integers(-3, 4, g.size).astype(np.int32)
        exact = [int(x) - nearest(Fraction(int(x) * leak, 2**LEAK_BITS)) + cost * int(s)
                 for x, s in zip(g, factors, strict=True)]  # fmt: skip
        over = correlate_leaky(bound, leak, cost, factors, g)
        assert g.tolist() == [clipped(x, bound) for x in exact]
        assert over == any(abs(x) > bound for x in exact)
        flagged += over
    assert flagged


def test_saturation_is_flagged_exactly_at_the_bound():
    signs = np.array([1], np.int32)
    for start, flagged in ((30, False), (31, True)):
        g = np.array([start], np.int32)
        assert correlate(np.int64(31), 1, signs, g) == flagged and g[0] == 31
    for start, flagged in ((-61, False), (-62, True)):
        g = np.array([start], np.int32)
        assert correlate_leaky(63, 2**15, -33, signs, g) == flagged and g[0] == -63
