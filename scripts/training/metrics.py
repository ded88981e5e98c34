"""What a run's outputs are worth on test samples: by class, or as errors in the user's units."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from ...golden.data.own.companion import Companion
from ...golden.evaluation import by_class, confusion, errors

Metrics = dict[str, Any]


def metrics(
    companion: Companion, outputs: NDArray[np.float64], t: NDArray[np.float64], y: NDArray[np.int64]
) -> Metrics | None:
    """Metrics of outputs in real units, with targets and labels as of `golden.data.datasets.Split`.

    Returns
    -------
    dict or None
        None without samples. Of classes: `task`, `samples`, `accuracy`, `labels`, `confusion` (a row for each true
        class, a column for each that was said), and `per_class`, a list of `label`, `samples`, `precision`, `recall`.
        Of values: `task`, `samples`, and `targets`, a list of `name`, `rmse`, `mae` and `r2` in the user's units.
        What cannot be said is null.
    """
    if not len(outputs):
        return None
    if companion.labels is None:
        columns = zip(companion.targets, *errors(companion.values(t), companion.values(outputs)), strict=True)
        rows = [{"name": name, "rmse": _known(a), "mae": _known(b), "r2": _known(c)} for name, a, b, c in columns]
        return {"task": "values", "samples": len(outputs), "targets": rows}
    table = confusion(y, companion.guesses(outputs), len(companion.labels))
    columns = zip(companion.labels, table.sum(1).tolist(), *by_class(table), strict=True)
    rows = [{"label": a, "samples": b, "precision": _known(c), "recall": _known(d)} for a, b, c, d in columns]
    accuracy = float(np.trace(table) / len(y))
    return {
        "task": "classes", "samples": len(outputs), "accuracy": accuracy, "labels": list(companion.labels),
        "confusion": table.tolist(), "per_class": rows,
    }  # fmt: skip


def headline(found: Metrics | None) -> str:
    """The metrics in a few words."""
    if found is None:
        return "no test samples"
    if found["task"] == "classes":
        return f"test accuracy {100 * found['accuracy']:.1f} %"
    return "test RMSE " + ", ".join(f"{row['rmse']:.4g} ({row['name']})" for row in found["targets"])


def tables(found: Metrics | None) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Titles and rows, a header first, of what is shown on the console and in the report."""
    if found is None:
        return []
    if found["task"] == "values":
        cells = [
            (row["name"], *("-" if row[key] is None else f"{row[key]:.4g}" for key in ("rmse", "mae", "r2")))
            for row in found["targets"]
        ]
        return [("Errors of test samples, in the target's units", [("target", "RMSE", "MAE", "R2"), *cells])]
    rows = [
        (row["label"], str(row["samples"]), *(_percent(row[key]) for key in ("precision", "recall")))
        for row in found["per_class"]
    ]
    mixed = zip(found["labels"], found["confusion"], strict=True)
    return [
        ("Test samples by class", [("class", "samples", "precision", "recall"), *rows]),
        (
            "Is, and is said",
            [("is \\ said", *found["labels"]), *((label, *map(str, counts)) for label, counts in mixed)],
        ),
    ]


def rich_tables(found: Metrics) -> list[Table]:
    """The same for a terminal."""
    made = []
    for title, (header, *rows) in tables(found):
        table = Table(*header, title=title, title_justify="left")
        for row in rows:
            table.add_row(*row)
        made.append(table)
    return made


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
