"""One layer of weights on analog arrays: which array computes, what a sample changes.

    layer = TTv2(rows, columns, SoftBounds(dw_min=0.012), settings=Chopped(transfer_every=2), seed=1)
    layer.hold(w)                   # sets the weights, within each cell's bounds (initialisation)
    y = layer.forward(x)            # x (columns,) or (batch, columns), y (rows,) or (batch, rows), float32
    z = layer.backward(d)           # W^T d: d (rows,) or (batch, rows), z (columns,) or (batch, columns)
    layer.update(x, d, lr)          # W -= lr d x^T in the mean; vectors of a batch one after the other
    layer.weights                   # what forward computes with, float32 (rows, columns)
    layer.state() -> dict of arrays           layer.restore(state)            copy.deepcopy(layer)

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

from ..analog.one_sided import OneSided
from ..analog.periphery import Periphery
from ..analog.pulsed import PulsedDevice
from ..analog.update import Update
from ..inputs import integer
from .array_layer import ArrayLayer, LayerArray
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
    array : LayerArray
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        device: PulsedDevice | OneSided,
        *,
        seed: int = 0,
        forward: Periphery | None = None,
        backward: Periphery | None = None,
        update: Update | None = None,
    ):
        seed = 2 * integer("ArraySGD: seed", seed) + 1
        # The seed of C in `TikiTaka`: the same seed makes the same cells.
        self.array = LayerArray(device, rows, columns, seed, forward=forward, backward=backward, update=update)
        super().__init__(self.array)
