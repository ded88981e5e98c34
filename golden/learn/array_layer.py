"""What every layer on arrays shares: checked vectors, products of the array that computes, state."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..analog.array import AnalogArray
from ..analog.draws import handle
from ..analog.mvm import mvm_batch
from ..analog.one_sided import OneSided
from ..analog.pulsed import PulsedDevice
from ..inputs import LARGE, entries, entry, fits, floats, number, require, vectors

Array = NDArray[np.float32]


class LayerArray(AnalogArray):
    """An `AnalogArray` as algorithms of several arrays need it; copies of it draw the same numbers on their own.

    Attributes
    ----------
    granularity : float
        Step that pulse probabilities are reckoned with; starts as the device's.
    """

    def __init__(self, device: PulsedDevice | OneSided, rows: int, columns: int, seed: int, **ends: Any):
        super().__init__(device, rows, columns, seed, **ends)
        self._granularity = float(device.granularity)

    @property
    def granularity(self) -> float:
        """Step that pulse probabilities are reckoned with."""
        return self._granularity

    @granularity.setter
    def granularity(self, step: float) -> None:
        self._granularity = number("LayerArray.granularity", step, 0, above=True)

    def read_line(self, k: int, columns: bool = True, reference: Array | None = None) -> Array:
        """Line k of W - R (R = 0 without a reference), read by a one-hot vector through that direction's periphery."""
        k = self._check_line("read_line", k, columns)
        if reference is not None:
            fits("LayerArray.read_line: reference", reference, self.shape)
        ends = self.forward_ends if columns else self.backward_ends
        if ends.settings["plain"][0]:
            # The other lines carry nothing, and without rare effects nothing depends on where the driven one is.
            place, at = (np.s_[:, k : k + 1], 0) if columns else (np.s_[k : k + 1], 0)
        else:
            place, at = np.s_[:], k
        weights = self.weights[place] if reference is None else self.weights[place] - reference[place]
        one = np.zeros((1, weights.shape[columns]), np.float32)
        one[0, at] = 1
        z = np.empty((1, self.shape[not columns]), np.float32)
        mvm_batch(ends, np.ascontiguousarray(weights), not columns, one, z, np.empty_like(one), self.handle)
        return z[0]

    def count(self) -> None:
        """Count pulses that came from elsewhere as an update: pairs of one-sided devices are refreshed as after one."""
        self.updates += 1
        if isinstance(self.device, OneSided) and self.device.refresh_every:
            if self.updates % self.device.refresh_every == 0:
                self.refresh()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "handle"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A handle holds addresses, which are those of one generator.
        self.__dict__.update(state)
        self.handle = handle(self.rng)


class ArrayLayer:
    """A layer whose products are those of an array; subclasses say what a sample changes.

    Parameters
    ----------
    array : LayerArray
        The one that computes.

    Attributes
    ----------
    shape : tuple of int
        (rows, columns) = (outputs, inputs); a bias is a column like any other.
    """

    def __init__(self, array: LayerArray):
        self.shape = array.shape
        self._computing = array

    @property
    def weights(self) -> Array:
        """What the layer computes with, float32 (rows, columns); `update` changes it in place."""
        return self._computing.weights

    def forward(self, x: ArrayLike) -> Array:
        """y = W x through the periphery: (columns,) -> (rows,), or (batch, columns) -> (batch, rows)."""
        return self._computing.forward(x)

    def backward(self, d: ArrayLike) -> Array:
        """z = W^T d through the periphery: (rows,) -> (columns,), or (batch, rows) -> (batch, columns)."""
        return self._computing.backward(d)

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
        x, d = vectors("update: x", x, self.shape[1]), vectors("update: d", d, self.shape[0])
        require(len(x) == len(d), "update: x, d", (len(x), len(d)), "as many vectors x as d")
        self._learn(x, d, number("update: lr", lr, 0, LARGE, above=True))

    def hold(self, weights: ArrayLike) -> None:
        """Set the weights, each within its cell's bounds, as a perfect write would; what else was learned stays."""
        self._hold(floats("hold: weights", weights, self.shape))

    def state(self) -> dict[str, np.ndarray]:
        """Everything that training changes; independent copies."""
        state = {name: value.copy() for name, value in self._memories().items()}
        for name, array in self._arrays().items():
            state |= {f"{name}.{key}": value for key, value in array.state().items()}
        return state

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go back to what `state` returned, also of another layer made with the same parameters."""
        parts = {name: entries("restore: state", state, f"{name}.") for name in self._arrays()}
        kept = {name: entry("restore: state", state, name, value.shape) for name, value in self._memories().items()}
        for name, array in self._arrays().items():
            array._check_state(parts[name])
        for name, array in self._arrays().items():
            array.restore(parts[name])
        for name, value in self._memories().items():
            value[...] = kept[name]

    def _hold(self, weights: Array) -> None:
        self._computing.hold(weights)

    def _learn(self, x: Array, d: Array, lr: float) -> None:
        self._computing._outer(x, d, lr)

    def _arrays(self) -> dict[str, LayerArray]:
        return {"array": self._computing}

    def _memories(self) -> dict[str, np.ndarray]:
        """Digital memories beside the arrays."""
        return {}
