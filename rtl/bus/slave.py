"""A chip's slave on a bus: that bus's ports on one side, requests of a host on the other."""

from collections.abc import Iterable
from typing import NamedTuple

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib.wiring import Component, In, Member, Out, connect

from ...golden.chip.chip import Chip
from ...golden.link.bus_map import bus_map
from ..control.host_registers import HostRegisters, host_members
from ..lib.style import ASYNC, Style
from ..measure.inference import inference_members
from ..measure.sample_stream import stream_members
from .apb import Apb
from .axi_lite import AxiLite
from .axi_stream import TelemetryStream, axi_stream_members, input_bus_layout, sample_bus_layout
from .bridge import BusBridge
from .port import BusAdapter
from .wishbone import Wishbone

NATIVE = "native"
"""The host's own port, see `rtl.control.host_registers`."""


class Bus(NamedTuple):
    """One kind of bus.

    Attributes
    ----------
    adapter : type
        The component that speaks it.
    clock, reset : str
        What the ports of clock and reset are called there.
    low : bool
        The reset is low.
    """

    adapter: type[BusAdapter]
    clock: str
    reset: str
    low: bool


BUSES = {
    "axi": Bus(AxiLite, "aclk", "aresetn", True),
    "wishbone": Bus(Wishbone, "wb_clk_i", "wb_rst_i", False),
    "apb": Bus(Apb, "pclk", "presetn", True),
}
"""Buses by name."""


def bus_members(chip: Chip, bus: str) -> dict[str, Member]:
    """Members of a top towards its host: the native port, or all of a bus: clock, reset, slave, interrupt, streams."""
    if bus == NATIVE:
        return host_members(refuses=False) | inference_members(chip)
    kind = BUSES[bus]
    return {kind.clock: In(1), kind.reset: In(1)} | _slave_members(chip, bus) | axi_stream_members(chip)


def _slave_members(chip: Chip, bus: str) -> dict[str, Member]:
    """Members of the slave alone."""
    return BUSES[bus].adapter.ports(bus_map(chip).bits) | {"irq": Out(1)}


def connect_bus(m: Module, top: Component, registers: HostRegisters, engine: Component, style: Style) -> None:
    """Hang an engine and its registers on the bus of a top that has `bus_members`: all in the clock of that bus."""
    kind, chip = BUSES[top.bus], top.chip
    m.domains.sync = ClockDomain("sync", async_reset=style.reset == ASYNC)
    reset = getattr(top, kind.reset)
    m.d.comb += [ClockSignal().eq(getattr(top, kind.clock)), ResetSignal().eq(~reset if kind.low else reset)]
    m.submodules.bus = slave = BusSlave(chip, top.bus)
    m.submodules.telemetry = telemetry = TelemetryStream(chip.cost)
    connect(m, engine.telemetry, telemetry.telemetry)
    m.d.comb += slave.lost.eq(telemetry.lost)
    if stream_members(chip):
        samples, word = engine.samples, sample_bus_layout(chip)(top.s_axis_samples_tdata)
        m.d.comb += [samples.payload[lane].eq(word[lane]) for lane in range(len(samples.payload))]
        m.d.comb += samples.valid.eq(top.s_axis_samples_tvalid)
        m.d.comb += top.s_axis_samples_tready.eq(samples.ready)
    if inference_members(chip):
        word = input_bus_layout(chip)(top.s_axis_inputs_tdata)
        m.d.comb += [engine.inputs.payload[lane].eq(word[lane]) for lane in range(len(engine.inputs.payload))]
        m.d.comb += [
            engine.inputs.valid.eq(top.s_axis_inputs_tvalid),
            top.s_axis_inputs_tready.eq(engine.inputs.ready),
            top.m_axis_outputs_tdata.eq(engine.outputs.payload.code),
            top.m_axis_outputs_tlast.eq(engine.outputs.payload.last),
            top.m_axis_outputs_tvalid.eq(engine.outputs.valid),
            engine.outputs.ready.eq(top.m_axis_outputs_tready),
        ]
    for part in (slave, telemetry):
        join_members(m, part, top, [name for name in part.signature.members if hasattr(top, name)])
    join_members(m, registers, slave, host_members(refuses=True))


def join_members(m: Module, inner: Component, outer: Component, names: Iterable[str]) -> None:
    """Connect ports of the same name: as the inner one's inputs and outputs are."""
    for name in names:
        here, there = getattr(inner, name), getattr(outer, name)
        m.d.comb += here.eq(there) if inner.signature.members[name].flow == In else there.eq(here)


class BusSlave(Component):
    """Registers and memories of a chip on a bus.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    bus : str
        Key of `BUSES`.

    Members
    -------
    s_axi_..., wbs_..., p... : see `AxiLite`, `Wishbone`, `Apb`.
    irq, lost, host_valid, ..., refused : see `BusBridge`.
    """

    def __init__(self, chip: Chip, bus: str):
        self.chip, self.bus = chip, bus
        host = {name: member.flip() for name, member in host_members(refuses=True).items()}
        super().__init__({**_slave_members(chip, bus), **host, "lost": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.bridge = bridge = BusBridge(self.chip)
        m.submodules.adapter = adapter = BUSES[self.bus].adapter(bridge.map.bits)
        connect(m, adapter.bus, bridge.bus)
        for part in (adapter, bridge):
            join_members(m, part, self, [name for name in self.signature.members if hasattr(part, name)])
        return m
