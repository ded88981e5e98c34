"""A dense network, compiled: a perturbed pass, its cost, and the exact gradient."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

LINEAR, SIGMOID, TANH, RELU = range(4)
MSE, CROSS_ENTROPY = range(2)


class Net(NamedTuple):
    """The network: its cost, (inputs, outputs, first parameter) of each layer, shape (layers, 3), and activations."""

    cost: int
    shape: NDArray[np.int64]
    kinds: NDArray[np.int64]


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
def forward(net, theta, weight_a, node_a, signs, values):
    """Run a network with weights theta + weight_a s, pre-activations z + node_a s; values[0] holds the sample."""
    node = 0
    for k in range(len(net.kinds)):
        inputs, outputs, at = net.shape[k]
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
            y[j] = _activate(net.kinds[k], z)
            at += inputs + 1
        node += outputs


@njit
def cost_of(kind, y, t):
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
def backward(net, theta, t, scale, values, errors, g):
    """Add `scale` times the gradient to g; values[k] are the inputs of layer k."""
    kinds = net.kinds
    last = len(kinds) - 1
    y = values[last + 1]
    if net.cost == MSE:
        for j in range(t.size):
            errors[last, j] = scale * (y[j] - t[j]) * _slope(kinds[last], y[j])
    else:
        top, total = y[: t.size].max(), 0.0
        for j in range(t.size):
            total += np.exp(y[j] - top)
        for j in range(t.size):
            errors[last, j] = scale * (np.exp(y[j] - top) / total - t[j])
    for k in range(last, -1, -1):
        inputs, outputs, at = net.shape[k]
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
