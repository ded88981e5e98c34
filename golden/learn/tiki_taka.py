"""Layers that learn on one array A and hold their weights on another, C: Tiki-Taka and its successors."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..analog.periphery import Periphery
from ..analog.pulsed import PulsedDevice
from ..analog.update import Update
from .array_layer import Array, ArrayLayer, held
from .choppers import Chopped, Dynamic
from .filter_line import memory
from .filters import Buffered, Filtered, Transfer, Units
from .refusals import require
from .transfer import learn


class TikiTaka(ArrayLayer):
    """A layer W = gamma A + C: samples pulse A, lines of A are read in turn, and what is read moves C.

    Parameters
    ----------
    rows, columns : int
        Outputs, inputs; a bias is a column like any other.
    device : PulsedDevice
        Of A, and of C unless `slow` names another.
    settings : Transfer
        When A is read and what filters it: see `filters` and `choppers`.
    seed : int
        Of the devices, of the periphery's lines and of all that is drawn while training.
    forward, backward : Periphery, optional
        Of the products with W.
    update : Update, optional
        Pulse trains of the outer products onto A.
    read : Periphery, optional
        Of the one-hot reads of A.
    transfer_update : Update, optional
        TTv1: pulse trains of z onto C. A digital filter fires bare pulses.
    reference : None, "symmetry" or array, shape (rows, columns)
        R: A is read as A - R; "symmetry": the symmetry point of each cell. A starts at R, else at 0.

    Attributes
    ----------
    settings : Transfer
    fast, slow : Cells
        Devices of A and of C.
    a, c : float32 arrays, shape (rows, columns)
        Weights of A and of C; `weights` is `c` itself where gamma is 0.
    reference : float32 array, shape (rows, columns), or (0, 0) where there is none
    memory : Memory
        The filter's: H, means, choppers, cursor.
    """

    DEFAULT: Transfer = Transfer()

    def __init__(
        self,
        rows: int,
        columns: int,
        device: PulsedDevice,
        slow: PulsedDevice | None = None,
        *,
        settings: Transfer | None = None,
        seed: int = 0,
        forward: Periphery | None = None,
        backward: Periphery | None = None,
        update: Update | None = None,
        read: Periphery | None = None,
        transfer_update: Update | None = None,
        reference: ArrayLike | str | None = None,
    ):
        super().__init__(rows, columns, seed, forward, backward)
        self.settings = settings = settings or self.DEFAULT
        self._check(settings)
        slow = slow or device
        self.fast, self.slow = device.sample(self.shape, [seed, 1]), slow.sample(self.shape, [seed, 2])
        self._steps = device.granularity, slow.granularity
        self.reference = np.zeros((0, 0), np.float32)
        if isinstance(reference, str):
            require(reference == "symmetry", "reference", reference, 'an array, "symmetry" or None')
            self.reference = self.fast.symmetry()
        elif reference is not None:
            self.reference = np.array(reference, np.float32, order="C")
            require(self.reference.shape == self.shape, "shape of reference", self.reference.shape, str(self.shape))
        self.a = self.fast.hold(self.reference if self.reference.size else np.zeros(self.shape))
        self.c = self.slow.hold(np.zeros(self.shape))
        self.weights = self.c if settings.gamma == 0 else np.float32(settings.gamma) * self.a + self.c
        lines, length = (columns, rows) if settings.transfer_columns else (rows, columns)
        self.memory = memory(lines, length, isinstance(settings, Dynamic))
        self._read = (read or Periphery()).ends(lines, length, seed + 2, forward=settings.transfer_columns)
        self._trains = (update or Update()).train, (transfer_update or Update()).train
        self._numbers: dict[float, np.ndarray] = {}

    def _check(self, settings: Transfer) -> None:
        """Refuse settings of another algorithm."""

    @property
    def h(self) -> Array:
        """H by cells: a view of shape (rows, columns) of the filter's memory, whose rows are lines of A."""
        return self.memory.h.T if self.settings.transfer_columns else self.memory.h

    def program(self, weights: ArrayLike) -> None:
        """Set C, within each cell's bounds, as a perfect write would; A, H and the cursor stay."""
        self.c[...] = held(self.slow, weights, self.shape)
        self._combine()

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self._combine()

    def _combine(self) -> None:
        if self.settings.gamma:
            np.add(self.settings.gamma * self.a, self.c, out=self.weights)

    def _learn(self, x: Array, d: Array, lr: float) -> None:
        numbers = self._numbers.get(lr)
        if numbers is None:
            # One rate at a time: a schedule must not fill the memory.
            lines = len(self.memory.line_sign)
            self._numbers = {lr: (numbers := self.settings.numbers(lr, self._steps, lines))}
        # aihwkit reckons the pulse probabilities of a compound with the mean step of its devices.
        granularity = 0.5 * (self._steps[0] + self._steps[1]), self._steps[1]
        learn(self.fast, self.a, self.reference, self.slow, self.c, numbers, self._filtered, self.memory, self._read,
              self._trains, x, d, self.settings.fast_rate(lr), granularity, self._handle)  # fmt: skip
        self._combine()

    @property
    def _filtered(self) -> bool:
        return isinstance(self.settings, Filtered | Units)

    def _arrays(self) -> dict[str, np.ndarray]:
        state = {"a": self.a, "c": self.c, "fast": self.fast.each, "slow": self.slow.each}
        return {**state, **self.memory._asdict()}


class TTv1(TikiTaka):
    """Tiki-Taka [Gokmen and Haensch, Frontiers in Neuroscience 14, 2020]: reads of A are pulsed onto C as they are.

    C <- C + transfer rate z, by pulse trains of `transfer_update`; there is no digital memory.
    """

    def _check(self, settings: Transfer) -> None:
        require(type(settings) is Transfer, "settings", settings, "a Transfer, which has no filter")


class TTv2(TikiTaka):
    """Tiki-Taka with the digital filter H between A and C [G21]; settings: Buffered, Chopped, Leaky or Units."""

    DEFAULT = Buffered()

    def _check(self, settings: Transfer) -> None:
        require(isinstance(settings, Filtered | Units), "settings", settings, "one with a filter, such as Buffered")


class ChoppedTTv2(TTv2):
    """c-TTv2 [R24]: the same with choppers."""

    DEFAULT = Chopped(in_chop_prob=0.1)

    def _check(self, settings: Transfer) -> None:
        require(isinstance(settings, Chopped), "settings", settings, "Chopped or Dynamic")


class AGAD(ChoppedTTv2):
    """AGAD, also TTv4 [R24]: c-TTv2 that reads A against its mean over the last chopper period."""

    DEFAULT = Dynamic()

    def _check(self, settings: Transfer) -> None:
        require(isinstance(settings, Dynamic), "settings", settings, "Dynamic")
