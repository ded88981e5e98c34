"""A rail brings all codes to the outputs, and answers with what the array gave once settled, in golden's time."""

import cocotb
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.front_ends.boards import SpiBoard
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.cocotb_tests.streams import Sink, Source
from ohmgrad.golden.blocks.front_ends.spi_adc import ads7950
from ohmgrad.golden.blocks.front_ends.spi_dac import ad5391
from ohmgrad.golden.blocks.front_ends.spi_rail import SpiRail, daffodil
from ohmgrad.rtl.front_ends.spi_rail import SpiRailConverters

HZ = 100_000_000
MIXED = tuple((part, channel) for channel in (3, 15, 0) for part in (2, 0, 1))
GRID = {
    "one_cell": SpiRail(ad5391(HZ, (1,), 0x800), ads7950(HZ, (1,)), 1, ((0, 5),), ((0, 3),)),
    "mixed": SpiRail(ad5391(HZ, (1, 2), 0x123), ads7950(HZ, (2, 1)), 4, MIXED, ((2, 1), (0, 3), (1, 1), (0, 0))),
    "daffodil": daffodil(HZ, 1, 7, lanes=8),
}
RAILS = 3
STEPS = 20
"""Clocks of a rail that golden's account leaves out: from step to step, and through the registers of the answer."""


def make(name: str) -> SpiRailConverters:
    """The block of one configuration."""
    return SpiRailConverters(GRID[name])


def test_spi_rail():
    run(__file__, make, GRID)


def array(outputs: list[list[int]], part: int, channel: int) -> int:
    """A code that depends on every output, and on which reading it is."""
    return sum((3 * k + 7) * code for k, code in enumerate(sum(outputs, []))) * (5 * part + channel + 1) % 4096


async def begin(dut, name: str) -> tuple[Bench, SpiBoard, Source, Sink]:
    """A board after its reset, and the streams of the rail."""
    bench = Bench(dut, name, make(name))
    code, reading = bench.source("code"), bench.sink("reading")
    code.patience = reading.patience = 50_000
    bench.signal("safe").value = bench.signal("convert").value = 0
    board = SpiBoard(bench, GRID[name], HZ, array)
    await board.start()
    return bench, board, code, reading


async def strobe(bench: Bench) -> None:
    """Ask for readings."""
    bench.signal("convert").value = 1
    await RisingEdge(bench.dut.clk)
    bench.signal("convert").value = 0


@cocotb.test()
@over(GRID)
async def readings_are_those_of_the_codes(dut, name):
    (bench, board, code, reading), rail = await begin(dut, name), GRID[name]
    expected = [[rail.dac.bank.safe] * 16 for _ in board.dacs]
    for turn in range(RAILS):
        bench.stall(0.5 if turn == 1 else 0.0)
        codes = extremes(bench.rng, rail.dac.bank.bits, len(rail.outputs))
        await code.send(words(codes, rail.lanes))
        await strobe(bench)
        (answer,) = await reading.receive(1)
        for (part, channel), value in rail.applied(codes).items():
            expected[part][channel] = value
        assert board.outputs() == expected, f"spi_rail {name}: rail {turn}"
        check(f"spi_rail {name}", turn, [array(expected, *place) - 2048 for place in rail.inputs], answer)
        assert all(board.applied[-rail.read_clocks() :]) and not all(board.applied[-rail.clocks() :])
        if turn == 2:  # once more, of the same codes
            await strobe(bench)
            assert await reading.receive(1) == [answer]


@cocotb.test()
@over(GRID)
async def rails_take_the_time_that_golden_says(dut, name):
    """Rails one after the other; the last safe code has settled, and the answer is taken at once."""
    (bench, board, code, reading), rail = await begin(dut, name), GRID[name]
    ends = []
    for _ in range(RAILS):
        await code.send([[0] * rail.lanes] * rail.words)
        await strobe(bench)
        await reading.receive(1)
        ends.append(board.clock)
    clocks = ends[-1] - ends[-2]
    assert rail.clocks() <= clocks <= rail.clocks() + STEPS, f"spi_rail {name}: {clocks}, golden {rail.clocks()}"


@cocotb.test()
@over(GRID)
async def an_answer_that_is_not_taken_waits(dut, name):
    """The codes of the next rail are written, but nothing is read before; a rail waits for its strobe."""
    (bench, board, code, reading), rail = await begin(dut, name), GRID[name]
    values = [extremes(bench.rng, rail.dac.bank.bits, len(rail.outputs)) for _ in range(2)]
    for codes in values:
        await code.send(words(codes, rail.lanes))
        for _ in range(rail.clocks()):
            await RisingEdge(dut.clk)
        await strobe(bench)
        for _ in range(rail.clocks()):
            await RisingEdge(dut.clk)
    sending = cocotb.start_soon(code.send([[1] * rail.lanes] * rail.words))  # not before the second is read
    for _ in range(rail.clocks()):
        await RisingEdge(dut.clk)
    frames = sum(len(adc.named) for adc in board.adcs)
    assert frames == len(rail.inputs) + 2 * len({part for part, _ in rail.inputs})
    for codes in values:
        assert not sending.done()
        (answer,) = await reading.receive(1)
        outputs = [[rail.dac.bank.safe] * 16 for _ in board.dacs]
        for (part, channel), value in rail.applied(codes).items():
            outputs[part][channel] = value
        check(f"spi_rail {name}", 0, [array(outputs, *place) - 2048 for place in rail.inputs], answer)
