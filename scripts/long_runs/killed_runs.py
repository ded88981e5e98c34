"""Training on a virtual board by processes that are killed; see `soak`."""

import os
import signal
import time
import traceback
from functools import partial
from pathlib import Path

import numpy as np

from ...fpga.errors import Interrupted
from ...golden.chip.config import ChipConfig
from ..training.checkpoint import checkpoint_paths
from ..training.progress import Monitor
from ..training.train import train
from .fault_runs import CHECKPOINT, LIFE, LONGEST, RUN, Button, Outcome, check, progress

PATIENCE = 60.0
"""Seconds that a run has for its next checkpoint."""
ENDLESS = 1000
"""Checkpoints of a run that is not meant to end."""


def killed(config: ChipConfig, board: Button, folder: Path, count: int, reset: bool, seed: int = 1) -> Outcome:
    """Kill training runs on a board `count` times, with `reset` the board as well, and resume them each time.

    Runs are processes forked from this one, so that golden is compiled once for all. They are killed while they begin,
    or before their first, second or third checkpoint.

    Parameters
    ----------
    config : ChipConfig
    board : Button
    folder : Path
        Gets the folders of the runs, a new one after every `RUN` kills.
    count : int
    reset : bool
    seed : int
    """
    outcome, began = Outcome("both" if reset else "kill"), time.monotonic()
    random = np.random.default_rng(seed)
    while outcome.times < count and time.monotonic() - began < LONGEST:
        run = folder / f"{outcome.fault}{outcome.times}"
        for _ in range(min(RUN, count - outcome.times)):
            child, marks = _start(config, run, board.port)
            for _ in range(random.integers(4)):
                os.read(marks, 1)
            time.sleep(random.uniform(*LIFE))
            os.close(marks)
            order = [partial(os.kill, child, signal.SIGKILL), *([board.press_reset] if reset else [])]
            for n in random.permutation(len(order)):
                order[n]()
            if os.waitpid(child, 0)[1] != signal.SIGKILL:
                raise AssertionError(f"a run ended before it was killed; see {run}")
            outcome.times += 1
            progress(f"{outcome.fault}: {outcome.times}")
        _to_the_next_checkpoint(config, run, board.port)
        check(outcome, config, run)
    outcome.seconds = time.monotonic() - began
    return outcome


def endless(config: ChipConfig) -> ChipConfig:
    """The chip with a checkpoint every `CHECKPOINT` steps, and far more of them than a run gets to."""
    return config.with_(**{"run.steps": ENDLESS * CHECKPOINT, "run.checkpoints": ENDLESS})


class _Marks(Monitor):
    """Writes a byte when a run begins to train, and at each checkpoint."""

    def __init__(self, file: int):
        self._file = file

    def begin(self, what: str, step: int, steps: int) -> None:
        os.write(self._file, b"b")

    def checkpoint(self, step: int, accuracy: float, line: str) -> None:
        os.write(self._file, b"c")


def _start(config: ChipConfig, folder: Path, port: str) -> tuple[int, int]:
    """Begin or resume a run in a process of its own.

    Returns
    -------
    child : int
        Number of the process.
    marks : int
        File out of which a byte comes when it begins to train, and at each checkpoint; to be closed.
    """
    marks, ours = os.pipe()
    child = os.fork()
    if child:
        os.close(ours)
        return child, marks
    code = 1
    try:
        train(config, "board", folder, any(checkpoint_paths(folder)), _Marks(ours), port)
        code = 0
    except Interrupted:
        code = Interrupted.code
    finally:
        if code == 1:
            traceback.print_exc()
        os._exit(code)


def _to_the_next_checkpoint(config: ChipConfig, folder: Path, port: str) -> None:
    """Resume a run, and end it with Ctrl-C behind its next checkpoint."""
    before = checkpoint_paths(folder)[-1:]
    child, marks = _start(config, folder, port)
    until = time.monotonic() + PATIENCE
    while checkpoint_paths(folder)[-1:] == before:
        if time.monotonic() > until:
            raise AssertionError(f"a run does not get on; see {folder}")
        time.sleep(0.01)
    os.kill(child, signal.SIGINT)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != Interrupted.code:
        raise AssertionError(f"a run that is resumed fails; see {folder}")
    os.close(marks)
