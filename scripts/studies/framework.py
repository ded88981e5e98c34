"""What a study is, and how it is run: unit by unit, each result kept, so that a run that was killed goes on.

A study is a list of units. The result of a unit is one JSON line in `build/reproduce`, with the unit's settings;
a unit whose settings are there already is not run again. From the results a study makes a page: a table, which
has what the paper says beside what was measured, a picture, and the same as JSON.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ...fpga.files import replacing, write_json
from ..plots import image

STORE = Path("build/reproduce")
"""Where results of units are kept, in the folder that the command runs in."""
PAPERS = {
    "mgd": (
        "xor", "parity", "nist7x7", "angle", "mnist", "fashion", "width", "tau", "cnn", "noise", "onchip",
    ),
    "ttv2": ("ttv2_mnist", "ttv2_onchip"),
}  # fmt: skip
"""Studies of each group; every one is a module beside this one with a `STUDY`."""

Json = dict[str, Any]
Progress = Callable[[int, int], None]
"""Called with steps done and steps in all."""


@dataclass(frozen=True)
class Options:
    """What the command line asks of every study.

    Attributes
    ----------
    seeds : int or None
        Seeds, in place of a study's own number.
    quick : bool
        Tiny sizes: to see that it runs, not for figures.
    """

    seeds: int | None = None
    quick: bool = False

    def pick(self, usual: Any, quick: Any) -> Any:
        """The usual value, or the one for a quick run."""
        return quick if self.quick else usual

    def range(self, usual: int, quick: int = 2) -> list[int]:
        """Seeds 1, 2, ... of a study that usually has so many."""
        return list(range(1, 1 + (self.seeds or self.pick(usual, quick))))


@dataclass(frozen=True)
class Unit:
    """A piece of work.

    Attributes
    ----------
    settings : dict
        JSON that says all that the result depends on; equal settings, equal results.
    run : callable
        Takes a function that is called with the progress, and returns JSON.
    """

    settings: Json
    run: Callable[[Progress], Json]


@dataclass(frozen=True)
class Study:
    """A study.

    Attributes
    ----------
    name, title : str
    about : str
        Markdown: what is measured, in which convention, at which sizes; what differs from the paper.
    units : callable
        Options -> list of units.
    rows : callable
        Kept results, dicts of `unit`, `result`, `seconds` -> rows of the table, by column.
    figure : callable, optional
        The same -> picture.
    """

    name: str
    title: str
    about: str
    units: Callable[[Options], list[Unit]]
    rows: Callable[[list[Json]], list[Json]]
    figure: Callable[[list[Json]], Figure] | None = None


def study(name: str) -> Study:
    """The study of this name, a key of `PAPERS`'s lists."""
    return import_module(f".{name}", __package__).STUDY


class ResultStore:
    """Results of a study's units, as JSON lines in a file that only grows."""

    def __init__(self, path: Path):
        self.path = path
        self._results: dict[str, Json] = {}
        whole = path.read_bytes().splitlines() if path.exists() else []
        for line in whole:
            with suppress(ValueError, KeyError, TypeError):  # a run that was killed leaves half a line
                record = json.loads(line)
                self._results[_key(record["unit"])] = {key: record[key] for key in ("unit", "result", "seconds")}

    def get(self, unit: Unit) -> Json | None:
        """What `add` was given for a unit of these settings."""
        return self._results.get(_key(unit.settings))

    def add(self, unit: Unit, result: Json, seconds: float) -> Json:
        """Keep a result; it is on the disk when this returns."""
        record = {"unit": unit.settings, "result": result, "seconds": round(seconds, 3)}
        line = json.dumps(record, allow_nan=False).encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab+") as file:
            if size := file.seek(0, os.SEEK_END):
                file.seek(size - 1)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._results[_key(unit.settings)] = json.loads(json.dumps(record))
        return self._results[_key(unit.settings)]


def _key(settings: Json) -> str:
    return json.dumps(settings, sort_keys=True)


def run(
    study: Study, units: Sequence[Unit], store: ResultStore, progress: Callable[[int, int, int], None]
) -> list[Json]:
    """Run the units that are not kept yet, and return the results of all.

    `progress` is called with the number of the unit, and its steps done and in all.
    """
    results = []
    for number, unit in enumerate(units):
        record = store.get(unit)
        if record is None:
            began = time.perf_counter()
            result = unit.run(lambda step, steps, number=number: progress(number, step, steps))
            record = store.add(unit, result, time.perf_counter() - began)
        results.append(record)
        progress(number + 1, 0, 1)
    return results


def write(study: Study, results: list[Json], folder: Path, command: str) -> Path:
    """Write page, picture and JSON of a study; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = study.rows(results)
    seconds = sum(result["seconds"] for result in results)
    write_json(
        folder / f"{study.name}.json",
        {"study": study.name, "command": command, "seconds": round(seconds, 1), "rows": rows, "units": results},
    )
    made = f"Made by `{command}`, which ran for {_time(seconds)}."
    lines = [f"# {study.title}", "", made, "", study.about.strip(), ""]
    if rows:
        lines += ["| " + " | ".join(rows[0]) + " |", "|---" * len(rows[0]) + "|"]
        lines += ["| " + " | ".join(map(cell, row.values())) + " |" for row in rows]
        lines.append("")
    if study.figure:
        with replacing(folder / f"{study.name}.png") as file:
            file.write(image(study.figure(results), "png"))
        lines += [f"![{study.title}]({study.name}.png)", ""]
    with replacing(folder / f"{study.name}.md") as file:
        file.write("\n".join(lines).encode())
    return folder / f"{study.name}.md"


def cell(value: Any) -> str:
    """A value as the table shows it: `-` for None, thousands apart, four digits of a fraction."""
    if value is None:
        return "-"
    if isinstance(value, bool) or isinstance(value, str):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
