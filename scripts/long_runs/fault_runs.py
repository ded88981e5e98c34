"""Training on a virtual board while its line or the board itself fails; see `soak`, and `killed_runs` for the host.

Every memory at every checkpoint is compared with a golden run that nothing disturbed; a difference is an exception.
"""

import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ...fpga.host.board import Board
from ...fpga.host.golden import Golden, compare
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from ...golden.chip.dataset import split_of
from ...golden.engine import Engine
from ...golden.state import State
from ..training.checkpoint import checkpoint_paths, load_checkpoint
from ..training.progress import Monitor
from ..training.telemetry import FILE, read
from ..training.train import train
from .faults import Cable, Proxy

EVERY = 250.0
"""Bytes between two faults of the line, mean."""
PIECE, PIECES = 200, 10
"""Steps between two comparisons on a bad line, and comparisons between two loads of the board."""
CHECKPOINT, RUN = 300, 50
"""Steps between two checkpoints of a run that is killed or reset; faults after which another is begun."""
LIFE = (0.0, 0.7)
"""Seconds between two kills or resets, least and most."""
OFTEN = 4
"""Resets between two checkpoints, at most."""
LONGEST = 600.0
"""Seconds after which there have been faults enough."""


@dataclass
class Outcome:
    """What became of one kind of fault.

    Attributes
    ----------
    fault : str
    times : int
        Faults that happened.
    steps : int
        Steps of training that stand in the end.
    checkpoints, words : int
        Comparisons with golden, and words compared in them; all were equal.
    carried, repeats, damaged, dropped : int
        Bytes over the line; requests sent again; frames that the host has dropped, and the board.
    resets : int
        Resets that a host has noticed and made good. One that comes before a host has begun it cannot notice.
    seconds : float

    Counts of the line are None where they are not taken: those of a process that was killed are lost with it.
    """

    fault: str
    times: int = 0
    steps: int = 0
    checkpoints: int = 0
    words: int = 0
    carried: int | None = None
    repeats: int | None = None
    damaged: int | None = None
    dropped: int | None = None
    resets: int | None = None
    seconds: float = 0.0

    def equal(self, golden: State, state: State) -> None:
        """Compare a state of the board, or of a checkpoint, with golden's."""
        compare(golden, state)
        self.checkpoints += 1
        self.words += sum(array.size for array in state.arrays.values()) + 2  # step and flags


class Button(Protocol):
    """A board with a button for its reset, as `virtual_board.VirtualBoard`."""

    port: str

    def press_reset(self) -> None:
        """Press it."""
        ...


def bad_line(kind: str, engine: Engine, port: str, count: int, seed: int = 1) -> Outcome:
    """Train over a line with faults of one of `faults.KINDS`, until there were `count` or `LONGEST` is over.

    Parameters
    ----------
    kind : str
    engine : Engine
    port : str
        Of a board with this chip.
    count, seed : int
    """
    outcome, began = Outcome(kind), time.monotonic()
    golden, cable = Golden(engine, engine.initial()), Cable(kind, EVERY, seed)
    with Proxy(port, cable) as proxy, Board(engine.chip, proxy.port) as board:
        before = board.dropped
        while cable.faults < count and time.monotonic() - began < LONGEST:
            board.load(golden.at, engine.inputs, engine.targets)
            for _ in range(PIECES):
                board.run(PIECE)
                golden.run(PIECE)
                outcome.equal(golden.at, board.state())
            progress(f"{kind}: {cable.faults} faults, step {golden.at.step:,}")
        counts = board.link.counts
        outcome.repeats, outcome.damaged = counts.repeats, counts.damaged
        outcome.dropped = board.dropped - before
    outcome.times, outcome.carried, outcome.steps = cable.faults, cable.carried, golden.at.step
    outcome.seconds = time.monotonic() - began
    return outcome


def reset(config: ChipConfig, board: Button, folder: Path, count: int, seed: int = 1) -> Outcome:
    """Press the button of a board `count` times, at any moment of training runs, up to `OFTEN` times a checkpoint."""
    outcome, began = Outcome("reset", repeats=0, damaged=0, resets=0), time.monotonic()
    random = np.random.default_rng(seed)
    while outcome.times < count and time.monotonic() - began < LONGEST:
        run, over = folder / f"reset{outcome.times}", threading.Event()
        goal, presses = min(count, outcome.times + RUN), _Presses()

        def press(goal: int = goal, over: threading.Event = over, presses: _Presses = presses) -> None:
            while outcome.times < goal and not over.wait(random.uniform(*LIFE)):
                if presses.left:
                    board.press_reset()
                    presses.left, outcome.times = presses.left - 1, outcome.times + 1
                    progress(f"reset: {outcome.times}")

        thread = threading.Thread(target=press)
        thread.start()
        short = config.with_(**{"run.steps": 40 * CHECKPOINT, "run.checkpoints": 40})
        try:
            result = train(short, "board", run, monitor=presses, port=board.port)
        finally:
            over.set()
            thread.join()
        for name in ("resets", "repeats", "damaged"):
            setattr(outcome, name, getattr(outcome, name) + result["link"][name])
        check(outcome, short, run)
    outcome.seconds = time.monotonic() - began
    return outcome


class _Presses(Monitor):
    """How often the button may be pressed until the next checkpoint, so that a run gets on."""

    left = OFTEN

    def checkpoint(self, step: int, accuracy: float, line: str) -> None:
        self.left = OFTEN


def check(outcome: Outcome, config: ChipConfig, folder: Path) -> None:
    """Compare all checkpoints of a run with golden, and look for gaps in its telemetry."""
    engine = learner(config)
    state = engine.initial()
    for path in checkpoint_paths(folder):
        found = load_checkpoint(path, engine.chip)
        engine.run(state, found.step - state.step)
        outcome.equal(state, found)
    outcome.steps += state.step
    noted = [record["step"] for record in read(folder / FILE) if "error" in record]
    if noted != [load_checkpoint(path, engine.chip).step for path in checkpoint_paths(folder)]:
        raise AssertionError(f"telemetry and checkpoints differ; see {folder}")


def learner(config: ChipConfig) -> Engine:
    """The golden model of a chip, with its samples."""
    return Engine(Chip(config), split_of(config))


def progress(line: str) -> None:
    """Show in one line how far it is."""
    print(f"\r{line:<60}", end="", file=sys.stderr, flush=True)
