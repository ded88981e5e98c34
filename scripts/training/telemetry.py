"""What a run says of itself while it goes, line by line in `telemetry.jsonl`.

Each line is one JSON object, appended and handed to the operating system at once, so that a process killed
at any time leaves all of them but perhaps a part of the last, which readers leave out. All lines have `step` and
`seconds` (since step 0, pauses left out), and

cost           C of the sample at that step, as rail 0 had it
difference     C~ of that step
gradient_norm  |G| as dC/dtheta, what the step's update takes; absent where it is not known (`gradient_norm`)
flags          names of the sticky flags raised so far (`golden.state.FLAGS`)
steps_per_s    since the line before; absent in the first one

or, at a checkpoint, `gradient_norm`, `flags`, `accuracy` (absent without test samples) and `error`, the mean squared
error over the training samples; or `event`, one sentence, with `finding`, its kind, where it is one of
`scripts.training.guidance`. Steps rise from line to line: a run that goes on from a
checkpoint drops the lines behind it, whose steps come again.
"""

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...fpga.files import naming, replacing
from ...golden.blocks.measure import cost
from ...golden.blocks.perturb.codes import SEQUENTIAL, SINUSOIDAL
from ...golden.chip.chip import Chip
from ...golden.state import FLAGS, State
from .checkpoint import Figures
from .guidance import Finding

FILE = "telemetry.jsonl"
"""Its name in the folder of a run."""
INTERVAL = 0.25
"""Seconds between two lines, at least."""

Record = dict[str, Any]


class Telemetry:
    """Writes the telemetry of one run.

    Parameters
    ----------
    path : Path
        Gets lines at its end; see `rewind`.
    chip : Chip
    step : int, optional
        Where the run goes on, see `rewind`; a run that begins drops what is there.
    heard : callable, optional
        Called with each record, for a live plot.
    interval : float
        Seconds between two records of `sample`, at least.
    clock : callable
        Seconds, rising.
    """

    def __init__(
        self,
        path: Path,
        chip: Chip,
        step: int | None = None,
        heard: Callable[[Record], None] = lambda record: None,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.perf_counter,
    ):
        self.path, self.chip, self.interval = path, chip, interval
        self._heard, self._clock = heard, clock
        self._file = None
        self._before = 0.0
        self.rewind(-1 if step is None else step)

    def rewind(self, step: int) -> None:
        """Go on from a step: drop the lines of later ones, as they come again, and a line that was cut."""
        if self._file:
            self._file.close()
        earlier = [record for record in read(self.path) if record["step"] <= step]
        with replacing(self.path) as file:
            file.write("".join(map(_line, earlier)).encode())
        self._file = open(self.path, "a", encoding="utf-8")
        self._before = earlier[-1]["seconds"] if earlier else 0.0
        self._began = self._clock()
        self._last: tuple[int, float] | None = None

    def due(self) -> bool:
        """Whether it is time for another `sample`; a chip need not be asked before."""
        return self._last is None or self._clock() - self._last[1] >= self.interval

    def sample(self, poll: Mapping[str, int]) -> None:
        """Note what a running chip shows, if it is time.

        Parameters
        ----------
        poll : mapping of str to int
            Registers: `step`, `cost` (C~), `sum_0` (S of rail 0), `flags`.
        """
        if not self.due():
            return
        chip, now, step = self.chip, self._clock(), poll["step"]
        record = {
            "cost": poll["sum_0"] * chip.cost.unit * (2 if chip.cost.mode == cost.ANTITHETIC else 1),
            "difference": poll["cost"] * chip.cost.unit,
            "gradient_norm": gradient_norm(chip, poll["cost"]),
            "flags": _names(poll["flags"]),
        }
        if self._last and now > self._last[1]:
            record["steps_per_s"] = (step - self._last[0]) / (now - self._last[1])
        self._last = (step, now)
        self._write(step, record)

    def checkpoint(self, state: State, figures: Figures, difference: int | None = None) -> None:
        """Note a checkpoint; `difference` is C~ of its last step, if known."""
        norm = gradient_norm(self.chip, difference, state.arrays.get("g"))
        record = {"gradient_norm": norm, "flags": _names(state.flags)}
        self._write(
            state.step, record | {"accuracy": figures.test_accuracy, "error": figures.mean_squared_error}
        )

    def event(self, step: int, sentence: str) -> None:
        """Note something that happened at a step."""
        self._write(step, {"event": sentence})

    def found(self, finding: Finding) -> None:
        """Note what is wrong with the run."""
        self._write(finding.step, {"event": finding.sentence, "finding": finding.kind})

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _write(self, step: int, values: Record) -> None:
        assert self._file, "telemetry is closed"
        seconds = round(self._before + self._clock() - self._began, 3)
        finite = {name: value for name, value in values.items() if value is not None and value == value}
        record = {"step": step, "seconds": seconds} | finite
        with naming(self.path):
            self._file.write(_line(record))
            self._file.flush()
        self._heard(record)


def gradient_norm(chip: Chip, difference: int | None = None, g: np.ndarray | None = None) -> float | None:
    """Norm of G as dC/dtheta, in units of cost by weight.

    Where every step updates, G = C~ s is used and cleared within the step, and |G| = |C~| |s|, with |s|**2 the
    number of parameters that a code perturbs by +-1. Else it is the norm of the words in memory: of an unfinished
    window, as the end of one clears them.

    Parameters
    ----------
    chip : Chip
    difference : int, optional
        C~ of the last step.
    g : int array, shape (P,), optional
        Words of G.

    Returns
    -------
    float or None
        None where it cannot be known from these: a chip without G, a cost that comes late, values left out.
    """
    taus, codes = chip.sequencer, chip.codes
    if not chip.path.gradient or chip.correlator.replay:
        return None
    if taus.tau_theta > 1 or chip.correlator.leaky:
        return float(np.linalg.norm(g)) * chip.gradient_unit if g is not None and np.any(g) else None
    if difference is None or taus.delay or taus.blanking or chip.outer or codes.kind == SINUSOIDAL:
        return None
    length = 1.0 if codes.kind == SEQUENTIAL else math.sqrt(chip.layout.parameters)
    return abs(difference) * length * chip.gradient_unit


def read(path: Path) -> list[Record]:
    """Records of a telemetry file, up to the first line that is cut or damaged; none if there is no file."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    records = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            break
        if not line.endswith(b"\n") or not isinstance(record, dict) or not {"step", "seconds"} <= record.keys():
            break
        records.append(record)
    return records


def findings(path: Path, step: int) -> list[Finding]:
    """What a telemetry file says is wrong with a run, up to a step."""
    return [
        Finding(record["finding"], record["step"], record["event"])
        for record in read(path)
        if "finding" in record and record["step"] <= step
    ]


def _line(record: Record) -> str:
    return json.dumps(record, allow_nan=False) + "\n"


def _names(flags: int) -> list[str]:
    return [name for bit, name in enumerate(FLAGS) if flags >> bit & 1]
