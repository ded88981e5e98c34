"""The code generator gives the signs of `golden.codes.pattern_signs`, for each code and number of lanes."""

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run, words
from ohmgrad.golden.codes import KINDS, Codes, pattern_signs
from ohmgrad.golden.layout import Layout
from ohmgrad.rtl.codes import CodeGenerator

# Lanes, layers: fewer parameters than lanes, words without padding, one word, sizes about a power of two.
SHAPES = {
    "1_p9": (1, (2, 2, 1)),
    "1_p2": (1, (1, 1)),
    "4_p14": (4, (3, 2, 2)),
    "4_p3": (4, (2, 1)),
    "16_p58": (16, (7, 5, 3)),
    "16_p32": (16, (7, 4)),
    "16_p9": (16, (2, 2, 1)),
    "32_p74": (32, (9, 6, 2)),
    "32_p65": (32, (64, 1)),
    "64_p220": (64, (49, 4, 4)),
    "64_p128": (64, (63, 2)),
    "64_p30": (64, (2, 10)),
}
SEEDS = {"random": 0x9E3779B9, "sequential": 0, "walsh": 0}
GRID = {f"{kind}{shape}": (kind, *SHAPES[shape]) for kind in KINDS for shape in SHAPES}
BATCHES, PATTERNS = 4, 12


def make(name: str) -> CodeGenerator:
    """The generator of one configuration."""
    kind, lanes, layers = GRID[name]
    layout = Layout(layers, lanes)
    return CodeGenerator(Codes(KINDS[kind], SEEDS[kind], layout.parameters), layout)


def test_codes():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def generates(dut, name):
    """Patterns at both ends of their range, in sequence over a whole cycle's end, and anywhere."""
    block = make(name)
    codes, layout = block.codes, block.layout
    bench = Bench(dut, name, block)
    patterns, signs = bench.source("pattern"), bench.sink("signs")
    await bench.start()
    for batch in range(BATCHES):
        bench.stall(None if batch else 0.0)
        ends = [0, 1, 2**32 - 1, *range(max(0, codes.cycle - 2), codes.cycle + 2)]
        numbers = [int(n) for n in (*ends, *bench.rng.integers(2**32, size=PATTERNS))]
        count = len(numbers) * layout.words
        _, got = await gather(
            patterns.send({"number": n, "position": n * codes.stride % codes.size} for n in numbers),
            signs.receive(count),
        )
        if batch == 0 and layout.words > 1:
            assert signs.clocks == count + 2, f"{name}: {count} words took {signs.clocks} clocks"
        await signs.silent()
        for number, rows in zip(numbers, np.reshape(got, (len(numbers), -1)), strict=True):
            check(f"codes {name}", number, words(pattern_signs(codes, number), layout.lanes), rows)
