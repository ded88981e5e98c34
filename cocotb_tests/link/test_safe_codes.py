"""A board with an array outside: on reset, stop, watchdog and fault the DACs get the stated safe codes."""

from functools import cache
from importlib.resources import files

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from ohmgrad.cocotb_tests.front_ends.boards import SpiBoard, board_of
from ohmgrad.cocotb_tests.harness import over, run
from ohmgrad.cocotb_tests.link.test_board import Wire
from ohmgrad.fpga.board.top import BoardTop
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import START, STOP, LinkRegister, Region, Register
from ohmgrad.golden.link.frames import Kind

HZ, DIVISOR, SAFE = 10_000_000, 4, 0x5A3
COMMON = {"parameters.count": 5, "cost.word_bits": 14, "engine.timeout": 20_000}
GRID = {"spi": {"kind": "spi"}, "parallel": {"kind": "parallel"}}
SOON = 6000
"""Clocks of a step, and of safe codes for all channels of a part or two."""
TICK = 1 << 16
"""Clocks that the watchdog counts as one."""


@cache
def described(name: str) -> Chip:
    """The chip of a configuration."""
    front = {"front_end": {**GRID[name], "clock": HZ, "safe": SAFE}}
    return Chip(load(str(files("ohmgrad.examples") / "external_spi.toml")).with_(**{**COMMON, **front}))


def make(name: str) -> BoardTop:
    """The block of one configuration."""
    return BoardTop(described(name), DIVISOR, HZ)


def test_safe_codes():
    run(__file__, make, GRID)


class Setup:
    """A board whose engine runs, and models of the converters at its pins."""

    def __init__(self, dut, name: str):
        self.wire = Wire(dut, name, make(name))
        self.bench, self.front = self.wire.bench, described(name).front_end
        self.board = board_of(self.bench, self.front.rail, HZ, lambda *_: 1000, "pins.")
        self.running, self.fault = self.bench.signal("running"), self.bench.signal("fault")
        self.bench.signal("pins.sample.ready").value = 1

    @property
    def safe(self) -> bool:
        """All outputs have the safe code."""
        return all(code == SAFE for part in self.board.outputs() for code in part)

    async def begin(self, watchdog: int = 0) -> None:
        """Reset; then a run that does not end by itself, and shows anything but safe codes."""
        await self.board.start()
        await self.secured("reset")
        await self.wire.ask(Kind.HELLO, 4, Region.LINK, 0, len(LinkRegister))
        await self.wire.write(Region.LINK, LinkRegister.WATCHDOG, np.array([watchdog]), 2)
        await self.wire.write(Region.REGISTERS, Register.TARGET, np.array([1_000_000]))
        await self.wire.write(Region.REGISTERS, Register.CONTROL, np.array([START]), 1)
        await ClockCycles(self.bench.dut.clk, SOON)
        assert int(self.running.value) and not self.safe, f"safe_codes {self.bench.name}: nothing runs"

    async def secured(self, event: str) -> None:
        """The engine stops, and outputs get the safe code, soon; and keep it."""
        for _ in range(SOON):
            if self.safe and not int(self.running.value):
                break
            await ClockCycles(self.bench.dut.clk, 1)
        for _ in range(100):
            await ClockCycles(self.bench.dut.clk, 1)
            assert self.safe, f"safe_codes {self.bench.name}: after {event}: {self.board.outputs()}"


@cocotb.test()
@over(GRID)
async def on_stop(dut, name):
    setup = Setup(dut, name)
    await setup.begin()
    await setup.wire.write(Region.REGISTERS, Register.CONTROL, np.array([STOP]), 1)
    await setup.secured("a stop")
    assert not int(setup.fault.value)


@cocotb.test()
@over(GRID)
async def on_reset(dut, name):
    setup = Setup(dut, name)
    await setup.begin()
    while int(setup.bench.signal("pins.dac.ldac").value):  # models know nothing of frames that are cut
        await ClockCycles(dut.clk, 1)
    dut.rst.value = 1
    await ClockCycles(dut.clk, 1)
    dut.rst.value = 0
    await setup.secured("a reset")


@cocotb.test()
@over(GRID)
async def on_fault(dut, name):
    """The ADC is gone: the line of the serial one stays high, which is no channel."""
    setup = Setup(dut, name)
    await setup.begin()
    (adc,) = setup.board.adcs
    if isinstance(setup.board, SpiBoard):
        adc.clock = lambda *_: 1
    else:
        adc.rises = 1e9
    await ClockCycles(dut.clk, SOON)
    await setup.secured("a fault")
    assert int(setup.fault.value)


@cocotb.test()
@over(["spi"])
async def on_watchdog(dut, name):
    """The host is silent, and the engine goes on until the watchdog stops it: the last word was some clocks before."""
    setup = Setup(dut, name)
    await setup.begin(watchdog=1)
    await ClockCycles(dut.clk, TICK - 3 * SOON)
    assert int(setup.running.value) and not int(setup.fault.value)
    await ClockCycles(dut.clk, 2 * SOON)
    await setup.secured("the watchdog")
    assert int(setup.fault.value) and not int(setup.running.value)
