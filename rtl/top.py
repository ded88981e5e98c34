"""The chip: engine, array and host port as one Verilog module; or the engine alone, with its array's port outside;
or with a front end between the two.

`ohmgrad generate` writes it, with names and addresses as JSON.
"""

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib.wiring import Component, Member, Out, Signature, connect, flipped

from ..golden.chip.chip import Chip
from ..golden.chip.registers import constants
from ..golden.state import FAULT
from .array.bring_up import BringUp
from .array.emulated import EmulatedArray
from .array.guard import ArrayGuard
from .array.port import ArrayPort
from .array.rails import RailSequence
from .array.rails_port import RailPort
from .bus.slave import NATIVE, bus_members, connect_bus, join_members
from .control.control_port import connect_control
from .control.host_registers import HostRegisters, host_members
from .engine import Engine
from .front_ends.converter_array import ConverterArrayPins
from .lib import verilog as text
from .lib.style import Style
from .measure.cost import Telemetry
from .measure.inference import inference_members
from .measure.sample_stream import stream_members

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
    samples : samples that come by a stream, see `rtl.engine.Engine`.
    """

    def __init__(self, chip: Chip, bus: str = NATIVE):
        self.chip, self.bus = chip, bus
        super().__init__({**bus_members(chip, bus), "array": Out(outer_port(chip)), **told_members(chip, bus)})

    def elaborate(self, platform):
        m = Module()
        engine, port = _controlled(m, self, platform)
        connect(m, port, flipped(self.array))
        _told(m, self, engine)
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

    def __init__(self, chip: Chip, array: Component | None = None, bus: str = NATIVE):
        self.chip, self.bus = chip, bus
        self.array = array or EmulatedArray(chip)
        super().__init__(bus_members(chip, bus))

    def elaborate(self, platform):
        m = Module()
        engine, port = _controlled(m, self, platform)
        m.submodules.array = self.array
        if isinstance(self.array, EmulatedArray) and "seed" not in constants(self.chip):
            m.d.comb += [self.array.seed.eq(engine.settings.seed), self.array.renewed.eq(engine.renewed)]
        connect(m, port, self.array.array)
        return m


class FrontTop(Component):
    """Engine and front end, run by a host; the array is outside.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    front : Component, optional
        With members `array`, `In` of `outer_port`, and `pins`; without one that of the chip file.

    Members
    -------
    host_valid, ..., flags : see `rtl.control.host_registers.HostRegisters`.
    pins : those of the front end.
    telemetry, samples : as in `EngineTop`.
    """

    def __init__(self, chip: Chip, front: Component | None = None, bus: str = NATIVE):
        self.chip, self.bus, self.front = chip, bus, front or ConverterArrayPins(chip, chip.front_end)
        pins = self.front.signature.members["pins"]
        super().__init__({**bus_members(chip, bus), "pins": pins, **told_members(chip, bus)})

    def meaning(self, *names: str) -> str:
        """What a port is for, by its place in `pins`."""
        return self.front.meaning(*names)

    def elaborate(self, platform):
        m = Module()
        engine, port = _controlled(m, self, platform)
        m.submodules.front = self.front
        connect(m, port, self.front.array)
        connect(m, self.front.pins, flipped(self.pins))
        _told(m, self, engine)
        return m


def top_of(chip: Chip, name: str, bus: str = NATIVE) -> Top | EngineTop | FrontTop:
    """What is generated: of `engine` the engine alone, of `chip` all; with a front end that in place of the array."""
    if name == "engine":
        return EngineTop(chip, bus)
    return FrontTop(chip, bus=bus) if chip.front_end else Top(chip, bus=bus)


def _controlled(m: Module, top: Component, platform) -> tuple[Engine, object]:
    """An engine as a submodule, with registers whose host is the top's, and its port towards the array."""
    chip = top.chip
    m.submodules.engine = engine = Engine(chip)
    m.submodules.registers = registers = HostRegisters(chip, refuses=top.bus != NATIVE)
    connect_control(m, chip, engine, registers.engine)
    m.d.comb += registers.array_busy.eq(engine.array.busy)
    if top.bus == NATIVE:
        join_members(m, registers, top, host_members(refuses=False))
        if inference_members(chip):
            connect(m, flipped(top.inputs), engine.inputs)
            connect(m, engine.outputs, flipped(top.outputs))
    else:
        connect_bus(m, top, registers, engine, getattr(platform, "style", Style()))
    return engine, _outer(m, chip, engine, registers)


def told_members(chip: Chip, bus: str) -> dict[str, Member]:
    """What the native port leaves to members of their own: telemetry, and samples that come by a stream."""
    return {"telemetry": Out(Telemetry(chip.cost)), **stream_members(chip)} if bus == NATIVE else {}


def _told(m: Module, top: Component, engine: Engine) -> None:
    """Connect `told_members`."""
    for name in told_members(top.chip, top.bus):
        inner, outer = getattr(engine, name), flipped(getattr(top, name))
        connect(m, *((inner, outer) if name == "telemetry" else (outer, inner)))


def outer_port(chip: Chip) -> Signature:
    """Signature of what goes to the array: `rtl.array.port.ArrayPort`; of one rail `rtl.array.rails_port.RailPort`."""
    return RailPort(chip) if chip.rail else ArrayPort(chip)


def _outer(m: Module, chip: Chip, engine: Engine, registers: HostRegisters):
    """The port towards the array, with what stands between it and the engine."""
    if chip.emulated:
        return engine.array
    port = engine.array
    if chip.rail:
        m.submodules.rails = rails = RailSequence(chip)
        connect(m, port, rails.array)
        m.d.comb += rails.clocks.eq(engine.settings.settle)
        port = rails.outer
    m.submodules.guard = guard = ArrayGuard(outer_port(chip), chip.path.pulsed, chip.config.engine.timeout)
    connect(m, port, guard.engine)
    m.d.comb += [
        guard.running.eq(engine.busy),
        guard.enable.eq(registers.pulses),
        guard.clear.eq(~engine.busy & ~registers.flags[FAULT]),
        registers.fault.eq(guard.fault),
    ]
    if not chip.config.engine.bring_up:
        return guard.array
    m.submodules.bring_up = bring_up = BringUp(outer_port(chip), chip)
    connect(m, guard.array, bring_up.engine)
    m.d.comb += [bring_up.mode.eq(registers.bring_up), bring_up.running.eq(engine.busy)]
    m.d.comb += bring_up.clocks.eq(engine.settings.settle)
    return bring_up.array


def verilog(top: Component, name: str = NAME, style: Style = Style()) -> str:  # noqa: B008
    """Verilog of a component around a chip; the top module has this name; see `rtl.lib.verilog.verilog`."""
    return text.verilog(top, name, style)


class Simulated(Component):
    """A chip as simulators have it: its reset comes by a register, a clock late.

    Nearly all that registers take depends on the reset. If that is an input, Verilator computes it all at both edges of
    the clock, and in code of its own.
    """

    def __init__(self, chip: Component):
        self.chip = chip
        super().__init__(chip.signature)

    def elaborate(self, platform):
        m, held = Module(), Signal(init=1, reset_less=True, name="held")
        m.domains.held = ClockDomain("held", local=True)
        m.d.sync += held.eq(ResetSignal())
        m.d.comb += [ClockSignal("held").eq(ClockSignal()), ResetSignal("held").eq(held)]
        m.submodules.chip = DomainRenamer("held")(self.chip)
        connect(m, self.chip, flipped(self))
        return m


def generate(chip: Chip) -> str:
    """Verilog of a chip for simulators, see `Simulated` and `verilog`."""
    return verilog(Simulated(Top(chip)))
