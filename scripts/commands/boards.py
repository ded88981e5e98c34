"""Boards, real and virtual: `ohmgrad virtual`, `build`, `program`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .exits import one_sentence
from .options import BoardName, ChipFile, described


def virtual(
    chip: ChipFile,
    link: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Symbolic link to the terminal, until the end.", show_default=False),
    ] = None,
    divisor: Annotated[int, typer.Option(min=4, max=65535, help="Clocks a bit on the pins.")] = 8,
) -> None:
    """Run the board's RTL behind a pseudo-terminal, whose name is printed: a port for train --on board.

    Ctrl-C ends it; the signal USR1 presses its button reset.
    """
    with one_sentence():
        from ...fpga.simulation.verilate import BUILDS
        from ...fpga.simulation.virtual_board import become, build
        from ...golden.chip.chip import Chip

        print("building the board", file=sys.stderr, flush=True)
        become(build(Chip(described(chip, rtl=True)), divisor, BUILDS), divisor, link)


def build(
    chip: ChipFile,
    board: Annotated[BoardName, typer.Option(help="Board.", show_default=False)],
    mhz: Annotated[
        float | None, typer.Option(min=1, help="Engine clock, in place of the board's own.", show_default=False)
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Placements that are tried until one reaches the clock.")] = 3,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder; build/boards/NAME-BOARD if not given.", show_default=False),
    ] = None,
) -> None:
    """Make a board's bitstream, and build.json: what it takes of the FPGA, and the clock that it reaches.

    Stages that ran before with the same input are not run again. For arty-a7 Verilog, constraints and a script for
    Vivado are written.
    """
    with one_sentence():
        from ...golden.chip.chip import Chip
        from ..build_command import build_command

        build_command(Chip(described(chip, rtl=True)), board.value, mhz, seeds, output)


def program(
    source: Annotated[
        Path, typer.Argument(metavar="BITSTREAM|CHIP.TOML", help="A chip is built first.", show_default=False)
    ],
    board: Annotated[BoardName, typer.Option(help="Board.", show_default=False)],
) -> None:
    """Load a bitstream into a board, by openFPGALoader, iceprog or fujprog."""
    with one_sentence():
        from ...golden.chip.chip import Chip
        from ..build_command import program_command

        program_command(source, board.value, lambda path: Chip(described(path, rtl=True)))
