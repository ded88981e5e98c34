"""`ohmgrad reproduce`: runs studies, shows how far they are, and writes their pages."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..fpga.errors import Failure, Interrupted
from .studies import framework
from .studies.framework import PAPERS, Options, ResultStore, cell


class UnknownStudy(Failure):
    """There is no such study."""

    code = 2


def reproduce(paper: str, names: Sequence[str], options: Options, output: Path) -> list[Path]:
    """Run studies, all of a paper's if none is named, and write their pages.

    Parameters
    ----------
    paper : str
        A key of `framework.PAPERS`.
    names : sequence of str
        Studies of it.
    options : Options
    output : Path
        Gets NAME.md, NAME.json and NAME.png for each study.

    Returns
    -------
    list of Path
        The pages.

    Raises
    ------
    UnknownStudy
        Before anything is run.
    Interrupted
        Ctrl-C; results of finished units are kept, and the same command goes on behind them.
    """
    if paper not in PAPERS:
        raise UnknownStudy(f"{paper}: no such group of studies; there are {', '.join(PAPERS)}.")
    for name in names:
        if name not in PAPERS[paper]:
            raise UnknownStudy(f"{name}: no such study of {paper}; there are {', '.join(PAPERS[paper])}.")
    console = Console(highlight=False)
    pages = []
    for name in names or PAPERS[paper]:
        study = framework.study(name)
        units = study.units(options)
        store = ResultStore(framework.STORE / paper / f"{name}.jsonl")
        try:
            with _progress(console) as bar:
                task = bar.add_task(name, total=len(units))
                inner = bar.add_task("", total=1.0)

                def progress(unit: int, step: int, steps: int, bar=bar, task=task, inner=inner) -> None:
                    bar.update(task, completed=unit)
                    bar.update(inner, completed=step, total=steps, description=f"{step:,} of {steps:,} steps")

                results = framework.run(study, units, store, progress)
                bar.remove_task(inner)
        except KeyboardInterrupt:
            raise Interrupted(f"Interrupted in {name}; the same command goes on from its last result.") from None
        flags = f"{f' --seeds {options.seeds}' if options.seeds else ''}{' --quick' if options.quick else ''}"
        pages.append(framework.write(study, results, output, f"ohmgrad reproduce {paper} {name}{flags}"))
        _show(console, study.rows(results))
    return pages


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _show(console: Console, rows: list[framework.Json]) -> None:
    if rows:
        table = Table(*rows[0])
        for row in rows:
            table.add_row(*map(cell, row.values()))
        console.print(table)
