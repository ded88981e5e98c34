"""The filter takes lines of readings and fires pulses as `golden.blocks.update.ttv2` does, with each of its
variants.
"""

from typing import Any, NamedTuple

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.golden.blocks.tiki_taka.lines import Lines
from ohmgrad.golden.blocks.update.ttv2 import KEEP, SUBTRACT, ZERO, Ttv2, rescale, transfer_line
from ohmgrad.rtl.update.ttv2 import FilterMemory

BATCHES, PASSES = 12, 16


class Case(NamedTuple):
    """One configuration: number and length of the lines of each layer, lanes, and what the filter has by name."""

    layers: tuple[tuple[int, int], ...]
    lanes: int
    bits: int
    gradient_bits: int
    reset: int
    options: dict[str, int] = {}


GRID = {
    "lanes1_zero": Case(((3, 4), (5, 2)), 1, 12, 9, ZERO),
    "lanes1_one_word": Case(((1, 1),), 1, 7, 8, KEEP, {"keep_shift": 1}),
    "lanes1_keep_all": Case(((4, 1), (2, 3)), 1, 8, 11, KEEP, {"keep_shift": 0}),
    "lanes1_agad": Case(((3, 1), (2, 2)), 1, 14, 7, ZERO, {"mean": 2, "fraction": 3}),
    "lanes1_rescale": Case(((2, 3),), 1, 8, 5, SUBTRACT, {"rescale": 8}),
    "lanes4_subtract": Case(((4, 7), (8, 3)), 4, 18, 16, SUBTRACT),
    "lanes4_multiple": Case(((3, 8),), 4, 9, 9, KEEP, {"keep_shift": 8}),
    "lanes4_one_word": Case(((2, 4), (1, 1)), 4, 8, 10, SUBTRACT, {"negate": 1}),
    "lanes4_leak": Case(((3, 6), (2, 4)), 4, 12, 9, KEEP, {"keep_shift": 2, "leak": 3, "fraction": 3}),
    "lanes4_agad": Case(((3, 5), (2, 4), (4, 2)), 4, 16, 9, SUBTRACT, {"mean": 1, "negate": 1}),
    "lanes4_agad_one_word": Case(((3, 3),), 4, 10, 5, KEEP, {"keep_shift": 1, "mean": 8, "fraction": 3}),
    "lanes4_wide": Case(((1, 7), (2, 3)), 4, 31, 23, SUBTRACT, {"rescale": 1}),
    "lanes4_all": Case(((3, 5), (2, 7)), 4, 13, 6, SUBTRACT,
                       {"mean": 4, "leak": 1, "fraction": 5, "negate": 1, "rescale": 3}),
    "lanes16_zero": Case(((1, 33), (2, 16)), 16, 24, 23, ZERO),
    "lanes16_keep": Case(((1, 20), (1, 16)), 16, 20, 9, KEEP, {"keep_shift": 3, "fraction": 7}),
    "lanes8_filtered": Case(((1, 83),), 8, 4, 4, SUBTRACT, {"negate": 1}),
    "lanes8_leak": Case(((1, 20), (2, 7)), 8, 9, 12, SUBTRACT, {"leak": 2, "negate": 1}),
    "lanes64_one_word": Case(((3, 3),), 64, 5, 4, KEEP, {"keep_shift": 1}),
}  # fmt: skip


def make(name: str) -> FilterMemory:
    """The block of one configuration."""
    case = GRID[name]
    options: dict[str, Any] = {"keep_shift": 0} | case.options
    return FilterMemory(
        Ttv2(case.bits, case.gradient_bits, case.reset, schedule=(), **options), Lines(case.layers, case.lanes)
    )


