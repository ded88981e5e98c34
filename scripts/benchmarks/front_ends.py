"""Steps a second behind serial converters at the times of their data sheets, by clocks counted in simulation."""

import ctypes
import os
from collections.abc import Iterator
from itertools import count
from typing import Any, cast

from amaranth.sim import Simulator

from ...golden.blocks.front_ends.spi_adc import LATENCY
from ...golden.blocks.front_ends.spi_rail import SpiRail, dac_per_cell, daffodil
from ...rtl.front_ends.spi_rail import SpiRailConverters
from .rows import Row, alternately, row, seconds

HZ = 100_000_000
CELLS = 625
ROWS = COLUMNS = 25
# What daffodil-lib (commit 1b64a41, Board/controller.py and its components) asks of the operating system for a rail of
# 25 rows and columns, as it is fastest (`accel_iio_c = 2`, files stay open): offset, gain and code of each row's DAC;
# the pins of the update, ten calls a DAC; enables of rows and columns, pulse length and event; the code of each column.
FILES_WRITTEN, FILES_READ, CALLS = 3 * ROWS, COLUMNS, 10 * ROWS + ROWS + COLUMNS + 2
# Linux' driver of the ADC sends three frames for a reading.
FRAMES_READ = (1 + LATENCY) * COLUMNS


def spi_steps_per_s() -> Iterator[Row]:
    """Two rails a step, and one sweep of an engine with 16 lanes between them and the next; at 100 MHz.

    Daffodil's arrangement beside its Python loop, whose files and calls cost nothing here but the calls themselves, and
    whose frames follow each other without a pause; a DAC for each of 625 cells beside the frames of the longest bus
    alone, at the shortest cycle of the DAC's clock.
    """
    loop = _python_loop()
    for dac_buses, adc_buses in ((1, 1), (1, 7), (5, 7)):
        rail = daffodil(HZ, dac_buses, adc_buses)
        value = _steps(rail)
        label = "spi_steps_per_s" if (dac_buses, adc_buses) == (5, 7) else f"spi_steps_per_s_{dac_buses}_{adc_buses}"
        wires = f"5 DACs on {dac_buses}, 7 ADCs on {adc_buses} buses"
        reference = f"{loop:,.0f}/s of daffodil-lib's Python loop at the best; {wires}"
        yield row(label, value, "steps/s", reference, value / loop, "higher")
    for buses in (1, 8, 40):
        rail = dac_per_cell(HZ, CELLS, buses)
        value, limit = _steps(rail), 1 / (2 * -(-CELLS // buses) * 24 * 33e-9)
        reference = f"{limit:,.0f}/s of the frames alone; {CELLS} DACs on {rail.dac.bank.parts} parts, {buses} buses"
        yield row(f"spi_steps_per_s_cells_{buses}", value, "steps/s", reference, value / limit, "higher")


def _steps(rail: SpiRail) -> float:
    """Steps a second of two rails and a sweep."""
    return HZ / (2 * rail_clocks(rail) + rail.words)


def rail_clocks(rail: SpiRail) -> int:
    """Clocks from the first code of a rail that is taken to that of the next, the answer taken at once; simulated."""
    block = cast(Any, SpiRailConverters(rail))
    begins: list[int] = []

    async def source(ctx):
        ctx.set(block.code.valid, 1)
        ctx.set(block.reading.ready, 1)
        words = 0
        for clock in count():
            _, _, ready = await ctx.tick().sample(block.code.ready)
            words += ready
            ctx.set(block.convert, ready and words % rail.words == 0)
            if ready and words % rail.words == 1 % rail.words:
                begins.append(clock)
                if len(begins) == 2:
                    return

    simulator = Simulator(block)
    simulator.add_clock(1 / HZ)
    simulator.add_testbench(source)
    simulator.run()
    return begins[1] - begins[0]


def _python_loop() -> float:
    """Steps a second that daffodil-lib's loop stays below on this machine."""
    rail = daffodil(HZ, 1, 1)
    frames = (FILES_WRITTEN * rail.dac.spi.clocks + FRAMES_READ * rail.adc.spi.clocks) / HZ
    call, number = ctypes.CDLL(None).abs, ctypes.c_int(1)

    def loop() -> None:
        for _ in range(FILES_WRITTEN):
            os.pwrite(null, b"2048", 0)
        for _ in range(FILES_READ):
            os.pread(null, 4, 0)
        for _ in range(CALLS):
            call(number)

    null = os.open(os.devnull, os.O_RDWR)
    (alone,) = alternately(lambda: seconds(loop))
    os.close(null)
    return 1 / (2 * (alone + frames))
