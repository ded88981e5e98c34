"""The correlator adds C~ times the factors, or the sums of a window, to G as `golden.blocks.update.correlator` does."""

from itertools import count
from typing import NamedTuple

import cocotb
import numpy as np

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import extremes, over, run
from ohmgrad.cocotb_tests.sweeps import PASSES, sweeps_match
from ohmgrad.golden.blocks.lib.fixed import limit
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.update.correlator import LEAK_BITS, Correlator, correlate, correlate_leaky
from ohmgrad.rtl.update.correlator import CorrelatorMemory


class Case(NamedTuple):
    """One configuration: sizes, widths of the cost and of G, of the factors or (`window`) of the sums, leak."""

    layers: tuple[int, ...]
    lanes: int
    cost_bits: int
    bits: int
    factor_bits: int = 2
    leaky: bool = False
    window: bool = False


GRID = {
    "lanes1": Case((2, 2, 1), 1, 9, 12),
    "lanes1_two_words": Case((1, 1), 1, 6, 6),
    "lanes4": Case((3, 2, 2), 4, 12, 16),
    "lanes4_multiple": Case((3, 2), 4, 9, 9),
    "lanes4_one_word": Case((2, 1), 4, 8, 10),
    "lanes4_two_words": Case((4, 1), 4, 20, 23),
    "lanes16": Case((7, 5, 3), 16, 16, 18),
    "lanes16_multiple": Case((7, 4), 16, 4, 4),
    "lanes16_one_word": Case((2, 2, 1), 16, 24, 30),
    "factors3_lanes1": Case((2, 2, 1), 1, 4, 6, 3),
    "factors9_lanes4": Case((3, 2, 2), 4, 20, 28, 9),
    "factors9_lanes4_one_word": Case((2, 1), 4, 20, 30, 9),
    "factors13_lanes16": Case((7, 5, 3), 16, 12, 23, 13),
    "leaky_lanes1": Case((2, 2, 1), 1, 9, 12, 2, True),
    "leaky_lanes4": Case((3, 2, 2), 4, 14, 30, 2, True),
    "leaky_lanes4_one_word": Case((2, 1), 4, 8, 10, 2, True),
    "leaky_factors8_lanes16": Case((7, 5, 3), 16, 20, 30, 8, True),
    "window_lanes1": Case((2, 2, 1), 1, 9, 12, 15, window=True),
    "window_lanes4": Case((3, 2, 2), 4, 12, 30, 18, window=True),
    "window_lanes4_one_word": Case((2, 1), 4, 8, 10, 10, window=True),
    "window_lanes16": Case((7, 5, 3), 16, 20, 26, 26, window=True),
}


def make(name: str) -> CorrelatorMemory:
    """The block of one configuration."""
    case = GRID[name]
    layout = Layout(case.layers, case.lanes)
    if case.window:
        return CorrelatorMemory(Correlator(case.cost_bits, case.bits, window=8), layout, case.factor_bits)
    return CorrelatorMemory(Correlator(case.cost_bits, case.bits, case.factor_bits, case.leaky, 1), layout)


def test_correlator():
    run(__file__, make, GRID)


@cocotb.test()
@over([name for name, case in GRID.items() if not case.window])
async def correlates(dut, name):
    block, case = make(name), GRID[name]
    bench = Bench(dut, name, block)
    rng, size, bound = bench.rng, block.layout.parameters, block.correlator.bound
    drawn, leak = count(), 0

    def draw():
        nonlocal leak
        if next(drawn) % PASSES == 0 and case.leaky:  # at the start of a batch, when no pass is under way
            leak = int(rng.choice([0, 1, 2**15, 2**LEAK_BITS - 1, rng.integers(2**LEAK_BITS)]))
            bench.signal("leak").value = leak
        cost = int(extremes(rng, case.cost_bits))
        factors = extremes(rng, case.factor_bits, size)
        return {"cost": cost, "step" if case.leaky else "clear": int(rng.random() < 0.2)}, factors

    def golden(command, factors, g):
        if case.leaky:
            over = correlate_leaky(bound, leak * command["step"], command["cost"], factors, g)
            return over, g.copy()
        over = correlate(bound, command["cost"], factors, g)
        result = g.copy()
        g *= 1 - command["clear"]
        return over, result

    await sweeps_match(bench, ("cost", "factors", "gradient"), case.bits, draw, golden)


@cocotb.test()
@over([name for name, case in GRID.items() if case.window])
async def adds_windows(dut, name):
    """A pass without use gives zeros, whatever its sums, and keeps G even if that is to be cleared."""
    block, case = make(name), GRID[name]
    bench = Bench(dut, name, block)
    rng, size = bench.rng, block.layout.parameters

    def draw():
        command = {"use": int(rng.random() < 0.6), "clear": int(rng.random() < 0.3)}
        return command, extremes(rng, case.factor_bits, size)

    def golden(command, products, g):
        if not command["use"]:
            return False, np.zeros_like(g)
        raw = g.astype(np.int64) + products
        result = np.clip(raw, -limit(case.bits), limit(case.bits))
        g[:] = 0 if command["clear"] else result
        return bool(np.any(raw != result)), result

    await sweeps_match(bench, ("cost", "products", "gradient"), case.bits, draw, golden)
