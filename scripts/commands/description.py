"""What is made of a chip description without training it: `ohmgrad generate`, `verify`, `replay`."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .exits import one_sentence
from .options import BusName, ChipFile, Data, FrontEndName, Seed, TopName, described


class Memories(StrEnum):
    """`rtl.lib.style.Style.memories`."""

    fpga = "fpga"
    macro = "macro"


class Tables(StrEnum):
    """`rtl.lib.style.Style.tables`."""

    memory = "memory"
    case = "case"


class Reset(StrEnum):
    """`rtl.lib.style.Style.reset`."""

    sync = "sync"
    asynchronous = "async"


def generate(
    chip: ChipFile,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")],
    top: Annotated[TopName, typer.Option(help="The engine with its array; or alone, for an array of your own.")] = (
        TopName.chip
    ),
    front_end: Annotated[
        FrontEndName | None,
        typer.Option(help="Converters before an array outside, in place of front_end.kind.", show_default=False),
    ] = None,
    bus: Annotated[
        BusName, typer.Option(help="What the host is on; a bus brings register files and streams of AXI4-Stream.")
    ] = BusName.native,
    memories: Annotated[
        Memories, typer.Option(help="As FPGAs have them; or modules for macros, and nothing with a value at power-up.")
    ] = Memories.fpga,
    tables: Annotated[
        Tables, typer.Option(help="Memories with initial contents; or case statements before a register.")
    ] = Tables.memory,
    reset: Annotated[Reset, typer.Option(help="At the clock; or at any time, but ended with it.")] = Reset.sync,
    mhz: Annotated[
        float | None,
        typer.Option(min=0.001, help="Clock of the constraints; else a front end's, or 100.", show_default=False),
    ] = None,
) -> None:
    """Write the chip's Verilog and what belongs to it: names, memory map, lint waivers; a bench for your own array."""
    with one_sentence():
        from ...golden.chip.chip import Chip
        from ...golden.errors import ConfigError
        from ...rtl.lib.style import Style
        from ..generate import generate as run

        style = Style(memories, tables, reset)
        config = described(chip, rtl=True, outside=True)
        if front_end and top == TopName.engine:
            raise ConfigError(f"--front-end: {front_end} is behind the port of --top engine; allowed is --top chip.")
        if front_end:
            config = config.with_(**{"front_end.kind": front_end.value})
        for path in run(Chip(config), output, top, chip, style, bus, mhz):
            print(path)


def verify(
    chip: ChipFile,
    data: Data = None,
    netlist: Annotated[
        int, typer.Option(metavar="STEPS", min=0, help="Simulate the synthesised iCE40 netlist instead, so many steps.")
    ] = 0,
    waves: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Gets waveforms of every signal, as VCD.", show_default=False),
    ] = None,
) -> None:
    """Prove on this chip, by simulation, that its RTL equals the golden model bit for bit."""
    with one_sentence():
        from ...golden.chip.chip import Chip

        chosen = Chip(described(chip, rtl=True, outside=not netlist))
        if netlist:
            from ...fpga.simulation.netlist import verify as simulate

            simulate(chosen, netlist)
        else:
            from ..verify import verify as run

            run(chip, chosen, waves)


def replay(
    trace: Annotated[Path, typer.Argument(metavar="TRACE.NPZ", help="Trace of a run.", show_default=False)],
    chip: ChipFile,
    seed: Seed = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Compute a recorded run again from the costs that its array answered, and compare every word."""
    with one_sentence():
        from rich.console import Console

        from ...fpga.errors import Mismatch
        from ...golden.chip.chip import Chip
        from ...golden.replay import Difference
        from ...golden.replay import replay as run

        with Console(stderr=True).status("replay") as status:
            chosen = Chip(described(chip, seed=seed, outside=True))
            try:
                found = run(trace, chosen, lambda steps: status.update(f"replay: {steps:,} steps"))
            except Difference as difference:
                raise Mismatch(str(difference)) from None
        if as_json:
            print(json.dumps(found._asdict()))
        else:
            print(f"{trace}: {found.steps:,} steps, {found.words:,} words: golden makes the same of their costs.")
