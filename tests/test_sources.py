"""Sources of error vectors: against derivatives by differences, and means over many codes against them."""

import numpy as np
import pytest

from ohmgrad.golden.learn.analog_trainer import uniform
from ohmgrad.golden.learn.float_layer import FloatLayer
from ohmgrad.golden.learn.layered import Layered
from ohmgrad.golden.learn.sources import Backpropagation, DirectFeedback, NodePerturbation, RankOne

WIDTHS = (5, 4, 3)
NETWORKS = [("sigmoid", "linear", "cross-entropy"), ("tanh", "sigmoid", "mse"), ("relu", "tanh", "mse")]


def network(kind=NETWORKS[0], widths=WIDTHS, gain=1.5):
    return Layered([FloatLayer(gain * w) for w in uniform(widths, 3)], *kind)


def samples(n, widths=WIDTHS, seed=7):
    rng = np.random.default_rng(seed)
    t = np.eye(widths[-1], dtype=np.float32)[rng.integers(0, widths[-1], n)]
    return rng.uniform(-1, 1, (n, widths[0])).astype(np.float32), t


def cost(kind, weights, x, t):
    """Mean cost in float64, written down apart from the package."""
    hidden, output, name = kind
    functions = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "relu": lambda z: z * (z > 0), "linear": lambda z: z
    }  # fmt: skip
    h = x.astype(np.float64)
    for k, w in enumerate(weights):
        z = np.hstack([h, np.ones((len(h), 1))]) @ w.T
        h = functions[output if k == len(weights) - 1 else hidden](z)
    if name == "mse":
        return 0.5 * ((h - t) ** 2).sum(1).mean()
    p = np.exp(h) / np.exp(h).sum(1, keepdims=True)
    return -(t * np.log(p)).sum(1).mean()


def differences(kind, weights, x, t):
    """Gradient of the mean cost by central differences; error about 1e-10 relative to the third derivative."""
    out = []
    for k, w in enumerate(weights):
        g = np.zeros_like(w, dtype=np.float64)
        for at in np.ndindex(*w.shape):
            ends = []
            for h in (1e-5, -1e-5):
                moved = [v.astype(np.float64) for v in weights]
                moved[k][at] += h
                ends.append(cost(kind, moved, x, t))
            g[at] = (ends[0] - ends[1]) / 2e-5
        out.append(g)
    return out


def gradients(errors, n):
    return [d.T.astype(np.float64) @ x / n for x, d in errors.pairs]


@pytest.mark.parametrize("kind", NETWORKS)
def test_backpropagation_is_the_gradient(kind):
    net, (x, t) = network(kind), samples(6)
    errors = Backpropagation()(net, x, t)
    # float32: sums of at most 6 samples and 6 inputs of order 1, some 1e-6.
    for ours, wanted in zip(gradients(errors, 6), differences(kind, net.weights, x, t), strict=True):
        np.testing.assert_allclose(ours, wanted, atol=3e-6)
        assert np.abs(wanted).max() > 0.01
    np.testing.assert_allclose(errors.cost.mean(), cost(kind, net.weights, x, t), rtol=1e-5)
    assert errors.cost.shape == (6,)


def test_feedback_replaces_the_transposed_weights_only():
    kind = ("tanh", "linear", "cross-entropy")
    net, (x, t) = network(kind, (5, 4, 6, 3)), samples(5, (5, 4, 6, 3))
    source = DirectFeedback(net.shapes, seed=4, scale=0.7)
    exact, errors = Backpropagation()(net, x, t), source(net, x, t)
    np.testing.assert_array_equal(errors.pairs[-1][1], exact.pairs[-1][1])
    for (ours, _), (wanted, _) in zip(errors.pairs, exact.pairs, strict=True):
        np.testing.assert_array_equal(ours, wanted)
    for k, b in enumerate(source.feedback):
        assert b.shape == (3, net.shapes[k][0]) and len(np.unique(b)) == 2
        np.testing.assert_allclose(np.abs(b), 0.7 / np.sqrt(3), rtol=1e-6)
        h = exact.pairs[k + 1][0][:, :-1]
        np.testing.assert_allclose(errors.pairs[k][1], (exact.pairs[-1][1] @ b) * (1 - h**2), rtol=1e-5, atol=1e-7)


