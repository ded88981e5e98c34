"""A serial bus sends its frames with exactly golden's levels, clock by clock, and takes the bits that come in."""

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.golden.blocks.front_ends.spi import Spi
from ohmgrad.golden.blocks.front_ends.spi_adc import ads7950
from ohmgrad.golden.blocks.front_ends.spi_dac import ad5391
from ohmgrad.rtl.front_ends.spi import SpiBus

GRID = {
    "shortest0": (Spi(2, 1, 1, 1, 1, 1, False), 1),
    "shortest1": (Spi(2, 1, 1, 1, 1, 1, True), 2),
    "uneven0": (Spi(7, 2, 5, 3, 4, 2, False), 3),
    "uneven1": (Spi(9, 4, 1, 2, 1, 6, True), 5),
    "ad5391": (ad5391(100_000_000, (4,)).spi, 4),
    "ads7950": (ads7950(100_000_000, (7,)).spi, 7),
}
"""Frames, and parts on the bus."""
FRAMES = 24


def make(name: str) -> SpiBus:
    """The block of one configuration."""
    return SpiBus(*GRID[name])


def test_spi():
    run(__file__, make, GRID)


async def record(bench: Bench, levels: list, answers: list) -> None:
    """Draw what comes in, and note the levels of all pins and the answers, clock by clock."""
    pins = [bench.signal(name) for name in ("select", "sclk", "mosi", "miso")]
    done, answer, edge = bench.signal("done"), bench.signal("answer"), RisingEdge(bench.dut.clk)
    while True:
        await edge
        levels.append([int(pin.value) for pin in pins])
        if int(done.value):
            answers.append((len(levels) - 1, int(answer.value)))
        pins[-1].value = int(bench.rng.integers(2))


@cocotb.test()
@over(GRID)
async def levels_are_those_of_golden(dut, name):
    spi, parts = GRID[name]
    bench = Bench(dut, name, make(name))
    frame, levels, answers = bench.source("frame"), [], []
    bench.signal("miso").value = 0
    await bench.start()
    cocotb.start_soon(record(bench, levels, answers))
    frames = [{"part": int(bench.rng.integers(parts)), "word": int(bench.rng.integers(1 << spi.bits))}
              for _ in range(2 * FRAMES)]  # fmt: skip
    await frame.send(frames[:FRAMES])
    bench.stall(0.99)
    await frame.send(frames[FRAMES:])
    for _ in range(spi.clocks + 1):
        await RisingEdge(dut.clk)

    pins, idle = np.array(levels), (1 << parts) - 1
    selected = pins[:, 0] != idle
    begins = np.flatnonzero(selected & ~np.roll(selected, 1))
    check(f"spi {name} frames", 0, len(frames), len(begins))
    check(f"spi {name} back to back", 0, [spi.clocks] * (FRAMES - 1), np.diff(begins)[: FRAMES - 1])
    for number, (sent, begin) in enumerate(zip(frames, begins, strict=True)):
        wave = spi.wave(sent["word"])
        part = pins[begin : begin + spi.clocks]
        check(f"spi {name} select", number, np.where(wave[:, 0], idle, idle & ~(1 << sent["part"])), part[:, 0])
        check(f"spi {name} sclk and mosi", number, wave[:, 1:], part[:, 1:3])
        falls = begin + np.flatnonzero((wave[:-1, 1] == 1) & (wave[1:, 1] == 0))
        expected = int("".join(map(str, pins[falls, 3])), 2)
        check(f"spi {name} answer", number, [falls[-1] + 1, expected], answers[number])
    between = ~selected
    assert not pins[between, 1:3].any(), f"spi {name}: clock or data line moves between frames"
