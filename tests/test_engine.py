"""The engine against facts about gradients, and against itself cut in pieces."""


import numpy as np
import pytest

from .chips import FILTERED, engine, small

LETTERS = {
    "network.layers": [49, 4, 4], "network.activation": "sigmoid", "data.set": "nist7x7", "data.train": 1000,
    "data.test": 1000, "weights.init": 0.3, "weights.bits": 20, "perturbation.amplitude": 0.05,
    "update.eta": 0.02,
}  # fmt: skip


PATHS = {
    "digital": {},
    "filtered": {**FILTERED, "update.reset": "keep"},
    "momentum": {"update.momentum": 0.8, "update.rounding": "stochastic"},
    "late": {"array.latency": 5, "engine.delay": 4, "cost.mode": "forward", "cost.refresh": 7},
    "analog": {"cost.mode": "analog", "perturbation.tau_x": 12},
}


@pytest.mark.parametrize("code", ["random", "sequential", "walsh", "walsh-upper", "sinusoidal", "rank-one"])
@pytest.mark.parametrize("path", PATHS)
def test_a_run_in_pieces_is_the_same_run(path, code):
    taus = {"perturbation.tau_p": 2, "perturbation.tau_x": 6, "perturbation.tau_theta": 4}
    rates = {"update.eta": 0.5, "update.schedule": [[500, 0.1]]}
    learner = engine(small(**{**taus, **rates, "cost.bits": 19, **PATHS[path], "perturbation.code": code}))
    whole = learner.initial()
    pieces = whole.copy()
    learner.run(whole, 1000)
    for steps in (1, 2, 247, 251, 499, 0):
        pieces = pieces.copy()
        learner.run(pieces, steps)
    for name, array in whole.arrays.items():
        assert (array == getattr(pieces, name)).all(), name
    assert (whole.step, whole.flags) == (pieces.step, pieces.flags) == (1000, whole.flags)
    assert (whole.theta != learner.initial().theta).any()


def test_initial_parameters_are_uniform_and_seeded():
    state = engine(small(**{"network.layers": [2, 1000, 1], "network.activation": "tanh"})).initial()
    weights = state.theta * 8 / 2**17
    assert 1.95 < abs(weights).max() <= 2 and abs(weights.mean()) < 5 * 2 / 3**0.5 / 4001**0.5
    others = [array for name, array in state.arrays.items() if name != "theta"]
    assert others and not any(array.any() for array in others) and state.step == state.flags == 0
    assert (engine(small()).initial().theta != engine(small(seed=78)).initial().theta).any()
    learner = engine(small(**FILTERED, **{"weights.init": 7.9, "device.bound": 0.3}))
    rows = learner.chip.path.devices.sample(37)
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


@pytest.mark.parametrize("function", ["mse", "l1"])
@pytest.mark.parametrize("overrides", [{}, LETTERS], ids=["one output", "four outputs"])
def test_evaluation_counts_what_the_outputs_say(overrides, function):
    """Sum of S, twice the cost in codes, and samples right, of the first few samples; nothing changes."""
    learner = engine(small(**overrides, **{"cost.function": function}))
    state = learner.initial()
    learner.run(state, 20_000)
    before = state.copy()
    split, count = learner.split, len(learner.inputs)
    for samples in (count // 2, count):
        out, targets = learner.outputs(state, split.train_x[:samples]), split.train_t[:samples]
        codes = np.rint(out * 511) - np.rint(targets * 511)
        total = (codes**2).sum() if function == "mse" else 2 * abs(codes).sum()
        guesses = out.argmax(1) if out.shape[1] > 1 else out[:, 0] > 0
        right = (guesses == split.train_y[:samples]).sum()
        assert learner.evaluate(state, samples) == (total, right)
    assert 2 * right != count, "right and wrong cannot be told apart"
    assert (state.theta == before.theta).all() and state.step == 20_000


@pytest.mark.parametrize("seed", range(3))
def test_letters_are_learned(seed):
    """Mean squared error at least halves in 100,000 steps."""
    learner = engine(small(**LETTERS, seed=seed))
    state = learner.initial()
    before = learner.error(state)
    learner.run(state, 100_000)
    print(f"seed {seed}: error {before:.2f} -> {learner.error(state):.2f}, accuracy {learner.accuracy(state):.2f}")
    assert learner.error(state) < before / 2 and learner.accuracy(state) > 0.5
