"""Activations and costs with their derivatives, for any array namespace: the one list of each."""

from collections.abc import Callable
from typing import Any

Array = Any
"""An array of any namespace of the array API standard."""


def sigmoid(xp: Any, z: Array) -> Array:
    """1 / (1 + exp(-z)), written so that no exponential overflows."""
    return 0.5 * xp.tanh(0.5 * z) + 0.5


def relu(xp: Any, z: Array) -> Array:
    """max(z, 0)."""
    return xp.clip(z, 0, None)


def softmax(xp: Any, z: Array) -> Array:
    """exp(z) over its sum along the last axis."""
    e = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[Any, Array], Array]] = {
    "linear": lambda xp, z: z,
    "sigmoid": sigmoid,
    "tanh": lambda xp, z: xp.tanh(z),
    "relu": relu,
    "softmax": softmax,
}

SLOPES: dict[str, Callable[[Any, Array], Array]] = {
    "linear": lambda xp, h: xp.ones_like(h),
    "sigmoid": lambda xp, h: h * (1 - h),
    "tanh": lambda xp, h: 1 - h * h,
    "relu": lambda xp, h: xp.astype(h > 0, h.dtype),
}
"""Derivatives of the activations that act on each pre-activation alone, from what they give."""


def mse(xp: Any, y: Array, t: Array) -> Array:
    """1/2 sum_k (y_k - t_k)^2."""
    d = y - t
    return 0.5 * xp.sum(d * d, axis=-1)


def l1(xp: Any, y: Array, t: Array) -> Array:
    """sum_k |y_k - t_k|."""
    return xp.sum(xp.abs(y - t), axis=-1)


def cross_entropy(xp: Any, y: Array, t: Array) -> Array:
    """-sum_k t_k log softmax(y)_k, of logits y; targets t sum to one."""
    top = xp.max(y, axis=-1, keepdims=True)
    return xp.log(xp.sum(xp.exp(y - top), axis=-1)) + top[..., 0] - xp.sum(t * y, axis=-1)


def right(xp: Any, y: Array, t: Array, middle: Array) -> Array:
    """Whether outputs y (..., outputs) classify targets t rightly: bool (...).

    The largest output is that of the largest target. A single output has no other to be compared with: it is on the
    same side of `middle`, half-way between the smallest and the largest target.
    """
    if y.shape[-1] == 1:
        return (y[..., 0] > middle) == (t[..., 0] > middle)
    return xp.argmax(y, axis=-1) == xp.argmax(t, axis=-1)


COSTS: dict[str, Callable[[Any, Array, Array], Array]] = {"mse": mse, "l1": l1, "cross-entropy": cross_entropy}

DERIVATIVES: dict[str, Callable[[Any, Array, Array], Array]] = {
    "mse": lambda xp, y, t: y - t,
    "cross-entropy": lambda xp, y, t: softmax(xp, y) - t,
}
"""Derivatives of the smooth costs with respect to the outputs y."""
