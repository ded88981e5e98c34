"""`ohmgrad generate`: the chip's Verilog, and what belongs to it."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from amaranth.hdl import Shape

from ..fpga.errors import require_emulated
from ..golden.chip.chip import Chip
from ..golden.chip.memories import memories
from ..golden.chip.memory_map import ADDRESS_BITS, CALIBRATE, EVALUATE, INDEX_BITS, START, STOP, Region, Register
from ..golden.state import FLAGS
from ..rtl.lib.ram import WAIVERS
from ..rtl.top import NAME, Top, verilog

CLOCKS = {"clk": "clock, rising edge", "rst": "synchronous reset, high"}
PORTS = {
    "host_valid": "a request is offered",
    "host_ready": "the request is taken in this clock",
    "host_write": "1 writes, 0 reads",
    "host_address": "region and index, see memory_map",
    "host_data": "value to write",
    "reply_valid": "high for one clock with the answer to a read",
    "reply_data": "the answer, sign-extended",
    "busy": "a run is under way, or the devices are being made after reset",
    "learning": "a run is under way, no evaluation or calibration",
    "flags": "sticky flags, see memory_map",
}


def generate(chip: Chip, folder: Path) -> list[Path]:
    """Write `chip.v`, `chip.json` and `waivers.vlt`.

    Parameters
    ----------
    chip : Chip
    folder : Path
        Is made where it does not exist; files appear all at once.

    Returns
    -------
    list of Path
        The files: Verilog with top module `chip`; ports, parameters, memory map and hierarchical
        names as JSON; lint waivers, which `verilator --lint-only -Wall waivers.vlt chip.v` needs.

    Raises
    ------
    NotEmulated
        The chip has defects, which the RTL has not.
    """
    require_emulated(chip.config)
    top = Top(chip)
    texts = {
        f"{NAME}.v": verilog(top),
        f"{NAME}.json": json.dumps(describe(chip, top), indent=2) + "\n",
        WAIVERS.name: WAIVERS.read_text(),
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        for name, text in texts.items():
            Path(scratch, name).write_text(text)
        folder.mkdir(exist_ok=True)
        return [Path(shutil.move(Path(scratch, name), folder / name)) for name in texts]


def describe(chip: Chip, top: Top) -> dict[str, Any]:
    """The side-car: what a testbench or a host needs to know of the Verilog."""
    return {
        "name": chip.config.name,
        "top": NAME,
        "ports": [
            {"name": name, "direction": "input", "width": 1, "description": text} for name, text in CLOCKS.items()
        ]
        + [
            {
                "name": name,
                "direction": "input" if member.flow.name == "In" else "output",
                "width": Shape.cast(member.shape).width,
                "description": PORTS[name],
            }
            for name, member in top.signature.members.items()
        ],
        "parameters": parameters(chip),
        "memory_map": {
            "address_bits": ADDRESS_BITS,
            "index_bits": INDEX_BITS,
            "regions": {region.name: region.value for region in Region},
            "registers": {register.name: register.value for register in Register},
            "control": {"start": START, "stop": STOP, "evaluate": EVALUATE, "calibrate": CALIBRATE},
            "flags": {name: bit for bit, name in enumerate(FLAGS)},
        },
        "memories": places(chip),
    }


def parameters(chip: Chip) -> dict[str, Any]:
    """All integers of all blocks, by block, and the units of their words."""
    blocks = (
        "sequencer", "codes", "factor_codes", "outer", "samples", "crossbar", "cost", "correlator", "window", "average",
    )  # fmt: skip
    found = {name: block for name in blocks if (block := getattr(chip, name)) is not None} | chip.path.parameters()
    return {
        "layers": list(chip.layout.layers),
        "lanes": chip.layout.lanes,
        "parameters": chip.layout.parameters,
        "words": chip.layout.words,
        "neuron": chip.neuron._asdict(),
        **{name: block if isinstance(block, dict) else _integers(block) for name, block in found.items()},
        "units": {"theta": chip.state_unit, "weight": chip.weight_unit, "gradient": chip.gradient_unit},
    }


def _integers(block: Any) -> dict[str, Any]:
    """Fields of a block's configuration, without the other configurations in it, which have their own place."""
    return {name: value for name, value in block._asdict().items() if not hasattr(value, "_asdict")}


def places(chip: Chip) -> dict[str, Any]:
    """Where the words of each memory are: parameter i is entry i // lanes of lane i % lanes.

    H and its means stand in the order of `golden.blocks.tiki_taka.lines`, in one lane, if there is a fast array.
    """
    return {
        memory.symbol: {
            "lanes": [f"{NAME}.{memory.path}.lane{lane}.memory" for lane in range(memory.lanes)],
            "words": memory.depth,
            "bits": memory.bits,
        }
        for memory in memories(chip)
        if memory.lanes
    }
