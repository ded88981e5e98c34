"""Bitstreams: a chip on a board, by Yosys and nextpnr; `ohmgrad build`.

What the tools have done before, with the same input and in the same version, is taken from `CACHE`.
"""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ...golden.chip.chip import Chip
from ...rtl.lib.ram import TEXT
from ...rtl.lib.verilog import elaborating
from ..board.boards import Board, OnBoard, baud
from ..board.clocks import Clock
from ..errors import Failure
from ..files import replacing, write_all, write_json
from .stages import Done, StageError, run, version
from .timing import clocks, slack
from .utilisation import of_log, of_netlist, of_report, too_much

CACHE = Path("build/boards/cache")
SYNTHESIS = {
    # A read of block RAM that meets a write of the same word may give anything, as nothing uses it.
    "ice40": "-device u -dsp -spram -no-rw-check",
    "ecp5": "-no-rw-check",
    "xilinx": "",
}
"""Options of Yosys's synth_ice40 and synth_ecp5."""
MADE = {"ice40": ("top.asc", "top.bin"), "ecp5": ("top.config", "top.bit")}
"""What placement and packing write."""
VENDORS = {"xilinx": ("top.v", "ram.v", "top.xdc", "top.tcl")}
"""Families that no tool here can place, and the files that their vendor's tool reads."""
FULL = re.compile(r"no BELs remaining|[Uu]nable to (find|place)|failed to place", re.IGNORECASE)
"""What nextpnr says where a design does not fit."""


class DoesNotFit(Failure):
    """The FPGA has not enough of something; the text says of what, and by how much."""

    code = 2


class TooSlow(Failure):
    """The clock asked for is not reached; the text names both."""


class Target(NamedTuple):
    """What is built: a chip on a board with an engine clock."""

    chip: Chip
    board: Board
    clock: Clock

    @property
    def name(self) -> str:
        return f"{self.chip.config.name} on {self.board.name}"


class Design(NamedTuple):
    """Files of a target, and the commands that make its bitstream: for synthesis, placement and packing."""

    files: dict[str, str]
    commands: list[list[str]]


def target(chip: Chip, board: Board, mhz: float | None) -> Target:
    """A chip on a board with a clock of so many MHz, or with the board's own.

    Raises
    ------
    Failure
        The clock cannot be made.
    """
    try:
        clock = board.clock(mhz or board.mhz)
        baud(clock.hz)
    except ValueError as error:
        failure = Failure(f"{board.name}: {error}")
        failure.code = 2
        raise failure from None
    return Target(chip, board, clock)


def design(what: Target) -> Design:
    """Elaborate a target."""
    platform = what.board.platform()
    platform.add_file("ram.v", TEXT)
    with elaborating():
        plan = platform.build(
            OnBoard(what.chip, what.board, what.clock), do_build=False, emit_src=False,
            synth_opts=SYNTHESIS[what.board.family], script_after_synth="tee -q -o top.stat stat -json",
            nextpnr_opts="--report top.report --timing-allow-fail",
        )  # fmt: skip
    assert plan is not None
    # Yosys 0.70 fails silently in ABC where a wire has the name of one bit of a port.
    files = dict(plan.files)
    if "top.il" in files:
        files["top.il"] = re.sub(r"(\\[^\s\[\]]+)\[(\d+)\]", r"\1__at\2", files["top.il"])
    return Design(files, json.loads(files["build_top.json"])["commands"])


def synthesise(files: dict[str, str], command: list[str], cache: Path = CACHE) -> Done:
    """Netlist top.json and its cells, top.stat."""
    inputs = {name: text for name, text in files.items() if name in ("top.il", "top.ys", "ram.v")}
    return run(command, inputs, ("top.json", "top.stat"), cache)


