"""What a user gets wrong, one sentence each: rows that were met in the field, and the run that cannot go on."""

import numpy as np
import pytest

from ohmgrad.golden import inputs
from ohmgrad.golden.analog.array import AnalogArray
from ohmgrad.golden.analog.devices import ConstantStep, SoftBounds
from ohmgrad.golden.analog.update import Update
from ohmgrad.golden.errors import RunStopped
from ohmgrad.golden.learn import MGD, Trainer, models
from ohmgrad.golden.learn.analog_trainer import AnalogTrainer, evaluate, uniform
from ohmgrad.golden.learn.checkpoint import restore, save
from ohmgrad.golden.learn.chip_in_loop import ChipTrainer
from ohmgrad.golden.learn.float_layer import FloatLayer
from ohmgrad.golden.learn.layered import Layered

XOR = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], float), np.array([[-1], [1], [1], [-1]], float)
RNG = np.random.default_rng(5)
X, LABELS = RNG.uniform(-1, 1, (30, 6)), RNG.integers(0, 3, 30)
T = np.eye(3)[LABELS]
ONES = "(30, 3), a row of targets for each sample; of labels from 0 that is numpy.eye(3)[labels]."


def array(rows=4, columns=6, **settings):
    return AnalogArray(SoftBounds(), rows, columns, 1, **settings)


def trainer(x=X, t=T, seeds=(0,), **settings):
    return Trainer(models.dense((6, 3)), MGD(**settings), x, t, seeds)


def layered(**kind):
    return Layered([FloatLayer(w) for w in uniform((6, 4, 3), 1)], **kind)


def spoilt():
    x = X.copy()
    x[3, 5] = np.nan
    return x


FIELD = {
    "one NaN pixel": (lambda: trainer(spoilt()), "x: nan at [3, 5] is refused; allowed is a finite number of float64"),
    "NaN on an array": (lambda: AnalogTrainer(layered()).epoch(spoilt(), T), "x: nan at [3, 5] is refused; allowed is"),
    "integer labels": (
        lambda: AnalogTrainer(layered()).epoch(X, LABELS),
        f"t: shape (30,) is refused; allowed is {ONES}",
    ),
    "labels as a column": (
        lambda: AnalogTrainer(layered()).epoch(X, LABELS[:, None]),
        "t: shape (30, 1) is refused; allo",
    ),
    "labels for MGD": (lambda: trainer(X, LABELS.astype(float)), f"t: shape (30,) is refused; allowed is {ONES}"),
    "no shares": (
        lambda: evaluate(layered(), X, 2 * T),
        "t: a row whose sum is not 1, or with a negative number, is refu",
    ),
    "transposed batch": (
        lambda: array(update=Update(pulse_type="none")).update(np.ones((6, 3)), np.ones((4, 3)), 0.1),
        "AnalogArray.update: x: shape (6, 3) is refused; allowed is (6,) or (batch, 6).",
    ),
    "hold NaN": (
        lambda: array(2, 3).hold(np.full((2, 3), np.nan)),
        "AnalogArray.hold: weights: nan at [0, 0] is refused",
    ),
    "hold, shape": (
        lambda: array(2, 3).hold(np.ones((3, 2))),
        "AnalogArray.hold: weights: shape (3, 2) is refused; allowed is (2, 3).",
    ),
    "forward of inf": (
        lambda: array(2, 3).forward([1, np.inf, 0]),
        "AnalogArray.forward: x: inf at [1] is refused; allowed",
    ),
    "beyond float32": (
        lambda: array(2, 3).forward([1, 1e39, 0]),
        "AnalogArray.forward: x: inf at [1] is refused; allowed is",
    ),
    "words": (
        lambda: array(2, 3).forward(["a", "b", "c"]),
        "AnalogArray.forward: x: a list of type <U1 is refused; allowed",
    ),
    "ragged": (
        lambda: array(2, 3).forward([1, [2, 3]]),
        "AnalogArray.forward: x: a list that is no array is refused; allowed",
    ),
    "test set alone": (
        lambda: trainer().evaluate(trainer().initial().theta, X),
        "t: None is refused; allowed is an array beside x",
    ),
    "integer t": (lambda: trainer(X, T.astype(int)), "t: type int64 is refused; allowed is that of x, float64."),
    "float16": (lambda: trainer(X.astype(np.float16), T), "x: type float16 is refused; allowed is float32 or float64."),
    "lists": (lambda: trainer(X.tolist(), T), "x: a list is refused; allowed is an array of NumPy, PyTorch or CuPy"),
    "no data": (lambda: trainer(X[:0], T[:0]), "x: no sample is refused; allowed is one sample or more."),
    "no data, arrays": (
        lambda: AnalogTrainer(layered()).epoch(X[:0], T[:0]),
        "x: no sample is refused; allowed is one",
    ),
    "seeds": (lambda: trainer(seeds=3), "seeds: 3 is refused; allowed is a list of integers from 0 to 2**32 - 1."),
    "half steps": (
        lambda: trainer().run(trainer().initial(), 10.5),
        "steps: 10.5 is refused; allowed is an integer from 0.",
    ),
    "steps back": (
        lambda: trainer().run(trainer().initial(), -5),
        "steps: -5 is refused; allowed is an integer from 0.",
    ),
    "eta NaN": (lambda: MGD(eta=float("nan")), "eta: nan is refused; allowed is a number from 0 to 100."),
    "eta below 0": (lambda: MGD(eta=-1.0), "eta: -1.0 is refused; allowed is a number from 0 to 100."),
    "eta 1000": (lambda: MGD(eta=1e3), "eta: 1000.0 is refused; allowed is a number from 0 to 100."),
    "amplitude": (
        lambda: MGD(amplitude=float("inf")),
        "amplitude: inf is refused; allowed is a number above 0 up to 100.",
    ),
    "amplitude of a type": (
        lambda: trainer(X.astype("f4"), T.astype("f4"), amplitude=1e-8),
        "amplitude of float32: 1e-08 is refused; allowed is a number from 1.19209e-07 to 100.",
    ),
    "batch": (lambda: MGD(batch=True), "batch: True is refused; allowed is an integer from 1 to 1048576."),
}


