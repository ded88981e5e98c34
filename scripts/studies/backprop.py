"""Exact gradients of dense networks by backpropagation: what an estimate is held against."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...golden.learn import Dense, Network

Array = NDArray[Any]

SLOPES: dict[str, Callable[[Array], Array]] = {
    "linear": np.ones_like,
    "sigmoid": lambda y: y * (1 - y),
    "tanh": lambda y: 1 - y * y,
    "relu": lambda y: (y > 0).astype(y.dtype),
}
"""Derivative of an activation, from what it gives."""


def gradient(network: Network, theta: Array, x: Array, t: Array) -> Array:
    """Gradient of the mean cost of some samples, by backpropagation.

    Parameters
    ----------
    network : Network
        Of dense layers; cost "mse", or "cross-entropy" on linear outputs.
    theta : array, shape (R, P)
    x, t : arrays, shape (n, features) and (n, outputs), or with R in front

    Returns
    -------
    array, shape (R, P)
    """
    layers = [layer for layer in network.layers if isinstance(layer, Dense)]
    matrices = [theta[:, b.start : b.stop].reshape(-1, b.outputs, b.inputs + 1) for b in network.blocks]
    values = [np.broadcast_to(x, (len(theta), *x.shape[-2:]))]
    for layer, w in zip(layers, matrices, strict=True):
        z = values[-1] @ w[:, :, :-1].swapaxes(1, 2) + w[:, None, :, -1]
        values.append(_ACTIVATE[layer.activation](z))
    y = values[-1]
    if network.cost == "cross-entropy":
        e = np.exp(y - y.max(-1, keepdims=True))
        error = e / e.sum(-1, keepdims=True) - t
    else:
        error = (y - t) * SLOPES[layers[-1].activation](y)
    error = error / y.shape[-2]
    out = np.empty_like(theta)
    for k in reversed(range(len(layers))):
        b = network.blocks[k]
        dw = out[:, b.start : b.stop].reshape(-1, b.outputs, b.inputs + 1)
        dw[:, :, :-1] = error.swapaxes(1, 2) @ values[k]
        dw[:, :, -1] = error.sum(1)
        if k:
            error = (error @ matrices[k][:, :, :-1]) * SLOPES[layers[k - 1].activation](values[k])
    return out


_ACTIVATE: dict[str, Callable[[Array], Array]] = {
    "linear": lambda z: z,
    "sigmoid": lambda z: 0.5 * np.tanh(0.5 * z) + 0.5,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
}
