"""The trainer of layers: against arithmetic by hand and aihwkit's training curves, on exact products and on arrays."""

import json
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.golden.analog.devices import SoftBounds
from ohmgrad.golden.analog.periphery import Periphery
from ohmgrad.golden.analog.update import Update
from ohmgrad.golden.learn.analog_trainer import AnalogTrainer, evaluate, uniform, with_weights
from ohmgrad.golden.learn.extraction import Average
from ohmgrad.golden.learn.float_layer import FloatLayer
from ohmgrad.golden.learn.layered import Layered
from ohmgrad.golden.learn.on_array import AGAD, ArraySGD, Chopped, Dynamic, Mixed, MixedPrecision, Transfer, TTv1, TTv2
from ohmgrad.golden.learn.sources import DirectFeedback, NodePerturbation, RankOne

CURVES = Path(__file__).resolve().parents[2] / "shared" / "reference" / "aihwkit" / "training_curve.npz"
needs_curves = pytest.mark.skipif(not CURVES.exists(), reason="aihwkit's training curves are not beside the project")


def clusters(n: int, seed: int = 1, width: int = 6, classes: int = 3):
    """Gaussian clusters of deviation 0.15 about corners of a cube, at least 1 apart: separable but for 1 in 1,000."""
    centres = np.random.default_rng(99).permutation(2**width)[:classes, None] >> np.arange(width) & 1
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, n)
    x = centres[label] + 0.15 * rng.standard_normal((n, width))
    return x.astype(np.float32), np.eye(classes, dtype=np.float32)[label]


def floats(widths, seed=5, **kind) -> Layered:
    return Layered([FloatLayer(w) for w in uniform(widths, seed)], **kind)