@pytest.mark.parametrize("name", FIELD)
def test_what_was_accepted_in_silence_is_a_sentence(name):
    call, text = FIELD[name]
    with pytest.raises(ValueError, match="; allowed is ") as error:
        call()
    assert str(error.value).startswith(text)


def test_what_is_meant_is_taken():
    """NumPy's integers, and lists, integers, bool and float16 where nothing else hangs on the type."""
    settings = MGD(batch=np.int64(8), eta=np.float32(0.5))
    assert type(settings.batch) is int and type(settings.eta) is float
    a, x = array(2, 3), [1, 0, 1]
    want = array(2, 3).forward(np.float32(x))
    for given in (x, np.array(x), np.array(x, bool), np.array(x, np.float16), np.array(x, ">f8")):
        np.testing.assert_array_equal(array(2, 3).forward(given), want)
    assert AnalogTrainer(layered()).epoch(X.tolist(), T.astype(int)) == AnalogTrainer(layered()).epoch(X, T)
    assert trainer(seeds=np.arange(3)).initial().theta.shape == (3, 21) and a.shape == (2, 3)


def test_accuracy_of_one_output():
    """A constant output is right on half of XOR, whatever it is; the first input on half, and on all its own signs."""
    for bias in (-1.0, 0.3, 5.0):
        net = Layered([FloatLayer([[0, 0, bias]])], cost="mse")
        assert evaluate(net, *XOR)[1] == 0.5
    first = Layered([FloatLayer([[1, 0, 0]])], cost="mse")
    assert evaluate(first, *XOR)[1] == 0.5
    assert evaluate(first, XOR[0], XOR[0][:, :1])[1] == 1.0 and evaluate(first, XOR[0], -XOR[0][:, :1])[1] == 0.0
    # Targets 0 and 1: the middle is 1/2.
    assert evaluate(Layered([FloatLayer([[0.5, 0, 0.4]])], cost="mse"), XOR[0], XOR[0][:, :1] > 0)[1] == 1.0
    with pytest.raises(ValueError, match="cost: 'cross-entropy' is refused; allowed is mse"):
        Layered([FloatLayer([[0, 0, 1]])])


@pytest.mark.parametrize(
    "settings", [{}, {"momentum": 0.9}, {"mode": "forward", "tau_theta": 7, "refresh": 3}], ids=str
)
def test_a_run_that_diverges_stops_with_the_step_and_its_last_good_state(settings, tmp_path):
    """Inputs of 1e8 and an output that is linear: the cost is quadratic, and each step of eta = 90 makes it far larger.

    The state is, to the bit, that of a run which was told to end there; it can be saved.
    """
    network = models.dense((6, 3), output="linear")

    def made(eta):
        return Trainer(network, MGD(eta=eta, amplitude=0.1, batch=5, **settings), 1e8 * X.astype("f4"), T.astype("f4"))

    wild, state = made(90.0), made(90.0).initial()
    text = r"^run: step \d+ makes \w+ infinite or no number; allowed are finite .*\.$"
    with pytest.raises(RunStopped, match=text) as error:
        wild.run(state, 5000)
    assert error.value.state is state and str(error.value).split()[2] == str(state.step + 1)
    assert 0 < state.step < 1000 and not state.broken()
    again = wild.run(wild.initial(), state.step)
    for name, value in vars(again).items():
        np.testing.assert_array_equal(getattr(state, name), value, err_msg=name)
    with pytest.raises(RunStopped):
        wild.run(again, 1)
    save(tmp_path / "state.npz", wild, state)
    assert restore(tmp_path / "state.npz", wild).step == state.step


def test_a_training_of_layers_stops_before_the_step_that_is_not_finite():
    net = layered(hidden="linear", cost="mse")
    learner = AnalogTrainer(net, lr=1e9)
    with pytest.raises(RunStopped, match=r"^step \d+: .*; allowed (is|are) .*\.$") as error:
        learner.epoch(X, T)
    assert error.value.state is net and 0 < learner.steps < 30
    assert str(error.value).startswith(f"step {learner.steps + 1}: ")
    assert all(np.isfinite(w).all() for w in net.weights)


