"""What a run on an array was, as a `.npz` file: a trace, from which `golden.replay` computes it again.

Entries, `<k>` = 0, 1, ... a piece of consecutive steps:

about              JSON: version, name of the chip, its `golden.link.frames.identity` and seed, first step, bits a step
start/<field>      the memories before the first step, by the fields of `golden.state.State`; and `start/flags`
<k>/totals         int32 or int64, shape (steps, 2): `golden.recorded.Readings.totals`
<k>/cost           int32, shape (steps,): C~
<k>/activity       int16, shape (steps, lines), with node perturbation: codes of all lines on rail 1
<k>/readings       int16, shape (steps, cells), with a fast array outside: codes of its lines read after each step
<k>/sent           int16 or int8, shape (steps, words), if recorded: `golden.step.Trace.sent`
<k>/<field>        memories after the piece, those that were read; and `<k>/flags`
end                the step after the last; without it the trace was cut

Pieces are written as they come, so that memory is bounded by one; entries are not compressed, and each has a checksum.
"""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from tokenize import TokenError
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .blocks.measure.cost import AVERAGE
from .blocks.perturb.outer import lines
from .chip.chip import Chip
from .chip.paths import TikiTaka
from .errors import ConfigError
from .link.frames import identity
from .state import State, cleared

VERSION = 1
STEPS, WORDS = 4096, 2**18
"""A piece is written when it has so many steps, or so many words of what was sent."""
DAMAGE = (EOFError, KeyError, ValueError, TypeError, SyntaxError, TokenError, zipfile.BadZipFile)
"""What is raised for files that are cut off, altered, or something else."""


class TraceError(ConfigError):
    """A trace cannot be used; the text names the file."""


class Piece(NamedTuple):
    """Consecutive steps of a trace.

    Attributes
    ----------
    totals, cost, activity, readings, sent : arrays
        As in the file; the last three have no columns where they were not recorded.
    memories : dict of str to array
        By field of the state; `flags` among them.
    """

    totals: NDArray[np.integer]
    cost: NDArray[np.integer]
    activity: NDArray[np.integer]
    readings: NDArray[np.integer]
    sent: NDArray[np.integer]
    memories: dict[str, NDArray[Any]]


def bits_a_step(chip: Chip, sent: bool = False) -> int:
    """Bits that a trace has for each step, memories apart."""
    types = _types(chip)
    words = 2 * types["totals"].itemsize + types["cost"].itemsize
    if chip.lined:
        words += lines(chip.layout) * types["activity"].itemsize
    if isinstance(chip.path, TikiTaka) and not chip.emulated:
        words += sum(length for _, length in chip.path.lines.layers) * types["readings"].itemsize
    return 8 * (words + sent * chip.path.sent(chip) * types["sent"].itemsize)


def _types(chip: Chip) -> dict[str, np.dtype]:
    wide = chip.cost.sum_bits + AVERAGE > 31
    narrow = chip.path.pulsed and not chip.emulated
    return {
        "totals": np.dtype("<i8" if wide else "<i4"),
        "cost": np.dtype("<i4"),
        "activity": np.dtype("<i2"),
        "readings": np.dtype("<i2"),
        "sent": np.dtype("i1" if narrow else "<i2"),
    }


def _identity(chip: Chip) -> list[str | int]:
    """What a trace is of: a description, and its seed, which may be a register."""
    return [f"{identity(chip):016x}", chip.config.seed]


