"""The engine against facts about gradients, and against itself cut in pieces."""

from dataclasses import replace

import numpy as np
import pytest

from ohmgrad.golden.chip import Chip
from ohmgrad.golden.config import ChipConfig
from ohmgrad.golden.datasets import load
from ohmgrad.golden.engine import Engine

from .chips import FILTERED, engine, small

LETTERS = {
    "network.layers": [49, 4, 4], "network.activation": "sigmoid", "data.set": "nist7x7", "data.train": 1000,
    "data.test": 1000, "weights.init": 0.3, "weights.bits": 20, "perturbation.amplitude": 0.05,
    "update.eta": 0.02,
}  # fmt: skip


def cost_sum(chip, theta, inputs, targets):
    """S of the unperturbed network, with int64 matrices."""
    lines, shift = inputs.astype(np.int64), chip.crossbar.adc_shift
    tables = chip.neuron.tables()
    for k, weights in enumerate(chip.matrices(theta.astype(np.int64) >> chip.crossbar.drop)):
        total = weights @ [*lines, chip.crossbar.one]
        code = np.sign(total) * ((abs(total) + (1 << shift >> 1)) >> shift)
        lines = tables[k][np.clip(code, -chip.crossbar.adc_bound, chip.crossbar.adc_bound)].astype(np.int64)
    return ((lines - targets) ** 2).sum()


def test_a_sequential_cycle_is_the_forward_difference():
    """G before, and theta after, an update at the end of each of three cycles of P = 37 steps."""
    taus = {"perturbation.tau_x": 37, "perturbation.tau_theta": 37}
    cost = {"cost.mode": "forward", "cost.bits": 17, "array.adc_bits": 14, "array.output_bits": 9}
    chip = small(**{**taus, **cost, "perturbation.code": "sequential", "update.eta": 0.05})
    learner = engine(chip)
    state = learner.initial()
    for _ in range(3):
        start = state.theta.copy()
        sample = learner.trace(state, 36).sample[-1]
        data = learner.inputs[sample], learner.targets[sample]
        wiggled = start + (chip.crossbar.amplitude << chip.crossbar.drop) * np.eye(37, dtype=np.int64)
        gradient = np.array([cost_sum(chip, theta, *data) for theta in wiggled]) - cost_sum(chip, start, *data)
        waiting = state.g != gradient
        assert waiting.sum() <= 1 and not state.g[waiting].any(), "one parameter is still to come"
        assert (state.theta == start).all()
        learner.run(state, 1)
        product = gradient * chip.optimizer.schedule[0][1]
        step = np.sign(product) * ((abs(product) + (1 << chip.optimizer.shift >> 1)) >> chip.optimizer.shift)
        assert (state.theta == start - step).all() and not state.g.any()
        assert np.count_nonzero(step) > 5 and state.flags == 0


def linear(**overrides):
    """A chip without rounding: one ADC code is one product of LSBs and one output code; and its gradient.

    Targets are +-1, beyond reach, so that with L1 the cost is linear in the weights; with MSE it is a quadratic.
    """
    config = ChipConfig.model_validate(
        {
            "name": "linear",
            "network": {"layers": [49, 4], "activation": "linear"},
            "data": {"set": "nist7x7", "train": 1, "test": 0},
            "cost": {"function": "l1", "mode": "antithetic", "bits": 11},
            "perturbation": {"amplitude": 2 * 3 / 8191, "tau_x": 4096, "tau_theta": 4096},
            "update": {"path": "digital", "eta": 1e-5},
            "weights": {"bits": 16, "dac_bits": 12, "range": 2048 * 3 / 8191, "init": 40 * 3 / 8191},
            "array": {"input_bits": 3, "adc_bits": 14, "adc_bound": 1.0, "output_bits": 14},
            "run": {"steps": 4096},
        }
    ).with_(**overrides)
    chip, data = Chip(config), config.data
    split = load(data.set, data.train, data.test, config.seed)
    targets = np.ones_like(split.train_t)
    targets[:, ::2] = -1
    learner = Engine(chip, replace(split, train_t=targets))
    state = learner.initial()
    x = np.array([*learner.inputs[0], 3])
    outputs = np.array([w @ x for w in chip.matrices(state.theta >> chip.crossbar.drop)[0].astype(np.int64)])
    slope = -2 * np.sign(targets[0])
    if config.cost.function == "mse":
        slope = 2 * (outputs - learner.targets[0])
    sides = 2 if config.cost.mode == "antithetic" else 1
    return learner, state, (sides * chip.crossbar.amplitude * np.outer(slope, x)).ravel().astype(int)


@pytest.mark.parametrize("mode", ["forward", "antithetic"])
def test_a_walsh_cycle_recovers_a_linear_gradient_exactly(mode):
    """G is the gradient of all 200 parameters times 256, the length of the cycle; after n cycles n times that."""
    learner, state, gradient = linear(**{"perturbation.code": "walsh", "cost.mode": mode})
    assert np.count_nonzero(gradient) > 40
    for cycle in range(1, 4):
        learner.run(state, 256)
        assert (state.g == cycle * 256 * gradient).all() and state.flags == 0


