"""Gradient estimates of `golden.learn` against backpropagation, finite differences, and what each code promises."""

import numpy as np
import pytest

from ohmgrad.golden.learn import MGD, Conv, Dense, MaxPool, Network, Trainer, models
from ohmgrad.golden.learn.probes import Explicit, ExplicitRankOne, InRegisters, RankOne

from .learn_reference import accumulated, angle, differences, gradient, linear, quadratic

SEED = 20230401


def problem(cost="mse", output="sigmoid"):
    """A dense network of 39 parameters with five samples."""
    rng = np.random.default_rng(SEED)
    network = models.dense((5, 4, 3), "tanh", output, cost)
    x, t = rng.normal(size=(5, 5)), np.eye(3)[rng.integers(0, 3, 5)]
    return network, x, t, rng.normal(size=network.size)


def image_problem():
    """A convolutional network with two samples."""
    rng = np.random.default_rng(SEED)
    layers = [Conv(3, "tanh", padding="same"), MaxPool(), Conv(2, "sigmoid"), Dense(3)]
    network = Network((6, 6, 2), layers, "cross-entropy")
    return network, rng.normal(size=(2, 72)), np.eye(3)[[2, 0]], 0.5 * rng.normal(size=network.size)


@pytest.mark.parametrize("cost", ["mse", "l1", "cross-entropy"])
def test_the_references_agree(cost):
    network, x, t, theta = problem(cost, "linear")
    np.testing.assert_allclose(gradient(network, theta, x, t), differences(network, theta, x, t), atol=1e-8)


@pytest.mark.parametrize("tau_p", [1, 3])
@pytest.mark.parametrize("mode", ["forward", "antithetic"])
def test_sequential_code_is_finite_difference(mode, tau_p):
    """tau_theta = P tau_p: (C(theta + a e_i) - C0) / a for each i, or the central one, to the rounding of C."""
    network, x, t, theta = problem()
    a, size = 1e-3, network.size

    def cost(v):
        return network.costs(network.forward(v[None], x[None]), t).mean()

    base = cost(theta)
    forward = np.array([(cost(theta + a * e) - base) / a for e in np.eye(size)])
    central = np.array([(cost(theta + a * e) - cost(theta - a * e)) / (2 * a) for e in np.eye(size)])
    g = accumulated(network, x, t, theta, size * tau_p, code="sequential", mode=mode, amplitude=a, tau_p=tau_p)
    rounding = 8 * np.finfo(float).eps * base / a
    np.testing.assert_allclose(g[0] / tau_p, forward if mode == "forward" else central, rtol=0, atol=rounding)


@pytest.mark.parametrize("size", [2, 33, 64])
def test_a_walsh_cycle_is_exact_on_a_linear_cost(size):
    network, x, t, want = linear(size, SEED)
    cycle = 1 << max(1, (size - 1).bit_length())
    g = accumulated(network, x, t, np.zeros(size), 2 * cycle, code="walsh", mode="forward") / (2 * cycle)
    np.testing.assert_allclose(g[0], want, rtol=1e-7, atol=1e-7)


QUADRATIC = {"walsh": 64, "walsh-upper": 128, "sinusoidal": 128}
"""Steps of a cycle at the 42 parameters of the quadratic problem."""


@pytest.mark.parametrize(
    ("code", "mode"),
    [("walsh", "antithetic"), ("walsh-upper", "forward"), ("sinusoidal", "forward"), ("walsh-upper", "antithetic")],
)
def test_codes_without_aliases_are_exact_on_a_quadratic_cost(code, mode):
    network, x, t, theta, want = quadratic(6, 6, SEED)
    steps = QUADRATIC[code]
    g = accumulated(network, x, t, theta, steps, code=code, mode=mode, amplitude=0.1)[0] / steps
    np.testing.assert_allclose(g, want, rtol=0, atol=1e-10)


def test_one_sided_walsh_has_aliases_of_the_hessian():
    """G_i = g_i + a / 2 sum H_jk over j xor k = i, whose diagonal i = 0 is half the trace (two cycles take it out)."""
    network, x, t, theta, want = quadratic(6, 6, SEED)
    a, size = 0.1, network.size
    inputs = np.concatenate([x, np.ones((3, 1))], 1)
    hessian = np.kron(np.eye(6), inputs.T @ inputs / 3)
    j, k = np.indices((size, size))
    alias = np.array([a / 2 * hessian[(j ^ k) == i].sum() for i in range(size)])
    g = accumulated(network, x, t, theta, 64, code="walsh", mode="forward", amplitude=a)[0] / 64
    assert np.linalg.norm(alias) > 0.05 * np.linalg.norm(want)
    np.testing.assert_allclose(g, want + alias, rtol=0, atol=1e-10)


