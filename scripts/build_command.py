"""`ohmgrad build` and `ohmgrad program`, as the command line runs them."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..fpga.board.boards import BOARDS
from ..fpga.errors import Failure, Interrupted
from ..fpga.synthesis.build import VENDORS, Target, build, target, write_sources
from ..fpga.synthesis.program import program
from ..fpga.synthesis.utilisation import rows
from ..golden.chip.chip import Chip

BUILDS = Path("build/boards")
SEEDS = 3
"""Placements that are tried, where nothing else is said."""


def build_command(chip: Chip, board: str, mhz: float | None, seeds: int, output: Path | None) -> Path:
    """Build, show a table, and return the bitstream; of a family in `VENDORS`, the folder with the sources."""
    what = target(chip, BOARDS[board], mhz)
    folder = output or BUILDS / f"{chip.config.name}-{board}"
    if what.board.family in VENDORS:
        return _sources(what, folder)
    try:
        with _stages() as say:
            result = build(what, seeds, folder, say)
    except KeyboardInterrupt:
        raise Interrupted("stopped; stages that were finished are kept.") from None
    table = Table("resource", "used", "available", "share")
    for row in rows(result["used"], result["has"]):
        table.add_row(*row)
    for name, clock in result["clocks"].items():
        table.add_row(f"clock {name}", f"{clock['reached']:.1f} MHz", f"{clock['asked']:.1f} MHz asked", "")
    Console().print(table)
    print(f"serial line: {result['baud']} baud\n\nbitstream: {folder / result['bitstream']}")
    return folder / result["bitstream"]


def program_command(source: Path, board: str, chip: Callable[[Path], Chip]) -> None:
    """Program a board with a bitstream, or with that of a chip description, which is built first."""
    if source.suffix == ".toml":
        if BOARDS[board].family in VENDORS:
            failure = Failure(f"{source}: the bitstream for {board} comes from its vendor's tool: name that file.")
            failure.code = 2
            raise failure
        source = build_command(chip(source), board, None, SEEDS, None)
    program(BOARDS[board], source)


def _sources(what: Target, folder: Path) -> Path:
    for path in write_sources(what, folder):
        print(path)
    print(
        f"\nNo tool for the FPGA of the {what.board.title} comes with ohmgrad, and these files were never placed: run\n"
        f"vivado -mode batch -source top.tcl in {folder}, and see top_timing.rpt for the clock."
    )
    return folder


@contextmanager
def _stages() -> Iterator[Callable[[str], None]]:
    """Tells of stages: a live line with the time, and a line for each that is over."""
    console = Console(stderr=True, highlight=False)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task, begun, name = None, time.perf_counter(), ""

        def over() -> None:
            if name:
                console.print(f"{name}: {time.perf_counter() - begun:.0f} s")

        def say(stage: str) -> None:
            nonlocal task, begun, name
            over()
            if task is not None:
                progress.remove_task(task)
            task, begun, name = progress.add_task(stage, total=None), time.perf_counter(), stage

        yield say
        over()
