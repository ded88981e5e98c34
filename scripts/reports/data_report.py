"""What a chip learns from, as a table and as a picture: `ohmgrad data`."""

from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from rich.table import Table

from ...golden.chip.config import ChipConfig
from ...golden.chip.dataset import learnt_of
from ...golden.data.datasets import Split
from ...golden.data.own.companion import Companion
from ..plots import BLUE, GREEN, INK, ORANGE, RED, STYLE

SHOWN = 16
"""Inputs in the table and in the picture."""
COLOURS = (BLUE, ORANGE, GREEN, RED, INK)


def describe(config: ChipConfig) -> dict[str, Any]:
    """Columns, split and scaling of a chip's data.

    Returns
    -------
    dict
        `data`, `sha256` (of own files), `task`, `samples` (`train`, `test`), `split` (how it came about), `scale`;
        `inputs`: a list of `name`, `offset` and `factor` (an input is (x - offset) factor), and of all samples `low`,
        `high`, `mean` in the user's units, and `clipped`, how many lie beyond +-1 of the chip's inputs; `targets`: of
        classes a list of `label`, `train` and `test`, of values one of `name`, `low`, `high` and `mean`.
    """
    split, companion = learnt_of(config)
    section = config.dataset
    given = f"column {section.split}" if section.split else "test_file" if section.test_file else "drawn by the seed"
    return {
        "data": section.title,
        "sha256": section.sha256,
        "task": companion.task,
        "samples": {"train": len(split.train_x), "test": len(split.test_x)},
        "split": given if section.file else "that of the set",
        "scale": companion.scale,
        "inputs": _inputs(split, companion),
        "targets": _targets(split, companion),
    }


def _inputs(split: Split, companion: Companion) -> list[dict[str, Any]]:
    scaled = np.concatenate([split.train_x, split.test_x])
    offset = np.broadcast_to(companion.offset or (0.0,), scaled.shape[1:])
    factor = np.broadcast_to(companion.factor or (1.0,), scaled.shape[1:])
    columns = zip(
        companion.inputs, offset.tolist(), factor.tolist(),
        *((part / factor + offset).tolist() for part in (scaled.min(0), scaled.max(0), scaled.mean(0))),
        (abs(scaled) > 1 + 1e-9).sum(0).tolist(), strict=True,
    )  # fmt: skip
    keys = ("name", "offset", "factor", "low", "high", "mean", "clipped")
    return [dict(zip(keys, column, strict=True)) for column in columns]


def _targets(split: Split, companion: Companion) -> list[dict[str, Any]]:
    if companion.labels is not None:
        counts = (np.bincount(y, minlength=len(companion.labels)).tolist() for y in (split.train_y, split.test_y))
        rows = zip(companion.labels, *counts, strict=True)
        return [{"label": label, "train": train, "test": test} for label, train, test in rows]
    values = companion.values(np.concatenate([split.train_t, split.test_t]))
    parts = (values.min(0), values.max(0), values.mean(0))
    rows = zip(companion.targets, *(part.tolist() for part in parts), strict=True)
    return [{"name": name, "low": low, "high": high, "mean": mean} for name, low, high, mean in rows]


def tables(found: dict[str, Any]) -> list[Table]:
    """The same for a terminal."""
    counts = found["samples"]
    title = f"{found['data']}: {counts['train']:,} samples to train, {counts['test']:,} to test, {found['split']}"
    header = ("input", "low", "mean", "high", "lies at -1", "and at 1", "clipped")
    inputs = Table(*header, title=title, title_justify="left")
    for row in found["inputs"][:SHOWN]:
        ends = (row["offset"] + side / row["factor"] for side in (-1, 1))
        cells = (f"{value:.5g}" for value in (row["low"], row["mean"], row["high"], *ends))
        inputs.add_row(row["name"], *cells, str(row["clipped"]))
    if (more := len(found["inputs"]) - SHOWN) > 0:
        inputs.add_row(f"and {more} more", *[""] * 6)
    header, *rows = target_rows(found)
    targets = Table(*header, title=f"target: {found['task']}", title_justify="left")
    for row in rows:
        targets.add_row(*row)
    return [inputs, targets]


def target_rows(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """A header and rows of what the targets are."""
    if found["task"] == "classes":
        return [("class", "train", "test"), *((r["label"], str(r["train"]), str(r["test"])) for r in found["targets"])]
    rows = [(r["name"], *(f"{r[key]:.5g}" for key in ("low", "mean", "high"))) for r in found["targets"]]
    return [("target", "low", "mean", "high"), *rows]


def data_picture(config: ChipConfig) -> Figure:
    """Training samples: of classes a histogram of each input by class, of values the first target over each input."""
    split, companion = learnt_of(config)
    shown = min(SHOWN, len(companion.inputs))
    across = min(4, shown)
    x = split.train_x[:, :shown]
    if companion.factor:
        whole = (len(companion.inputs),)
        offset, factor = (np.broadcast_to(part, whole)[:shown] for part in (companion.offset, companion.factor))
        x = x / factor + offset
    with rc_context(STYLE):
        down = -(-shown // across)
        figure = Figure(figsize=(2.2 * across, 1.7 * down), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False).ravel()
        for axes in grid[shown:]:
            axes.set_axis_off()
        for axes, name, column in zip(grid, companion.inputs, x.T, strict=False):
            axes.set_title(name, loc="left", color=INK, fontsize=8)
            if companion.labels is None:
                axes.plot(column, companion.values(split.train_t)[:, 0], ".", color=BLUE, markersize=2)
                continue
            bins = np.histogram_bin_edges(column, 20)
            for k, label in enumerate(companion.labels[: len(COLOURS)]):
                axes.hist(column[split.train_y == k], bins, color=COLOURS[k], alpha=0.6, label=label)
        if companion.labels is not None:
            grid[0].legend(fontsize=7)
    return figure
