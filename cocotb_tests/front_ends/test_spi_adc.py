"""Serial ADCs: models of ADS7950 answer at the times of their data sheet, and each code is that of its command."""

from functools import partial

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.front_ends.converters import Ads7950
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.golden.blocks.front_ends.spi import places
from ohmgrad.golden.blocks.front_ends.spi_adc import CHANNELS, LATENCY, ads7950
from ohmgrad.rtl.front_ends.spi_adc import SpiAdcs

GRID = {
    "one": (100_000_000, (1,), True, 1),
    "one_bus": (100_000_000, (3,), False, 1),
    "three_buses": (100_000_000, (1, 2, 1), True, 1),
    "slow_clock": (30_000_000, (1, 1), True, 1),
    "long_wires": (120_000_000, (2,), True, 5),
}
"""Clock, parts on each bus, range, divider."""
COMMANDS = 30


def make(name: str) -> SpiAdcs:
    """The block of one configuration."""
    return SpiAdcs(ads7950(*GRID[name]))


def test_spi_adc():
    run(__file__, make, GRID)


class Board:
    """The converters with a model for each part, whose inputs change all the time.

    Attributes
    ----------
    faults : int
        Clocks in which `fault` was high.
    """

    def __init__(self, dut, name: str):
        self.bench = Bench(dut, name, make(name))
        adc = self.bench.block.adc
        self.command, self.reading = self.bench.source("command"), self.bench.sink("reading")
        self.command.patience = self.reading.patience = 20_000
        self.faults, self.clock = 0, 0
        period = 1e9 / GRID[name][0]
        self.models = [Ads7950(period, partial(self._analog, k)) for k in range(adc.parts)]
        self._buses = [bus for bus, _ in places(adc.buses)]
        self.bench.signal("miso").value = 0

    def _analog(self, part: int, channel: int) -> int:
        return (self.clock * 37 + part * 1009 + channel * 333) % 4096

    async def start(self) -> None:
        await self.bench.start()
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        select, sclk, mosi, miso, fault = (
            self.bench.signal(n) for n in ("select", "sclk", "mosi", "miso", "fault")
        )
        edge = FallingEdge(self.bench.dut.clk)
        while True:
            await edge
            self.clock += 1
            levels, clocks, data, answer = int(select.value), int(sclk.value), int(mosi.value), 0
            for part, (model, bus) in enumerate(zip(self.models, self._buses, strict=True)):
                selected = not levels >> part & 1
                bit = model.clock(not selected, selected and clocks >> bus & 1, selected and data >> bus & 1)
                answer |= (bit if selected else 0) << bus
            miso.value = answer
            self.faults += int(fault.value)


@cocotb.test()
@over(GRID)
async def codes_are_those_of_their_commands(dut, name):
    board = Board(dut, name)
    rng, adc = board.bench.rng, board.bench.block.adc
    await board.start()
    for turn in range(4):
        if turn:
            board.bench.stall()
        seen = [len(model.named) for model in board.models]
        commands = [{"part": int(rng.integers(adc.parts)), "channel": int(rng.integers(CHANNELS))}
                    for _ in range(COMMANDS)]  # fmt: skip
        sending = cocotb.start_soon(board.command.send(commands))
        if turn == 3:  # long enough that every bus waits with what a frame has brought
            await ClockCycles(dut.clk, (LATENCY + 2) * max(adc.buses) * adc.spi.clocks)
        readings = await board.reading.receive(COMMANDS)
        await sending
        await board.reading.silent(2 * adc.spi.clocks)
        for part, model in enumerate(board.models):
            channels = [c["channel"] for c in commands if c["part"] == part]
            words = model.named[seen[part] :]
            naming = [number for number, word in enumerate(words) if word]
            check(f"spi_adc {name} words", turn, [adc.frame(c) for c in channels], [words[n] for n in naming])
            samples = [model.samples[seen[part] + number + LATENCY] for number in naming]
            check(f"spi_adc {name} channels of part {part}", turn, channels, [c for c, _ in samples])
            got = [(int(r.channel), int(r.code)) for r in readings if int(r.part) == part]
            check(f"spi_adc {name} readings of part {part}", turn, samples, got)
    assert not board.faults


@cocotb.test()
@over(GRID)
async def frames_follow_each_other_without_a_pause(dut, name):
    board = Board(dut, name)
    adc = board.bench.block.adc
    await board.start()
    rounds = 4
    commands = [{"part": k, "channel": c % CHANNELS} for c in range(rounds) for k in range(adc.parts)]
    begin = board.clock
    await gather(board.command.send(commands), board.reading.receive(len(commands)))
    frames = max(adc.buses) * (rounds + LATENCY)
    clocks = board.clock - begin
    # The last reading comes before the gap of its frame, by way of two registers.
    expected = frames * adc.spi.clocks - adc.spi.gap - adc.spi.lag
    assert expected <= clocks <= expected + 8 + adc.parts, f"{name}: {clocks} clocks, not {expected}"


@cocotb.test()
@over(GRID)
async def another_channel_is_a_fault(dut, name):
    board = Board(dut, name)
    await board.start()
    model = board.models[-1]
    named, model._cs = model._cs, None

    def forgetful(cs: int) -> None:
        """As after a reset of the part."""
        named(cs)
        model._next = 1

    model._cs = forgetful
    command = {"part": len(board.models) - 1, "channel": 2}
    await gather(board.command.send([command, {**command, "channel": 1}]), board.reading.receive(2))
    await board.reading.silent(4)
    assert board.faults == 1, f"{name}: {board.faults} faults"
