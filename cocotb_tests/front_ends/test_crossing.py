"""Streams and strobes between clocks of any ratio; `tests/test_crossing.py` proves what this simulates."""

import cocotb
from amaranth.hdl import ClockDomain, Module, ResetSignal
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer, gather
from cocotb.utils import get_sim_time

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.rtl.front_ends.crossing import StreamCrossing, StrobeCrossing

GRID = {"equal": (8, 10), "slower": (4, 46), "faster": (16, 3), "nearly": (8, 11), "much_faster": (4, 1)}
"""Depth, and half the period of the other clock in ns; that of the grid's is 10."""
HALF, BITS, WORDS = 10, 12, 200


class Both(Component):
    """A stream and a strobe from the grid's clock to another, and back again."""

    def __init__(self, depth: int):
        self.depth = depth
        word = stream.Signature(BITS)
        super().__init__(
            {
                "clock": In(1), "write": In(word), "there": Out(word), "back": In(word), "read": Out(word),
                "strobe": In(1), "busy": Out(1), "follow": Out(1), "other_strobe": In(1), "other_follow": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        m.domains.other = other = ClockDomain()
        m.d.comb += [other.clk.eq(self.clock), other.rst.eq(ResetSignal())]
        m.submodules.there = there = StreamCrossing(BITS, self.depth, source="sync", target="other")
        m.submodules.back = back = StreamCrossing(BITS, self.depth, source="other", target="sync")
        m.submodules.strobe = strobe = StrobeCrossing(source="sync", target="other")
        m.submodules.other_strobe = other_strobe = StrobeCrossing(source="other", target="sync")
        connect(m, flipped(self.write), there.write)
        connect(m, there.read, flipped(self.there))
        connect(m, flipped(self.back), back.write)
        connect(m, back.read, flipped(self.read))
        m.d.comb += [strobe.strobe.eq(self.strobe), self.busy.eq(strobe.busy), self.follow.eq(strobe.follow)]
        m.d.comb += [other_strobe.strobe.eq(self.other_strobe), self.other_follow.eq(other_strobe.follow)]
        return m


def make(name: str) -> Both:
    """The block of one configuration."""
    return Both(GRID[name][0])


def test_crossing():
    run(__file__, make, GRID)


async def start(dut, name: str) -> Bench:
    """Both clocks, at a random phase, and a reset of both domains."""
    bench = Bench(dut, name, make(name))
    for strobe in ("strobe", "other_strobe"):
        bench.signal(strobe).value = 0
    half = GRID[name][1]
    Clock(dut.clk, 2 * HALF, "ns").start()
    await Timer(1 + int(bench.rng.integers(2 * half)), "ns")
    Clock(bench.signal("clock"), 2 * half, "ns").start()
    dut.rst.value = 1
    await ClockCycles(dut.clk, 4 + 4 * half // HALF)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 8 + 8 * half // HALF)
    return bench


@cocotb.test()
@over(GRID)
async def streams_keep_order_and_number(dut, name):
    bench = await start(dut, name)
    write, there = bench.source("write"), bench.sink("there")
    back, read = bench.source("back"), bench.sink("read")
    clock, half = bench.signal("clock"), GRID[name][1]
    for port in (there, back):
        port.on(clock)
    write.patience = there.patience = back.patience = read.patience = 50_000
    for turn in range(4):
        if turn:
            bench.stall()
        words = [[int(word) for word in bench.rng.integers(1 << BITS, size=WORDS)] for _ in range(2)]
        begin = get_sim_time("ns")
        _, got, _, other = await gather(
            write.send(words[0]), there.receive(WORDS), back.send(words[1]), read.receive(WORDS)
        )
        if turn == 0 and GRID[name][0] >= 8:  # a word a clock of the slower side
            clocks = (get_sim_time("ns") - begin) / (2 * max(half, HALF))
            assert clocks < WORDS + 16, f"crossing {name}: {clocks:.0f} clocks for {WORDS} words"
        check(f"crossing {name} there", turn, words[0], got)
        check(f"crossing {name} back", turn, words[1], other)
        await gather(there.silent(20), read.silent(20))


@cocotb.test()
@over(GRID)
async def strobes_are_followed(dut, name):
    """Far apart one by one; close together by one each at the most, and by one after the last."""
    bench = await start(dut, name)
    clock, half = bench.signal("clock"), GRID[name][1]
    follows = {"follow": [], "other_follow": []}

    async def watch(path: str, edge) -> None:
        handle = bench.signal(path)
        while True:
            await edge
            if int(handle.value):
                follows[path].append(get_sim_time("ns"))

    cocotb.start_soon(watch("follow", RisingEdge(clock)))
    cocotb.start_soon(watch("other_follow", RisingEdge(dut.clk)))
    apart = 4 * 2 * HALF + 4 * 2 * half
    for path, handle, edge in (("follow", "strobe", RisingEdge(dut.clk)),
                               ("other_follow", "other_strobe", RisingEdge(clock))):  # fmt: skip
        strobe = bench.signal(handle)

        async def pulse(strobe=strobe, edge=edge):
            strobe.value = 1
            await edge
            strobe.value = 0

        for count in range(1, 20):
            await edge
            await pulse()
            sent = get_sim_time("ns")
            await Timer(apart, "ns")
            assert len(follows[path]) == count, f"crossing {name} {path}: {len(follows[path])} of {count}"
            assert follows[path][-1] >= sent
        for _ in range(20):
            before = len(follows[path])
            burst = int(bench.rng.integers(2, 9))
            for _ in range(burst):
                await pulse()
                for _ in range(int(bench.rng.integers(3))):
                    await edge
                last = get_sim_time("ns")
            await Timer(2 * apart, "ns")
            came = len(follows[path]) - before
            assert 1 <= came <= burst and follows[path][-1] > last - apart
