"""Codes of lines are those of `golden.blocks.array.reading`, one every two clocks."""

from typing import NamedTuple

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.golden.blocks.array.reading import read_line
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.lib.mixer import READ, key
from ohmgrad.golden.blocks.tiki_taka.lines import RANDOM, lines_of
from ohmgrad.golden.blocks.tiki_taka.tiki_taka import Transfer
from ohmgrad.rtl.array.reading import LineReader

BATCHES, STEPS = 8, 5


class Case(NamedTuple):
    """One configuration: sizes, what a line is, widths of states and codes, and the noise of a reading."""

    layers: tuple[int, ...]
    rows: bool
    bits: int
    read_bits: int
    shift: int = 0
    noise: int = 0
    seed: int = 77


GRID = {
    "columns": Case((2, 2, 1), False, 18, 9, 10),
    "rows": Case((2, 2, 1), True, 18, 9, 10),
    "columns_one_cell": Case((1, 1), False, 4, 14),
    "rows_noisy": Case((5, 3, 2), True, 12, 8, 4, 900),
    "columns_noisy": Case((3, 7, 1, 2), False, 20, 12, 7, 70000, 2**32 - 1),
    "columns_one_layer": Case((9, 4), False, 10, 4, 8, 1),
    "rows_wide": Case((3, 2, 2), True, 28, 14, 28, 2**30, 0),
    "columns_wide": Case((2, 3, 1), False, 28, 14, 0, 4095),
    "rows_mostly_noise": Case((4, 2), True, 6, 10, 0, 20000),
}


def make(name: str) -> LineReader:
    """The block of one configuration."""
    case = GRID[name]
    layout = Layout(case.layers, 1)
    settings = Transfer(case.seed, case.rows, case.read_bits, case.shift, case.noise, 0, RANDOM, 0)
    return LineReader(settings, layout, lines_of(layout, case.rows), case.bits)


def test_reading():
    run(__file__, make, GRID)


async def memory(bench: Bench, name: str, values: np.ndarray) -> None:
    """Answer as a memory behind a host port does: the entry stands a clock after its index, while that is held."""
    select, index, value = (bench.signal(f"{name}.{port}") for port in ("select", "index", "value"))
    while True:
        await RisingEdge(bench.dut.clk)
        shown = values[int(index.value)] if int(select.value) else bench.rng.integers(-(2**31), 2**31)
        value.value = int(shown)


@cocotb.test()
@over(GRID)
async def reads(dut, name):
    """A line of each layer a step; elements count on through the layers, and start anew at each step."""
    block = make(name)
    layout, lines, case = block.layout, block.lines, GRID[name]
    bench = Bench(dut, name, block)
    request, reading, rng = bench.source("request"), bench.sink("reading"), bench.rng
    states, symmetry = (np.zeros(layout.parameters, np.int32) for _ in range(2))
    for port, values in (("state", states), ("symmetry", symmetry)):
        cocotb.start_soon(memory(bench, port, values))
    await bench.start()
    clipped = 0
    for batch in range(BATCHES):
        bench.stall(None if batch else 0.0)
        states[:] = extremes(rng, case.bits, states.size)
        symmetry[:] = extremes(rng, case.bits, states.size) if batch % 2 else states // 2
        requests, expected = [], []
        for step in rng.choice([0, 2**32 - 1, *rng.integers(2**32, size=4)], STEPS).tolist():
            noise_key, number = key(case.seed, READ, step), 0
            for k, (count, length) in enumerate(lines.layers):
                line = int(rng.integers(count))
                requests.append({"layer": k, "line": line, "step": step})
                columns, first = layout.columns[k], layout.offsets[k]
                begin, stride = (first + line * columns, 1) if case.rows else (first + line, columns)
                z = np.zeros(length, np.int32)
                read_line(block.settings, noise_key, number, begin, stride, states, symmetry, z)
                expected.append(z)
                number += length
        codes = np.concatenate(expected)
        _, got = await gather(request.send(requests), reading.receive(codes.size))
        await reading.silent()
        check(f"reading {name}", batch, codes, got)
        clipped += int((abs(codes) == 2 ** (case.read_bits - 1) - 1).sum())
        if batch == 0:
            clocks = 2 * codes.size + len(requests) + 1
            assert reading.clocks <= clocks, f"{name}: {codes.size} codes took {reading.clocks} clocks, not {clocks}"
    # Differences of states reach 2**bits, noise 30 q / 2**12.
    reach = 2**case.bits + (30 * case.noise >> 12) >> case.shift
    if abs(reach - 2 ** (case.read_bits - 1)) > 1:  # else the largest difference is a code at the bound, or just not
        assert bool(clipped) == (reach > 2 ** (case.read_bits - 1)), f"{name}: {clipped} codes clipped"
