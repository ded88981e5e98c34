"""Pulsed devices against their equations, recomputed here in plain float64; spreads and noise against theirs."""

import re

import numpy as np
import pytest

from ohmgrad.golden.analog.devices import (
    Cells,
    ConstantStep,
    ExpStep,
    LinearStep,
    PiecewiseStep,
    PowStep,
    SoftBounds,
    SoftBoundsReference,
    mean_step,
)
from ohmgrad.golden.analog.pulse import DOWN, HIDDEN, MAX, MIN, OWN_DOWN, OWN_UP, REFERENCE, UP

from .analog_cells import pulsed

SEED = 11
COMMON = {"dw_min": 0.02, "w_max": 0.7, "w_min": -0.5, "up_down": 0.1, "up_down_dtod": 0.05}


def linear(device, cell, v, up):
    gamma, bound = (device.gamma_up, device.w_max) if up else (device.gamma_down, device.w_min)
    return 1 - gamma * v / bound


def reversed_down(device, cell, v, up):
    return 1 - v / cell[MAX] if up else 1 - v / (cell[MAX] + device.reverse_offset)


def soft(device, cell, v, up):
    return 1 - v / (cell[MAX] if up else cell[MIN])


def exponential(device, cell, v, up):
    z = 2 * v / (cell[MAX] - cell[MIN]) * device.a + device.b
    a, power = (device.A_up, device.gamma_up * z) if up else (device.A_down, -device.gamma_down * z)
    return max(1 - a * np.exp(power), 0)


def power(device, cell, v, up):
    omega = (cell[MAX] - v) / (cell[MAX] - cell[MIN])
    return omega ** cell[OWN_UP] if up else (1 - omega) ** cell[OWN_DOWN]


def pieces(device, cell, v, up):
    nodes = device.piecewise_up if up else device.piecewise_down
    return np.interp(v, np.linspace(cell[MIN], cell[MAX], len(nodes)), nodes)


EQUATIONS = [
    (ConstantStep(**COMMON), lambda device, cell, v, up: 1),
    (LinearStep(**COMMON, gamma_up=0.4, gamma_down=0.7, gamma_up_dtod=0, gamma_down_dtod=0), linear),
    (SoftBounds(**COMMON), soft),
    (SoftBounds(**COMMON, reverse_down=True), reversed_down),
    (SoftBoundsReference(**COMMON, slope_up_dtod=0.2, reference_mean=0.05, reference_std=0.1), soft),
    (ExpStep(**COMMON), exponential),
    (PowStep(**COMMON, pow_gamma=1.6, pow_up_down=0.2, pow_up_down_dtod=0.1), power),
    (PiecewiseStep(**COMMON, piecewise_up=(1.5, 0.2, 1, 0.8), piecewise_down=(0.3, 1, 0.1, 2)), pieces),
    (PiecewiseStep(**COMMON, piecewise_up=(1.5,), piecewise_down=(0.3,)), pieces),
]
MODELS = [pytest.param(*pair, id=f"{k}-{type(pair[0]).__name__}") for k, pair in enumerate(EQUATIONS)]


def quiet(cells):
    """The same cells without cycle noise."""
    return cells._replace(shared=np.where(np.arange(cells.shared.size) == 0, 0, cells.shared))


@pytest.mark.parametrize(("device", "factor"), MODELS)
def test_a_pulse_is_its_equation(device, factor):
    cells = quiet(device.sample((12, 20), SEED))
    low, high = cells.bounds
    weights = (low + (high - low) * np.random.default_rng(SEED).random((12, 20))).astype(np.float32)
    for up in (True, False):
        got = pulsed(cells, weights, 1 if up else -1)
        for i, j in np.ndindex(weights.shape):
            cell, w = cells.each[i, j].astype(float), float(weights[i, j])
            v = w + cell[REFERENCE]
            step = cell[UP if up else DOWN] * factor(device, cell, v, up)
            expected = np.clip(v + step if up else v - step, cell[MIN], cell[MAX]) - cell[REFERENCE]
            # Weights below 2 in float32, and a handful of roundings.
            mean = mean_step(cells.model, cells.shared, cells.each[i, j], weights[i, j], up)
            assert mean == pytest.approx(step, abs=1e-7)
            assert got[i, j] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("device", "factor"), MODELS)
def test_weights_stay_within_each_cell_s_bounds(device, factor):
    cells = device.sample((5, 8), SEED)
    low, high = cells.bounds
    for sign, bound in ((1, high), (-1, low)):
        assert (sign * (pulsed(cells, np.zeros((5, 8)), 3000 * sign) - bound) <= 1e-7).all()
    beyond = cells.hold(np.where(np.arange(8) % 2, 9.0, -9.0) * np.ones((5, 8)))
    assert (beyond == np.where(np.arange(8) % 2, high, low)).all()


