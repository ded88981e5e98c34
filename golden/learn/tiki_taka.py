"""Layers that learn on one array A and hold their weights on another, C: Tiki-Taka and its successors."""

from collections.abc import Mapping
from copy import copy
from types import NoneType
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike

from ..analog.one_sided import OneSided
from ..analog.periphery import Periphery
from ..analog.pulsed import PulsedDevice
from ..analog.update import Update
from ..inputs import floats, instance, integer, require
from .array_layer import Array, ArrayLayer, LayerArray
from .choppers import Chopped, Dynamic
from .filter_line import LINE, VECTOR, empty, fire, skip
from .filters import Buffered, Filtered, Transfer, Units

Device = PulsedDevice | OneSided


class Around(TypedDict, total=False):
    """What stands around the two arrays; each has the default of its own class.

    Attributes
    ----------
    forward, backward : Periphery
        Of the products with W.
    update : Update
        Pulse trains of the outer products onto A.
    read : Periphery
        Of the one-hot reads of A.
    transfer_update : Update
        TTv1: pulse trains of z onto C. A digital filter fires bare pulses.
    """

    forward: Periphery | None
    backward: Periphery | None
    update: Update | None
    read: Periphery | None
    transfer_update: Update | None


class TikiTaka(ArrayLayer):
    """A layer W = gamma A + C: samples pulse A, lines of A are read in turn, and what is read moves C.

    Parameters
    ----------
    rows, columns : int
        Outputs, inputs; a bias is a column like any other.
    device : PulsedDevice or OneSided
        Of A, and of C unless `slow` names another.
    settings : Transfer
        When A is read and what filters it: see `filters` and `choppers`.
    seed : int
        Of the devices, of the periphery's lines and of all that is drawn while training.
    reference : None, "symmetry" or array, shape (rows, columns)
        R: A is read as A - R; "symmetry": the symmetry point of each cell. A starts at R, else at 0.
    **around
        What stands around the arrays, see `Around`.

    Attributes
    ----------
    settings : Transfer
    fast, slow : LayerArray
        A and C; where gamma is 0, `weights` are C's.
    reference : float32 array, shape (rows, columns), or None
    memory : Memory
        The filter's: H, means, choppers, cursor.
    """

    DEFAULT: Transfer = Transfer()

    def __init__(
        self,
        rows: int,
        columns: int,
        device: Device,
        slow: Device | None = None,
        *,
        settings: Transfer | None = None,
        seed: int = 0,
        reference: ArrayLike | str | None = None,
        **around: Unpack[Around],
    ):
        name = type(self).__name__
        instance(f"{name}: settings", settings, Transfer, NoneType)
        unknown = sorted(set(around) - set(Around.__annotations__))
        require(not unknown, f"{name}: arguments", unknown, ", ".join(Around.__annotations__))
        seed = integer(f"{name}: seed", seed)
        self.settings = settings = settings or self.DEFAULT
        self._check(settings)
        a_ends = {"forward": around.get("read"), "update": around.get("update")}
        c_ends = {key: around.get(key) for key in ("forward", "backward")} | {"update": around.get("transfer_update")}
        self.fast = LayerArray(device, rows, columns, 2 * seed, **a_ends)
        self.slow = LayerArray(slow or device, rows, columns, 2 * seed + 1, **c_ends)
        self._steps = self.fast.granularity, self.slow.granularity
        # aihwkit reckons the probabilities of a compound's pulses with the mean step of its devices.
        self.fast.granularity = sum(self._steps) / 2
        super().__init__(self.slow if settings.gamma == 0 else copy(self.slow))
        self.reference = None if reference is None else self._reference(reference)
        if self.reference is not None:
            self.fast.hold(self.reference)
        rows, columns = self.shape
        lines, length = (columns, rows) if settings.transfer_columns else (rows, columns)
        self.memory = empty(lines, length, isinstance(settings, Dynamic))
        self._constants: dict[float, np.ndarray] = {}
        self._combine()

    def _check(self, settings: Transfer) -> None:
        """Refuse settings of another algorithm."""

    def _reference(self, reference: ArrayLike | str) -> Array:
        if isinstance(reference, str):
            require(reference == "symmetry", "reference", reference, 'an array, "symmetry" or None')
            return self.fast.cells.symmetry()
        return floats("reference", reference, self.shape).copy()

    @property
    def h(self) -> Array:
        """H by cells: a view of shape (rows, columns) of the filter's memory, whose rows are lines of A."""
        return self.memory.h.T if self.settings.transfer_columns else self.memory.h

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        super().restore(state)
        self._combine()

    def _hold(self, weights: Array) -> None:
        self.slow.hold(weights)
        self._combine()

    def _combine(self) -> None:
        if self.settings.gamma:
            self._computing.weights = np.float32(self.settings.gamma) * self.fast.weights + self.slow.weights

    def _learn(self, x: Array, d: Array, lr: float) -> None:
        settings, cursor, memory = self.settings, self.memory.cursor, self.memory
        constants = self._constants.get(lr)
        if constants is None:
            # Of one rate at a time: a schedule must not fill the memory.
            self._constants = {lr: (constants := settings.constants(lr, self._steps, len(memory.line_sign)))}
        columns, rate, at = settings.transfer_columns, float(settings.fast_rate(lr)), 0
        while at < len(x):
            every = settings.transfer_every
            stop = min(len(x), at + every - int(cursor[VECTOR]) % every)
            u, v = x[at:stop], d[at:stop]
            if isinstance(settings, Chopped):
                u = u * (memory.line_sign if columns else memory.word_sign)
                v = v * (memory.word_sign if columns else memory.line_sign)
            self.fast._outer(np.ascontiguousarray(u), np.ascontiguousarray(v), rate)
            cursor[VECTOR] += stop - at
            at = stop
            if cursor[VECTOR] % every == 0:
                for _ in range(settings.n_reads_per_transfer):
                    self._transfer(constants, int(cursor[LINE]))
        self._combine()

    def _transfer(self, constants: np.ndarray, line: int) -> None:
        """Read a line of A and pulse C."""
        columns, slow = self.settings.transfer_columns, self.slow
        z = self.fast.read_line(line, columns, self.reference)
        if isinstance(self.settings, Filtered | Units):
            fire(constants, self.memory, z, slow.cells, slow.weights, columns, slow.handle)
            slow.count()
            return
        one = np.zeros((1, self.shape[columns]), np.float32)
        one[0, line] = 1
        # C goes along with A: A has moved against the gradient already.
        slow._outer(*((one, z[None]) if columns else (z[None], one)), -float(constants["rate"][0]))
        skip(constants, self.memory, slow.handle)

    def _arrays(self) -> dict[str, LayerArray]:
        return {"fast": self.fast, "slow": self.slow}

    def _memories(self) -> dict[str, np.ndarray]:
        return self.memory._asdict()


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
