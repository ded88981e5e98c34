"""What is made of a chip description without training it: `ohmgrad generate`, `verify`."""

from pathlib import Path
from typing import Annotated

import typer

from .exits import one_sentence
from .options import ChipFile, Data, described


def generate(
    chip: ChipFile,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")],
) -> None:
    """Write the chip's Verilog and what belongs to it: names, memory map, lint waivers."""
    with one_sentence():
        from ...golden.chip.chip import Chip
        from ..generate import generate as run

        for path in run(Chip(described(chip, rtl=True)), output):
            print(path)


def verify(
    chip: ChipFile,
    data: Data = None,
    netlist: Annotated[
        int, typer.Option(metavar="STEPS", min=0, help="Simulate the synthesised iCE40 netlist instead, so many steps.")
    ] = 0,
) -> None:
    """Prove on this chip, by simulation, that its RTL equals the golden model bit for bit."""
    with one_sentence():
        from ...golden.chip.chip import Chip

        chosen = Chip(described(chip, rtl=True))
        if netlist:
            from ...fpga.simulation.netlist import verify as simulate

            simulate(chosen, netlist)
        else:
            from ..verify import verify as run

            run(chip, chosen)
