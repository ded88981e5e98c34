"""The golden model as what a simulated chip is held against, word for word."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..golden.engine import Engine, State
from .errors import Mismatch

PAUSE = 0.2
"""Seconds of golden run between two looks at Ctrl-C."""


@dataclass
class Golden:
    """The golden model with the verbs of `Simulator`."""

    engine: Engine
    at: State
    cycles: int = 0

    def run(self, steps: int, progress: Callable[[int], None] | None = None) -> None:
        """Do `steps` steps, and tell `progress` now and then; if that raises, the state is as told."""
        goal = self.at.step + steps
        part = 1
        while self.at.step < goal:
            began = time.perf_counter()
            self.engine.run(self.at, min(part, goal - self.at.step))
            if progress:
                progress(self.at.step)
            part = max(1, min(2 * part, int(part * PAUSE / (time.perf_counter() - began))))

    def state(self) -> State:
        """State of the model."""
        return self.at


def compare(golden: State, rtl: State) -> None:
    """Compare all memories word for word.

    Raises
    ------
    Mismatch
        At the first word that differs.
    """
    for name in ("step", "flags"):
        expected, got = getattr(golden, name), getattr(rtl, name)
        if expected != got:
            raise Mismatch(f"{name} at step {golden.step}: expected {expected} (golden), got {got} (RTL).")
    for name, memory in (("theta", "theta"), ("g", "G"), ("h", "H")):
        expected, got = getattr(golden, name), getattr(rtl, name)
        if wrong := np.flatnonzero(expected != got).tolist():
            i = wrong[0]
            raise Mismatch(
                f"{memory}[{i}] at step {golden.step}: expected {expected[i]} (golden), got {got[i]} (RTL); "
                f"{len(wrong)} of {expected.size} words of {memory} differ."
            )
