"""What tools take a chip's Verilog by: a FuseSoC core, constraints, a Vivado script, a LiteX module, a first bench."""

import json
from pathlib import Path
from string import Template
from typing import Any

from ..golden.chip.chip import Chip
from ..golden.link.bus_map import OWN, WORD, Access, BusRegister, address_of, bus_map
from ..rtl.bus.slave import BUSES, NATIVE

TEXTS = Path(__file__).parent / "package_files"
MHZ = 100.0
"""Clock of a chip of which nothing says another."""


class _Text(Template):
    """A text with places `%{name}`: `$`, `{` and `@` stand for themselves, as Verilog, Tcl and Python need them."""

    delimiter = "%"


def package_files(chip: Chip, described: dict[str, Any], mhz: float | None, sources: list[str]) -> dict[str, str]:
    """Texts by the names of their files.

    Parameters
    ----------
    chip : Chip
    described : dict
        The side-car, see `scripts.side_car.describe`.
    mhz : float, optional
        Clock of the constraints. If there is none: the one that a front end counts its times in, or `MHZ`.
    sources : list of str
        Names of the Verilog files.

    Returns
    -------
    dict of str to str
        Of a top `chip`: `chip.core` (CAPI 2), which lints, simulates and synthesises; `bench/chip_bench.v`, which reads
        all registers whose values after reset are known; `chip.sdc` and `chip.xdc`; `chip.tcl` for Vivado; on Wishbone
        `litex_chip.py`.
    """
    top, bus = described["top"], described["bus"]
    kind = BUSES.get(bus)
    clock, reset = (kind.clock, kind.reset) if kind else ("clk", "rst")
    names = {
        "top": top, "title": json.dumps(described["name"]), "version": described["tools"]["ohmgrad"],
        "clock": clock, "reset": reset, "asserted": int(not (kind and kind.low)),
        "bits": bus_map(chip).bits, "high": bus_map(chip).bits - 1,
    }  # fmt: skip
    timing = _timing(chip, described, mhz)
    texts = {
        f"{top}.core": _filled("core", names, sources=", ".join(sources)),
        f"{top}.tcl": _filled("tcl", names, sources=" ".join(sources)),
        f"{top}.sdc": _filled("sdc", names, **timing),
        f"{top}.xdc": _filled("sdc", names, **timing),
        f"bench/{top}_bench.v": _bench(chip, described, names),
    }
    if bus == "wishbone":
        texts[f"litex_{top}.py"] = _litex(described, names, sources)
    return texts


def _filled(text: str, names: dict[str, Any], **more: Any) -> str:
    """One of `TEXTS` with what stands in its places."""
    return _Text((TEXTS / f"{text}.txt").read_text()).substitute(names, **more)


def _timing(chip: Chip, described: dict[str, Any], mhz: float | None) -> dict[str, str]:
    """Period of the clock; exceptions for pins that come at any time, which the chip synchronises."""
    section = chip.config.front_end
    mhz = mhz or (section.clock / 1e6 if section else MHZ)
    free = [port["name"] for port in described["ports"] if port["description"].endswith("; synchronised")]
    if free:
        crossing = "Pins that know nothing of the clock pass two registers each:"
    else:
        crossing = "Nothing crosses from another clock into this one, so no path is an exception."
    reset = {
        "sync": "Reset is taken at the clock, and is timed as any other port.",
        "async": "Reset may begin at any time; it has to end with the clock, so its end is timed.",
    }
    return {
        "mhz": f"{mhz:g}", "period": f"{1000 / mhz:.3f}", "crossing_said": crossing,
        "crossings": "".join(f"set_false_path -from [get_ports {{{name}}}]\n" for name in free),
        "reset_said": reset[described["style"]["reset"]],
    }  # fmt: skip


def _bench(chip: Chip, described: dict[str, Any], names: dict[str, Any]) -> str:
    """A bench in plain Verilog that reads what is known after reset, and writes a word where it has to stay."""
    ports, bus = described["ports"], described["bus"]
    signals = []
    for port in ports:
        span = f"[{port['width'] - 1}:0] " if port["width"] > 1 else ""
        driven = f" = {int(port['name'].endswith('telemetry_tready'))}"
        signals.append(
            f"  reg {span}{port['name']}{driven};" if port["direction"] == "input" else f"  wire {span}{port['name']};"
        )
    return _filled(
        "bench", names, signals="\n".join(signals), checks="\n".join(f"    {line}" for line in _checks(chip, bus)),
        connections=",\n".join(f"    .{port['name']}({port['name']})" for port in ports),
        access=_filled(bus, names),
    )  # fmt: skip


def _checks(chip: Chip, bus: str) -> list[str]:
    """Statements of the bench. The native port has the first registers alone, by their numbers, and no errors."""
    native, lines = bus == NATIVE, []
    if not native:
        lines += [f"access(0, {address_of(BusRegister.STATUS)}, 0);"]
        lines += [f"while (answer[0]) access(0, {address_of(BusRegister.STATUS)}, 0);"]
    entries = [entry for entry in bus_map(chip).registers if not (native and entry.address >= OWN)]
    for entry in entries:
        if entry.reset is not None:
            lines.append(_check(entry.address // WORD if native else entry.address, entry.reset, entry.name))
    kept = next(entry for entry in entries if entry.name == "TARGET")
    place = kept.address // WORD if native else kept.address
    lines += [f"access(1, {place}, 32'h600dcafe);", _check(place, 0x600DCAFE, kept.name)]
    if not native:
        refuses = next(entry for entry in entries if entry.access == Access.READ)
        lines += [f"access(1, {refuses.address}, 0);", "if (!refused) wrong = wrong + 1;"]
    return lines


def _check(place: int, value: int, name: str) -> str:
    """One register and what has to stand there."""
    return f"check({place}, 32'h{value & 0xFFFFFFFF:08x}); // {name}"


def _litex(described: dict[str, Any], names: dict[str, Any], sources: list[str]) -> str:
    """A module of LiteX around the top."""
    of_bus = (names["clock"], names["reset"])
    others = [port for port in described["ports"] if port["name"] not in of_bus and not port["name"].startswith("wbs_")]
    inputs, outputs = (
        {port["name"]: port["width"] for port in others if port["direction"] == direction}
        for direction in ("input", "output")
    )
    return _filled("litex", names, inputs=json.dumps(inputs), outputs=json.dumps(outputs), files=json.dumps(sources))
