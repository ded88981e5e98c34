"""The golden model as what a simulated chip is held against, word for word."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ...golden.chip.chip import Chip
from ...golden.chip.memories import memories
from ...golden.engine import Engine
from ...golden.state import State
from ..errors import Mismatch

PAUSE = 0.2
"""Seconds of golden run between two looks at Ctrl-C."""


@dataclass
class Golden:
    """The golden model with the verbs of `Simulator`."""

    engine: Engine
    at: State
    cycles: int = 0
    shown: dict[str, int] = field(default_factory=dict)

    def run(self, steps: int, progress: Callable[[int], None] | None = None) -> None:
        """Do `steps` steps, and tell `progress` now and then; if that raises, the state is as told."""
        goal = self.at.step + steps
        part, span = 1, window(self.engine.chip)
        while self.at.step < goal:
            began = time.perf_counter()
            end = self.at.step + part
            self._piece(min(end + -end % span, goal) - self.at.step, span)
            if progress:
                progress(self.at.step)
            part = max(1, min(2 * part, int(part * PAUSE / (time.perf_counter() - began))))

    def _piece(self, steps: int, span: int) -> None:
        """Do `steps` steps, the last window of them traced: the registers of the RTL show the last step."""
        traced = min(steps, span)
        self.engine.run(self.at, steps - traced)
        trace = self.engine.trace(self.at, traced)
        self.shown = {"cost": int(trace.cost[-1]), "sum_0": int(trace.sums[-1, 0])}

    def poll(self) -> dict[str, int]:
        """What the registers of the RTL show between two steps: `step`, `flags`; of the last step C~ and S.

        `cost` and `sum_0` are there once a step was done.
        """
        return {"step": self.at.step, "flags": self.at.flags, **self.shown}

    def state(self) -> State:
        """State of the model."""
        return self.at


def window(chip: Chip) -> int:
    """Steps of which a run should be a multiple, so that it is the same in pieces.

    The costs of an unfinished window are in G, or with `engine.gradient = "replay"` lost at the end of a run.
    """
    return chip.sequencer.tau_theta if chip.correlator.replay else 1


def symbols(chip: Chip) -> list[str]:
    """Symbols of the memories with a word for each parameter that a chip has."""
    return [memory.symbol for memory in memories(chip) if memory.lanes]


def compare(golden: State, rtl: State) -> None:
    """Compare all memories word for word, at the end of a run of both.

    Raises
    ------
    Mismatch
        At the first word that differs.
    """
    for name in ("step", "flags"):
        expected, got = getattr(golden, name), getattr(rtl, name)
        if expected != got:
            raise Mismatch(f"{name} at step {golden.step}: expected {expected} (golden), got {got} (RTL).")
    for memory in golden.memories:
        expected, got, symbol = golden.arrays[memory.field], rtl.arrays[memory.field], memory.symbol
        if wrong := np.flatnonzero(expected != got).tolist():
            i = wrong[0]
            raise Mismatch(
                f"{symbol}[{i}] at step {golden.step}: expected {expected[i]} (golden), got {got[i]} (RTL); "
                f"{len(wrong)} of {expected.size} words of {symbol} differ."
            )
