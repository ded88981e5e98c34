"""What every layer on arrays shares: products through a periphery, the generator, state."""

from copy import deepcopy
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from ..analog.cells import Cells
from ..analog.draws import generator, handle
from ..analog.mvm import mvm_rows
from ..analog.periphery import Periphery
from .refusals import positive, require

Array = NDArray[np.float32]


class ArrayLayer:
    """A layer whose weights are read through the periphery of an array; subclasses say what a sample changes.

    Parameters
    ----------
    rows, columns : int
        Outputs, inputs; a bias is a column like any other.
    seed : int
        Of the periphery's lines and of all that is drawn while training.
    forward, backward : Periphery, optional
        Of the two products; a plain `Periphery()`, and the same as forward.

    Attributes
    ----------
    weights : float32 array, shape (rows, columns)
        What the layer computes with; changed in place by `update`.
    rng : numpy.random.Generator
    """

    weights: Array

    def __init__(self, rows: int, columns: int, seed: int, forward: Periphery | None, backward: Periphery | None):
        self.shape = positive("rows", rows), positive("columns", columns)
        forward = forward or Periphery()
        self.rng = np.random.default_rng([seed, 0])
        self._ends = (forward.ends(columns, rows, seed),
                      (backward or forward).ends(rows, columns, seed + 1, forward=False))  # fmt: skip
        self._handle = handle(self.rng)

    def forward(self, x: ArrayLike) -> Array:
        """y = W x through the periphery: (columns,) -> (rows,), or (batch, columns) -> (batch, rows)."""
        return self._product(x, 0)

    def backward(self, d: ArrayLike) -> Array:
        """z = W^T d through the periphery: (rows,) -> (columns,), or (batch, rows) -> (batch, columns)."""
        return self._product(d, 1)

    def update(self, x: ArrayLike, d: ArrayLike, lr: float) -> None:
        """W <- W - lr d x^T in the mean, for one pair of vectors, or for those of a batch one after the other.

        Parameters
        ----------
        x : array, shape (columns,) or (batch, columns)
        d : array, shape (rows,) or (batch, rows)
            Derivative of the cost with respect to y.
        lr : float
            Learning rate, above 0.
        """
        x, d = self._rows(x, "x", 1), self._rows(d, "d", 0)
        require(len(x) == len(d), "update: vectors of x and d", (len(x), len(d)), "equal numbers")
        require(lr > 0, "update: lr", lr, "a number above 0")
        self._learn(x, d, lr)

    def program(self, weights: ArrayLike) -> None:
        """Set the weights, each within its cell's bounds, as a perfect write would; what was learned is forgotten."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """Everything that training changes, as arrays and the generator's state; independent copies."""
        return {"rng": deepcopy(self.rng.bit_generator.state), **{k: v.copy() for k, v in self._arrays().items()}}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        self.rng.bit_generator.state = state["rng"]
        for name, array in self._arrays().items():
            array[...] = state[name]

    def _arrays(self) -> dict[str, np.ndarray]:
        raise NotImplementedError

    def _learn(self, x: Array, d: Array, lr: float) -> None:
        raise NotImplementedError

    def _rows(self, v: ArrayLike, name: str, axis: int) -> Array:
        v = np.ascontiguousarray(v, np.float32)
        require(v.shape[-1:] == self.shape[axis : axis + 1] and v.ndim < 3, f"shape of {name}", v.shape,
                f"({self.shape[axis]},) or (batch, {self.shape[axis]})")  # fmt: skip
        return v if v.ndim == 2 else v[None]

    def _product(self, x: ArrayLike, direction: int) -> Array:
        rows = self._rows(x, "xd"[direction], 1 - direction)
        out = np.empty((len(rows), self.shape[direction]), np.float32)
        _multiply(self._ends[direction], self.weights, bool(direction), rows, out, self._handle)
        return out if np.ndim(x) == 2 else out[0]

    def __deepcopy__(self, memo: dict) -> "ArrayLayer":
        """A copy that goes on with the same draws, from a generator of its own."""
        new = memo[id(self)] = object.__new__(type(self))
        new.__dict__.update({name: deepcopy(value, memo) for name, value in self.__dict__.items()})
        # Addresses of the old generator would outlive it.
        new._handle = handle(new.rng)
        return new


@njit
def _multiply(ends, weights, backward, x, out, handle):
    mvm_rows(ends, weights, backward, x, out, np.empty_like(x), generator(handle))


def held(cells: Cells, weights: ArrayLike, shape: tuple[int, int]) -> Array:
    """Weights that cells take over when programmed to some; refuses a wrong shape."""
    weights = np.asarray(weights, np.float32)
    require(weights.shape == shape, "shape of weights", weights.shape, str(shape))
    return cells.hold(weights)