def test_sines_of_random_phase_have_aliases_too():
    """The reason for phase 0: products of two sines are cosines, which no sine of phase 0 correlates with."""
    network, x, t, theta, want = quadratic(6, 6, SEED)
    a, period, p, i = 0.1, 128, np.arange(128), np.arange(network.size)
    base = network.costs(network.forward(theta[None], x[None]), t).mean()

    def error(phases):
        s = 2**0.5 * np.sin(2 * np.pi * np.outer(p, i + 1) / period + phases)
        costs = network.costs(network.forward(theta + a * s, x[None]), t).mean(-1)
        g = (costs - base) @ s / (a * period)
        return np.linalg.norm(g - want) / np.linalg.norm(want)

    assert error(0) < 1e-10
    draws = [error(np.random.default_rng(seed).uniform(0, 2 * np.pi, i.size)) for seed in range(20)]
    print(f"relative error of random phases {np.mean(draws):.3f}")
    assert min(draws) > 0.02


def test_random_codes_need_14_p_steps_for_15_degrees():
    """tan^2 of the angle is (P - 1) / n on average, so 15 degrees need n = 13.9 P."""
    size, seeds = 100, 64
    network, x, t, want = linear(size, SEED)
    steps = round(13.93 * size)
    g = accumulated(network, x, t, np.zeros(size), steps, range(seeds), mode="antithetic")
    tangents = np.tan(np.radians(angle(g, want))) ** 2
    # Each is a sum of P - 1 squares: relative spread sqrt(2 / P), sqrt(seeds) of them, 4 standard errors.
    expected = (size - 1) / steps
    print(f"seeds 0 to {seeds - 1}: mean angle {np.degrees(np.arctan(tangents.mean() ** 0.5)):.2f} degrees")
    assert abs(tangents.mean() / expected - 1) < 4 * (2 / size / seeds) ** 0.5 + 0.01


@pytest.mark.parametrize("size", [64, 65, 220])
def test_walsh_codes_stay_within_15_degrees_from_below_2_p_steps(size):
    """At these sizes; where 2^N is about 1.3 P, as at P = 100, the mean over gradients is 2.0 P."""
    network, x, t, want = linear(size, SEED)
    trainer = Trainer(network, MGD(code="walsh", tau_theta=1 << 30, order="cyclic"), x, t)
    state = trainer.initial(np.zeros(size))
    angles = [angle(trainer.run(state, 1).g[0], want) for _ in range(4 * size)]
    last = max(n for n, degrees in enumerate(angles, 1) if degrees > 15)
    print(f"{last / size:.2f} P")
    assert last < 2 * size


READ = [(mode, inputs) for mode in ("forward", "antithetic") for inputs in ("mean", "clean", "second")]
READ.remove(("forward", "second"))  # it has no second pass


@pytest.mark.parametrize(("mode", "inputs"), READ)
@pytest.mark.parametrize("make", [problem, image_problem])
def test_node_perturbation_one_node_at_a_time(make, mode, inputs):
    """Then dW = sum over nodes of dC/dz x^T is the gradient, to the order of a (forward) or a^2."""
    network, x, t, theta = make()
    batch = len(x)
    steps = network.nodes * batch  # pattern p batch + b visits every node `batch` times, whatever their divisors
    settings = {"code": "sequential", "method": "node", "mode": mode, "inputs": inputs, "amplitude": 1e-4}
    g = accumulated(network, x, t, theta, steps, **settings)
    want = differences(network, theta, x, t)
    np.testing.assert_allclose(g[0] / batch, want, rtol=0, atol=1e-4 * np.linalg.norm(want))