def test_ttv2():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def filters(dut, name):
    """Lines in any order, half of the time the same one again; the first batch without stalls, a word a clock."""
    block = make(name)
    ttv2, lines = block.ttv2, block.lines
    bench, pads = Bench(dut, name, block), padding(lines)
    rng, lanes, counted = bench.rng, lines.lanes, [0]
    commands, readings = bench.source("command"), bench.source("reading")
    # A pass that rescales saturates without pulses.
    pulses = bench.sink("pulses", flag=None if ttv2.rescale else "saturated")
    bits = {"h": ttv2.bits} | ({"mean": ttv2.mean_bits, "past": ttv2.mean_bits} if ttv2.mean else {})
    hosts = {part: bench.host("host" if part == "h" else f"host_{part}") for part in bits}
    memory: dict[str, np.ndarray] = {}
    seen, total = set(), 0
    await bench.start()
    cocotb.start_soon(count(dut, bench.signal("saturated"), counted))
    for batch in range(BATCHES):
        if batch % 2 == 0:
            for part, host in hosts.items():
                memory[part] = np.where(pads, 0, extremes(rng, bits[part], (lines.depth, lanes)))
                await host.write(memory[part].ravel())
        bench.stall(None if batch else 0.0)
        passes = draw(rng, ttv2, lines)
        z, expected, saturated = [], [], []
        for command in passes:
            taken = extremes(rng, ttv2.gradient_bits, (command["words"], lanes))
            for place, reading in enumerate(taken, command["start"]):
                out, flag = golden(ttv2, command, reading, {k: v[place] for k, v in memory.items()}, pads[place])
                saturated.append(flag)
                if not command.get("rescale"):
                    z.append(reading)
                    expected.append(out)
        pulses.flags.clear()
        _, _, got = await gather(commands.send(passes), readings.send(z), pulses.receive(len(expected)))
        if batch == 0:
            words, latency = len(saturated), 4 if ttv2.mean else 2
            assert pulses.clocks == words + latency, f"{name}: {words} words took {pulses.clocks} clocks"
        await pulses.silent()
        total += sum(saturated)
        check(f"{name} pulses", batch, expected, got)
        check(f"{name} number of saturations", batch, total, counted)
        if not ttv2.rescale:
            check(f"{name} saturated", batch, saturated, pulses.flags)
        for part, host in hosts.items():
            check(f"{name} {part}", batch, memory[part], await host.read(pads.size))
        seen |= set(np.ravel(expected))
    can = ttv2.rescale > 0 or not ttv2.leak or ttv2.gradient_bits + ttv2.fraction > ttv2.bits
    assert (total > 0) == can, f"{name}: {total} words saturated"
    assert seen == {-1, 0, 1}, f"{name}: pulses {seen}; the test proves too little"


def draw(rng: np.random.Generator, ttv2: Ttv2, lines: Lines) -> list[dict[str, int]]:
    """Commands of a batch; the last one takes readings, so that the last word gives pulses."""
    passes: list[dict[str, int]] = []
    while len(passes) < PASSES:
        layer = int(rng.integers(len(lines.layers)))
        command = {
            "start": lines.starts[layer] + int(rng.integers(lines.layers[layer][0])) * lines.words[layer],
            "words": lines.words[layer],
        }
        shift = int(rng.integers(-ttv2.rescale, ttv2.rescale + 1)) if rng.random() < 0.2 else 0
        if len(passes) == PASSES - 1:
            shift = 0
        if shift and rng.random() < 0.5:
            command = {"start": 0, "words": lines.depth}
        elif passes and not passes[-1].get("rescale") and rng.random() < 0.5:
            command = {part: passes[-1][part] for part in command}
        bound = ttv2.bound
        command |= {"value": int(rng.choice([1, bound, round(bound ** rng.random()), rng.integers(1, bound + 1)]))}
        command |= {"chopper": int(rng.integers(2)), "update": int(rng.random() < 0.8)}
        command |= {"switched": int(rng.integers(2)), "hold": int(rng.random() < 0.3)} if ttv2.mean else {}
        passes.append(command | ({"rescale": shift} if ttv2.rescale else {}))
    return passes


def golden(ttv2: Ttv2, command: dict[str, int], z, memory: dict[str, np.ndarray], pad) -> tuple[np.ndarray, bool]:
    """Pulses of one word of readings, and whether it saturates; words of the memories are changed in place."""
    there, pulses = ~pad, np.zeros(len(z), np.int32)
    parts = {part: memory[part][there] if part in memory else np.zeros(0, np.int32) for part in ("h", "mean", "past")}
    fired = np.zeros(there.sum(), np.int32)
    over = False
    if command.get("rescale"):
        over = rescale(ttv2.bits, command["rescale"], parts["h"])
    elif command["update"]:
        over = transfer_line(
            ttv2, command["value"], 1 - 2 * command["chopper"], command.get("switched", 0), command.get("hold", 0),
            z[there], *parts.values(), fired,
        )  # fmt: skip
        over = bool(over)
    for part, values in memory.items():
        values[there] = parts[part]
    pulses[there] = fired
    return pulses, over


def padding(lines: Lines) -> np.ndarray:
    """Which lanes of each word are padding: bool array, shape (depth, lanes)."""
    return np.concatenate([
        np.arange(words * lines.lanes).reshape(words, lines.lanes) >= length
        for (number, length), words in zip(lines.layers, lines.words, strict=True)
        for _ in range(number)
    ])  # fmt: skip


async def count(dut, signal, counted: list[int]) -> None:
    """Count the clocks in which a signal is high."""
    while True:
        await RisingEdge(dut.clk)
        counted[0] += int(signal.value)
