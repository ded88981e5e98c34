"""The trainer of `golden.learn` for dense networks and sign codes, compiled: the same steps a hundred times as fast.

An array library spends its time on calls where a network has 9 or 220 parameters. This loop takes the settings
of `MGD` (those that `fits` admits), makes the same signs, draws the same samples and the same noise, and so comes to
the same theta but for the order of sums; the tests hold the two against each other. Gradient descent is in it too.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...golden.blocks.measure.samples import ORDERS, sample_index, stream
from ...golden.blocks.perturb.codes import KINDS, Codes, key, mix, scratch, values
from ...golden.learn import MGD, Defects, Dense, Network
from ...golden.learn.perturbations import COST_NOISE, UPDATE_NOISE

WEIGHT, NODE, RANK_ONE, EXACT = range(4)
METHODS = {"weight": WEIGHT, "node": NODE, "rank-one": RANK_ONE}
LINEAR, SIGMOID, TANH, RELU = range(4)
ACTIVATIONS = {"linear": LINEAR, "sigmoid": SIGMOID, "tanh": TANH, "relu": RELU}
MSE, CROSS_ENTROPY = range(2)
COSTS = {"mse": MSE, "cross-entropy": CROSS_ENTROPY}


def fits(network: Network, settings: MGD, defects: Defects) -> bool:
    """Whether the loop does what these settings say: what it knows of them is varied, all else at its default."""
    m = settings
    if m.mode == "analog":
        return False
    known = MGD(
        code=m.code, method=m.method, mode=m.mode, amplitude=m.amplitude, eta=m.eta, tau_theta=m.tau_theta,
        batch=m.batch, order=m.order, readings=m.readings, c0_readings=m.c0_readings,
    )  # fmt: skip
    return (
        m == known
        and defects == Defects(cost_noise=defects.cost_noise, update_noise=defects.update_noise)
        and all(isinstance(layer, Dense) and layer.activation in ACTIVATIONS for layer in network.layers)
        and network.cost in COSTS
        and m.code in ("random", "sequential", "walsh", "walsh-upper")
        and (m.method in ("weight", "rank-one") or m.method == "node" and m.batch == 1)
        and (m.mode == "antithetic" or m.tau_theta == 1)
    )


class Loop:
    """R networks under training.

    Parameters
    ----------
    network : Network
    settings : MGD
        Of these, gradient descent takes `eta`, `batch`, `order` and `tau_theta`.
    x, t : arrays
        As `Trainer` takes them.
    theta : array, shape (R, P)
        Start; changed in place, and of the type that is computed in.
    seeds : sequence of int
    defects : Defects
    exact : bool
        Gradient descent: the exact gradient in place of its estimate.
    """

    def __init__(self, network: Network, settings: MGD, x: Any, t: Any, theta: NDArray[Any], seeds: Sequence[int],
                 defects: Defects, exact: bool = False):  # fmt: skip
        m, self.theta, self.seeds, self.step = settings, theta, seeds, 0
        method = EXACT if exact else METHODS[m.method]
        lines = sum(b.inputs + 1 for b in network.blocks)
        size = {NODE: network.nodes, RANK_ONE: network.nodes + lines}.get(method, network.size)
        self._codes = Codes(KINDS[m.code], 0, size)
        assert all(isinstance(layer, Dense) for layer in network.layers)
        kinds = [ACTIVATIONS[layer.activation] for layer in network.layers if isinstance(layer, Dense)]
        shape = np.array([[b.inputs, b.outputs, b.start] for b in network.blocks])
        second = m.readings if m.mode == "antithetic" else m.c0_readings
        high, low, out = scratch(self._codes.size)
        widest = max(max(b.inputs, b.outputs) for b in network.blocks)
        self._values = np.zeros((2, len(kinds) + 1, widest), theta.dtype)
        self._fixed = (
            method, -1 if m.mode == "antithetic" else 0, m.amplitude, m.eta, m.tau_theta, m.batch, ORDERS[m.order],
            m.readings, second, max(m.readings, m.c0_readings), defects.cost_noise, defects.update_noise,
            COSTS[network.cost], shape, np.array(kinds), np.ascontiguousarray(x, theta.dtype),
            np.ascontiguousarray(t, theta.dtype), self._codes.quarter(), high, low, out,
            np.zeros(max(out.size, network.size), theta.dtype),
        )  # fmt: skip
        self._g = np.zeros_like(theta)
        self.evaluations_a_step = m.batch if exact else m.batch * (m.readings + second)

    def run(self, steps: int) -> None:
        """Go on by so many steps, with all seeds."""
        for theta, g, seed in zip(self.theta, self._g, self.seeds, strict=True):
            plan = self._codes._replace(seed=seed).plan
            _run(self.step, steps, seed, plan, self._fixed, self._values, theta, g)
        self.step += steps


@njit(inline="always")
def _activate(kind, z):
    if kind == SIGMOID:
        return 0.5 * np.tanh(0.5 * z) + 0.5
    if kind == TANH:
        return np.tanh(z)
    if kind == RELU:
        return max(z, 0.0)
    return z


@njit(inline="always")
def _slope(kind, y):
    if kind == SIGMOID:
        return y * (1 - y)
    if kind == TANH:
        return 1 - y * y
    if kind == RELU:
        return 1.0 if y > 0 else 0.0
    return 1.0


@njit(fastmath={"reassoc", "contract"})
def _forward(shape, kinds, theta, weight_a, node_a, signs, values):
    """Run a network with weights theta + weight_a s, pre-activations z + node_a s; values[0] holds the sample."""
    node = 0
    for k in range(len(kinds)):
        inputs, outputs, at = shape[k]
        x, y = values[k], values[k + 1]
        for j in range(outputs):
            w = theta[at : at + inputs + 1]
            z = w[inputs]
            if weight_a == 0:
                for i in range(inputs):
                    z += w[i] * x[i]
            else:
                s = signs[at : at + inputs + 1]
                z += weight_a * s[inputs]
                for i in range(inputs):
                    z += (w[i] + weight_a * s[i]) * x[i]
            if node_a != 0:
                z += node_a * signs[node + j]
            y[j] = _activate(kinds[k], z)
            at += inputs + 1
        node += outputs


@njit
def _cost(kind, y, t):
    total = 0.0
    if kind == MSE:
        for k in range(t.size):
            total += 0.5 * (y[k] - t[k]) ** 2
        return total
    top = y[: t.size].max()
    dot = 0.0
    for k in range(t.size):
        total += np.exp(y[k] - top)
        dot += t[k] * y[k]
    return np.log(total) + top - dot


@njit
def _normal(table, number):
    """Standard normal number, as `Maker.normal` draws it."""
    k0, k1, k2, k3 = table
    u = (mix(k0, k1, k2, k3, 2 * number) + 0.5) / 2**32
    v = (mix(k0, k1, k2, k3, 2 * number + 1) + 0.5) / 2**32
    return np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)


@njit
def _backward(cost, shape, kinds, theta, t, scale, values, errors, g):
    """Add `scale` times the gradient to g; values[k] are the inputs of layer k."""
    last = len(kinds) - 1
    y = values[last + 1]
    if cost == MSE:
        for j in range(t.size):
            errors[last, j] = scale * (y[j] - t[j]) * _slope(kinds[last], y[j])
    else:
        top, total = y[: t.size].max(), 0.0
        for j in range(t.size):
            total += np.exp(y[j] - top)
        for j in range(t.size):
            errors[last, j] = scale * (np.exp(y[j] - top) / total - t[j])
    for k in range(last, -1, -1):
        inputs, outputs, at = shape[k]
        if k:
            errors[k - 1, :inputs] = 0
        for j in range(outputs):
            e = errors[k, j]
            for i in range(inputs):
                g[at + i] += e * values[k, i]
            g[at + inputs] += e
            if k:
                for i in range(inputs):
                    errors[k - 1, i] += e * theta[at + i]
            at += inputs + 1
        if k:
            for i in range(inputs):
                errors[k - 1, i] *= _slope(kinds[k - 1], values[k, i])


@njit
def _run(first, steps, seed, plan, fixed, values_, theta, g):
    (method, polarity, a, eta, tau_theta, batch, order, readings, readings0, most, cost_noise, update_noise, cost,
     shape, kinds, x, t, quarter, high, low, code, signs) = fixed  # fmt: skip
    sample_key = stream(seed)
    errors = np.zeros_like(values_[0])
    weight_a = a if method == WEIGHT or method == RANK_ONE else 0.0
    node_a = a if method == NODE else 0.0
    for step in range(first, first + steps):
        if method != EXACT:
            values(plan, quarter, step, high, low, code)
            if method == RANK_ONE:
                _products(shape, code, signs)
            else:
                for i in range(code.size):
                    signs[i] = code[i]
        if cost_noise > 0:
            noise_key = key(seed, COST_NOISE, step)
        else:
            noise_key = sample_key
        change = 0.0
        for b in range(batch):
            index = sample_index(order, len(x), sample_key, step * batch + b)
            values_[0, 0, : x.shape[1]] = x[index]
            _forward(shape, kinds, theta, weight_a, node_a, signs, values_[0])
            if method == EXACT:
                _backward(cost, shape, kinds, theta, t[index], 1.0 / batch, values_[0], errors, g)
                continue
            values_[1, 0, : x.shape[1]] = x[index]
            _forward(shape, kinds, theta, polarity * weight_a, polarity * node_a, signs, values_[1])
            difference = 0.0
            for rail in range(2):
                reading = _cost(cost, values_[rail, len(kinds)], t[index])
                if cost_noise > 0:
                    count = readings0 if rail else readings
                    noise, slot = 0.0, 1 if rail == 0 else -2 * polarity
                    for r in range(count):
                        noise += _normal(noise_key, (slot * batch + b) * most + r)
                    reading += cost_noise * noise / count
                difference += -reading if rail else reading
            change += difference / (2 if polarity else 1)
        e = change / (batch * a)
        if method == NODE:
            _outer(shape, e, signs, values_, len(kinds), polarity, g)
        elif method != EXACT:
            for i in range(theta.size):
                g[i] += e * signs[i]
        if (step + 1) % tau_theta == 0:
            for i in range(theta.size):
                theta[i] -= eta * g[i]
                g[i] = 0
            if update_noise > 0:
                update_key = key(seed, UPDATE_NOISE, (step + 1) // tau_theta - 1)
                for i in range(theta.size):
                    theta[i] += update_noise * _normal(update_key, i)


@njit
def _outer(shape, e, signs, values, layers, polarity, g):
    """g += e s x^T, x the mean of the inputs of both passes, or of the perturbed one (forward)."""
    node = 0
    second = 0.5 if polarity else 0.0
    for k in range(layers):
        inputs, outputs, at = shape[k]
        for j in range(outputs):
            d = e * signs[node + j]
            for i in range(inputs):
                g[at + i] += d * ((1 - second) * values[0, k, i] + second * values[1, k, i])
            g[at + inputs] += d
            at += inputs + 1
        node += outputs


@njit
def _products(shape, code, signs):
    """Signs r_n c_l of each layer; the code has those of all neurons first, then those of all lines."""
    node, line = 0, shape[:, 1].sum()
    for k in range(len(shape)):
        inputs, outputs, at = shape[k]
        for j in range(outputs):
            for i in range(inputs + 1):
                signs[at + i] = code[node + j] * code[line + i]
            at += inputs + 1
        node += outputs
        line += inputs + 1
