"""A chip's slave on a bus: that bus's ports on one side, requests of a host on the other."""

from collections.abc import Callable
from typing import NamedTuple

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Member, Out, connect

from ...golden.chip.chip import Chip
from ...golden.link.bus_map import bus_map
from ..control.host_registers import host_members
from .apb import Apb, apb_ports
from .axi_lite import AxiLite, axi_lite_ports
from .bridge import BusBridge
from .wishbone import Wishbone, wishbone_ports

NATIVE = "native"
"""The host's own port, see `rtl.control.host_registers`."""


class Bus(NamedTuple):
    """One kind of bus.

    Attributes
    ----------
    adapter : callable
        Makes the component that speaks it, of the bits of an address.
    ports : callable
        Its members towards the bus, of the same.
    clock, reset : str
        What the ports of clock and reset are called there.
    low : bool
        The reset is low.
    """

    adapter: Callable[[int], Component]
    ports: Callable[[int], dict[str, Member]]
    clock: str
    reset: str
    low: bool


BUSES = {
    "axi": Bus(AxiLite, axi_lite_ports, "aclk", "aresetn", True),
    "wishbone": Bus(Wishbone, wishbone_ports, "wb_clk_i", "wb_rst_i", False),
    "apb": Bus(Apb, apb_ports, "pclk", "presetn", True),
}
"""Buses by name."""


def bus_members(chip: Chip, bus: str) -> dict[str, Member]:
    """Members of a top towards its host: the native port, or a bus's, with the interrupt."""
    if bus == NATIVE:
        return host_members(refuses=False)
    return BUSES[bus].ports(bus_map(chip).bits) | {"interrupt": Out(1)}


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
    interrupt, lost, host_valid, ..., refused : see `BusBridge`.
    """

    def __init__(self, chip: Chip, bus: str):
        self.chip, self.bus = chip, bus
        host = {name: member.flip() for name, member in host_members(refuses=True).items()}
        super().__init__({**bus_members(chip, bus), **host, "lost": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.bridge = bridge = BusBridge(self.chip)
        m.submodules.adapter = adapter = BUSES[self.bus].adapter(bridge.map.bits)
        connect(m, adapter.bus, bridge.bus)
        for name, member in self.signature.members.items():
            inner, outer = getattr(adapter if hasattr(adapter, name) else bridge, name), getattr(self, name)
            m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
        return m