@pytest.mark.parametrize(("device", "factor"), MODELS)
def test_steps_cancel_at_the_symmetry_point(device, factor):
    cells = device.sample((6, 9), SEED)
    points, (low, high) = cells.symmetry(), cells.bounds
    inside = 0
    for i, j in np.ndindex(points.shape):
        up, down = (mean_step(cells.model, cells.shared, cells.each[i, j], points[i, j], u) for u in (True, False))
        assert low[i, j] <= points[i, j] <= high[i, j]
        if low[i, j] < points[i, j] < high[i, j]:
            # The step changes by less than 40 of its own over the range; the point is known to float32.
            assert up == pytest.approx(down, abs=40 * device.dw_min * 2.0**-22)
            inside += 1
        else:
            assert up >= down if points[i, j] == high[i, j] else up <= down
    print(f"seed {SEED}: {inside} of {points.size} inside the bounds")
    assert inside > 40 or isinstance(device, ConstantStep) or len(getattr(device, "piecewise_up", "ab")) == 1


def test_equal_constant_steps_have_their_symmetry_point_at_zero():
    cells = ConstantStep(dw_min_dtod=0, up_down_dtod=0).sample((2, 3), SEED)
    assert (cells.symmetry() == 0).all()


@pytest.mark.parametrize(
    ("device", "sigma"),
    [
        (ConstantStep(dw_min_std=0.3), lambda dw, step, w: 0.3 * dw),
        (SoftBounds(dw_min_std=0.3), lambda dw, step, w: 0.3 * step),
        (SoftBounds(dw_min_std=0.3, mult_noise=False), lambda dw, step, w: 0.3 * dw),
        (SoftBoundsReference(dw_min_std=0.5), lambda dw, step, w: 0.5 * dw),
        (PowStep(dw_min_std=0.4), lambda dw, step, w: 0.4 * step),
        (
            ExpStep(dw_min_std=0.2, dw_min_std_add=0.004, dw_min_std_slope=0.02),
            lambda dw, step, w: 0.2 * (step + 0.004 + 0.02 * abs(w)),
        ),
    ],
)
def test_cycle_noise(device, sigma):
    """20,000 pulses of one cell: mean and standard deviation within 5 standard errors, 3.5 % and 2.5 % of the noise."""
    cells, w, size = device.sample((1, 1), SEED), np.float32(0.2), 20000
    many = Cells(cells.model, cells.shared, np.repeat(cells.each, size, 1))
    step, dw = mean_step(cells.model, cells.shared, cells.each[0, 0], w, False), float(cells.each[0, 0, DOWN])
    got = w - pulsed(many, np.full((1, size), w), -1).astype(float)
    expected = sigma(dw, step, w)
    z = (got.mean() - step) / expected * size**0.5, (got.std() / expected - 1) * (2 * size) ** 0.5
    print(f"seed {SEED}: step {got.mean():.5f} of {step:.5f}, noise {got.std():.5f} of {expected:.5f}, z {z}")
    assert abs(np.array(z)).max() < 5


def test_write_noise_is_shown_and_does_not_accumulate():
    device = SoftBounds(dw_min=0.01, dw_min_dtod=0, up_down_dtod=0, dw_min_std=0, write_noise_std=3.0)
    plain = SoftBounds(dw_min=0.01, dw_min_dtod=0, up_down_dtod=0, dw_min_std=0)
    size = 20000
    cells, rng = device.sample((1, size), SEED), np.random.default_rng(SEED)
    shown = cells.hold(np.full((1, size), 0.1), rng)
    for pulses in (0, 7):
        weights = pulsed(cells, shown, pulses)
        other = plain.sample((1, size), SEED)
        hidden = pulsed(other, other.hold(np.full((1, size), 0.1)), pulses)
        assert (cells.each[..., HIDDEN] == hidden).all() and (cells.hidden(weights)[0] == hidden).all()
        noise = weights - hidden
        # 5 standard errors of the standard deviation of 20,000 numbers.
        assert noise.std() == pytest.approx(0.03, rel=5 / (2 * size) ** 0.5)
        assert abs(noise.mean()) < 5 * 0.03 / size**0.5
    wanted = np.full((1, size), 0.1)
    assert (cells.hold(wanted) == other.hold(wanted)).all()
    clean = SoftBounds(dw_min=0.01, write_noise_std=3.0, apply_write_noise_on_set=False).sample((1, size), SEED)
    shown = clean.hold(wanted, rng)
    assert (shown == clean.hidden(shown)[0]).all() and (pulsed(clean, shown, 1) != clean.each[..., HIDDEN]).all()