class Chip:
    """A user's own: linear, and at reading `at` it does something else."""

    layers, reads = (3, 2), 0

    def __init__(self, at=7, **verbs):
        self.at = at
        vars(self).update(verbs)

    def load(self, theta):
        self.theta = np.asarray(theta)

    def present(self, x, t):
        self.x, self.t = x, t

    def perturb(self, offsets):
        self.offsets = offsets

    def pulse(self, counts):
        self.theta = self.theta + 0.01 * counts

    def read(self):
        return self.theta

    def cost(self):
        self.reads += 1
        if self.reads == self.at:
            return self.bad()
        y = np.c_[self.x, np.ones(len(self.x))] @ (self.theta + self.offsets).reshape(2, 4).T
        return np.float32(np.mean((y - self.t) ** 2))


def raises():
    raise ZeroDivisionError("no light\nat the sensor")


BAD = {
    "None": (lambda: None, "cost at step 4: None is refused; allowed is a finite number."),
    "NaN": (lambda: float("nan"), "cost at step 4: nan is refused; allowed is a finite number."),
    "all costs": (
        lambda: np.zeros(4),
        "cost at step 4: an array of shape (4,) is refused; allowed is a finite number.",
    ),
    "raises": (
        raises,
        "cost at step 4: the chip raised ZeroDivisionError (no light at the sensor) and is refused; allowed is "
        "a chip that answers.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_chip_that_fails_ends_the_run_with_its_step(name):
    """Two readings a step: the seventh is of step 4, and the state is that of step 3, to the bit."""
    bad, text = BAD[name]
    x, t = X[:20, :3], T[:20, :2]
    settings = MGD(amplitude=0.05, eta=0.05, batch=4)
    loop, well = (ChipTrainer(Chip(bad=bad, at=at), settings, x, t, seed=1) for at in (7, 0))
    with pytest.raises(RunStopped) as error:
        loop.run(loop.initial(), 20)
    assert str(error.value) == text
    want, state = well.run(well.initial(), 3), error.value.state
    assert state.step == 3
    np.testing.assert_array_equal(state.theta, want.theta)
    # The fault is past: the run goes on from there as if nothing had been.
    np.testing.assert_array_equal(loop.run(state, 17).theta, well.run(want, 17).theta)


def test_other_verbs_that_fail():
    x, t, settings = X[:20, :3], T[:20, :2], MGD(amplitude=0.05, eta=0.05, batch=4)
    with pytest.raises(RunStopped, match=r"^read at step 1: shape \(7,\) is refused; allowed is \(8,\)\.$"):
        short = Chip(0)
        loop = ChipTrainer(short, settings, x, t, granularity=0.01)
        state = loop.initial()
        short.read = lambda: np.zeros(7)
        loop.run(state, 3)
    with pytest.raises(
        ValueError, match=r"^load: the chip raised OSError \(port closed\) and is refused; allowed is a chip"
    ):
        ChipTrainer(Chip(load=lambda theta: (_ for _ in ()).throw(OSError("port closed"))), settings, x, t).initial()
    with pytest.raises(
        ValueError, match=r"allowed is a chip with the verbs load, present, perturb, cost, pulse, read\.$"
    ):
        ChipTrainer(Chip(cost=None), settings, x, t)
    with pytest.raises(
        ValueError, match=r"^layers of the chip: 3 is refused; allowed is a list of two or more integers"
    ):
        ChipTrainer(Chip(layers=3), settings, x, t)


def test_sentences_of_numbers():
    for call, text in (
        (lambda: inputs.number("v", "2"), "v: '2' is refused; allowed is a finite number."),
        (lambda: inputs.number("v", -1, 0), "v: -1 is refused; allowed is a number from 0."),
        (lambda: inputs.number("v", 0, 0, 2, above=True), "v: 0 is refused; allowed is a number above 0 up to 2."),
        (lambda: inputs.number("v", 3, most=2), "v: 3 is refused; allowed is a number up to 2."),
        (lambda: inputs.integer("v", 8.0, 1, 9), "v: 8.0 is refused; allowed is an integer from 1 to 9."),
        (
            lambda: inputs.counts("v", [0.5], (1,)),
            "v: an array of shape (1,) is refused; allowed is an array of whole num",
        ),
        (
            lambda: inputs.counts("v", [1 << 40], (1,)),
            "v: an array of shape (1,) is refused; allowed is an array of numbers",
        ),
        (lambda: inputs.mask("v", [0, 1], (2,)), "v: type int64 is refused; allowed is an array of bool."),
        (
            lambda: inputs.in_place("v", [1.0], (1,)),
            "v: [1.0] is refused; allowed is a float32 array of NumPy in C order",
        ),
    ):
        with pytest.raises(ValueError, match="allowed is") as error:
            call()
        assert str(error.value).startswith(text)
    assert inputs.number("v", np.inf, 0, infinite=True) == np.inf
    assert inputs.shown("a" * 999).endswith("...") and "\n" not in inputs.shown({"a": np.zeros((9, 9))})
    assert AnalogArray(ConstantStep(), np.int64(2), 3).shape == (2, 3)
