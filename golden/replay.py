"""Replay: golden computes a run again from the costs that its array answered, and compares every word.

That is bit-exactness with an array that nobody can simulate: on devices outside every pulse is compared, not theta.
"""

from collections.abc import Callable
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from .chip.chip import Chip
from .chip.memories import memories
from .recorded import RecordedEngine
from .recording import Piece, Recording
from .state import State

ROWS = 2**20
"""Most words of what is sent that golden holds at a time."""


class Difference(Exception):
    """Trace and golden differ; the text says step, block and word."""


class Replayed(NamedTuple):
    """What was found equal.

    Attributes
    ----------
    steps : int
    words : int
        Compared, of all kinds.
    """

    steps: int
    words: int


def replay(path: str | PathLike[str], chip: Chip, progress: Callable[[int], None] | None = None) -> Replayed:
    """Compute a trace again and compare.

    Parameters
    ----------
    path : path
        See `golden.recording`.
    chip : Chip
    progress : callable, optional
        Called now and then with the steps done.

    Raises
    ------
    Difference
        At the first word that differs.
    TraceError, ConfigError
        As of `golden.recording.Recording`, `golden.recorded.RecordedEngine`.
    """
    engine, recording = RecordedEngine(chip), Recording(path, chip)
    state, steps, words = recording.start, 0, 0
    for piece in recording.pieces():
        words += _steps(engine, state, piece) + _memories(engine, state, piece)
        steps += len(piece.cost)
        if progress:
            progress(steps)
    return Replayed(steps, words)


def _steps(engine: RecordedEngine, state: State, piece: Piece) -> int:
    """Compare what a piece has for each step; returns the words."""
    rows = max(1, ROWS // max(1, piece.sent.shape[1]))
    for begin in range(0, len(piece.cost), rows):
        part, first = slice(begin, begin + rows), state.step
        known = piece.sent.shape[1] > 0
        trace = engine.run(state, piece.totals[part], known, piece.activity[part], piece.readings[part])
        costs, sent = piece.cost[part] != trace.cost, piece.sent[part] != trace.sent
        wrong = costs | sent.any(axis=1)
        for n in np.flatnonzero(wrong)[:1]:
            if costs[n]:
                raise _difference(first + n, "cost unit", "C~", piece.cost[begin + n], trace.cost[n])
            i = np.flatnonzero(sent[n])[0]
            raise _difference(first + n, *_place(engine, int(i)), piece.sent[begin + n, i], trace.sent[n, i])
    return piece.cost.size + piece.sent.size


def _place(engine: RecordedEngine, i: int) -> tuple[str, str]:
    """Block and name of a word that was sent."""
    if path := engine.looped:
        vector, element = divmod(i, path.elements)
        slow = vector == path.pulses.slots
        return ("transfer_vector", f"pulse {element}") if slow else ("pulses", f"pulse {element} of slot {vector}")
    return ("filter", f"pulse {i}") if engine.chip.path.pulsed else ("optimizer", f"weight {i}")


def _memories(engine: RecordedEngine, state: State, piece: Piece) -> int:
    """Compare the memories after a piece; returns the words."""
    last = state.step - 1
    for memory in memories(engine.chip):
        if memory.field in piece.memories:
            got, golden = piece.memories[memory.field], state.arrays[memory.field]
            for i in np.flatnonzero(got != golden)[:1]:
                block = memory.path.rpartition(".")[2] if memory.lanes == 0 else memory.path.split(".")[1]
                raise _difference(last, block, f"{memory.symbol} {i}", got[i], golden[i])
    if "flags" in piece.memories and int(piece.memories["flags"]) != state.flags:
        raise _difference(last, "engine", "flags", piece.memories["flags"], state.flags)
    return sum(words.size for words in piece.memories.values())


def _difference(step: Any, block: str, word: str, got: Any, golden: Any) -> Difference:
    return Difference(
        f"step {int(step)}, block {block}, word {word}: the trace has {int(got)}, and golden makes {int(golden)} of "
        "its costs."
    )