def test_stick_and_subtract():
    cells = SoftBounds(dw_min=0.05).sample((3, 4), SEED)
    where = np.zeros((3, 4), bool)
    where[1] = True
    weights = cells.hold(np.full((3, 4), 0.2))
    reference = np.full((3, 4), 0.05, np.float32)
    shown = cells.subtract(reference, weights)
    np.testing.assert_allclose(shown, weights - 0.05, atol=1e-7)
    cells.stick(where, -0.125)
    assert (cells.stuck == where).all()
    after = pulsed(cells, shown, 30)
    assert after[1] == pytest.approx(-0.125, abs=1e-7) and (after[[0, 2]] > shown[[0, 2]]).all()


def test_subtracting_a_reference_changes_no_device():
    plain, shifted = (PowStep(dw_min=0.05).sample((3, 4), SEED) for _ in range(2))
    weights = plain.hold(np.linspace(-0.2, 0.2, 12).reshape(3, 4))
    shown = shifted.subtract(np.full((3, 4), 0.1), weights)
    # 10 pulses, each with a rounding of a weight below 1.
    np.testing.assert_allclose(pulsed(shifted, shown, 10), pulsed(plain, weights, 10) - 0.1, atol=10 * 2.0**-23)
    np.testing.assert_allclose(shifted.symmetry(), plain.symmetry() - 0.1, atol=1e-6)


@pytest.mark.parametrize(("low", "p_max"), [(-0.8, 50), (-0.8, 1000), (-1.5, 200)])
def test_soft_bounds_from_a_response(low, p_max):
    """Up pulses lead from range_min to range_max, down pulses back from there as exp(-alpha p) to range_min."""
    still = dict.fromkeys(("dw_min_dtod", "dw_min_std", "up_down_dtod", "w_max_dtod", "w_min_dtod"), 0.0)
    cells = SoftBounds.from_response(p_max, 2 / p_max, low, 1.0, **still).sample((1, 1), SEED)
    up = pulsed(cells, [[low]], p_max)
    # (1 - alpha)^p_max is exp(-2) (1 - p_max alpha^2 / 2 - ...): off by 2 exp(-2) / p_max of the way to the bound.
    allowed = 1.1 * (1 - low) / -np.expm1(-2) * 2 * np.exp(-2) / p_max
    assert up[0, 0] == pytest.approx(1.0, abs=allowed)
    down = pulsed(cells, up, -p_max)
    assert down[0, 0] == pytest.approx(low + (up[0, 0] - low) * np.exp(-2), abs=allowed)


def test_granularity_and_states():
    assert ConstantStep(dw_min=0.01).granularity == 0.01 and ConstantStep(dw_min=0.01).states == pytest.approx(120)
    assert PowStep(dw_min=0.01, pow_gamma=2).states == pytest.approx(480)
    assert PiecewiseStep(dw_min=0.01, piecewise_up=(1, 2, 3), piecewise_down=(1, 1, 1)).granularity == 0.02
    # Down step at weight zero, with half of it left by up_down and 1 - e^-1 by A exp(-gamma b).
    exponential = ExpStep(dw_min=0.01, up_down=0.5, A_down=1, gamma_down=2, b=0.5)
    assert exponential.granularity == pytest.approx(0.005 * -np.expm1(-1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SoftBounds(dw_min=0), "SoftBounds.dw_min: 0 is refused; allowed is a step from 1e-30."),
        (lambda: ConstantStep(w_min=0.1), "ConstantStep.w_min: 0.1 is refused; allowed is a bound up to 0."),
        (lambda: ConstantStep(w_max=-1.0), "ConstantStep.w_max: -1.0 is refused; allowed is a bound from 0."),
        (lambda: PowStep(pow_gamma_dtod=-1), "PowStep.pow_gamma_dtod: -1 is refused; allowed is a spread from 0."),
        (
            lambda: ExpStep(corrupt_devices_prob=2),
            "ExpStep.corrupt_devices_prob: 2 is refused; allowed is a probability.",
        ),
        (
            lambda: LinearStep(reverse_up=True, mult_noise=False),
            "LinearStep.mult_noise: False is refused; allowed is True with a reversed step.",
        ),
        (
            lambda: PiecewiseStep(piecewise_up=(1, 2), piecewise_down=(1,)),
            "PiecewiseStep.piecewise_down: (1.0,) is refused; allowed is as many factors as up, 2.",
        ),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()
