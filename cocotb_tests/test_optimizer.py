"""The optimizer updates theta, and a schedule gives its rate, as `golden.optimizer` says."""

import cocotb
import numpy as np
from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out
from cocotb.triggers import Timer

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.cocotb_tests.sweeps import sweeps_match
from ohmgrad.golden import optimizer as golden_optimizer
from ohmgrad.golden.layout import Layout
from ohmgrad.golden.optimizer import RATE_BITS, Optimizer
from ohmgrad.rtl.optimizer import OptimizerMemory, scheduled

# Layers, lanes, bits of theta and of G, shift.
GRID = {
    "lanes1": ((2, 2, 1), 1, 12, 9, 3),
    "lanes1_two_words": ((1, 1), 1, 4, 6, 0),
    "lanes4": ((3, 2, 2), 4, 20, 16, 1),
    "lanes4_multiple": ((3, 2), 4, 9, 9, 8),
    "lanes4_one_word": ((2, 1), 4, 10, 16, 11),
    "lanes4_two_words": ((4, 1), 4, 28, 23, 0),
    "lanes16": ((7, 5, 3), 16, 18, 23, 12),
    "lanes16_multiple": ((7, 4), 16, 4, 23, 26),
    "lanes16_one_word": ((2, 2, 1), 16, 16, 23, 30),
}
SCHEDULES = {
    "constant": ((0, 200),),
    "steps": ((0, 255), (1, 0), (1000, 17), (2**31, 4), (2**32 - 2, 1)),
}


class Scheduled(Component):
    """Value of a schedule at a step."""

    def __init__(self, schedule):
        self.schedule = schedule
        super().__init__({"step": In(32), "value": Out(RATE_BITS)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.value.eq(scheduled(self.schedule, self.step))
        return m


def make(name: str) -> Component:
    """The block of one configuration."""
    if name in SCHEDULES:
        return Scheduled(SCHEDULES[name])
    layers, lanes, bits, gradient_bits, shift = GRID[name]
    return OptimizerMemory(Optimizer(bits, gradient_bits, shift, ((0, 1),)), Layout(layers, lanes))


def test_optimizer():
    run(__file__, make, [*GRID, *SCHEDULES])


@cocotb.test()
@over(GRID)
async def updates(dut, name):
    block = make(name)
    bench = Bench(dut, name, block)
    rng, size = bench.rng, block.layout.parameters
    bits, gradient_bits, shift, _ = block.optimizer

    def draw():
        rate = int(rng.choice([0, 1, 255, rng.integers(256)]))
        command = {"update": int(rng.random() < 0.7), "value": rate}
        return command, extremes(rng, gradient_bits, size)

    def golden(command, g, theta):
        over = False
        if command["update"]:
            over = golden_optimizer.update(block.optimizer.bound, shift, command["value"], g.copy(), theta)
        return over, theta.copy()

    await sweeps_match(bench, ("command", "gradient", "parameters"), bits, draw, golden)


@cocotb.test()
@over(SCHEDULES)
async def follows_schedule(dut, name):
    bench = Bench(dut, name, make(name))
    starts, values = np.array(SCHEDULES[name], np.int64).T
    steps = [step for start in starts for step in (start - 1, start, start + 1) if 0 <= step < 2**32]
    for step in [*steps, *bench.rng.integers(2**32, size=100), 2**32 - 1]:
        bench.signal("step").value = int(step)
        await Timer(1, "ns")
        expected = golden_optimizer.scheduled(starts, values, step)
        check(f"scheduled {name}", step, expected, int(bench.signal("value").value))
