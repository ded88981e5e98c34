"""Two arrays read against each other: a differential pair of full devices, or an array and its reference."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .array import AnalogArray
from .refusals import require


class Difference:
    """W = scale (A - R), each array read through its own periphery and subtracted behind the ADCs.

    A reference that sits on the same lines, ahead of the ADC, is `Cells.subtract` of what it holds; a pair of unipolar
    devices in one cell is `OneSided`.

    Parameters
    ----------
    plus, minus : AnalogArray
        A and R, of equal shape.
    scale : float
        Weight that a difference of one stands for.
    both : bool
        Updates go to both arrays, half to each with opposite signs; else R is a reference that stays as it is.
    """

    def __init__(self, plus: AnalogArray, minus: AnalogArray, scale: float = 1.0, both: bool = False):
        require(plus.shape == minus.shape, "Difference.minus", minus.shape, f"an array of {plus.shape}")
        require(scale > 0, "Difference.scale", scale, "a number above 0")
        self.plus, self.minus, self.scale, self.both = plus, minus, scale, both

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.plus.shape

    @property
    def weights(self) -> NDArray[np.float32]:
        """W, as a perfect read would show it: float32 (rows, columns)."""
        return np.float32(self.scale) * (self.plus.weights - self.minus.weights)

    def forward(self, x: ArrayLike) -> NDArray[np.float32]:
        """W x: x (columns,) or (batch, columns) -> float32 (rows,) or (batch, rows)."""
        return np.float32(self.scale) * (self.plus.forward(x) - self.minus.forward(x))

    def backward(self, d: ArrayLike) -> NDArray[np.float32]:
        """W^T d: d (rows,) or (batch, rows) -> float32 (..., columns)."""
        return np.float32(self.scale) * (self.plus.backward(d) - self.minus.backward(d))

    def read_line(self, k: int, columns: bool = True) -> NDArray[np.float32]:
        """W[:, k], or W[k] if not columns, as `AnalogArray.read_line`."""
        return np.float32(self.scale) * (self.plus.read_line(k, columns) - self.minus.read_line(k, columns))

    def update(self, x: ArrayLike, d: ArrayLike, lr: float) -> None:
        """W -= lr d x^T in the mean, see `both`."""
        lr = lr / self.scale / (2 if self.both else 1)
        self.plus.update(x, d, lr)
        if self.both:
            self.minus.update(x, np.negative(d), lr)