class Recorder:
    """Writes a trace, as a context manager; one that is left by an exception is a trace that was cut.

    Parameters
    ----------
    path : path
    chip : Chip
    state : State
        Before the first step; devices outside have none.
    sent : bool
        What is sent to the cells is recorded too.
    """

    def __init__(self, path: str | PathLike[str], chip: Chip, state: State, sent: bool = False):
        self._types, self._step, self._count = _types(chip), state.step, 0
        self._held: dict[str, list[NDArray[Any]]] = {}
        self._file = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        about = {
            "version": VERSION, "chip": chip.config.name, "identity": _identity(chip), "first": state.step,
            "bits_a_step": bits_a_step(chip, sent),
        }  # fmt: skip
        self._put("about", np.frombuffer(json.dumps(about).encode(), np.uint8))
        self._memories("start", state)

    def write(
        self,
        totals: Any,
        cost: Any,
        sent: NDArray[np.integer] | None = None,
        state: State | None = None,
        activity: NDArray[np.integer] | None = None,
        readings: NDArray[np.integer] | None = None,
    ) -> None:
        """Append steps, as of `Piece`; with the state behind them, if it was read, which ends a piece."""
        given = {"totals": totals, "cost": cost, "activity": activity, "readings": readings, "sent": sent}
        parts = {name: part for name, part in given.items() if part is not None}
        for name, part in parts.items():
            self._held.setdefault(name, []).append(np.asarray(part, self._types[name]))
        held = self._held["cost"]
        cells = 0 if sent is None else sent.shape[1]
        steps = sum(map(len, held))
        if state is not None or steps >= STEPS or steps * cells >= WORDS:
            self._flush(state)

    def _flush(self, state: State | None = None) -> None:
        if not self._held:
            return
        at, self._count = str(self._count), self._count + 1
        self._step += sum(map(len, self._held["cost"]))
        for name, parts in self._held.items():
            self._put(f"{at}/{name}", np.concatenate(parts))
        self._held = {}
        if state is not None:
            self._memories(at, state)

    def _memories(self, at: str, state: State) -> None:
        for field, words in state.arrays.items():
            self._put(f"{at}/{field}", words)
        self._put(f"{at}/flags", np.array(state.flags))

    def _put(self, name: str, array: NDArray[Any]) -> None:
        with self._file.open(f"{name}.npy", "w") as entry:
            np.lib.format.write_array(entry, np.asarray(array, order="C"), allow_pickle=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._flush()
        if kind is None:
            self._put("end", np.array(self._step))
        self._file.close()


class Recording:
    """A trace that was written, for one chip.

    Parameters
    ----------
    path : path
    chip : Chip

    Attributes
    ----------
    start : State
        Before the first step.

    Raises
    ------
    TraceError
        It cannot be read, or is of another chip.
    """

    def __init__(self, path: str | PathLike[str], chip: Chip):
        self._path = path
        try:
            self._file = zipfile.ZipFile(path)
            about = json.loads(bytes(self._get("about")))
            version, known = about["version"], about["identity"]
        except OSError as error:
            raise TraceError(f"{path}: cannot be read ({error.strerror or error}); allowed is a trace.") from None
        except DAMAGE:
            raise TraceError(
                f"{path}: no trace, or one whose recorder was killed before it had written the list of its entries; "
                "allowed is a whole one."
            ) from None
        if version != VERSION:
            raise TraceError(f"{path}: version {version} of traces; allowed is {VERSION}.")
        if known != _identity(chip):
            raise TraceError(
                f"{path}: the trace is of another chip ({about['chip']}), or of {chip.config.name} before its "
                "description changed, or of another seed; allowed is the chip file that it was recorded with."
            )
        self.start = cleared(chip)
        self.start.step = about["first"]
        with self._damage("start"):
            for field, words in self._memories("start").items():
                if field == "flags":
                    self.start.flags = int(words)
                else:
                    self.start.arrays[field][:] = words

    def pieces(self) -> Iterator[Piece]:
        """The trace, piece by piece; TraceError at its end where it was cut, or where it is damaged."""
        step, count = self.start.step, 0
        while f"{count}/cost.npy" in self._file.NameToInfo:
            with self._damage(f"the piece from step {step}"):
                totals, cost = self._get(f"{count}/totals"), self._get(f"{count}/cost")
                activity, readings, sent = (self._known(f"{count}/{name}", len(cost)) for name in Piece._fields[2:5])
                piece = Piece(totals, cost, activity, readings, sent, self._memories(str(count), Piece._fields))
            yield piece
            step, count = step + len(cost), count + 1
        if "end.npy" not in self._file.NameToInfo or int(self._get("end")) != step:
            raise TraceError(f"{self._path}: the trace was cut at step {step}; allowed is a whole one.")

    def _memories(self, at: str, others: tuple[str, ...] = ()) -> dict[str, NDArray[Any]]:
        names = [name for name in self._file.NameToInfo if name.startswith(f"{at}/")]
        fields = [name.removeprefix(f"{at}/").removesuffix(".npy") for name in names]
        return {field: self._get(f"{at}/{field}") for field in fields if field not in others}

    def _known(self, name: str, steps: int) -> NDArray[Any]:
        """An entry, or without it one that has no columns."""
        return self._get(name) if f"{name}.npy" in self._file.NameToInfo else np.zeros((steps, 0), np.int8)

    def _get(self, name: str) -> NDArray[Any]:
        with self._file.open(f"{name}.npy") as entry:
            return np.lib.format.read_array(entry, allow_pickle=False)

    @contextmanager
    def _damage(self, where: str) -> Iterator[None]:
        """Turn what is raised for a damaged entry into a sentence."""
        try:
            yield
        except DAMAGE as error:
            raise TraceError(f"{self._path}: {where} is damaged ({error}); allowed is a whole trace.") from None
