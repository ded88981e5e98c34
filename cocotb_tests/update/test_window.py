"""The window's sums are those of `golden.blocks.update.window.products`, and zeros between flushes."""

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.golden.blocks.lib.fixed import limit
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.lib.mixer import BLOCK
from ohmgrad.golden.blocks.perturb.codes import RANDOM, WALSH, WALSH_UPPER, Codes, pattern_signs
from ohmgrad.golden.blocks.update.window import Window, products
from ohmgrad.rtl.update.window import WindowProducts
from ohmgrad.rtl.update.window_tables import depth

# Code, patterns, lanes, layers, bits of C~, log2 of tau_p.
GRID = {
    "random2_lanes1": (RANDOM, 2, 1, (2, 2, 1), 9, 0),
    "random4_lanes4": (RANDOM, 4, 4, (3, 2, 2), 12, 3),
    "random8_lanes64": (RANDOM, 8, 64, (49, 4, 4), 8, 1),
    "random16_lanes16": (RANDOM, 16, 16, (7, 5, 3), 21, 0),
    "random16_lanes1": (RANDOM, 16, 1, (2, 2, 1), 6, 1),
    "random32_lanes4": (RANDOM, 32, 4, (7, 5, 2), 16, 0),
    "random64_lanes2": (RANDOM, 64, 2, (3, 2, 2), 4, 0),
    "walsh2_lanes4": (WALSH, 2, 4, (3, 2), 9, 1),
    "walsh4_lanes64": (WALSH, 4, 64, (49, 4, 4), 12, 0),
    "walsh8_lanes8": (WALSH, 8, 8, (7, 5, 3), 10, 2),
    "walsh16_lanes1": (WALSH, 16, 1, (4, 1), 6, 0),
    "walsh32_lanes16": (WALSH, 32, 16, (30, 5, 2), 16, 0),
    "walsh64_lanes4": (WALSH, 64, 4, (2, 1), 4, 0),
    "upper2_lanes1": (WALSH_UPPER, 2, 1, (1, 1), 8, 0),
    "upper32_lanes16": (WALSH_UPPER, 32, 16, (7, 4), 21, 0),
    "upper32_lanes64": (WALSH_UPPER, 32, 64, (9, 6, 2), 7, 1),
}

Sweep = dict[str, int]


def make(name: str) -> WindowProducts:
    """The block of one configuration."""
    kind, size, lanes, layers, bits, hold = GRID[name]
    layout = Layout(layers, lanes)
    codes = Codes(kind, 0x9E3779B9, layout.parameters)
    return WindowProducts(Window(size, bits, bits + hold, codes), layout)


def test_window():
    run(__file__, make, GRID)


def group(rng: np.random.Generator, size: int) -> int:
    """First pattern of a group: the first, one at the end of the range, or any."""
    return int(rng.choice([0, 2**32 - size, rng.integers(2**32) // size * size]))


def whole(rng: np.random.Generator, window: Window, hold: int) -> list[Sweep]:
    """All patterns, with costs that give one parameter the largest sum there is."""
    first, index = group(rng, window.size), int(rng.integers(window.codes.size))
    patterns = np.repeat(np.arange(first, first + window.size), hold).tolist()
    top = limit(window.step_bits) * int(rng.choice([-1, 1]))
    costs = [top * int(pattern_signs(window.codes, p)[index]) for p in patterns]
    sweeps = [{"cost": c, "pattern": p, "used": 1, "flush": 0} for c, p in zip(costs, patterns, strict=True)]
    sweeps[-1]["flush"] = 1
    return sweeps


def part(rng: np.random.Generator, window: Window, hold: int) -> list[Sweep]:
    """Some patterns, entered anywhere and flushed early, among sweeps without a cost; or none at all."""
    first = group(rng, window.size)
    steps = rng.integers(0, hold * window.size, rng.integers(0, hold * min(window.size, 12)))
    steps = np.unique(steps)  # so that a slot gets at most `hold` costs
    sweeps = [{"cost": int(extremes(rng, window.step_bits)), "pattern": int(first + s // hold), "used": 1, "flush": 0}
              for s in steps]  # fmt: skip
    for place in rng.integers(0, len(sweeps) + 1, rng.integers(not sweeps, 3)):
        sweeps.insert(int(place), {"cost": -1, "pattern": int(rng.integers(2**32)), "used": 0, "flush": 0})
    sweeps[-1]["flush"] = 1
    return sweeps


def expected(window: Window, lanes: int, sweeps: list[Sweep]) -> list[np.ndarray]:
    """Rows of lanes of all sweeps."""
    rows, costs = [], dict[int, int]()
    for sweep in sweeps:
        if sweep["used"]:
            costs[sweep["pattern"]] = costs.get(sweep["pattern"], 0) + sweep["cost"]
        sums = np.zeros(window.codes.size, np.int64)
        if sweep["flush"]:
            sums = products(window.codes, costs)
            costs.clear()
        rows.append(words(sums, lanes))
    return rows


def clocks(block: WindowProducts, sweeps: list[Sweep]) -> int:
    """Clocks that sweeps take where nothing stalls, whole windows only."""
    entries, registers, count = 1 << block.window.entry_bits, depth(block.window), block.layout.words
    total, after = 2, 0
    for sweep in sweeps:
        waits = block.latency - 1 - registers if sweep["flush"] else after
        total += max(waits + count, entries + 1)
        after = registers - 1 if sweep["flush"] else 0
    # The last sweep is done with its last word, and that word has `depth` - 1 more registers before it.
    return total - max(0, entries + 1 - waits - count) + registers - 1


BATCHES = (whole, whole), (part, whole, part), (part,) * 6
"""Windows that follow each other without pause; the first of these batches has no stalls."""


@cocotb.test()
@over(GRID)
async def gives_the_sums(dut, name):
    block = make(name)
    window, layout = block.window, block.layout
    hold = 1 << (window.cost_bits - window.step_bits)
    bench = Bench(dut, name, block)
    source, sink = bench.source("cost"), bench.sink("product")
    await bench.start()
    await sink.silent(BLOCK)  # meanwhile keys are cleared
    largest = 0
    for batch, kinds in enumerate(BATCHES):
        bench.stall(None if batch else 0.0)
        sweeps = [sweep for kind in kinds for sweep in kind(bench.rng, window, hold)]
        rows = expected(window, layout.lanes, sweeps)
        _, got = await gather(source.send(sweeps), sink.receive(len(sweeps) * layout.words))
        if batch == 0:
            assert sink.clocks == clocks(block, sweeps), f"{name}: took {sink.clocks} clocks"
            largest = int(abs(np.concatenate(rows)).max())
        await sink.silent(2 * window.size)
        for sweep, row, words_ in zip(sweeps, rows, np.reshape(got, (len(sweeps), layout.words, -1)), strict=True):
            check(f"window {name}", sweep["pattern"], row, words_)
    assert largest == window.size * hold * limit(window.step_bits), f"{name}: sums do not reach their width"