def test_a_layer_of_floats_moves_against_each_outer_product():
    rng = np.random.default_rng(3)
    w, x, d = (rng.standard_normal(shape).astype(np.float32) for shape in ((3, 5), (4, 5), (4, 3)))
    layer, single = FloatLayer(w), FloatLayer(w)
    layer.update(x, d, 0.1)
    for row, error in zip(x, d, strict=True):
        single.update(row, error, 0.1)
    np.testing.assert_allclose(layer.weights, w - 0.1 * d.T @ x, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(single.weights, layer.weights)
    np.testing.assert_allclose(layer.forward(x), x @ layer.weights.T, rtol=1e-5)
    np.testing.assert_allclose(layer.backward(d[0]), layer.weights.T @ d[0], rtol=1e-5, atol=1e-6)


def test_a_step_takes_the_mean_of_the_batch_at_the_weights_before_it():
    x, t = clusters(4)
    net, single = floats((6, 3)), floats((6, 3))
    before = net.weights[0]
    cost = AnalogTrainer(net, lr=0.5, batch=4).step(x, t)
    z = np.hstack([x, np.ones((4, 1))]) @ before.T.astype(np.float64)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    wanted = before - 0.5 * (p - t).T @ np.hstack([x, np.ones((4, 1))]) / 4
    np.testing.assert_allclose(net.weights[0], wanted, atol=1e-6)
    np.testing.assert_allclose(cost, -(t * np.log(p)).sum(1).mean(), rtol=1e-6)
    one = AnalogTrainer(single, lr=0.125)
    for k in range(4):
        one.step(x[k : k + 1], t[k : k + 1])
    assert np.abs(single.weights[0] - wanted).max() > 1e-3, "one by one each sees the step before"


def test_an_epoch_presents_every_sample_once_in_the_order_of_the_seed():
    x, t = clusters(10)
    seen, told = [], []
    trainer = AnalogTrainer(floats((6, 3)), batch=4, seed=8)
    step = trainer._step
    trainer._step = lambda a, b: seen.append(a) or step(a, b)  # type: ignore[method-assign]
    for _ in range(2):
        trainer.epoch(x, t, lambda done, of: told.append((done, of)))
    rng = np.random.default_rng(8)
    np.testing.assert_array_equal(np.vstack(seen), np.vstack([x[rng.permutation(10)] for _ in range(2)]))
    assert [len(part) for part in seen] == [4, 4, 2] * 2 and trainer.steps == 6
    assert told == [(4, 10), (8, 10), (10, 10)] * 2


@pytest.mark.parametrize(
    ("source", "lr", "epochs"),
    [(None, 0.3, 2), (DirectFeedback([(8, 7), (3, 9)]), 0.3, 2), (NodePerturbation(seed=2), 0.1, 3),
     (RankOne(seed=2), 0.03, 8)],
)  # fmt: skip
def test_every_source_teaches_a_network(source, lr, epochs):
    train, test = clusters(600), clusters(300, seed=2)
    net = floats((6, 8, 3), hidden="tanh")
    trainer = AnalogTrainer(net, source, lr)
    costs = [trainer.epoch(*train) for _ in range(epochs)]
    assert costs[-1] < costs[0]
    assert trainer.evaluate(*test)[1] > 0.95, f"{costs}, seeds 1, 2, 5, 99"


def test_evaluation_is_that_of_the_whole_set_whatever_the_chunks():
    net, (x, t) = floats((6, 4, 3)), clusters(23)
    y = net.forward(x).y
    whole = float(net.costs(y, t).mean()), float((y.argmax(1) == t.argmax(1)).mean())
    for chunk in (1, 7, 500):
        assert evaluate(net, x, t, chunk) == pytest.approx(whole, rel=1e-5)
    other = with_weights(net, [np.zeros((4, 7)), np.zeros((3, 5))])
    assert evaluate(other, x, t)[0] == pytest.approx(np.log(3), rel=1e-6)
    assert AnalogTrainer(net).evaluate(x, t, other.weights) == evaluate(other, x, t)


def test_the_average_is_the_mean_of_the_iterates_that_count():
    net, (x, t) = floats((6, 3)), clusters(9)
    average, seen = Average(start=2, every=3), []
    trainer = AnalogTrainer(net, lr=0.5, average=average)
    for k in range(9):
        trainer.step(x[k : k + 1], t[k : k + 1])
        seen.append(net.weights[0])
    assert average.count == 2
    np.testing.assert_allclose(average.weights[0], (seen[4] + seen[7]) / 2, rtol=1e-6, atol=1e-7)


def test_what_does_not_exist_is_refused():
    net = floats((6, 3))
    with pytest.raises(ValueError, match="lr: 0 is refused; allowed is a number above 0."):
        AnalogTrainer(net, lr=0)
    with pytest.raises(ValueError, match="batch: 0 is refused; allowed is an integer from 1."):
        AnalogTrainer(net, batch=0)
    with pytest.raises(ValueError, match="start: -1 is refused"):
        Average(start=-1)


def curves():
    """The file's arrays, its parameters, training and test samples."""
    with np.load(CURVES) as file:
        found = dict(file)
    params = json.loads(str(found["params"]))
    x = (found["X"] * params["input_scale"]).astype(np.float32)
    t, n = np.eye(10, dtype=np.float32)[found["y"].astype(int)], params["n_train"]
    return found, params, (x[:n], t[:n]), (x[n:], t[n:])


@needs_curves
def test_floating_point_gives_the_curves_of_aihwkit():
    found, params, train, test = curves()
    (run,) = (run for run in params["runs"] if run["tag"] == "float")
    for number, seed in enumerate(params["run_seeds"][:2]):
        net = Layered([FloatLayer(found["W1"]), FloatLayer(found["W2"])])
        trainer = AnalogTrainer(net, lr=run["lr"], seed=seed)
        for epoch in range(4):
            # float32 sums in another order: 1e-7 of each cost, some 1e-6 of the weights after thousands of steps.
            assert trainer.epoch(*train) == pytest.approx(found["float_loss"][number, epoch], abs=2e-6)
            assert trainer.evaluate(*test)[1] == pytest.approx(found["float_acc"][number, epoch], abs=1e-9)


def arrays(widths, make, seed=1) -> Layered:
    """A network of layers made by `make(rows, columns, seed)`, started from uniform weights."""
    layers = []
    for k, w in enumerate(uniform(widths, 5)):
        layers.append(make(*w.shape, 10 * seed + k))
        layers[-1].hold(w)
    return Layered(layers, hidden="tanh")


DEVICE = SoftBounds(dw_min=0.02, w_max=1.0, w_min=-1.0)
QUIET = Periphery(out_noise=0.01, out_bound=4.0)
ENDS = {"forward": QUIET, "update": Update(desired_bl=10)}
READ = {"read": Periphery(noise_management="none", bound_management="none", out_bound=2.0, out_noise=0.01)}
FILTER = {"fast_lr": 0.1, "scale_transfer_lr": False, "buffer_granularity": 5.0}
ALGORITHMS = {
    "SGD": lambda a, b, seed: ArraySGD(a, b, DEVICE, seed=seed, **ENDS),
    "TTv1": lambda a, b, seed: TTv1(
        a, b, DEVICE, settings=Transfer(fast_lr=0.1, transfer_lr=0.05, scale_transfer_lr=False), seed=seed,
        reference="symmetry", transfer_update=Update(desired_bl=1, update_management=False), **ENDS, **READ,
    ),
    "TTv2": lambda a, b, seed: TTv2(
        a, b, DEVICE, settings=Chopped(**FILTER), seed=seed, reference="symmetry", **ENDS, **READ
    ),
    "AGAD": lambda a, b, seed: AGAD(
        a, b, DEVICE, settings=Dynamic(in_chop_prob=0.2, **FILTER), seed=seed, **ENDS, **READ
    ),
    "mixed": lambda a, b, seed: MixedPrecision(a, b, DEVICE, settings=Mixed(), seed=seed, forward=QUIET),
}  # fmt: skip
SOURCES = {
    "backpropagation": lambda: None,
    "feedback": lambda: DirectFeedback([(8, 7), (3, 9)]),
    "nodes": lambda: NodePerturbation(0.3, seed=2),
    "rank-one": lambda: RankOne(0.1, seed=2),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_any_source_teaches_any_algorithm(algorithm, source):
    train, test = clusters(600), clusters(300, seed=2)
    net = arrays((6, 8, 3), ALGORITHMS[algorithm])
    trainer = AnalogTrainer(net, SOURCES[source](), 0.03 if source == "rank-one" else 0.1, seed=3)
    before = trainer.evaluate(*test, net.weights)[0]
    costs = [trainer.epoch(*train) for _ in range(5)]
    cost, accuracy = trainer.evaluate(*test, net.weights)
    print(algorithm, source, before, costs, cost, accuracy)
    # log 3 is 1.1 and chance 1 in 3. Plain SGD on 100 states keeps the noise that its error vectors bring.
    noisy = source == "rank-one" or (algorithm, source) == ("SGD", "nodes")
    assert cost < (0.9 if noisy else 0.5) * before, "seeds 1, 2, 3, 5, 99"
    assert accuracy > (0.6 if noisy else 0.9)


def test_arrays_repeat_themselves_and_differ_by_seed():
    x, t = clusters(40)
    runs = []
    for seed in (1, 1, 2):
        net = arrays((6, 4, 3), ALGORITHMS["TTv2"], seed)
        AnalogTrainer(net, seed=3).epoch(x, t)
        runs.append(np.concatenate([w.ravel() for w in net.weights]))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


@needs_curves
@pytest.mark.parametrize("tag", ["sgd_100", "ttv2_100"])
def test_arrays_give_the_curves_of_aihwkit(tag):
    """Mean loss of the first three epochs, four runs here against aihwkit's five, by Welch's t.

    The limit of 4.5, with some 6 degrees of freedom, is passed by chance once in 250 of these numbers. As tried out, t
    is beyond it in some epoch with a rate of A 30 % smaller (5.0), a step 30 % larger (8), the buffer's granularity
    doubled (10), five times the cycle noise (6.4); with plain SGD, a rate 30 % larger (5.2), doubled ADC noise (5.3).
    """
    found, params, train, _ = curves()
    (run,) = (run for run in params["runs"] if run["tag"] == tag)
    device = SoftBounds(dw_min=2 / run["states"], w_max=1.0, w_min=-1.0, up_down_dtod=0.01)
    ours = []
    for number, seed in enumerate(params["run_seeds"][:4]):
        layers = []
        for k, w in enumerate((found["W1"], found["W2"])):
            ends: dict = {"seed": 10 * number + k, "update": Update(desired_bl=10)}
            if run["kind"] == "sgd":
                layers.append(ArraySGD(*w.shape, device, **ends))
            else:
                read = Periphery(noise_management="none", bound_management="none")
                layers.append(TTv2(*w.shape, device, settings=Chopped(fast_lr=0.05), read=read, **ends))
            layers[-1].hold(w)
        trainer = AnalogTrainer(Layered(layers), lr=run["lr"], seed=seed)
        ours.append([trainer.epoch(*train) for _ in range(3)])
    mine, theirs = np.array(ours), found[f"{tag}_loss"][:, :3]
    error = np.sqrt(mine.var(0, ddof=1) / len(mine) + theirs.var(0, ddof=1) / len(theirs))
    t = (mine.mean(0) - theirs.mean(0)) / error
    assert (abs(t) < 4.5).all(), f"{tag}: {mine.mean(0)} against {theirs.mean(0)}, t = {t}"
