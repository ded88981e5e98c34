"""What a run leaves beside its checkpoints: result and learning curve; and summaries of several seeds."""

import math
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from ...fpga.files import replacing, write_json
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from .checkpoint import Curve, checkpoint_path, cost_evaluations
from .guidance import Finding
from .initial import kept

SOLVED = 0.04
"""Mean squared error below which XOR counts as solved."""


def run_folder(root: Path, config: ChipConfig) -> Path:
    """Folder of a run among others in `root`."""
    return root / f"{config.name}-seed{config.seed}"


def write_results(
    folder: Path,
    chip: Chip,
    on: str,
    curve: Curve,
    findings: list[Finding],
    speed: tuple[int, int, float],
    mismatch: bool,
    metrics: dict[str, Any] | None = None,
    link: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Write `result.json`, `curve.json` and `curve.png`.

    Parameters
    ----------
    folder : Path
    chip : Chip
    on : str
        "golden", "sim" or "board".
    curve : list of (int, Figures)
        Step and figures of all checkpoints.
    findings : list of Finding
        What is wrong with the run.
    speed : tuple of (int, int, float)
        Steps, clocks and seconds that were measured together.
    mismatch : bool
        Whether RTL and golden differed behind the last checkpoint.
    metrics : dict, optional
        On the test samples at the end, see `metrics.metrics`.
    link : dict, optional
        Counts of the link to a board.

    Returns
    -------
    dict
        What `result.json` holds: `name`, `seed`, `on`, `parameters`, `steps`, `cost_evaluations`,
        `test_accuracy` (null of values), `mean_squared_error`, `metrics`, `bit_exact` (null if nothing was
        compared), `compared` (how many checkpoints were), `solved` (XOR: the step from which it is, else null),
        `cycles` (clocks of the RTL), `clocks_per_step`, `clocks_per_s`, `steps_per_s`, `seconds`, `link`
        (with a board), `init` (of a run that started from weights of a file, see `golden.weights.install`),
        `findings` (a list of `kind`, `step` and `sentence`), and `checkpoints`, a list of `step`, `file` and
        figures.
    """
    rows = [
        {"step": step, "file": str(checkpoint_path(folder, step).relative_to(folder))}
        | {name: None if math.isnan(value) else value for name, value in asdict(figures).items()}
        for step, figures in curve
    ]
    last: dict[str, Any] = rows[-1] if rows else {"step": 0, "cycles": 0, "seconds": 0.0}
    compared = sum(row["golden_mean_squared_error"] is not None for row in rows)
    steps, clocks, seconds = speed
    result = {
        "name": chip.config.name,
        "seed": chip.config.seed,
        "on": on,
        "parameters": chip.layout.parameters,
        "steps": last["step"],
        "cost_evaluations": cost_evaluations(chip, last["step"]),
        "test_accuracy": last.get("test_accuracy"),
        "mean_squared_error": last.get("mean_squared_error"),
        "metrics": metrics,
        "bit_exact": False if mismatch else True if compared else None,
        "compared": compared,
        "solved": solved(rows) if chip.config.dataset.set == "xor" else None,
        "cycles": last["cycles"],
        "clocks_per_step": clocks / steps if clocks and steps else None,
        "clocks_per_s": clocks / seconds if clocks else None,
        "steps_per_s": steps / seconds if steps else None,
        "seconds": last["seconds"],
    }
    imported = kept(folder)
    result |= ({"link": link} if link else {}) | ({"init": imported} if imported else {})
    result |= {"findings": [finding._asdict() for finding in findings], "checkpoints": rows}
    write_json(folder / "curve.json", rows)
    from ..plots import curve_picture, image  # takes as long as all else does that is imported

    with replacing(folder / "curve.png") as file:
        file.write(image(curve_picture(result), "png"))
    write_json(folder / "result.json", result)
    return result


def solved(rows: list[dict[str, Any]]) -> int | None:
    """Step of the checkpoint from which the error stays below `SOLVED` to the end, None if it does not."""
    first = None
    for row in rows:
        if row["mean_squared_error"] >= SOLVED:
            first = None
        elif first is None:
            first = row["step"]
    return first


def write_summary(path: Path, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Write mean and spread over several seeds as JSON, and return them.

    Returns
    -------
    dict
        `name`, `on`, `seeds`, `bit_exact` (as in a result, over all of them), `solved` (XOR: how many
        are), `test_accuracy` and `mean_squared_error` (each `mean`, `std`, `min`, `max`), of values the same of `rmse`
        and `r2` of the first target, and `runs`, the results without their checkpoints.
    """
    exact = [result["bit_exact"] for result in results]
    summary: dict[str, Any] = {
        "name": results[0]["name"],
        "on": results[0]["on"],
        "seeds": [result["seed"] for result in results],
        "bit_exact": None if None in exact else all(exact),
        "solved": sum(result["solved"] is not None for result in results),
    }
    columns = {key: [result[key] for result in results] for key in ("test_accuracy", "mean_squared_error")}
    found = [result["metrics"] for result in results]
    if all(metrics and metrics["task"] == "values" for metrics in found):
        columns |= {key: [metrics["targets"][0][key] for metrics in found] for key in ("rmse", "r2")}
    for key, column in columns.items():
        values = [value for value in column if value is not None]
        summary[key] = values and {
            "mean": fmean(values), "std": pstdev(values), "min": min(values), "max": max(values)
        }  # fmt: skip
    runs = [{key: value for key, value in result.items() if key != "checkpoints"} for result in results]
    write_json(path, summary | {"runs": runs})
    return summary
