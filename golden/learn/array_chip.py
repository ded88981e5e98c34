"""A network on crossbars of float devices (`golden.analog`) as a `Chip`, with pulses."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..analog.one_sided import OneSided
from ..analog.periphery import Periphery
from ..analog.pulsed import PulsedDevice
from ..inputs import counts as pulses
from ..inputs import float_samples, floats, integer, widths
from .array_layer import ArrayLayer, LayerArray
from .layered import Layered


class ArrayChip:
    """One crossbar a layer; its last column is the bias. A circuit at every cell adds the perturbation (`cell`).

    Parameters
    ----------
    layers : tuple of int
        Inputs, and neurons of each layer.
    device : PulsedDevice or OneSided
    seed : int
        Of the devices' spreads and of all noise; layer k has seed + k.
    forward : golden.analog.periphery.Periphery, optional
    hidden, output, cost : str
        As in `layered.Layered`.
    """

    def __init__(
        self,
        layers: tuple[int, ...],
        device: PulsedDevice | OneSided,
        seed: int = 0,
        *,
        forward: Periphery | None = None,
        hidden: str = "sigmoid",
        output: str = "sigmoid",
        cost: str = "mse",
    ):
        self.layers = widths("layers", layers)
        seed = integer("seed", seed)
        pairs = zip(self.layers[:-1], self.layers[1:], strict=True)
        self.arrays = [
            LayerArray(device, rows, inputs + 1, seed + k, forward=forward) for k, (inputs, rows) in enumerate(pairs)
        ]
        self._network = Layered([ArrayLayer(array) for array in self.arrays], hidden, output, cost)
        self._offsets: list[Any] = self._matrices("perturb: offsets", np.zeros(self.size))
        self._samples: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    @property
    def size(self) -> int:
        """Number of parameters P."""
        return sum(array.weights.size for array in self.arrays)

    def load(self, theta: ArrayLike) -> None:
        """Set the weights, each within its cell's bounds, as a perfect write would; see `Chip`."""
        for array, weights in zip(self.arrays, self._matrices("load: theta", theta), strict=True):
            array.hold(weights)
        self.perturb(np.zeros(self.size))

    def present(self, x: NDArray[np.floating], t: NDArray[np.floating]) -> None:
        """Choose samples and targets; see `Chip`."""
        self._samples = float_samples(x, t, self.layers[0], self.layers[-1], self._network.cost == "cross-entropy")

    def perturb(self, offsets: ArrayLike) -> None:
        """Add offsets to the weights that compute, not to the devices; see `Chip`."""
        self._offsets = self._matrices("perturb: offsets", offsets)

    def cost(self) -> float:
        """Mean cost of the samples, with the noise of one read; see `Chip`."""
        if self._samples is None:
            raise ValueError("cost: there are no samples; allowed is present before it.")
        x, t = self._samples
        y = self._network.forward(x, lambda k, z, inputs: z + inputs @ self._offsets[k].T).y
        return float(np.mean(self._network.costs(y, t), dtype=np.float64))

    def pulse(self, counts: ArrayLike) -> None:
        """Give each device its pulses; see `Chip`."""
        counts = pulses("pulse: counts", counts, (self.size,))
        for array, rows in zip(self.arrays, self._split(counts), strict=True):
            for k, row in enumerate(rows):
                array.pulse_line(k, row, columns=False)

    def read(self) -> NDArray[np.float64]:
        """The weights as a perfect read would show them; see `Chip`."""
        return np.concatenate([array.weights.ravel() for array in self.arrays]).astype(np.float64)

    def _matrices(self, place: str, values: ArrayLike) -> list[NDArray[np.float32]]:
        return self._split(floats(place, values, (self.size,)))

    def _split(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Values of all parameters as a matrix for each layer."""
        ends = np.cumsum([array.weights.size for array in self.arrays])[:-1]
        return [part.reshape(array.shape) for part, array in zip(np.split(values, ends), self.arrays, strict=True)]
