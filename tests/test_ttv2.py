"""The transfer filter: its equation, its resets, and that `subtract` loses nothing."""

import numpy as np
import pytest

from ohmgrad.golden.ttv2 import RESETS, SUBTRACT, Ttv2, transfer

from .reference import clipped, filtered


def apply(block, threshold, g, h):
    """Transfer, with 32-bit arrays; returns H, the pulses and whether H saturated."""
    g, h = np.array(g, np.int32), np.array(h, np.int32)
    pulses = np.full_like(h, 9)
    over = transfer(np.int32(block.bound), block.reset, block.keep_shift, threshold, g, h, pulses)
    assert not g.any(), "G was not cleared"
    return h.tolist(), pulses.tolist(), over


@pytest.mark.parametrize("keep_shift", [1, 3])
@pytest.mark.parametrize("reset", RESETS.values(), ids=RESETS)
@pytest.mark.parametrize("threshold", [1, 100, 4095])
def test_transfer(threshold, reset, keep_shift):
    block = Ttv2(13, 10, reset, keep_shift, ((0, threshold),))
    assert block.bound == 4095
    draw = np.random.default_rng(threshold)
    h = draw.integers(-4095, 4096, 500).tolist()
    g = draw.integers(-511, 512, 500).tolist()
    exact = [x - y for x, y in zip(h, g, strict=True)]
    expected = [filtered(block, threshold, clipped(x, 4095)) for x in exact]
    got, pulses, over = apply(block, threshold, g, h)
    assert list(zip(got, pulses, strict=True)) == expected
    assert over == any(abs(x) > 4095 for x in exact)


def test_a_pulse_fires_at_the_threshold_and_goes_against_the_gradient():
    block = Ttv2(13, 10, SUBTRACT, 1, ((0, 50),))
    assert apply(block, 50, [-49, -50, 49, 50, -60], [0] * 5) == ([49, 0, -49, 0, 10], [0, 1, 0, -1, 1], False)


@pytest.mark.parametrize(("reset", "left"), [("zero", 0), ("subtract", 27), ("keep", 10)])
def test_resets_by_hand(reset, left):
    """77 less 50; 77 / 8 = 9.625 to nearest."""
    block = Ttv2(13, 10, RESETS[reset], 3, ((0, 50),))
    assert apply(block, 50, [-7, 7], [70, -70])[:2] == ([left, -left], [1, -1])


def test_subtract_loses_nothing():
    """Pulses times the threshold plus what is left in H is minus the sum of G."""
    block, threshold = Ttv2(16, 10, SUBTRACT, 1, ((0, 700),)), 700
    draw = np.random.default_rng(5)
    h, moved, total = [0] * 40, np.zeros(40, int), np.zeros(40, int)
    for _ in range(200):
        g = draw.integers(-500, 501, 40)
        h, pulses, over = apply(block, threshold, g, h)
        assert not over
        moved += np.array(pulses) * threshold
        total += g
    assert (moved + h == -total).all() and abs(moved).min() < abs(moved).max()
