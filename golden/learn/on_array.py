"""One layer of weights on analog arrays: which array computes, what a sample changes.

    layer = TTv2(rows, columns, SoftBounds(dw_min=0.012), settings=Chopped(transfer_every=2), seed=1)
    layer.program(w)                # sets the weights, within each cell's bounds (initialisation)
    y = layer.forward(x)            # x (columns,) or (batch, columns), y (rows,) or (batch, rows), float32
    z = layer.backward(d)           # W^T d: d (rows,) or (batch, rows), z (columns,) or (batch, columns)
    layer.update(x, d, lr)          # W -= lr d x^T in the mean; vectors of a batch one after the other
    layer.weights                   # what forward computes with, float32 (rows, columns)
    layer.state() -> dict           layer.restore(state)            copy.deepcopy(layer)

A bias is a column like any other: whoever calls appends a 1 to x (last column) and drops the last element of z.
`update` takes the gradient: d = dC/dy, the layer moves against it.

    ArraySGD(rows, columns, device, *, seed, forward, backward, update)
    TTv1(rows, columns, device, slow=None, *, settings=Transfer(), seed, forward, backward, update, read,
         transfer_update, reference=None)
    TTv2(... the same, settings=Buffered())         settings: Buffered | Chopped | Dynamic | Leaky | Units
    ChoppedTTv2(... settings=Chopped(in_chop_prob=0.1))
    AGAD(... settings=Dynamic(in_chop_prob=0.1))
    MixedPrecision(rows, columns, device, *, settings=Mixed(), seed, forward, backward)
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from ..analog.draws import generator
from ..analog.periphery import Periphery
from ..analog.pulsed import PulsedDevice
from ..analog.update import Update, outer
from .array_layer import Array, ArrayLayer, held
from .choppers import Chopped, Dynamic
from .filters import Buffered, Leaky, Transfer, Units
from .mixed_precision import Mixed, MixedPrecision
from .tiki_taka import AGAD, ChoppedTTv2, TikiTaka, TTv1, TTv2

__all__ = [
    "AGAD", "ArrayLayer", "ArraySGD", "Buffered", "Chopped", "ChoppedTTv2", "Dynamic", "Leaky", "Mixed",
    "MixedPrecision", "TTv1", "TTv2", "TikiTaka", "Transfer", "Units",
]  # fmt: skip


class ArraySGD(ArrayLayer):
    """Plain pulsed gradient descent: the outer product goes straight onto the array that computes.

    Parameters
    ----------
    rows, columns, device, seed, forward, backward, update
        As in `TikiTaka`, of the one array.

    Attributes
    ----------
    cells : Cells
        Devices.
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        device: PulsedDevice,
        *,
        seed: int = 0,
        forward: Periphery | None = None,
        backward: Periphery | None = None,
        update: Update | None = None,
    ):
        super().__init__(rows, columns, seed, forward, backward)
        self.cells, self._step = device.sample(self.shape, [seed, 2]), device.granularity
        self.weights = self.cells.hold(np.zeros(self.shape))
        self._train = (update or Update()).train

    def program(self, weights: ArrayLike) -> None:
        self.weights[...] = held(self.cells, weights, self.shape)

    def _learn(self, x: Array, d: Array, lr: float) -> None:
        model, shared, each = self.cells
        _outer_rows(self._train, model, shared, each, self.weights, x, d, lr, self._step, self._handle)

    def _arrays(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights, "each": self.cells.each}


@njit
def _outer_rows(train, model, shared, each, weights, x, d, lr, granularity, handle):
    rng = generator(handle)
    for b in range(len(x)):
        outer(train, model, shared, each, weights, x[b], d[b], lr, granularity, rng)
