"""The correlator adds C~ times the signs to G as `golden.correlator` does."""

import cocotb
import numpy as np

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import extremes, over, run
from ohmgrad.cocotb_tests.sweeps import sweeps_match
from ohmgrad.golden.correlator import Correlator, correlate
from ohmgrad.golden.layout import Layout
from ohmgrad.rtl.correlator import CorrelatorMemory

# Layers, lanes, bits of the cost and of G.
GRID = {
    "lanes1": ((2, 2, 1), 1, 9, 12),
    "lanes1_two_words": ((1, 1), 1, 6, 6),
    "lanes4": ((3, 2, 2), 4, 12, 16),
    "lanes4_multiple": ((3, 2), 4, 9, 9),
    "lanes4_one_word": ((2, 1), 4, 8, 10),
    "lanes4_two_words": ((4, 1), 4, 20, 23),
    "lanes16": ((7, 5, 3), 16, 16, 18),
    "lanes16_multiple": ((7, 4), 16, 4, 4),
    "lanes16_one_word": ((2, 2, 1), 16, 24, 31),
}


def make(name: str) -> CorrelatorMemory:
    """The block of one configuration."""
    layers, lanes, cost_bits, bits = GRID[name]
    return CorrelatorMemory(Correlator(cost_bits, bits), Layout(layers, lanes))


def test_correlator():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def correlates(dut, name):
    block = make(name)
    bench = Bench(dut, name, block)
    rng, size = bench.rng, block.layout.parameters
    cost_bits, bits = block.correlator

    def draw():
        cost = int(extremes(rng, cost_bits))
        return {"cost": cost, "clear": int(rng.random() < 0.2)}, rng.integers(-1, 2, size, np.int32)

    def golden(command, signs, g):
        over = correlate(block.correlator.bound, command["cost"], signs, g)
        result = g.copy()
        g *= 1 - command["clear"]
        return over, result

    await sweeps_match(bench, ("cost", "signs", "gradient"), bits, draw, golden)
