"""Runs that start from weights of a file: the state, what is kept of it in the run's folder, and what is said."""

import json
from pathlib import Path
from typing import Any

from ...fpga.files import write_json
from ...golden.engine import Engine
from ...golden.state import State
from ...golden.weights.files import read
from ...golden.weights.install import install

FILE = "init.json"
"""What `golden.weights.install` reports, in the folder of a run."""


def start_from(engine: Engine, path: Path, classes: bool) -> tuple[State, dict[str, Any]]:
    """State before the first step, and the report; parameters and WeightsError as of `golden.weights.install`."""
    return install(engine, path, read(path), classes)


def keep(folder: Path, report: dict[str, Any] | None) -> None:
    """Write the report of a run that begins; what an earlier one left is removed."""
    if report is None:
        (folder / FILE).unlink(missing_ok=True)
    else:
        write_json(folder / FILE, report)


def kept(folder: Path) -> dict[str, Any] | None:
    """The report of the run in a folder; None if it started from the chip's seed."""
    path = folder / FILE
    return json.loads(path.read_text()) if path.exists() else None


def lines(report: dict[str, Any], state_unit: float) -> list[str]:
    """The report in sentences."""
    found = [f"weights of {report['file']}, whose {report['form']}"]
    found += [f"activations differ: {difference}" for difference in report["activations"]]
    for k, layer in enumerate(report["layers"]):
        scale = f", divided by {layer['scale']:g}" if layer["scale"] != 1 else ""
        found.append(
            f"layer {k} ({', '.join(layer['arrays'])}{scale}): cells are off by {layer['rms']:.2g} rms, "
            f"{layer['largest']:.2g} at most; {layer['saturated']} saturated"
        )
    if programming := report["programming"]:
        rms, largest = (programming[key] * state_unit for key in ("rms", "largest"))
        stuck = f", {programming['stuck']} stuck" if programming["stuck"] else ""
        found.append(
            f"programmed with {programming['total_pulses']:,} pulses, {programming['pulses']:.1f} a device and "
            f"{programming['most_pulses']} at most{stuck}: states are off by {rms:.2g} rms, {largest:.2g} at most, "
            f"{programming['failed']:.1%} not within {programming['tolerance'] * state_unit:.2g}"
        )
    kinds = (("float", "of the file in floating point"), ("words", "quantised"), ("chip", "on the chip"))
    return [*found, "; ".join(f"{_figures(report[key])} {what}" for key, what in kinds)]


def _figures(figures: dict[str, float | None]) -> str:
    accuracy, error = figures["test_accuracy"], figures["mean_squared_error"]
    return f"error {error:.4f}" if accuracy is None else f"{accuracy:.1%} right, error {error:.4f}"
