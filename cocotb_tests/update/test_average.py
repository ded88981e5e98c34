"""The average takes iterates as `golden.blocks.update.average` does, and never holds the weights up."""

from typing import NamedTuple

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, gather
from cocotb.utils import get_sim_time

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run, words
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.update.average import SHIFT_MOST, Average, iterate
from ohmgrad.rtl.update.average import AverageMemory

BATCHES, PASSES = 24, 6


class Case(NamedTuple):
    """One configuration: sizes, widths of w and of V, which average."""

    layers: tuple[int, ...]
    lanes: int
    weight_bits: int
    bits: int
    cumulative: bool = False


GRID = {
    "lanes1": Case((2, 2, 1), 1, 7, 16),
    "lanes1_two_words": Case((1, 1), 1, 4, 4),
    "lanes4": Case((3, 2, 2), 4, 12, 32),
    "lanes4_multiple": Case((3, 2), 4, 8, 12),
    "lanes4_one_word": Case((2, 1), 4, 12, 24),
    "lanes4_two_words": Case((4, 1), 4, 28, 32),
    "lanes16": Case((7, 5, 3), 16, 12, 21),
    "lanes16_one_word": Case((2, 2, 1), 16, 10, 30),
    "lanes64": Case((9, 7), 64, 12, 28),
    "cumulative_lanes1": Case((2, 2, 1), 1, 7, 9, True),
    "cumulative_lanes4": Case((3, 2, 2), 4, 12, 13, True),
    "cumulative_lanes4_one_word": Case((2, 1), 4, 12, 12, True),
    "cumulative_lanes16": Case((7, 5, 3), 16, 30, 32, True),
    "cumulative_lanes64": Case((9, 7), 64, 4, 24, True),
}


def make(name: str) -> AverageMemory:
    """The block of one configuration."""
    case = GRID[name]
    return AverageMemory(Average(case.weight_bits, case.bits, case.cumulative), Layout(case.layers, case.lanes))


def test_average():
    run(__file__, make, GRID)


def ends(rng: np.random.Generator, bits: int, size: int) -> np.ndarray:
    """Words over all of their range; a third of them are its ends or around zero."""
    half = 1 << (bits - 1)
    near = rng.choice([-half, -half + 1, -1, 0, 1, half - 1], size)
    return np.where(rng.random(size) < 1 / 3, near, rng.integers(-half, half, size)).astype(np.int32)


def draw(rng: np.random.Generator, case: Case, size: int, memory: np.ndarray) -> tuple[dict[str, int], np.ndarray]:
    """A command and the weights of a pass: any, or such that a word of V is about half of 2**k away from them."""
    command = {"use": int(rng.random() < 0.75), "first": int(rng.random() < 0.1)}
    weights = ends(rng, case.weight_bits, size)
    if not case.cumulative:
        command["shift"] = int(rng.choice([0, 1, SHIFT_MOST, rng.integers(SHIFT_MOST + 1)]))
        fraction = case.bits - case.weight_bits
        half = 1 << command["shift"] >> 1
        if rng.random() < 0.5:
            near = (memory.astype(np.int64) + rng.choice([-half, half], size)) >> fraction
            weights = np.clip(near, -(1 << (case.weight_bits - 1)), (1 << (case.weight_bits - 1)) - 1).astype(np.int32)
    return command, weights


async def watch(bench: Bench, taken: list[bool]) -> None:
    """Append for each word that is taken whether `saturated` is high in the clock after; it may not be in any other."""
    valid, ready, saturated = (bench.signal(port) for port in ("weight.valid", "weight.ready", "saturated"))
    before = False
    while True:
        await RisingEdge(bench.dut.clk)
        flag = bool(int(saturated.value))
        assert before or not flag, f"average {bench.name}: saturated without a word"
        if before:
            taken.append(flag)
        before = bool(int(valid.value) and int(ready.value))


@cocotb.test()
@over(GRID)
async def averages(dut, name):
    """Batches of passes without pause; every other one starts with a memory drawn anew."""
    block, case = make(name), GRID[name]
    bench = Bench(dut, name, block)
    rng, layout = bench.rng, block.layout
    commands, stream, host = bench.source("command"), bench.source("weight"), bench.host()
    await bench.start()
    flags: list[bool] = []
    watcher = cocotb.start_soon(watch(bench, flags))
    seen: set[bool] = set()
    memory = np.zeros(layout.parameters, np.int32)
    moved = 0
    for batch in range(BATCHES):
        if batch % 2 == 0:
            memory = ends(rng, case.bits, memory.size)
            await host.write(memory)
            check(f"average {name} memory before", batch, memory, await host.read(memory.size))
        bench.stall(None if batch else 0.0)
        flags.clear()
        passes, expected = [], []
        for _ in range(PASSES):
            command, weights = draw(rng, case, memory.size, memory)
            passes.append((command, weights))
            for first in range(0, memory.size, layout.lanes):
                word, before = slice(first, first + layout.lanes), memory[first : first + layout.lanes].copy()
                saturated = command["use"] and iterate(
                    block.average, command.get("shift", 0), command["first"], weights[word], memory[word]
                )
                expected.append(bool(saturated))
                moved += np.any(before != memory[word])
        start = get_sim_time("ns")
        await gather(
            commands.send(command for command, _ in passes),
            stream.send(row for _, weights in passes for row in words(weights, layout.lanes)),
        )
        if batch == 0:
            clocks, count = (get_sim_time("ns") - start) / 2, PASSES * layout.words
            assert clocks == count, f"average {name}: {count} words took {clocks:g} clocks"
        for _ in range(2):
            await RisingEdge(dut.clk)
        check(f"average {name} saturated", batch, expected, flags)
        check(f"average {name} memory", batch, memory, await host.read(memory.size))
        seen |= set(expected)
    watcher.cancel()
    assert moved, f"average {name}: V never changed; the test proves too little"
    assert seen == ({False, True} if case.cumulative else {False}), f"average {name}: saturated {seen}"
