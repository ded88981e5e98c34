"""The filter integrates G and fires pulses as `golden.ttv2` does, with each variant of the reset."""

import cocotb
import numpy as np

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import extremes, over, run
from ohmgrad.cocotb_tests.sweeps import sweeps_match
from ohmgrad.golden.layout import Layout
from ohmgrad.golden.ttv2 import KEEP, SUBTRACT, ZERO, Ttv2, transfer
from ohmgrad.rtl.ttv2 import FilterMemory

# Layers, lanes, bits of H and of G, reset and its shift.
GRID = {
    "lanes1_zero": ((2, 2, 1), 1, 12, 9, ZERO, 0),
    "lanes1_keep": ((1, 1), 1, 7, 6, KEEP, 1),
    "lanes4_subtract": ((3, 2, 2), 4, 18, 16, SUBTRACT, 0),
    "lanes4_multiple": ((3, 2), 4, 9, 9, KEEP, 8),
    "lanes4_one_word": ((2, 1), 4, 8, 10, SUBTRACT, 0),
    "lanes4_two_words": ((4, 1), 4, 24, 23, ZERO, 0),
    "lanes16_keep": ((7, 5, 3), 16, 20, 18, KEEP, 3),
    "lanes16_multiple": ((7, 4), 16, 4, 4, SUBTRACT, 0),
    "lanes16_one_word": ((2, 2, 1), 16, 31, 23, SUBTRACT, 0),
}


def make(name: str) -> FilterMemory:
    """The block of one configuration."""
    layers, lanes, bits, gradient_bits, reset, keep_shift = GRID[name]
    return FilterMemory(Ttv2(bits, gradient_bits, reset, keep_shift, ((0, 1),)), Layout(layers, lanes))


def test_ttv2():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def filters(dut, name):
    block = make(name)
    bench = Bench(dut, name, block)
    rng, size = bench.rng, block.layout.parameters
    bits, gradient_bits, reset, keep_shift, _ = block.ttv2
    bound = block.ttv2.bound
    fired = set()

    def draw():
        threshold = int(rng.choice([1, bound, round(bound ** rng.random())]))
        command = {"update": int(rng.random() < 0.7), "value": threshold}
        return command, extremes(rng, gradient_bits, size)

    def golden(command, g, h):
        pulses = np.zeros_like(g)
        over = False
        if command["update"]:
            over = transfer(bound, reset, keep_shift, command["value"], g.copy(), h, pulses)
        fired.update(pulses)
        return over, pulses

    await sweeps_match(bench, ("command", "gradient", "pulses"), bits, draw, golden)
    assert fired == {-1, 0, 1}
