"""Time constants against counters that roll over, as hardware has them."""

import pytest

from ohmgrad.golden.blocks.control.sequencer import pattern_number, sample_number, updates


@pytest.mark.parametrize(("tau_p", "tau_x", "tau_theta"), [(1, 1, 1), (2, 4, 4), (3, 1, 6), (5, 10, 15), (4, 2, 8)])
def test_counters(tau_p, tau_x, tau_theta):
    pattern = sample = 0
    in_p = in_x = in_theta = 0
    for step in range(200):
        assert (pattern_number(tau_p, step), sample_number(tau_x, step)) == (pattern, sample)
        in_p, in_x, in_theta = in_p + 1, in_x + 1, in_theta + 1
        if in_p == tau_p:
            pattern, in_p = pattern + 1, 0
        if in_x == tau_x:
            sample, in_x = sample + 1, 0
        assert updates(tau_theta, step) == (in_theta == tau_theta)
        in_theta %= tau_theta
