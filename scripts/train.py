"""Training runs: on the golden model, or on the simulated chip with the golden model beside it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..golden import datasets
from ..golden.chip import Chip
from ..golden.config import ChipConfig
from ..golden.engine import Engine, State
from . import checkpoint as files
from .checkpoint import Curve, Figures
from .errors import CheckpointError, Interrupted, Mismatch, require_emulated
from .progress import Monitor, interruptible
from .reference import Golden, compare, memories, window
from .results import write_results

if TYPE_CHECKING:
    from .simulation import Simulator

BUILDS = Path("build/sim")
"""Where simulators are built, in the folder that the command runs in."""


def train(
    config: ChipConfig,
    on: Literal["golden", "sim"],
    folder: Path,
    resume: bool = False,
    monitor: Monitor | None = None,
) -> dict[str, Any]:
    """Run `config.run.steps` steps in `config.run.checkpoints` equal pieces, with a checkpoint after each.

    With `on="sim"` golden runs the same steps, and all memories are compared at every checkpoint. Chips
    with `engine.gradient = "replay"`, which forget an unfinished window, have their checkpoints (but the
    last one, and those that Ctrl-C makes) where a window ends.

    Parameters
    ----------
    config : ChipConfig
    on : {"golden", "sim"}
    folder : Path
        Gets `checkpoints/`, `samples.npz`, `curve.png`, `curve.json` and `result.json`.
    resume : bool
        Go on from the last checkpoint in `folder`, bit-exactly; else those in it are removed.
    monitor : Monitor, optional

    Returns
    -------
    dict
        What `result.json` holds; see `results.write_results`.

    Raises
    ------
    ConfigError, CheckpointError
        The chip or the checkpoint cannot be used; nothing is written.
    NotEmulated
        The RTL cannot be this chip; nothing is written.
    SimulationError
        The simulator does not build, or does not answer.
    Mismatch, Interrupted
        The results so far are in `folder`.
    """
    monitor = monitor or Monitor()
    run = Run(Chip(config), on, folder, resume, monitor)
    problem: Mismatch | Interrupted | None = None
    try:
        run.go()
    except (Mismatch, Interrupted) as error:
        problem = error
    finally:
        monitor.end()
    result = write_results(folder, run.chip, on, run.curve, speed=run.speed, mismatch=isinstance(problem, Mismatch))
    if problem:
        raise problem
    return result


def simulator(engine: Engine, state: State) -> "Simulator":
    """A simulated chip with the samples of a golden engine, at a state.

    Raises
    ------
    NotEmulated
        The chip has defects, which the RTL has not.
    SimulationError
        It does not build.
    """
    require_emulated(engine.chip.config)
    from ..rtl.top import generate
    from .simulation import Simulator

    chip = Simulator(engine.chip, generate(engine.chip), BUILDS)
    chip.load(state, engine.inputs, engine.targets)
    return chip


class Run:
    """One run in a folder.

    Parameters
    ----------
    chip, on, folder, resume, monitor
        As in `train`.

    Attributes
    ----------
    curve : list of (int, Figures)
        Step and figures of all checkpoints.
    speed : tuple of (int, int, float)
        Steps, clocks and seconds of this run alone, without those that it resumes from.
    """

    def __init__(self, chip: Chip, on: str, folder: Path, resume: bool, monitor: Monitor):
        self._began = time.perf_counter()
        self.chip, self.folder, self.monitor = chip, folder, monitor
        self.speed = (0, 0, 0.0)
        data = chip.config.data
        self.engine = Engine(chip, datasets.load(data.set, data.train, data.test, chip.config.seed))
        start, self.curve = _last(folder, chip) if resume else (self.engine.initial(), [])
        self._before = self.curve[-1][1] if self.curve else Figures()
        self._golden = Golden(self.engine, start)
        monitor.say(f"compiling the golden model{' and building the simulator' if on == 'sim' else ''}")
        with ThreadPoolExecutor() as pool:
            # Golden compiles with its first call: on one core, while Verilator runs on the other.
            compiled = pool.submit(self.engine.run, start.copy(), 1)
            self._target = self._simulator() if on == "sim" else self._golden
            compiled.result()

    def _simulator(self) -> "Simulator":
        return simulator(self.engine, self._golden.at)

    def go(self) -> None:
        """Run to the end, from checkpoint to checkpoint."""
        if not self.curve:
            for path in files.checkpoint_paths(self.folder):
                path.unlink()
        (self.folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        files.save_samples(self.folder / "samples.npz", self.engine.split)
        config, step = self.chip.config, self._golden.at.step
        self.monitor.begin(f"{config.name}, seed {config.seed}", step, config.run.steps)
        with interruptible() as check:
            for number in range(config.run.checkpoints + 1):
                goal = config.run.steps * number // config.run.checkpoints
                if number < config.run.checkpoints:
                    goal -= goal % window(self.chip)
                if goal > step or not self.curve:
                    complete = self._advance(goal, check)
                    of = f" {number}/{config.run.checkpoints}" if complete else ""
                    self._checkpoint(f"checkpoint{of}")
                    if not complete:
                        raise Interrupted(f"Interrupted at step {self._golden.at.step}; --resume goes on from there.")

    def _advance(self, goal: int, check: Callable[[], None]) -> bool:
        """Run up to step `goal`; False if Ctrl-C came first."""

        def progress(step: int) -> None:
            self.monitor.at(step)
            check()

        complete, start, clocks, began = True, self._golden.at.step, self._target.cycles, time.perf_counter()
        try:
            self._target.run(goal - start, progress)
            progress(goal)
        except KeyboardInterrupt:
            complete = False
        steps, cycles, seconds = self.speed
        self.speed = (
            steps + self._target.state().step - start,
            cycles + self._target.cycles - clocks,
            seconds + time.perf_counter() - began,
        )
        return complete

    def _checkpoint(self, title: str) -> None:
        """Compare, measure and save."""
        state, golden, note = self._target.state(), self._golden.at, ""
        figures = replace(
            self._measure(state),
            cycles=self._before.cycles + self._target.cycles,
            seconds=self._before.seconds + time.perf_counter() - self._began,
        )
        if self._target is not self._golden:
            self._golden.run(state.step - golden.step)
            compare(golden, state)
            beside = self._measure(golden)
            figures.golden_test_accuracy = beside.test_accuracy
            figures.golden_mean_squared_error = beside.mean_squared_error
            note = ", ".join(f"{golden.theta.size} {name}" for name in memories(self.chip))
            note = f", RTL == golden ({note})"
        files.save_checkpoint(files.checkpoint_path(self.folder, state.step), self.chip, state, figures)
        self.curve.append((state.step, figures))
        accuracy, error = figures.test_accuracy, figures.mean_squared_error
        self.monitor.checkpoint(
            state.step,
            accuracy,
            f"{title}: step {state.step}, test accuracy {100 * accuracy:.1f} %, error {error:.4f}{note}",
        )

    def _measure(self, state: State) -> Figures:
        accuracy = self.engine.accuracy(state) if self.chip.config.data.test else np.nan
        return Figures(accuracy, self.engine.error(state))


def _last(folder: Path, chip: Chip) -> tuple[State, Curve]:
    """State of the last checkpoint in a folder, and the curve up to it."""
    paths = files.checkpoint_paths(folder)
    if not paths:
        raise CheckpointError(f"{folder}: there is no checkpoint to resume from.")
    return files.load_checkpoint(paths[-1], chip), [files.read_figures(path) for path in paths]
