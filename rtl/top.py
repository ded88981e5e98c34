"""The chip: engine, array and host port as one Verilog module; or the engine alone, with its array's port outside.

`ohmgrad generate` writes it, with names and addresses as JSON.
"""

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out, Signature, connect, flipped

from ..golden.chip.chip import Chip
from .array.emulated import EmulatedArray
from .array.port import ArrayPort
from .array.rails import RailSequence
from .array.rails_port import RailPort
from .control.control_port import connect_control
from .control.host_registers import HOST, HostRegisters
from .engine import Engine
from .lib import verilog as text
from .measure.cost import Telemetry

NAME = "chip"
"""Name of the top module."""


class EngineTop(Component):
    """Engine and registers, run by a host, for an array outside.

    Parameters
    ----------
    chip : golden.chip.chip.Chip

    Members
    -------
    host_valid, ..., flags : see `rtl.control.host_registers.HostRegisters`.
    array : see `outer_port`.
    telemetry : what was measured, see `rtl.measure.cost.Telemetry`.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        super().__init__({**HOST, "array": Out(outer_port(chip)), "telemetry": Out(Telemetry(chip.cost))})

    def elaborate(self, platform):
        m = Module()
        engine = _controlled(m, self)
        connect(m, _outer(m, self.chip, engine), flipped(self.array))
        connect(m, engine.telemetry, flipped(self.telemetry))
        m.d.comb += m.submodules.registers.array_busy.eq(self.array.busy)
        return m


class Top(Component):
    """Engine and array, run by a host.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    array : Component, optional
        Anything that has a member `array`, `In` of `outer_port`; without one the chip's emulated array.

    Members
    -------
    host_valid, ..., flags : see `rtl.control.host_registers.HostRegisters`.
    """

    def __init__(self, chip: Chip, array: Component | None = None):
        self.chip = chip
        self.array = array or EmulatedArray(chip)
        super().__init__(HOST)

    def elaborate(self, platform):
        m = Module()
        engine = _controlled(m, self)
        m.submodules.array = self.array
        connect(m, _outer(m, self.chip, engine), self.array.array)
        m.d.comb += m.submodules.registers.array_busy.eq(engine.array.busy)
        return m


TOPS = {"chip": Top, "engine": EngineTop}
"""What can be generated, by the name of the top module."""


def _controlled(m: Module, top: Component) -> Engine:
    """An engine as a submodule, with registers whose host is the top's."""
    chip = top.chip
    m.submodules.engine = engine = Engine(chip)
    m.submodules.registers = registers = HostRegisters(chip)
    connect_control(m, chip, engine, registers.engine)
    for name, member in HOST.items():
        inner, outer = getattr(registers, name), getattr(top, name)
        m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
    return engine


def outer_port(chip: Chip) -> Signature:
    """Signature of what goes to the array: `rtl.array.port.ArrayPort`; of one rail `rtl.array.rails_port.RailPort`."""
    return RailPort(chip) if chip.rail else ArrayPort(chip)


def _outer(m: Module, chip: Chip, engine: Engine):
    """The port towards the array, with what stands between it and the engine."""
    if not chip.rail:
        return engine.array
    m.submodules.rails = rails = RailSequence(chip)
    connect(m, engine.array, rails.array)
    m.d.comb += rails.clocks.eq(engine.settings.settle)
    return rails.outer


def verilog(top: Component, name: str = NAME) -> str:
    """Verilog of a component around a chip, one text with all modules; the top module has this name."""
    return text.verilog(top, name)


def generate(chip: Chip) -> str:
    """Verilog of a chip, see `verilog`."""
    return verilog(Top(chip))
