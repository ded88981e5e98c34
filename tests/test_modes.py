"""What each mode and option of the engine is for: scale of G, blanking, momentum, rounding, analog mode."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from ohmgrad.golden.blocks.measure.cost import ANALOG, DECAY_BITS, difference
from ohmgrad.golden.blocks.perturb.codes import pattern_signs

from .chips import engine, linear, small
from .test_acceptance import off, quadratic
from .test_codes_statistics import extreme

SINES = {"perturbation.code": "sinusoidal", "perturbation.amplitude": 16 * 3 / 8191, "cost.bits": 15,
         "perturbation.tau_theta": 1024, "perturbation.tau_x": 1024}  # fmt: skip
NODE = {"perturbation.method": "node", "perturbation.code": "walsh"}


@pytest.mark.parametrize("mode", ["forward", "antithetic"])
@pytest.mark.parametrize(("overrides", "steps", "tolerance"), [
    ({"perturbation.code": "walsh"}, 256, 1e-9),
    ({"perturbation.code": "walsh-upper", "cost.average": 2}, 512, 1e-9),
    (NODE, 4, 1e-9),
    (SINES, 512, 0.05),
])  # fmt: skip
def test_the_unit_of_g_makes_it_the_gradient(overrides, steps, tolerance, mode):
    """dC/dw = x sign(o - t) of a linear neuron under L1, in real units, is a step's mean share of G.

    Sines of peak 23 are rounded by up to 1/46 of the peak each.
    """
    learner, state, _ = linear(**overrides, **{"cost.mode": mode})
    learner.run(state, steps)
    x = np.append(learner.inputs[0], 3) / 3
    expected = np.outer(-np.sign(learner.targets[0]), x).ravel()
    got = state.g / steps * learner.chip.gradient_unit
    assert abs(got - expected).max() < tolerance and state.flags == 0


@pytest.mark.parametrize(("phase", "most", "least"), [(0.0, 3, 0), (0.25, 90, 20)])
def test_sines_without_a_phase_keep_the_hessian_out(phase, most, least):
    """The product of two sines is a difference of cosines, which no sine sees, but cosines do ([M23]: aliasing).

    Forward mode, a quadratic of 9 parameters over a period of 32 steps; angles in degrees.
    """
    sines = {"perturbation.phase": phase, "perturbation.amplitude": 8 * 3 / 8191, "weights.init": 20 * 3 / 8191,
             "cost.bits": 20, "update.eta": 0.05}  # fmt: skip
    learner, state, gradient = quadratic("sinusoidal", "forward", target=0.02, **sines)
    learner.run(state, 32)
    print(f"phase {phase}: {off(state.g, gradient):.2f} degrees")
    assert learner.chip.codes.cycle == 32 and state.flags == 0
    assert least <= off(state.g, gradient) < most


def test_a_lag_turns_a_sine_into_its_share():
    """The reference behind by 1/8 turn sees cos(45 degrees) of the gradient; by 1/4 nothing, by 1/2 its negative."""
    whole = None
    for lag, share in ((0.0, 1.0), (0.125, 0.5**0.5), (0.25, 0.0), (0.5, -1.0)):
        learner, state, gradient = linear(**SINES, **{"perturbation.lag": lag})
        learner.run(state, 512)
        projection = state.g @ gradient / (gradient @ gradient)
        whole = whole or projection
        assert projection / whole == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(("tau_x", "blanking", "tau_p"), [(6, 4, 2), (5, 1, 1), (4, 3, 8)])
def test_blanked_costs_are_not_correlated(tau_x, blanking, tau_p):
    """G is the sum over the other steps alone, though C~ is measured at all."""
    taus = {"perturbation.tau_p": tau_p, "perturbation.tau_x": tau_x, "perturbation.tau_theta": 240}
    learner = engine(small(**taus, **{"perturbation.blanking": blanking}))
    state = learner.initial()
    cost = learner.trace(state, 239).cost
    signs = np.array([pattern_signs(learner.chip.codes, n // tau_p) for n in range(239)])
    used = np.arange(239) % tau_x >= blanking
    assert (state.g == (cost * used) @ signs).all() and (state.g != cost @ signs).any()


def moved(updates, **overrides):
    """How far theta went with each update of a linear chip, whose G is the same each time."""
    taus = {"perturbation.code": "walsh", "perturbation.tau_x": 256, "perturbation.tau_theta": 256}
    learner, state, _ = linear(**taus, **overrides)
    path = [state.theta.astype(int)]
    for _ in range(updates):
        learner.run(state, 256)
        path.append(state.theta.astype(int))
    assert state.flags == 0
    return np.diff(path, axis=0)


def test_momentum_gains_1_over_1_minus_gamma():
    """[M23]: M = gamma M + eta G. The n-th step is (1 - gamma^n) / (1 - gamma) of a plain one.

    Roundings of M: 2 halves of 2**-8 an update, 4 times that in the end; theta's: 1/2, and 4/2 of the plain step.
    """
    eta = {"update.eta": 5e-7}
    plain, heavy = moved(30, **eta), moved(30, **eta, **{"update.momentum": 0.75})
    assert abs(plain[0]).max() > 4 and (plain == plain[0]).all()
    gain = (1 - 0.75 ** np.arange(1, 31)) / 0.25
    assert abs(heavy - gain[:, None] * plain[0]).max() <= 4 / 256 + 0.5 + 4 * 0.5


def test_stochastic_rounding_is_unbiased_and_nearest_loses_small_steps():
    """A step of f LSBs: to nearest none is made if f < 1/2; else n steps sum to n f within sqrt(n f (1 - f)) z."""
    updates, eta = 400, {"update.eta": 3e-7, "weights.bits": 12}
    assert not moved(3, **eta).any()
    steps = moved(updates, **eta, **{"update.rounding": "stochastic"})
    learner, state, gradient = linear(**eta, **{"perturbation.code": "walsh"})
    rate, shift = learner.chip.path.optimizer.schedule[0][1][0], learner.chip.path.optimizer.shift
    exact = -256 * gradient * rate / 2**shift
    part = abs(exact) % 1
    assert 0.05 < abs(exact).max() < 0.5 and set(np.unique(steps).tolist()) == {-1, 0, 1}
    z = (steps.sum(0) - updates * exact)[part > 0] / (updates * part * (1 - part))[part > 0] ** 0.5
    print(f"steps of up to {abs(exact).max():.3f} LSB: largest |z| of {z.size} is {abs(z).max():.2f}")
    assert abs(z).max() < extreme(z.size) and not steps[:, part == 0].any()
    draws = steps[:, part > 0] != 0
    assert abs(np.corrcoef(draws.T)[np.triu_indices(draws.shape[1], 1)]).max() < 1, "two parameters share their draws"


@pytest.mark.parametrize("overrides", [
    {}, {"update.momentum": 0.9}, {"update.rounding": "stochastic"}, {"cost.mode": "analog", "perturbation.tau_x": 4},
    {"perturbation.method": "node", "cost.bits": 16}, {"update.schedule": [[100, 0.1]]},
])  # fmt: skip
@pytest.mark.parametrize("frozen", range(3))
def test_a_frozen_layer_does_not_move(frozen, overrides):
    factors = [1.0, 0.7, 1.0]
    factors[frozen] = 0
    learner = engine(small(**overrides, **{"update.layers": factors}))
    state = learner.initial()
    start = state.theta.copy()
    learner.run(state, 300)
    still = [(part == 0).all() for part in learner.chip.matrices(state.theta - start)]
    assert still == [k == frozen for k in range(3)]


def test_rates_of_the_layers_are_factors_of_eta():
    factors = (0.25, 1.0, 0.5)
    optimizer = small(**{"update.layers": list(factors), "update.schedule": [[9, 0.02]]}).path.optimizer
    for (_, rates), (_, (whole, *_)) in zip(optimizer.schedule, small(
        **{"update.schedule": [[9, 0.02]]}).path.optimizer.schedule, strict=True):  # fmt: skip
        assert [rate - factor * whole for rate, factor in zip(rates, factors, strict=True)] == pytest.approx(
            [0, 0, 0], abs=0.5 + 0.5
        )


# Analog mode.

HIGH_PASS = {"cost.mode": "analog", "perturbation.tau_x": 40, "perturbation.tau_theta": 25, "cost.tau_hp": 10.0}


def test_analog_costs_and_gradients_follow_the_papers_filters():
    """C~ <- d (C~ + C - C_prev), 0 at a new sample; G <- G - G leak + e, in exact fractions.

    d and the leak differ from tau_hp / (tau_hp + 1) and 1 / (tau_theta + 1) by half of 2**-16. C~ rounds by half
    of 2**-8 a step, which the filter sums to 11 times that, and by 1/2 at its output; G by 1/2 more a step, and the
    leak sums to 26 steps.
    """
    learner = engine(small(**HIGH_PASS))
    chip = learner.chip
    decay, leak = Fraction(chip.cost.decay, 2**16), Fraction(chip.correlator.leak, 2**16)
    assert abs(decay - Fraction(10, 11)) <= Fraction(1, 2**17) >= abs(leak - Fraction(1, 26))
    state = learner.initial()
    c, last, g = Fraction(0), 0, np.array([Fraction(0)] * 37)
    for n in range(200):
        trace = learner.trace(state, 1)
        level = int(trace.sums[0, 0])
        c = decay * (c + level - last) if n % 40 else Fraction(0)
        last = level
        assert abs(int(trace.cost[0]) - c) <= Fraction(1, 2) + Fraction(11, 2**9)
        g += -g * leak + [c * int(s) for s in pattern_signs(chip.codes, n)]
        assert max(abs(g - state.g)) <= 26 * (1 + Fraction(11, 2**9))
    assert abs(state.g).max() > 10_000 and state.flags == 0


def test_analog_gradients_have_the_papers_scale():
    """A linear cost's G in its unit is tau_hp / (tau_hp + 1) of the gradient: the share of C in its own C~.

    The rest of C~ is noise to the signs. Projected on the gradient, y^2 of a normal y has variance 2, and the low-pass
    of tau_theta = 4000 averages 8000 steps: 5 sigma are 8 %; the high-pass's tail adds 1 / (2 tau_hp) to the variance.
    """
    overrides = {"cost.mode": "analog", "cost.tau_hp": 10.0, "perturbation.tau_theta": 4000, "update.eta": 2e-7}
    learner, state, _ = linear(**overrides, **{"perturbation.tau_x": 100_000, "cost.bits": 13})
    learner.run(state, 40_000)
    x = np.append(learner.inputs[0], 3) / 3
    gradient = np.outer(-np.sign(learner.targets[0]), x).ravel()
    share = state.g @ gradient / (gradient @ gradient) * learner.chip.gradient_unit
    print(f"share {share:.3f}, expected {10 / 11:.3f}")
    assert share == pytest.approx(10 / 11, abs=0.09) and state.flags & 1 == 0


@pytest.mark.parametrize(("tau_x", "gain"), [(1, 0.0), (2, 5 / 11), (4, 7.5 / 11)])
def test_analog_gain_with_few_steps_a_sample(tau_x, gain):
    """A sample's first step is lost: of tau_x = 2 and tau_hp = 10 there remain 0.45, of tau_x = 1 nothing.

    Mean of C~ s over all signs of two samples, of a cost 1000 + 100 s.
    """
    decay = round(10 / 11 * 2**DECAY_BITS)
    total = count = 0
    for signs in product((-1, 1), repeat=2 * tau_x):
        memory = np.zeros(2, np.int64)
        for n, s in enumerate(signs):
            level = 1000 + 100 * s + 5000 * (n // tau_x)
            total += s * difference(ANALOG, decay, 0, 0, level, 0, False, n % tau_x == 0, memory)
            count += 100
    assert total / count == pytest.approx(gain, abs=0.006)


def test_analog_mode_learns_xor():
    learner = engine(small(**{
        "cost.mode": "analog", "perturbation.tau_x": 64, "perturbation.tau_theta": 32, "cost.tau_hp": 20.0,
        "update.eta": 0.02,
    }))  # fmt: skip
    state = learner.initial()
    before = learner.error(state)
    learner.run(state, 200_000)
    print(f"seed 77: error {before:.3f} -> {learner.error(state):.3f}")
    assert learner.error(state) < before / 4
