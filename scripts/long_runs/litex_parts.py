"""A SoC of LiteX around a generated engine: CPU, memories, a console that a bench prints."""

# Migen makes submodules, domains and statements by attributes, of which a type checker sees nothing.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOptionalMemberAccess=false, reportOperatorIssue=false

from typing import Any

from litex.build.generic_platform import GenericPlatform, Pins
from litex.soc.integration.soc_core import SoCCore
from litex.soc.interconnect.csr import CSR, AutoCSR
from migen import ClockDomain, Module

PLACE = 0x9000_0000
"""Where the engine is, among what no cache holds."""
PINS = [("sys_clk", 0, Pins(1)), ("sys_rst", 0, Pins(1)), ("said", 0, Pins(8)), ("says", 0, Pins(1))]


class Clock(Module):
    """The clock and the reset of the pins."""

    def __init__(self, platform: GenericPlatform):
        self.clock_domains.cd_sys = ClockDomain()
        self.comb += self.cd_sys.clk.eq(platform.request("sys_clk"))
        self.comb += self.cd_sys.rst.eq(platform.request("sys_rst"))


class Console(Module, AutoCSR):
    """A register whose bytes a bench prints."""

    def __init__(self, platform: GenericPlatform):
        self.byte = CSR(8)
        self.comb += [platform.request("said").eq(self.byte.r), platform.request("says").eq(self.byte.re)]


class Soc(SoCCore):
    """CPU, memories, console and engine.

    Parameters
    ----------
    platform : GenericPlatform
    engine : module
        `litex_chip.py`, as it was generated.
    """

    def __init__(self, platform: GenericPlatform, engine: Any):
        self.submodules.crg = Clock(platform)
        super().__init__(
            platform, 100e6, cpu_type="serv", integrated_rom_size=0x2000, integrated_sram_size=0x1000, with_uart=False,
        )  # fmt: skip
        self.submodules.chip = engine.Engine(platform)
        self.bus.add_slave("chip", self.chip.bus, self.chip.region(PLACE))
        self.submodules.console = Console(platform)
