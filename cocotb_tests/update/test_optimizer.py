"""The optimizer updates theta and M, at the rates of its schedule and layers, as `golden.blocks.update.optimizer`
says.
"""

from typing import NamedTuple

import cocotb
import numpy as np
from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out
from cocotb.triggers import Timer, gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.golden.blocks.lib.fixed import limit
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.lib.mixer import ROUNDING, key, mix
from ohmgrad.golden.blocks.update import optimizer as golden_optimizer
from ohmgrad.golden.blocks.update.optimizer import DITHER_BITS, MOMENTUM_BITS, RATE_BITS, Optimizer
from ohmgrad.rtl.update.optimizer import OptimizerMemory, scheduled

BATCHES, PASSES = 16, 4


class Case(NamedTuple):
    """One configuration: sizes, `golden.blocks.update.optimizer.Optimizer`, and (first step, rate of each layer)."""

    layers: tuple[int, ...]
    lanes: int
    bits: int
    gradient_bits: int
    shift: int
    schedule: tuple[tuple[int, tuple[int, ...]], ...]
    momentum: int = 0
    stochastic: bool = False


GRID = {
    "lanes1": Case((2, 2, 1), 1, 12, 9, 3, ((0, (200, 0)), (7, (0, 255)))),
    "lanes1_two_words": Case((1, 1), 1, 4, 6, 0, ((0, (1,)),)),
    "lanes4": Case((3, 2, 2), 4, 20, 16, 1, ((0, (255, 255)), (1, (0, 3)), (1000, (17, 17)), (2**31, (4, 5)))),
    "lanes4_multiple": Case((3, 2), 4, 9, 9, 8, ((0, (255,)), (2**32 - 2, (1,)))),
    "lanes4_one_word": Case((2, 1), 4, 10, 16, 11, ((0, (77,)),)),
    "lanes4_two_words": Case((4, 1), 4, 28, 30, 0, ((0, (255,)),)),
    "lanes16": Case((7, 5, 3), 16, 18, 23, 12, ((0, (9, 254)),)),
    "lanes16_multiple": Case((7, 4), 16, 4, 23, 26, ((0, (128,)),)),
    # All layers are in one word, and in each of its lanes the rate may be another.
    "lanes16_one_word": Case((1, 1, 1, 1, 2, 1), 16, 16, 30, 30, ((0, (1, 0, 255, 255, 128)), (5, (0, 7, 8, 9, 10)))),
    "momentum_lanes1": Case((2, 2, 1), 1, 12, 9, 8, ((0, (200, 0)),), 1),
    "momentum_lanes4": Case((3, 2, 2), 4, 28, 30, 30, ((0, (255, 1)), (9, (2, 3))), 255),
    "momentum_lanes4_one_word": Case((2, 1), 4, 28, 23, 8, ((0, (255,)),), 128),
    "momentum_lanes8": Case((7, 5, 3), 8, 9, 20, 12, ((0, (0, 255)),), 230),
    "stochastic_lanes1": Case((2, 2, 1), 1, 12, 30, 28, ((0, (1, 1)), (2**31, (255, 1))), 0, True),
    "stochastic_lanes2": Case((2, 2, 1), 2, 20, 18, 17, ((0, (255, 0)), (3, (0, 9))), 0, True),
    "stochastic_lanes4_one_word": Case((2, 1), 4, 10, 9, 0, ((0, (1,)),), 0, True),
    "stochastic_lanes8": Case((7, 5, 3), 8, 18, 16, 16, ((0, (64, 255)),), 0, True),
    "stochastic_lanes4": Case((3, 2), 4, 6, 12, 15, ((0, (255,)),), 0, True),
    "both_lanes1": Case((2, 2, 1), 1, 12, 20, 9, ((0, (255, 3)),), 255, True),
    "both_lanes4": Case((3, 2, 2), 4, 16, 23, 20, ((0, (255, 3)),), 128, True),
    "both_lanes16": Case((7, 5, 3), 16, 20, 23, 8, ((0, (1, 200)), (4, (0, 0))), 1, True),
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
    layers, lanes, bits, gradient_bits, shift, schedule, momentum, stochastic = GRID[name]
    optimizer = Optimizer(bits, gradient_bits, shift, schedule, momentum, stochastic, seed=0x89ABCDEF)
    return OptimizerMemory(optimizer, Layout(layers, lanes))


def test_optimizer():
    run(__file__, make, [*GRID, *SCHEDULES])


@cocotb.test()
@over(GRID)
async def updates(dut, name):
    """Batches of passes without pause; every other batch starts with memories drawn anew."""
    block = make(name)
    optimizer, layout, bench = block.optimizer, block.layout, Bench(dut, name, block)
    rng, size = bench.rng, layout.parameters
    commands, gradient = bench.source("command"), bench.source("gradient")
    ahead = bench.source("ahead") if optimizer.stochastic else None
    results = bench.sink("parameters", flag="saturated")
    hosts = {"theta": bench.host()} | ({"m": bench.host("host_momentum")} if optimizer.momentum else {})
    widths = {"theta": optimizer.bits, "m": MOMENTUM_BITS}
    memories = {memory: np.zeros(size, np.int32) for memory in widths}
    starts = [start for start, _ in optimizer.schedule]
    await bench.start()
    for host in hosts.values():
        await host.write(np.zeros(size))
    seen: set[bool] = set()
    for batch in range(BATCHES):
        if batch % 2 == 0:
            for memory, host in hosts.items():
                memories[memory] = extremes(rng, widths[memory], size)
                await host.write(memories[memory])
                check(f"{name} {memory} before", batch, memories[memory], await host.read(size))
        bench.stall(None if batch else 0.0)
        passes = []
        for _ in range(PASSES):
            near = int(rng.choice(starts)) + int(rng.integers(-1, 2))
            step = int(rng.choice([min(max(near, 0), 2**32 - 1), rng.integers(2**32)]))
            command = {"update": int(rng.random() < 0.7), "step": step}
            g = extremes(rng, optimizer.gradient_bits, size)
            passes.append((command, edges(rng, optimizer, step, g) if rng.random() < 0.5 else g))
        results.flags.clear()
        count = PASSES * layout.words
        *_, got = await gather(
            *([ahead.send(command for command, _ in passes)] if ahead else []),
            commands.send(command for command, _ in passes),
            gradient.send(row for _, values in passes for row in words(values, layout.lanes)),
            results.receive(count),
        )
        if batch == 0 and not optimizer.stochastic:  # whose keys take longer than so few words
            latency = 5 if optimizer.momentum else 4
            assert results.clocks == count + latency, f"{name}: {count} words took {results.clocks} clocks"
        await results.silent()
        expected, saturated = [], []
        for command, g in passes:
            saturated += golden_pass(optimizer, layout, command, g, memories["m"], memories["theta"])
            expected.append(words(memories["theta"].copy(), layout.lanes))
        check(f"{name} parameters", batch, expected, got)
        check(f"{name} saturated", batch, saturated, results.flags)
        for memory, host in hosts.items():
            check(f"{name} {memory}", batch, memories[memory], await host.read(size))
        seen |= set(saturated)
    assert seen == {False, True}, f"{name}: words saturated always or never; the test proves too little"


def edges(rng: np.random.Generator, optimizer: Optimizer, step: int, g: np.ndarray) -> np.ndarray:
    """Words of G that a rate of 1 and the draws of a step bring to where stochastic rounding turns over."""
    fine = 1 << max(0, optimizer.shift - DITHER_BITS)
    if not optimizer.stochastic or optimizer.momentum or fine == 1:
        return g
    draws = [mix(*key(optimizer.seed, ROUNDING, step), i // 2) >> (i % 2 * 16) & 0xFFFF for i in range(g.size)]
    near = -fine * np.array(draws) - fine // 2 + rng.integers(-1, 2, g.size)
    return np.maximum(near, -limit(optimizer.gradient_bits)).astype(np.int32)


def golden_pass(optimizer: Optimizer, layout: Layout, command, g, m, theta) -> list[bool]:
    """Update M and theta in place as golden does; whether a word of lanes saturates."""
    cuts = sorted({*range(0, layout.parameters, layout.lanes), *layout.offsets, layout.parameters})
    saturated = [False] * layout.words
    rates = [rates for start, rates in optimizer.schedule if start <= command["step"]][-1]
    for first, end in zip(cuts, cuts[1:], strict=False):
        if command["update"]:
            layer = sum(offset <= first for offset in layout.offsets) - 1
            part = slice(first, end)
            saturated[first // layout.lanes] |= golden_optimizer.update_with(
                optimizer._replace(schedule=()), np.int64(rates[layer]), command["step"], first,
                g[part], m[part], theta[part],
            )  # fmt: skip
    return saturated


@cocotb.test()
@over(SCHEDULES)
async def follows_schedule(dut, name):
    bench = Bench(dut, name, make(name))
    starts, values = np.array(SCHEDULES[name], np.int64).T
    steps = [step for start in starts for step in (start - 1, start, start + 1) if 0 <= step < 2**32]
    for step in [*steps, *bench.rng.integers(2**32, size=100), 2**32 - 1]:
        bench.signal("step").value = int(step)
        await Timer(1, "ns")
        expected = values[golden_optimizer.scheduled(starts, step)]
        check(f"scheduled {name}", step, expected, int(bench.signal("value").value))
