"""Pairs of unipolar devices with refresh, zero-shifting, and the presets."""

import numpy as np
import pytest

from ohmgrad.golden.analog import presets
from ohmgrad.golden.analog.ageing import Ageing
from ohmgrad.golden.analog.devices import ConstantStep, PowStep, SoftBounds, pulse_all
from ohmgrad.golden.analog.one_sided import OneSided
from ohmgrad.golden.analog.zero_shift import zero_shift

SEED = 17
EQUAL = dict.fromkeys(("dw_min_dtod", "dw_min_std", "up_down_dtod", "w_max_dtod", "w_min_dtod", "reset_std"), 0.0)


def paired(device, shape, **settings):
    pair = OneSided(device=device, **settings)
    cells = pair.sample(shape, SEED)
    return pair, cells, cells.hold(np.zeros(shape)), np.random.default_rng(SEED)


def test_a_pair_only_goes_up_and_shows_the_difference():
    """Up pulses climb the plus device, down pulses the minus device, each by its own step of soft bounds."""
    _, cells, weights, rng = paired(SoftBounds(dw_min=0.02, dw_min_std=0, w_min=0), (3, 4))
    pulse_all(*cells, weights, np.full((3, 4), 5), rng)
    pulse_all(*cells, weights, np.full((3, 4), -3), rng)
    expected = []
    for part, count in zip(cells.parts, (5, 3), strict=True):
        step, bound = part.each[..., 0].astype(float), part.each[..., 2]
        expected.append(bound * (1 - (1 - step / bound) ** count))
    for got, wanted in zip(cells.hidden(weights), expected, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6)
    np.testing.assert_allclose(weights, expected[0] - expected[1], atol=1e-6)
    assert not np.allclose(*(part.each[..., 0] for part in cells.parts))
    low, high = cells.bounds
    assert (high == cells.parts[0].each[..., 2]).all() and (low == -cells.parts[1].each[..., 2]).all()


def test_holding_splits_by_sign():
    _, cells, _, _ = paired(SoftBounds(**EQUAL), (1, 4))
    assert (cells.hold(np.array([[0.5, -0.25, 0, 9.0]])) == np.float32([[0.5, -0.25, 0, 0.6]])).all()
    plus, minus = cells.hidden(np.zeros((1, 4)))
    assert (plus == np.float32([0.5, 0, 0, 0.6])).all() and (minus == np.float32([0, 0.25, 0, 0])).all()


def test_refresh_of_worn_pairs_keeps_their_difference():
    """Worn is above 3/4 and 1/4 of w_max = 1; the difference comes back in steps of 1/64, to within one of them."""
    device = ConstantStep(**EQUAL | {"dw_min": 1 / 64, "w_max": 1.0, "w_min": 0.0, "reset": 0.125})
    pair, cells, _, rng = paired(device, (1, 5), refresh_bl=40)
    plus = np.float32([[0.875, 0.5, 0.75, 0.8125, 0.875]])
    minus = np.float32([[0.375, 0.875, 0.5, 0.25, 0.875]])
    weights = cells.restore([plus, minus])
    assert pair.refresh(Ageing(device, cells, SEED), weights, rng) == 3
    np.testing.assert_allclose(weights, plus - minus, atol=1 / 64 + 1e-6)
    got = cells.hidden(weights)
    assert (got[0] == np.float32([[0.625, 0.125, 0.75, 0.8125, 0.125]])).all()
    assert (got[1] == np.float32([[0.125, 0.5, 0.5, 0.25, 0.125]])).all()


def test_refresh_writes_no_more_than_its_pulses_and_rounds_evenly():
    device = ConstantStep(**EQUAL | {"dw_min": 0.01, "w_max": 1.0, "w_min": 0.0})
    pair, cells, _, rng = paired(device, (1, 10000), refresh_bl=31)
    weights = cells.restore([np.full((1, 10000), 0.9), np.full((1, 10000), 0.897 - 0.1)])
    assert pair.refresh(Ageing(device, cells, SEED), weights, rng) == 10000
    pulses = weights / 0.01
    # 10.3 pulses: 10 or 11, in the mean 10.3 within 5 standard errors of sqrt(0.3 * 0.7 / 10,000).
    assert set(pulses.round().ravel()) == {10, 11} and pulses.mean() == pytest.approx(10.3, abs=5 * 0.0046)
    weights = cells.restore([np.full((1, 10000), 0.9), np.full((1, 10000), 0.4)])
    pair.refresh(Ageing(device, cells, SEED), weights, rng)
    np.testing.assert_allclose(weights, 0.31, atol=1e-5)


def test_refusals_of_pairs():
    with pytest.raises(ValueError, match=r"^OneSided.device.write_noise_std: 1.0 is refused; allowed is 0 in a pair.$"):
        OneSided(device=SoftBounds(write_noise_std=1.0))
    _, cells, weights, rng = paired(SoftBounds(), (1, 1))
    for call in (cells.symmetry, lambda: zero_shift(cells, weights, 3, rng), lambda: cells.stick(weights > 0, 0)):
        with pytest.raises(ValueError, match="a pair' is refused; allowed "):
            call()


