"""Devices as drawn: spreads, stuck devices, bounds and slopes against their definition."""

import numpy as np
import pytest

from ohmgrad.golden.analog.devices import ConstantStep, LinearStep, SoftBounds, SoftBoundsReference
from ohmgrad.golden.analog.pulse import DOWN, MAX, MIN, OWN_DOWN, OWN_UP, REFERENCE, UP

from .analog_cells import pulsed

SEED = 11


def test_spreads_are_those_of_the_definition():
    """40,000 devices: standard deviations within 5 standard errors, 1.8 % of them, correlations within 0.025."""
    steps = {"dw_min": 0.01, "dw_min_dtod": 0.2, "up_down": -0.3, "up_down_dtod": 0.06}
    device = ConstantStep(**steps, w_max=1, w_min=-0.5, w_min_dtod=0.1)
    each = device.sample((200, 200), SEED).each.astype(float)
    up, down, top, bottom = (each[..., k].ravel() for k in (UP, DOWN, MAX, MIN))
    base, skew = (up + down) / 0.02, (up - down) / 0.02
    for values, mean, std in ((base, 0.85, 0.2), (skew, -0.15, 0.06), (top, 1, 0.3), (bottom, -0.5, 0.05)):
        print(f"seed {SEED}: mean {values.mean():.4f} of {mean}, standard deviation {values.std():.4f} of {std}")
        assert abs(values.mean() - mean) < 5 * std / 200 and values.std() == pytest.approx(std, rel=5 / 200 / 2**0.5)
    assert abs(np.corrcoef([base, skew, top, bottom])[np.triu_indices(4, 1)]).max() < 5 / 200


def test_samples_are_of_their_seed():
    device = SoftBounds()
    a, b, c = (device.sample((3, 4), seed).each for seed in (1, 1, 2))
    assert (a == b).all() and not (a == c).any(where=np.arange(a.shape[-1]) < REFERENCE)


def test_log_normal_steps():
    device = ConstantStep(dw_min=0.01, dw_min_dtod=0.5, dw_min_dtod_log_normal=True, up_down_dtod=0)
    logs = np.log(device.sample((200, 200), SEED).each[..., UP] / 0.01)
    assert abs(logs.mean()) < 5 * 0.5 / 200 and logs.std() == pytest.approx(0.5, rel=5 / 200 / 2**0.5)


def test_corrupt_devices_are_stuck_within_their_range():
    device = SoftBounds(corrupt_devices_prob=0.2, corrupt_devices_range=0.3, w_max_dtod=0, w_min_dtod=0, dw_min=0.05)
    cells = device.sample((100, 100), SEED)
    count = int(cells.stuck.sum())
    print(f"seed {SEED}: {count} of 10,000 stuck, 2,000 expected, standard deviation 40")
    assert abs(count - 2000) < 200
    places = cells.bounds[0][cells.stuck]
    # Uniform on +-0.3: the standard deviation is 0.3 / sqrt(3), that of a mean of 2,000 is 0.004.
    assert abs(places).max() <= 0.3 and abs(places.mean()) < 0.02 and places.std() == pytest.approx(0.173, abs=0.01)
    moved = pulsed(cells, cells.hold(np.zeros((100, 100))), 5)
    assert (moved[cells.stuck] == places).all() and (moved[~cells.stuck] > 0).all()


def test_bounds_that_cross_without_consistency_leave_a_stuck_device():
    """Bounds N(0.2, 0.15) and N(-0.1, 0.15) cross with probability Phi(-0.3 / 0.15 / sqrt 2) = 7.86 %."""
    spreads = {"w_max": 0.2, "w_max_dtod": 0.75, "w_min": -0.1, "w_min_dtod": 1.5}
    cells = ConstantStep(**spreads, enforce_consistency=False).sample((100, 100), SEED)
    low, high = cells.bounds
    count = int(cells.stuck.sum())
    print(f"seed {SEED}: {count} of 10,000 bounds crossed, 786 expected, standard deviation 27")
    assert abs(count - 786) < 5 * 27 and (low[cells.stuck] == high[cells.stuck]).all()
    # Half-way between bounds is N(0.05, 0.106), crossed or not: their sum is independent of their difference.
    assert low[cells.stuck].mean() == pytest.approx(0.05, abs=5 * 0.106 / count**0.5)
    assert (ConstantStep(**spreads).sample((100, 100), SEED).bounds[0] <= 0).all()


def test_slopes_of_linear_steps():
    """40,000 slopes are gamma + gamma_dtod xi over the mean bound, folded to shortening steps unless they may grow."""
    settings = {"gamma_up": 0.2, "gamma_up_dtod": 0.2, "gamma_down": 0.5, "gamma_down_dtod": 0.1, "w_max": 0.8}
    for allowed in (False, True):
        each = LinearStep(**settings, allow_increasing=allowed).sample((200, 200), SEED).each.astype(float)
        gamma = -each[..., OWN_UP] / each[..., UP] * 0.8
        grows = (gamma < 0).mean()
        print(f"seed {SEED}: gamma {gamma.mean():.4f}, {100 * grows:.2f} % below zero")
        assert grows == (pytest.approx(0.1587, abs=5 * 0.0019) if allowed else 0)
        assert (gamma**2).mean() == pytest.approx(0.08, rel=5 * 6**0.5 / 2 / 200)
        down = each[..., OWN_DOWN] / each[..., DOWN] * 0.6
        assert down.mean() == pytest.approx(0.5, abs=5 * 0.1 / 200)
        assert down.std() == pytest.approx(0.1, rel=5 / 200 / 2**0.5)


def test_slopes_of_soft_bounds_with_a_reference():
    """40,000 slopes have the spread slope_up_dtod, and the steps still vanish at the bound that moves along."""
    device = SoftBoundsReference(slope_up_dtod=0.1, slope_down_dtod=0.2, w_max_dtod=0, w_min_dtod=0)
    each = device.sample((200, 200), SEED).each.astype(float)
    for step, slope, bound, sign, spread in ((UP, OWN_UP, MAX, -1, 0.1), (DOWN, OWN_DOWN, MIN, 1, 0.2)):
        relative = sign * each[..., slope] / each[..., step] * 0.6
        assert relative.mean() == pytest.approx(1, abs=5 * spread / 200)
        assert relative.std() == pytest.approx(spread, rel=5 / 200 / 2**0.5)
        np.testing.assert_allclose(each[..., slope] * each[..., bound], -each[..., step], rtol=1e-6)


def test_perfect_bias_is_the_last_column():
    each = SoftBounds(perfect_bias=True, dw_min=0.02).sample((4, 5), SEED).each
    np.testing.assert_allclose(each[:, -1, :4], np.tile([0.02, 0.02, 60, -60], (4, 1)), rtol=1e-6)
    assert each[:, :-1, MAX].max() < 2
