"""Latency of the cost: what misalignment costs, and the calibration that finds it."""

import numpy as np
import pytest

from ohmgrad.golden.blocks.measure.calibration import LAGS, PERIOD, PERTURBED, ROUNDS, calibration_delay

from . import reference
from .chips import engine, small
from .test_engine import LETTERS

SEEDS = range(10)
LATE = {**LETTERS, "array.latency": 3}
STEPS = 40_000


def errors(delay=None, other_signs=False):
    """Mean squared error after the run over that before, for all seeds.

    With `other_signs` the cost is correlated with signs of another seed: a random walk of the same steps.
    """
    ratios = []
    for seed in SEEDS:
        learner = engine(small(**LATE, **{"seed": seed, "engine.delay": delay}))
        if other_signs:
            learner.chip.__dict__["factor_codes"] = learner.chip.codes._replace(seed=seed + 1000)
        state = learner.initial()
        before = learner.error(state)
        learner.run(state, STEPS)
        ratios.append(learner.error(state) / before)
    return np.array(ratios)


@pytest.fixture(scope="module")
def walks():
    return errors(other_signs=True)


def sooner(a, b):
    """How many pairs have their smaller error in `a` (Mann-Whitney), as a standard normal z under no difference."""
    n = len(a)
    return ((a[:, None] < b).sum() - n * n / 2) / (n * n * (2 * n + 1) / 12) ** 0.5


def test_acceptance_8_a_misaligned_cost_learns_nothing(walks):
    """No more than a random walk does (z below 3, one-sided chance 0.1 %); the letters' error does not halve."""
    misaligned = errors(0)
    print(f"seeds 0 to {SEEDS[-1]}: misaligned {np.round(misaligned, 2)}, walks {np.round(walks, 2)}")
    assert sooner(misaligned, walks) < 3
    assert misaligned.min() > 0.7 and np.median(misaligned) > 0.9


def test_acceptance_8_calibration_mends_it(walks):
    """Every seed finds 3 and then halves its error, nearly; all are better than all random walks (z = 3.8)."""
    for seed in SEEDS:
        learner = engine(small(**LATE, **{"seed": seed, "engine.delay": 0}))
        assert learner.calibrate(learner.initial()) == 3
    mended = errors(3)
    print(f"seeds 0 to {SEEDS[-1]}: {np.round(mended, 2)}")
    assert mended.max() < 0.6 and sooner(mended, walks) > 3.7


CODES = ("random", "sequential", "walsh", "walsh-upper", "sinusoidal", "rank-one")


@pytest.mark.parametrize("mode", ["antithetic", "forward", "analog"])
@pytest.mark.parametrize("code", CODES)
def test_calibration_finds_the_latency_in_all_modes(mode, code):
    tau_x = 4 if mode == "analog" else 1
    for latency in (0, 1, 6, 15):
        overrides = {"array.latency": latency, "engine.delay": 9, "cost.mode": mode, "perturbation.tau_x": tau_x}
        learner = engine(small(**overrides, **{"perturbation.code": code}))
        state = learner.initial()
        before = state.copy()
        assert learner.calibrate(state) == latency
        for name, words in state.arrays.items():
            assert np.all(words == before.arrays[name]), f"{name} has changed"
        assert (state.step, state.flags) == (before.step, before.flags)


def test_the_delay_stays_where_nothing_is_seen():
    """A perturbation below the resolution of the ADCs leaves every C~ at zero."""
    blind = {"array.adc_bits": 4, "perturbation.amplitude": 0.00390625, "weights.init": 0.0}
    learner = engine(small(**blind, **{"array.latency": 3, "engine.delay": 5}))
    assert learner.calibrate(learner.initial()) == 5


def test_every_round_shows_the_next_sample_and_perturbs_once():
    """The sums of |C~| that decide, from the network in plain Python."""
    chip = small(**{"array.latency": 2, "data.train": 3})
    learner = engine(chip)
    theta = learner.initial().theta.tolist()
    costs = np.zeros((ROUNDS, PERIOD), int)
    for n in range(ROUNDS):
        inputs, targets = learner.inputs[n % 3].tolist(), learner.targets[n % 3].tolist()
        signs = reference.signs(chip.codes, n)
        sums = [
            reference.cost_sum("mse", reference.network(chip, theta, signs, rail, inputs)[1][-1:], targets)
            for rail in (1, -1)
        ]
        costs[n, PERTURBED + 2] = sums[0] - sums[1]
    assert np.count_nonzero(costs) >= ROUNDS - 2
    state = learner.initial()
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ohmgrad.golden.engine.calibration_delay", lambda arrived, before: seen.append(arrived) or before)
        learner.calibrate(state)
    assert seen[0].tolist() == costs.ravel().tolist()


def test_the_first_largest_sum_of_magnitudes_wins():
    costs = np.zeros((ROUNDS, PERIOD), int)
    assert calibration_delay(costs.ravel(), 11) == 11
    costs[:, 0] = costs[:, PERTURBED - 1] = costs[:, PERTURBED + LAGS] = 10**6
    assert calibration_delay(costs.ravel(), 11) == 11, "costs outside the lags count"
    costs[:, PERTURBED + 4] = np.resize([7, -7], ROUNDS)
    costs[0, PERTURBED + 6] = 7 * ROUNDS
    assert calibration_delay(costs.ravel(), 11) == 4
    costs[1, PERTURBED + 6] = -1
    assert calibration_delay(costs.ravel(), 11) == 6
    costs[1, PERTURBED + LAGS - 1] = 200
    assert calibration_delay(costs.ravel(), 11) == 15
