"""A rail behind parallel converters: codes reach the outputs, readings are of what has settled, in golden's time."""

import cocotb
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.front_ends.boards import ParallelBoard
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.golden.blocks.front_ends.parallel import ad7865, dac7624
from ohmgrad.golden.blocks.front_ends.parallel_rail import ParallelRail, parallel_dac_per_cell
from ohmgrad.rtl.front_ends.parallel_rail import ParallelRailConverters

HZ = 50_000_000
MIXED = tuple((part, channel) for channel in (3, 0, 1) for part in (1, 0))
GRID = {
    "one_cell": parallel_dac_per_cell(HZ, 1, lanes=1),
    "twos": parallel_dac_per_cell(HZ, 9, lanes=4, safe=0x123, twos=True),
    "mixed": ParallelRail(dac7624(HZ, 2, 1000, 5), ad7865(HZ, 3), 4, MIXED, ((0, 2), (0, 0))),
}
RAILS = 4
STEPS = 20
"""Clocks of a rail that golden's account leaves out."""


def make(name: str) -> ParallelRailConverters:
    """The block of one configuration."""
    return ParallelRailConverters(GRID[name])


def test_parallel_rail():
    run(__file__, make, GRID)


def array(outputs: list[list[int]], part: int, channel: int) -> int:
    """A code that depends on every output, and on which reading it is."""
    return sum((3 * k + 7) * code for k, code in enumerate(sum(outputs, []))) * (5 * channel + 1) % 16384


@cocotb.test()
@over(GRID)
async def readings_are_those_of_the_codes(dut, name):
    bench, rail = Bench(dut, name, make(name)), GRID[name]
    code, reading = bench.source("code"), bench.sink("reading")
    code.patience = reading.patience = 50_000
    safe, convert, secured = (bench.signal(n) for n in ("safe", "convert", "secured"))
    safe.value = convert.value = 0
    board = ParallelBoard(bench, rail, HZ, array)
    await board.start()
    expected, ends = [[rail.dac.bank.safe] * 4 for _ in board.dacs], []
    for turn in range(RAILS):
        bench.stall(0.5 if turn == 1 else 0.0)
        codes = extremes(bench.rng, rail.dac.bank.bits, len(rail.outputs))
        await code.send(words(codes, rail.lanes))
        convert.value = 1
        await RisingEdge(dut.clk)
        convert.value = 0
        (answer,) = await reading.receive(1)
        ends.append(board.clock)
        for (part, channel), value in rail.applied(codes).items():
            expected[part][channel] = value
        assert board.outputs() == expected, f"parallel_rail {name}: rail {turn}"
        raw = [array(expected, *place) for place in rail.inputs]
        signed = [value - (value >> 13 << 14) if rail.adc.twos else value - 8192 for value in raw]
        check(f"parallel_rail {name}", turn, signed, answer)
    clocks, busy = ends[-1] - ends[-2], round(rail.adc.channels * 2400e-9 * HZ)
    least = rail.clocks(busy)
    assert least <= clocks <= least + STEPS, f"parallel_rail {name}: {clocks} clocks, golden {least}"
    convert.value = 1  # what nobody takes is forgotten as the outputs are made safe
    await RisingEdge(dut.clk)
    convert.value = 0
    for _ in range(2 * rail.clocks(busy)):
        await RisingEdge(dut.clk)
    safe.value = 1
    while not int(secured.value):
        await RisingEdge(dut.clk)
    assert board.outputs() == [[rail.dac.bank.safe] * 4 for _ in board.dacs]
    await reading.silent()
