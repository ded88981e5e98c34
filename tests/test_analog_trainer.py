"""The trainer of layers: against arithmetic by hand and aihwkit's training curves, on exact products and on arrays."""

import json
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.golden.learn.analog_trainer import AnalogTrainer, evaluate, uniform, with_weights
from ohmgrad.golden.learn.extraction import Average
from ohmgrad.golden.learn.float_layer import FloatLayer
from ohmgrad.golden.learn.layered import Layered
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
    step = trainer.step
    trainer.step = lambda a, b: seen.append(a) or step(a, b)  # type: ignore[method-assign]
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
