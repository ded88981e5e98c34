"""The filter's pulses become a vector whose coincidences are the cells of the lines that were read."""

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run, words
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.perturb import outer
from ohmgrad.golden.blocks.tiki_taka.lines import lines_of
from ohmgrad.rtl.tiki_taka.transfer_vector import TransferVector

# Layers, lanes, whether a line is an output line.
GRID = {
    "lanes1_columns": ((2, 2, 1), 1, False),
    "lanes1_rows": ((2, 2, 1), 1, True),
    "lanes1_single": ((1, 1), 1, False),
    "lanes2_rows": ((1, 1, 1, 3, 1), 2, True),
    "lanes4_columns": ((7, 5, 3), 4, False),
    "lanes4_rows": ((17, 5), 4, True),
    "lanes16_columns": ((49, 4, 4), 16, False),
    "lanes16_rows": ((1, 40, 2), 16, True),
    "lanes64_columns": ((20, 9, 4), 64, False),
    "lanes64_rows": ((80, 3), 64, True),
    "lanes64_one_word": ((3, 2, 2, 1, 1), 64, True),
}
VECTORS = 24


def make(name: str) -> TransferVector:
    """The block of one configuration."""
    layers, lanes, rows = GRID[name]
    layout = Layout(layers, lanes)
    return TransferVector(layout, lines_of(layout, rows))


def test_moves():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def transfers(dut, name):
    """Vectors with pulses, and empty ones in between, which take nothing from those that follow."""
    block = make(name)
    layout, lines = block.layout, block.lines
    bench, edge = Bench(dut, name, block), RisingEdge(dut.clk)
    rng, train = bench.rng, bench.sink("train")
    ports = {port: bench.signal(port) for port in ("write", "layer", "line", "cell", "pulse", "active", "send")}
    size = layout.neurons + outer.lines(layout)
    for port in ports.values():
        port.value = 0
    await bench.start()
    for number in range(VECTORS):
        bench.stall(None if number else 0.0)
        active = number == 0 or rng.random() < 0.7
        across, along = np.zeros(outer.lines(layout), int), []
        if lines.rows:
            across = np.zeros(layout.neurons, int)
        first = 0
        for k, (count, length) in enumerate(lines.layers if active else ()):
            line, fired = int(rng.integers(count)), rng.integers(-1, 2, length)
            across[first + line] = 1
            along.append(fired)
            first += count
            for cell, pulse in enumerate(fired):
                while rng.random() < 0.2:
                    await edge
                values = {"write": 1, "layer": k, "line": line, "cell": cell, "pulse": int(pulse)}
                for port, value in values.items():
                    ports[port].value = value
                await edge
                ports["write"].value = 0
        ports["active"].value, ports["send"].value = int(active), 1
        await edge
        got = await train.receive(-(-size // layout.lanes))
        if number == 0:
            assert train.clocks == len(got), f"{name}: {len(got)} words took {train.clocks} clocks"
        await train.silent()
        ports["send"].value = 0
        await edge
        expected = np.zeros(size, int)
        if active:
            expected = np.concatenate([across, *along] if lines.rows else [*along, across])
        check(f"transfer vector {name}", number, words(expected, layout.lanes), got)
