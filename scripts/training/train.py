"""Training runs: on the golden model; or on the simulated chip or a board, with the golden model beside it."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ...fpga.errors import BoardReset, BoardStopped, CheckpointError, Failure, Interrupted, Mismatch
from ...fpga.files import Claim, remove_unfinished, replacing
from ...fpga.host.golden import Golden, compare, symbols, window
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from ...golden.chip.dataset import learnt_of
from ...golden.engine import Engine
from ...golden.state import State
from . import checkpoint as files
from .checkpoint import Curve, Figures
from .guidance import Finding, Guidance
from .initial import keep, lines, start_from
from .metrics import Metrics, headline, metrics
from .progress import Monitor, interruptible
from .results import write_results
from .target import Target
from .telemetry import FILE, Telemetry, findings

WAVES = "waves.vcd"
COMPANION = "data.json"
"""How samples are scaled and what outputs mean, as of `golden.data.own.companion.Companion.to_json`."""
RESTORES = 10
"""Times that a board may lose what it holds between two checkpoints."""


def train(
    config: ChipConfig,
    on: Literal["golden", "sim", "board"],
    folder: Path,
    resume: bool = False,
    monitor: Monitor | None = None,
    port: str = "",
    watchdog: float = 0.0,
    waves: bool = False,
    init: Path | None = None,
) -> dict[str, Any]:
    """Run `config.run.steps` steps in `config.run.checkpoints` equal pieces, with a checkpoint after each.

    With `on="sim"` and `"board"` golden runs the same steps, and all memories are compared at every checkpoint. A
    board that is reset goes on from the last checkpoint. Chips
    with `engine.gradient = "replay"`, which forget an unfinished window, have their checkpoints (but the
    last one, and those that Ctrl-C makes) where a window ends.

    Parameters
    ----------
    config : ChipConfig
    on : {"golden", "sim", "board"}
    folder : Path
        Gets `checkpoints/`, `samples.npz`, `data.json`, `telemetry.jsonl`, `curve.png`, `curve.json`, `result.json`,
        and with `init` also `init.json`.
    resume : bool
        Go on from the last checkpoint in `folder`, bit-exactly; else those in it are removed.
    monitor : Monitor, optional
    port : str
        The board's serial port, or `target.VIRTUAL`.
    watchdog : float
        Seconds without a word of the host after which the board stops; 0: never.
    waves : bool
        Whether what every signal of the simulated chip does goes into `WAVES` in the folder.
    init : Path, optional
        File of weights to start from, in place of the chip's seed; see `golden.weights`.

    Returns
    -------
    dict
        What `result.json` holds; see `results.write_results`.

    Raises
    ------
    ConfigError, CheckpointError, WeightsError
        The chip, the checkpoint or the weights cannot be used; nothing is written.
    NotEmulated
        The RTL cannot be this chip; nothing is written.
    Failure
        Another run writes into the folder, or `init` is given to a run that goes on; nothing is written.
    SimulationError
        The simulator does not build, or does not answer.
    BoardError
        The board cannot be used; before the first step nothing is written.
    Mismatch, Interrupted
        The results so far are in `folder`.
    """
    monitor = monitor or Monitor()
    with Claim(folder) as claim:
        run = Run(Chip(config), on, folder, resume, monitor, port, watchdog, waves, init)
        problem: Mismatch | Interrupted | None = None
        try:
            run.go(claim)
        except (Mismatch, Interrupted) as error:
            problem = error
        finally:
            monitor.end()
            run.close()
        result = write_results(
            folder, run.chip, on, run.curve, run.findings, run.speed, isinstance(problem, Mismatch), run.metrics(),
            run.link(),
        )  # fmt: skip
    if problem:
        raise problem
    return result


class Run:
    """One run in a folder.

    Parameters
    ----------
    chip, on, folder, resume, monitor, port, watchdog, waves, init
        As in `train`.

    Attributes
    ----------
    curve : list of (int, Figures)
        Step and figures of all checkpoints.
    speed : tuple of (int, int, float)
        Steps, clocks and seconds of this run alone, without those that it resumes from.
    """

    def __init__(
        self, chip: Chip, on: str, folder: Path, resume: bool, monitor: Monitor, port: str = "", watchdog: float = 0.0,
        waves: bool = False, init: Path | None = None,
    ):  # fmt: skip
        self._began = time.perf_counter()
        self.chip, self.folder, self.monitor = chip, folder, monitor
        self.speed = 0, 0, 0.0
        split, self.companion = learnt_of(chip.config)
        self.engine = Engine(chip, split)
        start, self.curve, self._imported = self._begin(resume, init)
        self._before = self.curve[-1][1] if self.curve else Figures()
        self._golden = Golden(self.engine, start)
        self._telemetry: Telemetry | None = None
        known = tuple(findings(folder / FILE, start.step)) if self.curve else ()
        error = self.curve[0][1].mean_squared_error if self.curve else self.engine.error(start)
        self._guidance = Guidance(self.engine, start, error, self._say, known)
        self._target = Target(self._golden, on, port, watchdog, monitor, folder / WAVES if waves else None)
        self._state = self._golden.at

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the run, as far as it was seen."""
        return self._guidance.findings

    def _say(self, finding: Finding) -> None:
        self.monitor.say(f"step {finding.step:,}: {finding.sentence}")
        if self._telemetry:
            self._telemetry.found(finding)

    def _begin(self, resume: bool, init: Path | None) -> tuple[State, Curve, dict[str, Any] | None]:
        """State to start from, the curve up to it, and the report of weights of a file."""
        if resume and init:
            failure = Failure("--init is where a run begins, and --resume goes on with one; allowed is one of them.")
            failure.code = 2
            raise failure
        if resume:
            return *_last(self.folder, self.chip), None
        if init is None:
            return self.engine.initial(), [], None
        state, report = start_from(self.engine, init, self.companion.labels is not None)
        for line in lines(report, self.chip.state_unit):
            self.monitor.say(line)
        return state, [], report

    def close(self) -> None:
        """Let go of the telemetry's file and of the board."""
        if self._telemetry:
            self._telemetry.close()
        self._target.close()

    def link(self) -> dict[str, int] | None:
        """What went over the link to a board; see `Target.link`."""
        return self._target.link()

    def go(self, claim: Claim) -> None:
        """Run to the end, from checkpoint to checkpoint, once the folder is held."""
        self.folder.mkdir(parents=True, exist_ok=True)
        claim.take()
        if not self.curve:
            for path in files.checkpoint_paths(self.folder):
                path.unlink()
            keep(self.folder, self._imported)
        (self.folder / "checkpoints").mkdir(exist_ok=True)
        remove_unfinished(self.folder, self.folder / "checkpoints")
        files.save_samples(self.folder / "samples.npz", self.engine.split)
        with replacing(self.folder / COMPANION) as file:
            file.write(self.companion.to_json().encode())
        config, step = self.chip.config, self._golden.at.step
        begun = step if self.curve else None
        self._telemetry = Telemetry(self.folder / FILE, self.chip, begun, self.monitor.telemetry)
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
        """Run up to step `goal`, and read the state; False if Ctrl-C came first.

        A board that was reset, or stopped by its watchdog, is loaded anew: with golden's state, which is that of the
        last checkpoint.
        """
        for left in reversed(range(RESTORES)):
            try:
                self._target.load()
                return self._piece(goal, check)
            except (BoardReset, BoardStopped) as error:
                if not self._target.board or not left:
                    raise
                self._target.lost()
                sentence = f"{error} It goes on from step {self._golden.at.step}."
                self.monitor.say(sentence)
                if self._telemetry:
                    self._telemetry.rewind(self._golden.at.step)
                    self._telemetry.event(self._golden.at.step, sentence)
                self._target.board.connect()
        raise AssertionError

    def _piece(self, goal: int, check: Callable[[], None]) -> bool:
        chip = self._target.chip

        def progress(step: int) -> None:
            self.monitor.at(step)
            if self._telemetry and step > start and self._telemetry.due():  # before a first step there is no cost
                shown = chip.poll()
                self._telemetry.sample(shown)
                self._guidance.flags(shown["step"], shown["flags"])
            check()

        complete, start, clocks, began = True, self._golden.at.step, chip.cycles, time.perf_counter()
        try:
            chip.run(goal - start, progress)
            progress(goal)
        except KeyboardInterrupt:
            complete = False
        self._state = chip.state()
        steps, cycles, seconds = self.speed
        self.speed = (
            steps + self._state.step - start,
            cycles + chip.cycles - clocks,
            seconds + time.perf_counter() - began,
        )
        return complete

    def _checkpoint(self, title: str) -> None:
        """Compare, measure and save."""
        state, golden, note = self._state, self._golden.at, ""
        found = self.metrics()
        figures = replace(
            self._measure(state, found),
            cycles=self._before.cycles + self.speed[1],
            seconds=self._before.seconds + time.perf_counter() - self._began,
        )
        if self._target.chip is not self._golden:
            self._golden.run(state.step - golden.step)
            compare(golden, state)
            beside = self._measure(golden, self.metrics(golden))
            figures.golden_test_accuracy = beside.test_accuracy
            figures.golden_mean_squared_error = beside.mean_squared_error
            note = ", ".join(f"{golden.theta.size} {name}" for name in symbols(self.chip))
            note = f", RTL == golden ({note})"
        if self._telemetry:  # ahead of the file: a run that is killed between them drops the line when it goes on
            self._telemetry.checkpoint(state, figures, self._golden.poll().get("cost"))
        files.save_checkpoint(files.checkpoint_path(self.folder, state.step), self.chip, state, figures)
        self.curve.append((state.step, figures))
        accuracy, error = figures.test_accuracy, figures.mean_squared_error
        self.monitor.checkpoint(
            state.step,
            accuracy,
            f"{title}: step {state.step}, {headline(found)}, error {error:.4f}{note}",
        )
        self._guidance.checkpoint(state, error)

    def metrics(self, state: State | None = None) -> Metrics | None:
        """What the outputs at a state, by default the one that was read last, are worth on the test samples."""
        split, state = self.engine.split, state or self._state
        return metrics(self.companion, self.engine.outputs(state, split.test_x), split.test_t, split.test_y)

    def _measure(self, state: State, found: Metrics | None) -> Figures:
        accuracy = found["accuracy"] if found and found["task"] == "classes" else np.nan
        return Figures(accuracy, self.engine.error(state))


def _last(folder: Path, chip: Chip) -> tuple[State, Curve]:
    """State of the last checkpoint in a folder, and the curve up to it."""
    paths = files.checkpoint_paths(folder)
    if not paths:
        raise CheckpointError(f"{folder}: there is no checkpoint to resume from.")
    return files.load_checkpoint(paths[-1], chip), [files.read_figures(path) for path in paths]
