"""`ohmgrad tune`: amplitude, step size, ADC range and widths for a chip file, from its data, by runs on golden."""

from collections.abc import Callable
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any, NamedTuple

import tomlkit
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ...fpga.files import replacing, write_json
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from ...golden.chip.dataset import split_of
from ...golden.engine import Engine
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
    accuracies : list of float
        Share of test samples classified right; none without test samples.
    """

    what: str
    changes: dict[str, Any]
    errors: list[float]
    accuracies: list[float]


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
    found = []
    for key, value in values.items():
        section, _, entry = key.rpartition(".")
        now = getattr(getattr(config, section), entry)
        if value != now:
            found.append(Suggestion(key, now, value, True, "the lowest error of the search"))
    return found


def _compared(
    config: ChipConfig, what: str, changes: dict[str, Any], seeds: int, tell: Callable[[int, str], None]
) -> Result:
    errors, accuracies = [], []
    for seed in range(config.seed, config.seed + seeds):
        one = config.with_(**changes).with_seed(seed)
        engine = Engine(Chip(one), split_of(one))
        state = engine.initial()
        engine.run(state, one.run.steps)
        errors.append(engine.error(state))
        accuracies += [engine.accuracy(state)] if one.dataset.test else []
        tell(one.run.steps, f"{what}: seed {seed}")
    return Result(what, changes, errors, accuracies)


def write(tuning: Tuning, source: Path, folder: Path) -> list[Path]:
    """Write `tune.json` and, if the tuned chip is better, `NAME.toml`: the chip file with the tuned values.

    Comments and order of the chip file stay. Returns the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = [
        result._asdict() | {"error": spread(result.errors), "accuracy": spread(result.accuracies)}
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
            file.write(changed(source.read_text(encoding="utf-8"), tuning.results[1].changes).encode())
    return paths


def changed(text: str, changes: dict[str, Any]) -> str:
    """A chip file with other values of some keys; all else in it stays as it is written."""
    document = tomlkit.parse(text)
    for key, value in changes.items():
        section, _, entry = key.rpartition(".")
        document.setdefault(section, {})[entry] = value
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