def test_a_walsh_cycle_of_antithetic_pairs_recovers_a_quadratics_gradient_exactly():
    xor = {"network.layers": [2, 1], "data.set": "xor", "data.test": 4, "cost.function": "mse", "cost.bits": 20,
           "perturbation.amplitude": 3 / 8191}  # fmt: skip
    taus = {"perturbation.tau_x": 8, "perturbation.tau_theta": 8}
    learner, state, gradient = linear(**{**xor, **taus, "perturbation.code": "walsh"})
    learner.run(state, 4)
    assert gradient.all() and state.flags == 0
    assert (state.g == 4 * gradient).all()


def test_random_codes_are_within_15_degrees_after_14_p_steps():
    """[M23]'s figure; tan^2 of the expected angle is (P - 1) / n, its spread about 1 / sqrt(2 P)."""
    learner, state, gradient = linear(**{"seed": 3, "perturbation.code": "random"})
    learner.run(state, 14 * 200)
    cosine = state.g @ gradient / np.linalg.norm(state.g) / np.linalg.norm(gradient)
    tangent, expected = np.tan(np.arccos(cosine)), (199 / 2800) ** 0.5
    print(f"seed 3: {np.degrees(np.arctan(tangent)):.1f} degrees, expected {np.degrees(np.arctan(expected)):.1f}")
    assert abs(tangent / expected - 1) < 5 / 400**0.5 and state.flags == 0


def test_theta_stays_in_place_between_updates():
    """[M23]'s pattern is held for tau_p steps, and leaves nothing behind when it goes."""
    taus = {"perturbation.tau_p": 4, "perturbation.tau_x": 4, "perturbation.tau_theta": 8}
    for path in ({}, FILTERED):
        learner = engine(small(**path, **taus))
        state = learner.initial()
        moved = []
        for step in range(1, 161):
            before = state.theta.copy()
            learner.run(state, 1)
            if (state.theta != before).any():
                moved.append(step)
        assert moved and all(step % 8 == 0 for step in moved)


@pytest.mark.parametrize("code", ["random", "sequential", "walsh"])
@pytest.mark.parametrize("path", [{}, {**FILTERED, "update.reset": "keep"}], ids=["digital", "filtered"])
def test_a_run_in_pieces_is_the_same_run(path, code):
    taus = {"perturbation.tau_p": 2, "perturbation.tau_x": 6, "perturbation.tau_theta": 4}
    learner = engine(small(**path, **taus, **{"perturbation.code": code, "update.schedule": [[500, 0.1]]}))
    whole = learner.initial()
    pieces = whole.copy()
    learner.run(whole, 1000)
    for steps in (1, 2, 247, 251, 499, 0):
        pieces = pieces.copy()
        learner.run(pieces, steps)
    for name in ("theta", "g", "h"):
        assert (getattr(whole, name) == getattr(pieces, name)).all(), name
    assert (whole.step, whole.flags) == (pieces.step, pieces.flags) == (1000, whole.flags)
    assert (whole.theta != learner.initial().theta).any()


def test_initial_parameters_are_uniform_and_seeded():
    state = engine(small(**{"network.layers": [2, 1000, 1], "network.activation": "tanh"})).initial()
    weights = state.theta * 8 / 2**17
    assert 1.95 < abs(weights).max() <= 2 and abs(weights.mean()) < 5 * 2 / 3**0.5 / 4001**0.5
    assert not state.g.any() and not state.h.any() and state.step == state.flags == 0
    assert (engine(small()).initial().theta != engine(small(seed=78)).initial().theta).any()
    learner = engine(small(**FILTERED, **{"weights.init": 7.9, "device.bound": 0.3}))
    rows = learner.chip.devices.sample(37)
    theta = learner.initial().theta
    assert ((-rows[:, 5] <= theta) & (theta <= rows[:, 4])).all() and (theta == rows[:, 4]).any()


def test_outputs_are_those_of_the_unperturbed_rail():
    chip = small(**{"cost.mode": "forward", "data.order": "cyclic", "perturbation.tau_theta": 8})
    learner = engine(chip)
    state = learner.initial()
    outputs, error = learner.outputs(state, learner.split.train_x), learner.error(state)
    trace = learner.trace(state, 4)
    assert (outputs[:, 0] == trace.act[:, -1, 1] / 511).all()
    assert error == pytest.approx(((outputs - learner.split.train_t) ** 2).sum(1).mean())
    assert (trace.sums[:, 1] / 511**2).mean() == pytest.approx(error, rel=0.02)


def test_accuracy_counts_the_largest_output():
    letters = engine(small(**LETTERS))
    state = letters.initial()
    guesses = letters.outputs(state, letters.split.test_x).argmax(1)
    assert 0 < letters.accuracy(state) == np.mean(guesses == letters.split.test_y) < 1
    xor = engine(small())
    state = xor.initial()
    guesses = xor.outputs(state, xor.split.test_x)[:, 0] > 0
    assert xor.accuracy(state) == np.mean(guesses == (xor.split.test_y == 1))


@pytest.mark.parametrize("seed", range(3))
def test_letters_are_learned(seed):
    """Mean squared error at least halves in 100,000 steps."""
    learner = engine(small(**LETTERS, seed=seed))
    state = learner.initial()
    before = learner.error(state)
    learner.run(state, 100_000)
    print(f"seed {seed}: error {before:.2f} -> {learner.error(state):.2f}, accuracy {learner.accuracy(state):.2f}")
    assert learner.error(state) < before / 2 and learner.accuracy(state) > 0.5
