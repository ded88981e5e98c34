"""G += C~ s, by plain integers."""

import numpy as np
import pytest

from ohmgrad.golden.correlator import Correlator, correlate

from .reference import clipped


@pytest.mark.parametrize("bits", [6, 23])
def test_correlate_until_it_saturates(bits):
    block = Correlator(5, bits)
    assert block.bound == 2 ** (bits - 1) - 1
    draw = np.random.default_rng(bits)
    g = draw.integers(-block.bound, block.bound + 1, 50).astype(np.int32)
    g[:3] = block.bound, -block.bound, 0
    for _ in range(100):
        cost, signs = int(draw.integers(-15, 16)), draw.integers(-1, 2, g.size).astype(np.int32)
        exact = [int(x) + cost * int(s) for x, s in zip(g, signs, strict=True)]
        over = correlate(np.int64(block.bound), cost, signs, g)
        assert g.tolist() == [clipped(x, block.bound) for x in exact]
        assert over == any(abs(x) > block.bound for x in exact)


def test_saturation_is_flagged_exactly_at_the_bound():
    signs = np.array([1], np.int32)
    for start, flagged in ((30, False), (31, True)):
        g = np.array([start], np.int32)
        assert correlate(np.int64(31), 1, signs, g) == flagged and g[0] == 31
