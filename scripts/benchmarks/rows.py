"""What the benchmarks share: a line of their table, the chips of the examples, and clocks."""

import time
from collections.abc import Callable
from importlib.resources import files as resources
from statistics import median

from ...golden.chip.chip import Chip
from ...golden.chip.config import load
from ...golden.chip.dataset import split_of
from ...golden.engine import Engine

REPEATS = 5
"""Timings are medians of so many, taken in turn with those of the reference."""

Row = dict[str, object]


def row(name: str, value: float, unit: str, reference: str, ratio: float | None, better: str) -> Row:
    """One line of the table."""
    return {"name": name, "value": value, "unit": unit, "reference": reference, "ratio": ratio, "better": better}


def example(name: str) -> Engine:
    """A chip of the examples, with its samples."""
    config = load(str(resources("ohmgrad.examples") / f"{name}.toml"))
    return Engine(Chip(config), split_of(config))


def alternately(*runs: Callable[[], float], repeats: int = REPEATS) -> list[float]:
    """Medians of the seconds that each of the runs returns, taken in turn."""
    return [median(times) for times in zip(*([run() for run in runs] for _ in range(repeats)), strict=True)]


def seconds(run: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