@pytest.mark.parametrize(("mode", "inputs"), READ)
def test_one_step_of_node_perturbation(mode, inputs):
    """dW = (C~ s) x^T / B with the inputs asked for, at an amplitude where these differ."""
    network, x, t, theta = problem()
    a, first = 0.5, theta[:24].reshape(4, 6)
    second = theta[24:].reshape(3, 5)
    g = accumulated(network, x, t, theta, 1, method="node", mode=mode, inputs=inputs, amplitude=a)[0]
    signs = Trainer(network, MGD(), x, t, [1]).maker.code("random", 7, np.array([1]), np.arange(5))[0]
    want = np.zeros(network.size)
    for s, v, target in zip(signs, np.append(x, np.ones((5, 1)), 1), t, strict=True):
        hidden, costs = {}, {}
        for p in (1, -1, 0):
            hidden[p] = np.append(np.tanh(first @ v + p * a * s[:4]), 1)
            costs[p] = ((1 / (1 + np.exp(-second @ hidden[p] - p * a * s[4:])) - target) ** 2).sum() / 2
        e = (costs[1] - costs[0]) / a if mode == "forward" else (costs[1] - costs[-1]) / (2 * a)
        mean = hidden[1] if mode == "forward" else (hidden[1] + hidden[-1]) / 2
        seen = {"mean": mean, "clean": hidden[0], "second": hidden[-1]}[inputs]
        want += np.concatenate([np.outer(s[:4], v).ravel(), np.outer(s[4:], seen).ravel()]) * e / 5
    np.testing.assert_allclose(g, want, atol=1e-12)


def test_layers_take_turns():
    """Pattern p moves the neurons of layer p mod 2 alone, in the whole mini-batch."""
    network, x, t, theta = problem()
    settings = MGD(method="node-by-layer", batch=4, order="cyclic", tau_p=2, tau_theta=1 << 30)
    trainer = Trainer(network, settings, x[:4], t[:4])
    for step in range(8):
        state = trainer.initial(theta)
        state.step = step
        g = trainer.run(state, 1).g[0]
        parts = [g[b.start : b.stop] for b in network.blocks]
        assert [bool(part.any()) for part in parts] == [step // 2 % 2 == 0, step // 2 % 2 == 1]


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "rank-one"},
        {"method": "rank-one", "patterns": "sample"},
        {"method": "rank-one", "mode": "forward"},
        {"method": "node"},
        {"method": "node", "mode": "forward", "inputs": "clean"},
        {"method": "node-by-layer"},
        {"patterns": "sample"},
        {"patterns": "sample", "mode": "forward"},
        {"mode": "forward", "tau_p": 2, "tau_x": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_random_codes_estimate_the_gradient(settings, dtype):
    """The mean over seeds and steps is the gradient within 5 of its own standard errors, in each parameter."""
    network, x, t, theta = problem()
    want = gradient(network, theta, x, t)
    steps, a = 240, 2e-3
    g = accumulated(network, x, t, theta, steps, range(100), dtype, amplitude=a, **settings) / steps
    if settings.get("method") == "node-by-layer":  # each layer has its turn only
        g = g * len(network.blocks)
    error = g.std(0, ddof=1) / len(g) ** 0.5
    # Curvature adds up to the order of a.
    assert (abs(g.mean(0) - want) < 5 * error + a * np.linalg.norm(want)).all()
    assert angle(g.mean(0), want) < 6


def test_every_path_gives_the_same_g():
    """Signs in registers, signs as an array, and rank-one signs written out weight by weight."""
    network, x, t, theta = problem()
    def g(kind, dtype, **settings):
        m = MGD(tau_theta=1 << 30, batch=len(x), order="cyclic", amplitude=0.01, **settings)
        trainer = Trainer(network, m, x.astype(dtype), t.astype(dtype), range(3))
        old = trainer.probe
        trainer.probe = kind(network, trainer.maker, m.code, m.amplitude, trainer.seeds, old.effective, old.spread)
        return trainer.run(trainer.initial(theta), 50).g

    for mode in ("forward", "antithetic"):
        for patterns in ("batch", "sample"):
            settings = {"method": "rank-one", "mode": mode, "patterns": patterns}
            both = [g(kind, np.float64, **settings) for kind in (RankOne, ExplicitRankOne)]
            np.testing.assert_allclose(*both, rtol=1e-9, atol=1e-9)
        one, other = (g(k, np.float32, patterns="sample", mode=mode) for k in (InRegisters, Explicit))
        # C is about 1, rounded to 2^-24; e = C~ / a, and 50 of them are added.
        np.testing.assert_allclose(one, other, rtol=0, atol=50 * 20 * 2**-24 / 0.01)
