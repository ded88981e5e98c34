"""What a bus costs in clocks and in logic; rows as in `benchmark`."""

from collections.abc import Iterator
from typing import Any, cast

from amaranth.sim import Simulator

from ...fpga.synthesis.synthesis import logic
from ...golden.chip.memory_map import Register
from ...golden.link.bus_map import WORD
from ...rtl.bus.slave import BUSES, BusSlave
from ...rtl.control.host_registers import HostRegisters
from ...rtl.top import Top
from .rows import Row, example, row

WORDS = 64
CLEARED = 200
"""Clocks after reset, more than memories take to be cleared."""


def axi_words_per_clock() -> Iterator[Row]:
    """Words a clock through AXI4-Lite, one access after the other without a pause, by clocks counted in simulation."""
    for label, written in (("read", False), ("write", True)):
        clocks = _clocks(WORD * Register.STEP, written)
        value = WORDS / clocks
        reference = f"1: a word at every clock, the bus's limit; {WORDS} accesses of {clocks / WORDS:.1f} clocks each"
        yield row(f"axi_words_per_clock_{label}", value, "1/clock", reference, value, "higher")


def _clocks(place: int, written: bool) -> int:
    """Clocks of so many accesses of one register."""
    top, taken = cast(Any, Top(example("xor").chip, bus="axi")), []

    async def testbench(ctx):
        async def clock() -> None:
            for level in (1, 0):
                ctx.set(top.aclk, level)
                await ctx.delay(0.5e-6)

        ctx.set(top.aresetn, 0)
        await clock()
        ctx.set(top.aresetn, 1)
        for _ in range(CLEARED):
            await clock()
        reads, writes = (top.s_axi_rready, top.s_axi_arvalid), (top.s_axi_bready, top.s_axi_awvalid, top.s_axi_wvalid)
        for signal in writes if written else reads:
            ctx.set(signal, 1)
        ctx.set(top.s_axi_awaddr if written else top.s_axi_araddr, place)
        ctx.set(top.s_axi_wstrb, 15)
        done, response = 0, (top.s_axi_bvalid, top.s_axi_bresp) if written else (top.s_axi_rvalid, top.s_axi_rresp)
        for number in range(100 * WORDS):
            await clock()
            if ctx.get(response[0]):
                assert ctx.get(response[1]) == 0
                done += 1
                taken.append(number)
            if done > WORDS:
                return

    simulator = Simulator(top)
    simulator.add_testbench(testbench)
    simulator.run()
    return taken[WORDS] - taken[0]


def bus_luts() -> Iterator[Row]:
    """LUTs on ECP5 of XOR's registers with each bus, against those with the native port."""
    chip = example("xor").chip
    native = logic(HostRegisters(chip), 1, "ECP5", "native port")["total_luts"]
    for bus in BUSES:
        value = logic(BusSlave(chip, bus), 1, "ECP5", bus)["total_luts"]
        reference = f"{native:,} of the registers behind it, with the native port"
        yield row(f"bus_luts_{bus}", value, "LUT4", reference, native / value, "lower")
