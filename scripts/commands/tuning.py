"""`ohmgrad tune`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .exits import one_sentence
from .options import ChipFile, Data, Seed, Steps, described

if TYPE_CHECKING:
    from ..tuning.tune import Tuning


def tune(
    chip: ChipFile,
    budget: Annotated[
        int | None,
        typer.Option(min=1000, help="Steps of the search; else its longest run is as long as the chip file's."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each chip that is compared at the end.")] = 5,
    steps: Steps = None,
    seed: Seed = None,
    data: Data = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Gets a folder NAME.")] = Path("build/tune"),
) -> None:
    """Suggest amplitude, eta, ADC range and widths for a chip file, by a short search on golden.

    Amplitude and eta (of tiki-taka also fast.rate) are searched by many short runs, of which the best go on; range
    and widths follow from what they lose of C~. Then the chip of the file, the tuned one, and the tuned one with the
    least widths are trained with several seeds. If the tuned one is better, the chip file with its values is written
    into build/tune/NAME, beside tune.json.
    """
    with one_sentence():
        from ..tuning.tune import planned, progress, score_name, write
        from ..tuning.tune import tune as run

        config = described(chip, steps, seed)
        longest, total = planned(config, budget, seeds)
        print(f"{config.name}: {total:,} steps of golden, the longest run of the search {longest:,}")
        with progress() as bar:
            task = bar.add_task("", total=total)
            found = run(config, budget, seeds, lambda done, what: bar.update(task, advance=done, description=what))
        _print(found, score_name(config))
        for path in write(found, chip, output / config.name):
            print(path)


def _print(found: "Tuning", score: str) -> None:
    """Tables of what is suggested, and of how it compares."""
    from rich.console import Console
    from rich.table import Table

    from ..tuning.tune import spread

    console = Console(highlight=False)
    if found.suggestions:
        table = Table("key", "now", "better", "", "why")
        for key, now, better, needed, why in found.suggestions:
            table.add_row(key, f"{now:g}", f"{better:g}", "" if needed else "saves", why)
        console.print(table)
    table = Table("chip", "error", score)
    for result in found.results:
        cells = (spread(values) for values in (result.errors, result.scores))
        table.add_row(result.what, *(f"{c['mean']:.4g} +- {c['std']:.2g}" if c else "-" for c in cells))
    console.print(table)
    kept = "Keep the chip file's values: their error is lower."
    verdict = "The tuned chip has the lower error." if found.better else kept
    console.print(f"{found.steps:,} steps were done. {verdict}")