def build(what: Target, seeds: int, folder: Path, say: Callable[[str], Any], cache: Path = CACHE) -> dict[str, Any]:
    """Make a bitstream and build.json in a folder.

    Parameters
    ----------
    what : Target
        Of a family that is not in `VENDORS`.
    seeds : int
        Placements that are tried at most, until one reaches the clock.
    folder : Path
    say : callable
        Told in a few words what begins.

    Returns
    -------
    dict
        What build.json has: chip, board; clock_hz, divisor, baud; clocks (name: MHz asked for and reached), fmax_mhz
        (of the engine), met; used and has (by resource), netlist (used, counted
        before placement); seed, seconds (by stage), tools; bitstream, sha256.

    Raises
    ------
    DoesNotFit
    TooSlow
        build.json is there, without a bitstream.
    Failure
        A tool fails.
    """
    say("Verilog")
    files, (synthesis, placement, packing) = design(what)
    say("synthesis")
    netlist = synthesise(files, synthesis, cache)
    used = of_netlist(netlist.json("top.stat")["design"]["num_cells_by_type"])
    _require_fit(what, used, what.board.has)

    constraints = {name: text for name, text in files.items() if name.endswith((".pcf", ".lpf"))}
    inputs = constraints | {"top.json": netlist.read("top.json")}
    tried: list[tuple[float, Done, int]] = []
    for number in range(1, seeds + 1):
        say(f"placement and routing, seed {number}")
        found = _place(what, [*placement, "--seed", str(number)], inputs, cache)
        tried.append((slack(clocks(found.json("top.report"))), found, number))
        if tried[-1][0] >= 0:
            break
    margin, placed, seed = max(tried, key=lambda one: one[0])
    report = placed.json("top.report")
    found = clocks(report)
    engine = min(found.values(), key=lambda clock: abs(clock.asked - what.clock.hz / 1e6))
    more, there = of_report(report["utilization"])
    rate, divisor = baud(what.clock.hz)
    result = {
        "chip": what.chip.config.name, "board": what.board.name,
        "clock_hz": what.clock.hz, "divisor": divisor, "baud": rate,
        "clocks": {name: clock._asdict() for name, clock in found.items()},
        "fmax_mhz": engine.reached, "met": margin >= 0,
        "netlist": used, "used": used | more, "has": what.board.has | there, "seed": seed,
        "seconds": {"synthesis": netlist.seconds, "placement": placed.seconds},
        "tools": {command[0]: version(command[0]) for command in (synthesis, placement, packing)},
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    if result["met"]:
        say("bitstream")
        _pack(what, packing, placed, folder, result, cache)
    write_json(folder / "build.json", result)
    if not result["met"]:
        raise TooSlow(
            f"{what.name} reaches {result['fmax_mhz']:g} MHz, not {what.clock.hz / 1e6:g} MHz (seed {seed}, the best "
            f"of {seeds}): ask for a slower clock by --mhz, or for more placements by --seeds."
        )
    return result


def write_sources(what: Target, folder: Path) -> list[Path]:
    """Write the files of `VENDORS`."""
    files = design(what).files
    return write_all(folder, {name: files[name] for name in VENDORS[what.board.family]})


def _place(what: Target, command: list[str], inputs: dict[str, str | bytes], cache: Path) -> Done:
    """Placed and routed, with top.report and nextpnr's log."""
    try:
        return run(command, inputs, ("top.report", "top.tim", MADE[what.board.family][0]), cache)
    except StageError as error:
        if not FULL.search(error.log):
            raise
        _require_fit(what, *of_report(of_log(error.log)))
        raise DoesNotFit(f"{what.name} does not fit: nextpnr finds no place for every cell.") from None


def _require_fit(what: Target, used: dict[str, int], there: dict[str, int]) -> None:
    if words := too_much(used, there):
        raise DoesNotFit(f"{what.name} does not fit: it takes {words}.")


def _pack(what: Target, command: list[str], placed: Done, folder: Path, result: dict[str, Any], cache: Path) -> None:
    """Write the bitstream, and its name and hash into the result."""
    made, bitstream = MADE[what.board.family]
    content = run(command, {made: placed.read(made)}, (bitstream,), cache).read(bitstream)
    result["bitstream"] = f"{what.chip.config.name}{Path(bitstream).suffix}"
    result["sha256"] = sha256(content).hexdigest()
    with replacing(folder / result["bitstream"]) as file:
        file.write(content)
