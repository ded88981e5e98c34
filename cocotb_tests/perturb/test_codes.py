"""The code generator gives the values of `golden.blocks.perturb.codes.pattern_signs`, for each code and number of
lanes.
"""

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run, words
from ohmgrad.golden.blocks.lib.mixer import BLOCK
from ohmgrad.golden.blocks.perturb.codes import KINDS, RANDOM, SINUSOIDAL, Codes, pattern_signs
from ohmgrad.rtl.lib.mixer_words import SERIAL
from ohmgrad.rtl.perturb.codes import CodeGenerator

# Lanes, values: fewer values than lanes, words without padding, one word, sizes about a power of two.
SHAPES = {
    "1_p9": (1, 9),
    "1_p2": (1, 2),
    "4_p14": (4, 14),
    "4_p3": (4, 3),
    "16_p58": (16, 58),
    "16_p32": (16, 32),
    "16_p9": (16, 9),
    "32_p74": (32, 74),
    "32_p65": (32, 65),
    "64_p220": (64, 220),
    "64_p128": (64, 128),
    "64_p30": (64, 30),
}
SEED = 0x9E3779B9
GRID = {f"{kind}{shape}": (kind, *SHAPES[shape]) for kind in ("random", "sequential", "walsh") for shape in SHAPES}
GRID |= {f"walsh_upper{shape}": ("walsh-upper", *SHAPES[shape]) for shape in ("1_p9", "4_p3", "16_p32", "64_p220")}
# Peak, first frequency, spacing, phase: phases of fewer bits, of about as many, and of more than the table resolves.
COARSE, MIDDLE, FINE, WIDEST = (2, 1, 1, 0), (181, 3, 5, 700), (7, 40, 9, 1), (2896, 1048575, 0, 2097151)
GRID |= {
    "sinusoidal1_p1": (COARSE, 1, 1),
    "sinusoidal1_p9": (MIDDLE, 1, 9),
    "sinusoidal2_p5": (COARSE, 2, 5),
    "sinusoidal4_p14": (FINE, 4, 14),
    "sinusoidal8_p20": (WIDEST, 8, 20),
    "sinusoidal16_p9": (COARSE, 16, 9),
    "sinusoidal16_p58": (MIDDLE, 16, 58),
    "sinusoidal64_p128": (FINE, 64, 128),
    "sinusoidal64_p220": (COARSE, 64, 220),
}
BATCHES, PATTERNS = 4, 12


def make(name: str) -> CodeGenerator:
    """The generator of one configuration."""
    kind, lanes, size = GRID[name]
    if isinstance(kind, str):
        return CodeGenerator(Codes(KINDS[kind], SEED, size), lanes)
    return CodeGenerator(Codes(SINUSOIDAL, SEED, size, *kind), lanes)


def test_codes():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def generates(dut, name):
    """Patterns at both ends of their range, in sequence over a whole cycle's end, and anywhere."""
    block = make(name)
    codes = block.codes
    bench = Bench(dut, name, block)
    patterns, signs = bench.source("pattern"), bench.sink("signs")
    await bench.start()
    for batch in range(BATCHES):
        bench.stall(None if batch else 0.0)
        ends = [0, 1, 2**32 - 1, *range(max(0, codes.cycle - 2), codes.cycle + 2)]
        numbers = [int(n) for n in (*ends, *bench.rng.integers(2**32, size=PATTERNS))]
        count = len(numbers) * block.words
        _, got = await gather(
            patterns.send({"number": n, "position": n * codes.stride % codes.size} for n in numbers),
            signs.receive(count),
        )
        if batch == 0 and block.words > 1:
            clocks = block.latency + (len(numbers) - 1) * block.period + block.words
            late = signs.clocks - clocks
            most = BLOCK // block.lanes - 1 if codes.kind == RANDOM and SERIAL < block.lanes < BLOCK else 0
            assert 0 <= late <= most, f"{name}: {count} words took {signs.clocks} clocks, not {clocks}"
        await signs.silent()
        for number, rows in zip(numbers, np.reshape(got, (len(numbers), -1)), strict=True):
            check(f"codes {name}", number, words(pattern_signs(codes, number), block.lanes), rows)
