"""Clock that a component reaches on an FPGA when it is placed and routed alone, by nextpnr.

A component has more ports than an FPGA has pins: here a shift register drives its inputs, and another one takes
its outputs, so that every path of the component begins and ends in a register and its ports need three pins.

What has been placed before, as the same Verilog by the same tools, is taken from build/logic.
"""

import json
import sys
import time
from hashlib import sha256
from importlib import metadata
from typing import Any, NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from .files import write_json
from .synthesis import CACHE, VERSION, text_of


class Part(NamedTuple):
    """An FPGA: Yosys's command, nextpnr's program and options, and what it calls the resources that are counted."""

    family: str
    synth: str
    program: str
    options: tuple[str, ...]
    cells: str
    rams: str


_ICE40 = ("iCE40", "synth_ice40 -top block", "nextpnr-ice40")
_ECP5 = ("ECP5", "synth_ecp5 -top block", "nextpnr-ecp5")
PARTS = {
    "UP5K": Part(*_ICE40, ("--up5k", "--package", "sg48"), "ICESTORM_LC", "ICESTORM_RAM"),
    "HX8K": Part(*_ICE40, ("--hx8k", "--package", "ct256"), "ICESTORM_LC", "ICESTORM_RAM"),
    "25F": Part(*_ECP5, ("--25k", "--package", "CABGA381", "--speed", "6"), "TRELLIS_COMB", "DP16KD"),
    "85F": Part(*_ECP5, ("--85k", "--package", "CABGA381", "--speed", "6"), "TRELLIS_COMB", "DP16KD"),
}


class Shell(Component):
    """A component between two shift registers.

    Members
    -------
    serial : bits of the inputs, one a clock.
    load : the outputs are taken, else shifted out.
    out : bits of the outputs.
    """

    serial: In(1)
    load: In(1)
    out: Out(1)

    def __init__(self, inner: Component):
        self._inner = inner
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = inner = self._inner
        inputs, outputs = [], []
        for _, member, port in inner.signature.flatten(inner):
            (inputs if member.flow == In else outputs).append(Value.cast(port))
        driven = Signal(sum(map(len, inputs)), reset_less=True)
        taken = Signal(sum(map(len, outputs)), reset_less=True)
        load = Signal(reset_less=True)
        m.d.sync += [
            driven.eq(Cat(self.serial, driven)),
            load.eq(self.load),
            taken.eq(Mux(load, Cat(*outputs), taken >> 1)),
            self.out.eq(taken[0]),
        ]
        m.d.comb += Cat(*inputs).eq(driven)
        return m


def place(component: Component, part: str, seed: int, label: str) -> dict[str, Any]:
    """Place and route a component in its shell.

    Parameters
    ----------
    part : str
        One of `PARTS`.
    seed : int
        Of nextpnr's placer.
    label : str
        Name for messages of progress and errors.

    Returns
    -------
    dict
        fmax_mhz; None where the part has too few cells or block RAMs.

    Raises
    ------
    Failure
        Yosys or nextpnr fails.
    """
    chip, text = PARTS[part], text_of(Shell(component))
    version = metadata.version(f"yowasp-{chip.program}")
    options = [*chip.options, "--seed", str(seed), "--freq", "200", "--timing-allow-fail"]
    digest = sha256("\n".join([VERSION, version, chip.synth, *options, text]).encode()).hexdigest()[:20]
    stored = CACHE / f"{digest}.json"
    if not stored.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        write_json(stored, _place(chip, options, text, CACHE / digest, f"{label}, {part}"))
        print(f"{label}, {part}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return json.loads(stored.read_text())