def cycle_of(cells):
    """Middle of the cycle of two that steps a - b w up and c + d w down lead to, in float64.

    The lower weight l has l + a - b l = h and h - c - d h = l. The middle is the symmetry point (a - c) / (b + d) if
    b = d; else it is off by a fraction of half a step.
    """
    a, c, _, _, b, d = (cells.each[..., k].astype(float) for k in range(6))
    b = -b
    low = (a - c - d * a) / (b + d - b * d)
    return low + (a - b * low) / 2


def test_zero_shifting_finds_the_symmetry_point():
    device = SoftBounds(dw_min=0.01, up_down_dtod=0.2, dw_min_std=0)
    cells = device.sample((10, 10), SEED)
    weights = cells.hold(np.full((10, 10), 0.3))
    points = zero_shift(cells, weights, 3000, np.random.default_rng(SEED))
    np.testing.assert_allclose(points, cycle_of(cells), atol=1e-5)
    before = cells.symmetry()
    shown = cells.subtract(points, weights)
    after, steps = abs(cells.symmetry()), cells.each[..., :2].max(-1)
    print(f"seed {SEED}: symmetry points {abs(before).mean():.4f} from zero in the mean, then {after.mean():.5f}")
    assert (after < steps / 2).all() and (abs(shown) < steps).all() and abs(before).mean() > 20 * after.mean()


def test_zero_shifting_of_any_model():
    device = PowStep(dw_min=0.02, up_down_dtod=0.2, dw_min_std=0)
    cells = device.sample((10, 10), SEED)
    points = zero_shift(cells, cells.hold(np.full((10, 10), 0.3)), 3000, np.random.default_rng(SEED))
    assert (abs(points - cells.symmetry()) < cells.each[..., :2].max(-1) / 2).all()


def test_zero_shifting_with_noise_averages():
    """Under cycle noise a device fluctuates about that cycle: the mean of 1,000 pairs of 400 devices has no bias.

    With steps s, slope s / b each way and noise 0.3 s a pulse, w is an autoregression of coefficient 1 - 2 s / b a pair
    and variance 2 (0.3 s)^2 a pair; its mean over n pairs has the variance 2 (0.3 s)^2 / (2 s / b)^2 / n.
    """
    device = SoftBounds(dw_min=0.02, up_down=0.3, **EQUAL | {"dw_min_std": 0.3})
    cells = device.sample((20, 20), SEED)
    points = zero_shift(cells, cells.hold(np.zeros((20, 20))), 1200, np.random.default_rng(SEED), averaged=1000)
    target = float(cycle_of(cells)[0, 0])
    error = 0.3 * 0.02 * 2**0.5 / (2 * 0.02 / 0.6) / 1000**0.5
    z = (points.mean() - target) / (error / 20)
    print(f"seed {SEED}: {points.mean():.5f} of {target:.5f}, z {z:.1f}; spread {points.std():.5f} of some {error:.5f}")
    assert abs(z) < 5 and 0.5 * error < points.std() < 1.5 * error and abs(target) > 0.1


ALL = {name: value for name, value in vars(presets).items() if isinstance(value, presets.ConstantStep.__base__)}


@pytest.mark.parametrize("name", sorted(ALL))
def test_presets_are_sound_devices(name):
    device = ALL[name]
    cells, rng = device.sample((10, 30), SEED), np.random.default_rng(SEED)
    weights = cells.hold(np.zeros((10, 30)))
    pulse_all(*cells, weights, rng.integers(-50, 51, (10, 30)), rng)
    low, high = cells.bounds
    (states,) = cells.hidden(weights)
    assert np.isfinite(weights).all() and ((low - 1e-6 <= states) & (states <= high + 1e-6)).all()
    assert states.std() > 0


@pytest.mark.parametrize(
    ("device", "states"),
    [
        (presets.GokmenVlasov, 1250),
        (presets.Idealized, 10000),
        (presets.ReRamSB, 1000),
        (presets.EcRam, 1000),
        (presets.EcRamMO, 7089),
        (presets.Capacitor, 400),
        (presets.ReRamArrayOM, 21),
        (presets.ReRamArrayHfO2, 4.3),
    ],
)
def test_number_of_states_of_the_presets(device, states):
    """Range over step, as the cited papers and aihwkit's notes give them."""
    assert device.states == pytest.approx(states, rel=0.01)


def test_the_pair_of_phase_change_memories_learns_both_signs():
    cells = presets.PCMPair.sample((20, 20), SEED)
    weights, rng = cells.hold(np.zeros((20, 20))), np.random.default_rng(SEED)
    for sign in (1, -1):
        before = weights.copy()
        pulse_all(*cells, weights, np.full((20, 20), 10 * sign), rng)
        assert (sign * (weights - before)).mean() > 0.05