def test_a_layer_in_front_of_the_last_learns_by_feedback_where_it_is_its_transpose():
    kind = ("sigmoid", "linear", "cross-entropy")
    net, (x, t) = network(kind), samples(4)
    source = DirectFeedback(net.shapes)
    source.feedback = [net.weights[1][:, :-1]]
    exact, errors = Backpropagation()(net, x, t), source(net, x, t)
    np.testing.assert_allclose(errors.pairs[0][1], exact.pairs[0][1], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("mode", ["antithetic", "forward"])
@pytest.mark.parametrize("kind", NETWORKS[:2])
@pytest.mark.parametrize("make", [NodePerturbation, RankOne])
def test_perturbations_average_to_the_gradient(make, kind, mode):
    n, blocks = 2000, 20
    net, (x, t) = network(kind, gain=1.0), samples(1)
    wanted = differences(kind, net.weights, x, t)
    many_x, many_t = np.repeat(x, n, 0), np.repeat(t, n, 0)
    source = make(amplitude=1e-2, seed=11, mode=mode)
    means = [gradients(source(net, many_x, many_t), n) for _ in range(blocks)]
    for k, w in enumerate(wanted):
        values = np.array([block[k] for block in means])
        error = values.std(0, ddof=1) / np.sqrt(blocks)
        # A cell is off by 5 standard errors of 20 block means (t distribution, 19 degrees) once in 1e4; 39 cells and 8
        # cases. 2e-3 is left for the bias, of order a times the second derivative (forward) or a^2 (antithetic), and
        # for costs in float32 (1e-7 / 1e-2 a reading, averaged).
        assert (np.abs(values.mean(0) - w) < 5 * error + 2e-3).all(), "seed 11"
        assert error.max() < 0.02 and np.abs(w).max() > 0.03


def test_one_sample_of_rank_one_is_its_code_times_the_difference_of_two_costs():
    kind, a = NETWORKS[1], 0.02
    net, (x, t) = network(kind), samples(3)
    errors = RankOne(amplitude=a, seed=5)(net, x, t)
    for n in range(3):
        codes = [np.sign(d[n])[:, None] * c[n] for c, d in errors.pairs]  # sign(C~) r c^T, C~ the same in all layers
        ends = [cost(kind, [w + s * a * code for w, code in zip(net.weights, codes, strict=True)], x[n:n+1], t[n:n+1])
                for s in (1, -1)]  # fmt: skip
        size = abs(ends[0] - ends[1]) / (2 * a)
        for _, d in errors.pairs:
            np.testing.assert_allclose(np.abs(d[n]), size, rtol=2e-3, atol=2e-5)
        assert ends[0] > ends[1]
        np.testing.assert_allclose(errors.cost[n], (ends[0] + ends[1]) / 2, rtol=1e-5)
    assert all(set(np.unique(c)) == {-1.0, 1.0} for c, _ in errors.pairs)


def test_inputs_of_node_perturbation_are_those_of_the_presentations():
    net, (x, t) = network(), samples(3)
    mean, second = (NodePerturbation(0.5, seed=5, inputs=name)(net, x, t) for name in ("mean", "second"))
    np.testing.assert_array_equal(mean.pairs[0][0], second.pairs[0][0])
    z = mean.pairs[0][0] @ net.weights[0].T
    # The signs of d = C~ s / a are s or -s; which of the two was presented first does not show in the mean.
    ends = [1 / (1 + np.exp(-(z + k * 0.5 * np.sign(mean.pairs[0][1])))) for k in (1, -1)]
    np.testing.assert_allclose(mean.pairs[1][0][:, :-1], (ends[0] + ends[1]) / 2, rtol=1e-5)
    clean = NodePerturbation(0.5, seed=5, mode="forward", inputs="second")(net, x, t)
    np.testing.assert_array_equal(clean.pairs[1][0], net.forward(x).inputs[1])
    assert (np.abs(second.pairs[1][0] - clean.pairs[1][0])[:, :-1] > 0.01).all()
    np.testing.assert_array_equal(mean.pairs[1][0][:, -1], 1)


def test_what_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="mode: 'central' is refused; allowed is one of forward, antithetic."):
        RankOne(mode="central")
    with pytest.raises(ValueError, match="amplitude: 0 is refused; allowed is a number from 1.19209e-07 to 100."):
        NodePerturbation(0)
    for kind, text in {
        ("swish", "linear", "mse"): "hidden: 'swish' is refused; allowed is one of linear, sigmoid, tanh, relu.",
        ("tanh", "softmax", "mse"): "output: 'softmax' is refused; allowed is one of linear, sigmoid, tanh, relu.",
        ("tanh", "linear", "l1"): "cost: 'l1' is refused; allowed is one of mse, cross-entropy.",
    }.items():
        with pytest.raises(ValueError, match=text):
            network(kind)
    with pytest.raises(ValueError, match="output: 'tanh' is refused; allowed is linear where the cost is cross-entr"):
        network(("tanh", "tanh", "cross-entropy"))
    with pytest.raises(ValueError, match=r"layers\[1\]: \(3, 4\) is refused; allowed is a layer of 5 columns"):
        Layered([FloatLayer(np.zeros((4, 6))), FloatLayer(np.zeros((3, 4)))])
