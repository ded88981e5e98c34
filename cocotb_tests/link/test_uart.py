"""Receiver and transmitter keep 8N1: with clocks that differ by 2 %, glitches, breaks, and exact bit times."""

import cocotb
from amaranth.hdl import Module
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Edge, RisingEdge, Timer
from cocotb.utils import get_sim_time

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.fpga.link.uart import BYTE, Receiver, Transmitter

GRID = {"bits4": 4, "bits5": 5, "bits8": 8, "bits40": 40}
"""Clocks a bit: the least, an odd number, those of the iCEBreaker and of the ULX3S."""
PERIOD = 100  # ns, so that rounding to 1 ns moves no edge by more than 1 % of a clock
BYTES = 60
EXTREMES = [0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80]


class Line(Component):
    """Both directions."""

    def __init__(self, divisor: int):
        self.divisor = divisor
        super().__init__(
            {"rx": In(1, init=1), "valid": Out(1), "data": Out(BYTE), "broken": Out(1),
             "send": In(stream.Signature(BYTE)), "tx": Out(1)}
        )  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = Receiver(self.divisor)
        m.submodules.transmitter = transmitter = Transmitter(self.divisor)
        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx)]
        m.d.comb += [getattr(self, name).eq(getattr(receiver, name)) for name in ("valid", "data", "broken")]
        connect(m, flipped(self.send), transmitter.data)
        return m


def make(name: str) -> Line:
    """The block of one configuration."""
    return Line(GRID[name])


def test_uart():
    run(__file__, make, GRID)


async def start(dut, bench: Bench) -> None:
    """Start a slower clock than `Bench.start`, with the line idle, and reset."""
    bench.signal("rx").value = 1
    Clock(dut.clk, PERIOD, "ns").start()
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 4)


class Sender:
    """Drives `rx` with bits of a length of its own."""

    def __init__(self, bench: Bench, bit: float):
        self._rx, self._bit = bench.signal("rx"), bit
        self._due = get_sim_time("ns") + float(bench.rng.random()) * PERIOD

    async def level(self, value: int, bits: float) -> None:
        """Hold a level for some bits; rounding errors do not add up."""
        self._rx.value = value
        self._due += bits * self._bit
        await Timer(max(1, round(self._due - get_sim_time("ns"))), "ns")

    async def byte(self, byte: int, stop: int = 1) -> None:
        """A start bit, a byte, and a stop bit."""
        for bit in [0, *(byte >> k & 1 for k in range(BYTE)), stop]:
            await self.level(bit, 1)


async def receive(dut, bench: Bench, events: list[int | None]) -> None:
    """Gather bytes received, None where one is broken."""
    valid, data, broken = (bench.signal(name) for name in ("valid", "data", "broken"))
    edge = RisingEdge(dut.clk)
    while True:
        await edge
        assert not (int(valid.value) and int(broken.value))
        if int(valid.value):
            events.append(int(data.value))
        if int(broken.value):
            events.append(None)


@cocotb.test()
@over(GRID)
async def bytes_arrive_from_clocks_that_differ(dut, name):
    bench, events, expected = Bench(dut, name, make(name)), [], []
    await start(dut, bench)
    cocotb.start_soon(receive(dut, bench, events))
    for mismatch in (-0.02, 0.0, 0.02):
        for gaps in (0.0, 3.0):
            sender = Sender(bench, GRID[name] * PERIOD * (1 + mismatch))
            for byte in [*EXTREMES, *map(int, bench.rng.integers(256, size=BYTES))]:
                await sender.byte(byte)
                expected.append(byte)
                if gaps:
                    await sender.level(1, float(bench.rng.random()) * gaps + 0.1)
            await sender.level(1, 3)
            got = [-1 if event is None else event for event in events]
            check(f"uart {name} bytes at {mismatch:+.0%}", len(expected), expected, got)


@cocotb.test()
@over(GRID)
async def glitches_are_no_bytes_and_breaks_are_broken(dut, name):
    bench, events, expected = Bench(dut, name, make(name)), [], []
    await start(dut, bench)
    cocotb.start_soon(receive(dut, bench, events))
    sender = Sender(bench, GRID[name] * PERIOD)
    for byte in map(int, bench.rng.integers(256, size=BYTES // 3)):
        # A start bit is looked at a half bit, less up to a clock and a half, after its edge.
        await sender.level(0, 0.5 - 1.5 / GRID[name])
        await sender.level(1, 2)
        await sender.byte(byte)
        await sender.byte(byte ^ 0xFF, stop=0)
        await sender.level(0, float(bench.rng.random()) * 30 + 0.5)  # the line stays low: still one broken byte
        await sender.level(1, 1)
        await sender.byte(byte)
        expected += [byte, None, byte]
        await sender.level(1, 2)
    assert events == expected, f"uart {name}: expected {expected}, got {events}"


@cocotb.test()
@over(GRID)
async def sent_bits_are_exact(dut, name):
    bench = Bench(dut, name, make(name))
    source, tx, bit = bench.source("send"), bench.signal("tx"), GRID[name] * PERIOD
    await start(dut, bench)
    assert int(tx.value) == 1
    data, levels = [*EXTREMES, *map(int, bench.rng.integers(256, size=BYTES))], []

    async def watch():
        while True:
            await Edge(tx)
            levels.append((get_sim_time("ns"), int(tx.value)))

    cocotb.start_soon(watch())
    source.stall = 0.3
    await source.send(data)
    await ClockCycles(dut.clk, 12 * GRID[name])
    times = [time for time, _ in levels]
    place = 0
    for number, byte in enumerate(data):
        begin, level = levels[place]
        check(f"uart {name} start", number, 0, level)
        bits = [0, *(byte >> k & 1 for k in range(BYTE)), 1]
        edges = [k for k in range(1, len(bits)) if bits[k] != bits[k - 1]]
        got = [time - begin for time in times[place + 1 :][: len(edges)]]
        check(f"uart {name} edges", number, [k * bit for k in edges], got)
        place += 1 + len(edges)
        if place < len(times):
            assert times[place] >= begin + 10 * bit, f"uart {name}: byte {number} has a short stop bit"
    check(f"uart {name} levels", len(data), place, len(levels))
