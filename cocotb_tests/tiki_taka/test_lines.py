"""Cursors and choppers go on as `golden.blocks.tiki_taka.lines` says, from any state."""

from typing import NamedTuple

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.lib.mixer import CHOP, key, mix
from ohmgrad.golden.blocks.tiki_taka.lines import RANDOM, SWITCHED, advance, advance_chopper, lines_of
from ohmgrad.golden.blocks.tiki_taka.tiki_taka import Transfer
from ohmgrad.rtl.tiki_taka.lines import LineCursor

BATCHES, READS = 6, 120


class Case(NamedTuple):
    """One configuration: sizes, what a line is, the choppers, and scans without pulses onto C."""

    layers: tuple[int, ...]
    rows: bool
    chance: int = 0
    period: int = RANDOM
    hold: int = 0


GRID = {
    "columns": Case((2, 2, 1), False),
    "rows_single": Case((1, 1), True),
    "columns_random": Case((3, 7, 1, 2), False, 20000),
    "rows_random": Case((5, 3, 2), True, 6553, hold=11),
    "columns_always": Case((4, 2), False, 65536, hold=2),
    "rows_rarely": Case((4, 1), True, 1),
    "columns_every_scan": Case((2, 5, 1), False, period=0, hold=2),
    "rows_periodic": Case((2, 9, 4), True, period=1, hold=3),
    "columns_periodic": Case((6, 3), False, period=4),
    "rows_single_periodic": Case((3, 1, 1), True, period=2, hold=5),
}


def make(name: str) -> LineCursor:
    """The block of one configuration."""
    case = GRID[name]
    settings = Transfer(0xBEEF, case.rows, 8, 0, 0, case.chance, case.period, case.hold)
    return LineCursor(settings, lines_of(Layout(case.layers, 1), case.rows))


def test_lines():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def goes_on(dut, name):
    """Layers in turn, or in any order; what is shown at each read, and all words at the end of a batch."""
    block, case = make(name), GRID[name]
    counts = [count for count, _ in block.lines.layers]
    bench, rng, edge = Bench(dut, name, block), None, RisingEdge(dut.clk)
    rng = bench.rng
    layer, step, move = (bench.signal(port) for port in ("layer", "step", "advance"))
    shown = {port: bench.signal(port) for port in ("line", "inverts", "switched", "hold")}
    hosts = {"host_cursor": np.zeros(2 * len(counts), np.int32)}
    if block.settings.chopped:
        hosts["host_chopper"] = np.zeros(sum(counts), np.int32)
    ports = {port: bench.host(port) for port in hosts}
    cursor, chopper = hosts["host_cursor"], hosts.get("host_chopper", np.zeros(0, np.int32))
    move.value = 0
    await bench.start()
    flips = 0
    for batch in range(BATCHES):
        if batch:  # the first one starts from reset
            cursor[::2] = [rng.integers(count) for count in counts]
            # Scans about the end of the hold, of a period, and far on.
            cursor[1::2] = rng.choice([0, case.hold, (1 << max(case.period, 1)) - 1, 2**31 - READS - 1], len(counts))
            chopper[:] = rng.integers(0, 4, chopper.size)
            for port, values in hosts.items():
                await ports[port].write(values)
        for read in range(READS):
            k = read % len(counts) if batch % 2 == 0 else int(rng.integers(len(counts)))
            now = int(rng.integers(2**32))
            layer.value, step.value = k, now
            await edge
            while rng.random() < 0.1 * batch:  # the key of a step is made in a clock
                await edge
            move.value = 1
            await edge
            got = {port: int(handle.value) for port, handle in shown.items()}
            move.value = 0
            line, scan, place = cursor[2 * k], cursor[2 * k + 1], sum(counts[:k]) + cursor[2 * k]
            word = chopper[place] if chopper.size else 0
            expected = [line, word & 1, bool(word & SWITCHED), scan < case.hold]
            check(f"lines {name} line, inverts, switched, hold", read, expected, list(got.values()))
            if chopper.size:
                draw = mix(*key(0xBEEF, CHOP, now), k) & 0xFFFF
                advance_chopper(case.chance, case.period, draw, scan, place, chopper)
                flips += int(chopper[place] & SWITCHED != 0)
            advance(k, counts[k], cursor)
        await edge
        if chopper.size:
            inverted = int(bench.signal("chopper").value)
            check(f"lines {name} inverted", batch, chopper & 1, [inverted >> k & 1 for k in range(chopper.size)])
        for port, values in hosts.items():
            check(f"lines {name} {port}", batch, values, await ports[port].read(values.size))
    rare = case.chance in (0, 1) and case.period == RANDOM
    assert rare or flips, f"{name}: no chopper flipped"
