"""A layer in floating point with the methods of a layer on arrays, which those are compared with."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..compiled import njit

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
        self.weights: Array = np.array(weights, np.float32, ndmin=2)

    def forward(self, x: Array) -> Array:
        """y = W x for one vector (inputs,), or each row of (n, inputs)."""
        return x @ self.weights.T

    def backward(self, d: Array) -> Array:
        """z = W^T d for one vector (outputs,), or each row of (n, outputs)."""
        return d @ self.weights

    def update(self, x: Array, d: Array, lr: float) -> None:
        """W <- W - lr d x^T for one pair of vectors, or the sum of those of each row."""
        _outer(self.weights, np.atleast_2d(x), np.atleast_2d(d), np.float32(lr))


@njit
def _outer(w, x, d, lr):
    """w -= lr d x^T for each row in turn; one pass over w, where NumPy needs two and a temporary."""
    for k in range(len(x)):
        for i in range(len(w)):
            rate = lr * d[k, i]
            for j in range(w.shape[1]):
                w[i, j] -= rate * x[k, j]
