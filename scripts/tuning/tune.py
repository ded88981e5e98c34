"""`ohmgrad tune`: amplitude, step size, ADC range and widths for a chip file, from its data, by runs on golden."""

from collections.abc import Callable
from math import nan
from os.path import isabs, relpath
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any, NamedTuple

import tomlkit
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ...fpga.files import replacing, write_json
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from ...golden.chip.dataset import learnt_of, split_of
from ...golden.engine import Engine
from ..training.metrics import Metrics, metrics
from .search import SHARES, overrides, search
from .widths import Suggestion, range_of, widths

FILE, TUNED, NARROW = "as in the file", "tuned", "tuned, least widths"
"""What is compared at the end."""


class Result(NamedTuple):
    """What one chip comes to over several seeds.

    Attributes
    ----------
    what : str
    changes : dict
        Overrides of the chip file.
    errors : list of float
        Mean squared error over the training samples, of each seed.
    scores : list of float
        Of test samples, see `score`; none without them.
    """

    what: str
    changes: dict[str, Any]
    errors: list[float]
    scores: list[float]


class Tuning(NamedTuple):
    """What `tune` found.

    Attributes
    ----------
    suggestions : list of Suggestion
    results : list of Result
        Of the file, with what is needed, and with what saves bits as well.
    steps : int
        Steps that were done in all.
    """

    suggestions: list[Suggestion]
    results: list[Result]
    steps: int

    @property
    def better(self) -> bool:
        """Whether the tuned chip has the lower mean error."""
        return fmean(self.results[1].errors) < fmean(self.results[0].errors)


def score_name(config: ChipConfig) -> str:
    """What `score` is called."""
    return "test accuracy" if learnt_of(config)[1].task == "classes" else "test R2"


def planned(config: ChipConfig, budget: int | None, seeds: int) -> tuple[int, int]:
    """Steps of the longest run of the search, and of everything."""
    longest = config.run.steps if budget is None else max(27, min(config.run.steps, budget * 27 // SHARES))
    return longest, longest * SHARES // 27 + 3 * seeds * config.run.steps


def tune(config: ChipConfig, budget: int | None, seeds: int, tell: Callable[[int, str], None]) -> Tuning:
    """Find values for a chip, and compare them with those of its file over several seeds.

    Parameters
    ----------
    config : ChipConfig
    budget : int, optional
        Steps of the search; else its longest run is as long as the chip file's.
    seeds : int
        Of the comparison: the chip file's and those behind it.
    tell : callable
        Gets steps that were done, and what is being done.

    Raises
    ------
    ConfigError
        Golden cannot run the chip.
    """
    split, done = split_of(config), [0]

    def heard(steps: int, what: str) -> None:
        done[0] += steps
        tell(steps, what)

    first = Engine(Chip(config), split).initial()
    suggestions = [found for found in [range_of(config, split, [first])] if found and found.needed]
    changes: dict[str, Any] = {found.key: found.better for found in suggestions}
    ranged = config.with_(**changes)
    longest, _ = planned(config, budget, seeds)
    best = search(ranged, split, longest, heard)[0]
    changes |= overrides(ranged, best.values)
    suggestions += _searched(config, best.values)
    engine = Engine(Chip(config.with_(**changes)), split)
    later = engine.initial()
    engine.run(later, longest // 3)
    suggestions += (more := widths(engine.chip.config, split, [engine.initial(), later]))
    needed = changes | {found.key: found.better for found in more if found.needed}
    least = needed | {found.key: found.better for found in more}
    rows = ((FILE, {}), (TUNED, needed), (NARROW, least))
    return Tuning(suggestions, [_compared(config, what, keys, seeds, heard) for what, keys in rows], done[0])


def _searched(config: ChipConfig, values: dict[str, float]) -> list[Suggestion]:
    """What the search found, where it is not in the file."""
    changed_keys = {key: value for key, value in values.items() if value != config.value(key)}
    why = "the lowest error of the search"
    return [Suggestion(key, config.value(key), value, True, why) for key, value in changed_keys.items()]


def _compared(
    config: ChipConfig, what: str, changes: dict[str, Any], seeds: int, tell: Callable[[int, str], None]
) -> Result:
    errors, scores = [], []
    for seed in range(config.seed, config.seed + seeds):
        one = config.with_(**changes).with_seed(seed)
        split, companion = learnt_of(one)
        engine = Engine(Chip(one), split)
        state = engine.initial()
        engine.run(state, one.run.steps)
        errors.append(engine.error(state))
        found = metrics(companion, engine.outputs(state, split.test_x), split.test_t, split.test_y)
        scores += [score(found)] if found else []
        tell(one.run.steps, f"{what}: seed {seed}")
    return Result(what, changes, errors, scores)


def score(found: Metrics) -> float:
    """One number of test samples: their accuracy, or the mean R2 over the targets."""
    if found["task"] == "classes":
        return found["accuracy"]
    return fmean(nan if row["r2"] is None else row["r2"] for row in found["targets"])


def write(tuning: Tuning, source: Path, folder: Path) -> list[Path]:
    """Write `tune.json` and, if the tuned chip is better, `NAME.toml`: the chip file with the tuned values.

    Comments and order of the chip file stay. Returns the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = [
        result._asdict() | {"error": spread(result.errors), "score": spread(result.scores)}
        for result in tuning.results
    ]
    suggestions = [found._asdict() for found in tuning.suggestions]
    paths = [folder / "tune.json"]
    write_json(
        paths[0], {"suggestions": suggestions, "results": results, "steps": tuning.steps, "better": tuning.better}
    )
    if tuning.better:
        paths.append(folder / source.name)
        with replacing(paths[1]) as file:
            text = changed(source.read_text(encoding="utf-8"), tuning.results[1].changes)
            file.write(moved(text, source.parent, folder).encode())
    return paths


def changed(text: str, changes: dict[str, Any]) -> str:
    """A chip file with other values of some keys; all else in it stays as it is written."""
    document = tomlkit.parse(text)
    for key, value in changes.items():
        section, _, entry = key.rpartition(".")
        document.setdefault(section, {})[entry] = value
    return tomlkit.dumps(document)


def moved(text: str, before: Path, after: Path) -> str:
    """A chip file whose paths, which begin in its folder, lead to the same data from another folder."""
    document = tomlkit.parse(text)
    data = document.get("data", {})
    for key in ("file", "test_file"):
        if key in data:
            paths = data[key] if isinstance(data[key], list) else [data[key]]
            new = [path if isabs(path) else relpath(before / path, after) for path in paths]
            data[key] = new if isinstance(data[key], list) else new[0]
    return tomlkit.dumps(document)


def spread(values: list[float]) -> dict[str, float] | None:
    """Mean and standard deviation; None of no values."""
    return {"mean": fmean(values), "std": pstdev(values)} if values else None


def progress() -> Progress:
    """A bar over the steps of all runs."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(None),
        TextColumn("{task.completed:,} of {task.total:,} steps"),
        TimeRemainingColumn(),
        transient=True,
    )
