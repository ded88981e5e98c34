"""Mixed precision: the gradient is summed in digital memory, the array takes pulses of it. The digital baseline.

chi <- chi - lr d x^T;  every `transfer_every` vectors: n = trunc(chi / granularity) pulses, chi <- chi - n granularity
(Nandakumar et al., Frontiers in Neuroscience 14, 2020; aihwkit's MixedPrecisionCompound).
"""

from dataclasses import dataclass
from types import NoneType
from typing import NamedTuple

import numpy as np

from ..analog.draws import generator
from ..analog.one_sided import OneSided
from ..analog.periphery import Periphery
from ..analog.pulse import pulse
from ..analog.pulsed import PulsedDevice
from ..analog.update import MOST_SLOTS
from ..compiled import njit
from ..inputs import instance, integer, require, settings
from .array_layer import Array, ArrayLayer, LayerArray

VECTOR, ROW = range(2)
"""Places in the cursor."""


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """Settings of mixed precision, with aihwkit's names.

    Attributes
    ----------
    transfer_every : int
        Vectors between two transfers.
    n_rows_per_transfer : int
        Rows (outputs) a transfer, in turn; -1: all.
    granularity : float
        chi a pulse; 0: the device's own.
    n_x_bins, n_d_bins : int
        x and d are rounded to this many levels from -max to max of the vector; 0: not at all.
    """

    transfer_every: int = 1
    n_rows_per_transfer: int = -1
    granularity: float = 0.0
    n_x_bins: int = 0
    n_d_bins: int = 0

    def __post_init__(self):
        settings(self)
        integer("Mixed.transfer_every", self.transfer_every, 1)
        rows = self.n_rows_per_transfer
        require(rows == -1 or rows > 0, "Mixed.n_rows_per_transfer", rows, "an integer from 1, or -1 for all")
        require(self.granularity >= 0, "Mixed.granularity", self.granularity, "a number from 0")
        for name in ("n_x_bins", "n_d_bins"):
            bins = getattr(self, name)
            require(bins != 1 and 0 <= bins <= 1 << 24, f"Mixed.{name}", bins, f"0, or an integer from 2 to {1 << 24}")


class Transfers(NamedTuple):
    """What `accumulate` does when.

    Attributes
    ----------
    every : int
        Vectors between two transfers.
    rows : int
        Rows a transfer.
    granularity : float
        chi a pulse.
    x_bins, d_bins : int
        Levels of x and d; 0: not rounded.
    """

    every: int
    rows: int
    granularity: float
    x_bins: int
    d_bins: int


@njit
def _levels(values, bins, out):
    """Values rounded to `bins` levels from -max|v| to max|v|, half to even."""
    top = np.float32(0)
    for v in values:
        top = max(top, abs(v))
    step = np.float32(2) * top / np.float32(max(bins - 1, 1))
    for i in range(values.size):
        out[i] = values[i] if bins == 0 or top == 0 else np.rint((values[i] + top) / step) * step - top


@njit
def _pulse_row(cells, weights, chi, i, granularity, columns, rng):
    """Pulse the cells of row i whose chi is worth a pulse, among these columns."""
    for j in columns:
        if abs(chi[i, j]) < granularity:
            continue
        # No device has so many states; the rest is due at the next transfer.
        n = min(max(np.trunc(chi[i, j] / granularity), -MOST_SLOTS), MOST_SLOTS)
        chi[i, j] -= n * granularity
        each, w = cells.each[i, j], weights[i, j]
        for _ in range(int(abs(n))):
            w = pulse(cells.model, cells.shared, each, w, n > 0, rng)
        weights[i, j] = w


@njit
def accumulate(cells, weights, chi, cursor, x, d, lr, transfers, handle):
    """Sum the outer products of a batch and pulse what is due.

    Parameters
    ----------
    cells : Cells
    weights, chi : float32 arrays, shape (rows, columns)
    cursor : int64 array, shape (2,)
        Vectors seen, next row.
    x, d : float32 arrays, shapes (batch, columns) and (batch, rows)
    lr : float
    transfers : Transfers
    handle : uint64 array
        Generator, see `analog.draws`.
    """
    rng = generator(handle)
    rows, columns = weights.shape
    # Rows that are emptied at each vector can hold a pulse only where this vector put something.
    always = transfers.every == 1 and transfers.rows == rows
    u, v = np.empty(columns, np.float32), np.empty(rows, np.float32)
    some, whole = np.empty(columns, np.int64), np.arange(columns)
    for b in range(len(x)):
        _levels(x[b], transfers.x_bins, u)
        _levels(d[b], transfers.d_bins, v)
        size = 0
        for j in range(columns):
            if u[j] != 0:
                some[size] = j
                size += 1
        cursor[VECTOR] += 1
        due = transfers.rows if cursor[VECTOR] % transfers.every == 0 else 0
        for i in range(rows):
            rate = np.float32(lr) * v[i]
            if rate != 0:
                for k in range(size):
                    chi[i, some[k]] -= rate * u[some[k]]
            if (i - cursor[ROW]) % rows < due and not (always and rate == 0):
                _pulse_row(cells, weights, chi, i, transfers.granularity, some[:size] if always else whole, rng)
        cursor[ROW] = (cursor[ROW] + due) % rows


class MixedPrecision(ArrayLayer):
    """A layer on one array whose gradient is summed in digital memory.

    Parameters
    ----------
    rows, columns, device, seed, forward, backward
        As in `TikiTaka`, of the one array.
    settings : Mixed

    Attributes
    ----------
    array : LayerArray
    chi : float32 array, shape (rows, columns)
        What is still to be written.
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        device: PulsedDevice | OneSided,
        *,
        settings: Mixed | None = None,
        seed: int = 0,
        forward: Periphery | None = None,
        backward: Periphery | None = None,
    ):
        instance("MixedPrecision: settings", settings, Mixed, NoneType)
        seed = 2 * integer("MixedPrecision: seed", seed) + 1
        self.array = LayerArray(device, rows, columns, seed, forward=forward, backward=backward)
        super().__init__(self.array)
        self.settings = settings = settings or Mixed()
        self.chi, self.cursor = np.zeros(self.shape, np.float32), np.zeros(2, np.int64)
        rows, due = self.shape[0], settings.n_rows_per_transfer
        count = rows if due == -1 else min(due, rows)
        self._transfers = Transfers(settings.transfer_every, count, float(settings.granularity or device.granularity),
                                    settings.n_x_bins, settings.n_d_bins)  # fmt: skip

    def _learn(self, x: Array, d: Array, lr: float) -> None:
        array = self.array
        accumulate(array.cells, array.weights, self.chi, self.cursor, x, d, lr, self._transfers, array.handle)

    def _memories(self) -> dict[str, np.ndarray]:
        return {"chi": self.chi, "cursor": self.cursor}
