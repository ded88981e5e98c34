"""A layer in floating point with the methods of a layer on arrays, which those are compared with."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..compiled import njit
from ..inputs import LARGE, floats, number, refuse, require, vectors

Array = NDArray[np.float32]


class FloatLayer:
    """Weights in digital memory and exact products.

    Parameters
    ----------
    weights : array, shape (outputs, inputs)
        Initial weights W[d, x]; copied. A bias is a last column for an input that is always 1.

    Attributes
    ----------
    weights : float32 array, shape (outputs, inputs)
        What the network computes with.
    """

    def __init__(self, weights: ArrayLike):
        self.weights: Array = np.array(floats("FloatLayer: weights", weights, ("outputs", "inputs")))

    def forward(self, x: Array) -> Array:
        """y = W x for one vector (inputs,), or each row of (n, inputs)."""
        v = vectors("FloatLayer.forward: x", x, self.weights.shape[1])
        return (v if np.ndim(x) == 2 else v[0]) @ self.weights.T

    def backward(self, d: Array) -> Array:
        """z = W^T d for one vector (outputs,), or each row of (n, outputs)."""
        v = vectors("FloatLayer.backward: d", d, self.weights.shape[0])
        return (v if np.ndim(d) == 2 else v[0]) @ self.weights

    def update(self, x: Array, d: Array, lr: float) -> None:
        """W <- W - lr d x^T for one pair of vectors, or the sum of those of each row."""
        rows, columns = self.weights.shape
        x, d = vectors("FloatLayer.update: x", x, columns), vectors("FloatLayer.update: d", d, rows)
        require(len(x) == len(d), "FloatLayer.update: x, d", (len(x), len(d)), "as many vectors x as d")
        lr = number("FloatLayer.update: lr", lr, -LARGE, LARGE)
        if not _outer(self.weights, x, d, np.float32(lr)):
            refuse("FloatLayer.update: lr", f"{lr:g} with such x and d", f"a change of the weights up to {LARGE:g}")


@njit
def _outer(w, x, d, lr):
    """w -= lr d x^T for each row in turn; one pass over w, where NumPy needs two and a temporary.

    Returns False, and has done nothing, where float32 might not hold what comes out.
    """
    x_max, d_max = np.float32(0), np.float32(0)
    for k in range(len(x)):
        for j in range(x.shape[1]):
            x_max = max(x_max, abs(x[k, j]))
        for i in range(d.shape[1]):
            d_max = max(d_max, abs(d[k, i]))
    if np.float64(abs(lr)) * x_max * d_max * len(x) > LARGE:
        return False
    for k in range(len(x)):
        for i in range(len(w)):
            rate = lr * d[k, i]
            for j in range(w.shape[1]):
                w[i, j] -= rate * x[k, j]
    return True
