"""Trains are those of `golden.pulses`, of the sweep before, at a word a clock."""

from typing import NamedTuple

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.golden import outer
from ohmgrad.golden.fixed import limit
from ohmgrad.golden.layout import Layout
from ohmgrad.golden.memory_map import SAMPLE_WORD
from ohmgrad.golden.pulses import RATE_BITS, Pulses, orient, probabilities, train
from ohmgrad.rtl.pulses import PulseTrains

BATCHES, UPDATES = 4, 6
SEED = 0x9E3779B9


class Case(NamedTuple):
    """One configuration: sizes, slots, kind, and widths; without `lined` lines are as wide as rows."""

    layers: tuple[int, ...]
    lanes: int
    slots: int
    deterministic: bool = False
    management: bool = True
    lined: bool = True
    chopped: str | None = None
    row_bits: int = 2
    line_bits: int = 8
    magnitude_bits: int = 15
    shift: int = 6


GRID = {
    "lanes1": Case((2, 2, 1), 1, 3),
    "lanes1_single": Case((1, 1), 1, 1, management=False),
    "lanes2": Case((9, 1, 3), 2, 5, chopped="lines"),
    "lanes4": Case((7, 5, 3), 4, 10),
    "lanes4_plain": Case((17, 5), 4, 31, management=False, chopped="rows"),
    "lanes8_deterministic": Case((20, 3, 2), 8, 31, True, chopped="lines"),
    "lanes16": Case((49, 8, 4), 16, 7, chopped="lines"),
    "lanes16_rank_one": Case((49, 8, 4), 16, 7, lined=False, line_bits=2, chopped="lines"),
    "lanes64": Case((49, 8, 4), 64, 4, chopped="rows"),
    "lanes1_rank_one_plain": Case((2, 2, 1), 1, 4, management=False, lined=False, line_bits=2, chopped="lines"),
}


def make(name: str) -> PulseTrains:
    """The generator of one configuration."""
    case = GRID[name]
    layout = Layout(case.layers, case.lanes)
    pulses = Pulses(
        SEED, case.slots, case.deterministic, case.management, layout.neurons, outer.lines(layout), case.row_bits,
        case.line_bits, case.magnitude_bits, 0, case.shift,
    )  # fmt: skip
    return PulseTrains(pulses, layout, case.lined, case.chopped)


def test_pulses():
    run(__file__, make, GRID)


def vector_of(block: PulseTrains, values: np.ndarray, inputs: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """d, before its sign, and x."""
    if not block.lined:
        return values.copy()
    parts, neuron = [values], 0
    for k, columns in enumerate(block.layout.columns):
        parts += [hidden[neuron : neuron + columns - 1, 1] if k else inputs, [limit(block.pulses.line_bits)]]
        neuron += columns - 1 if k else 0
    return np.concatenate(parts).astype(np.int32)


def expected_of(block: PulseTrains, command: dict, chopper: np.ndarray, vector: np.ndarray) -> list[np.ndarray]:
    """Words of all slots."""
    pulses = block.pulses._replace(rate=command["rate"])
    orient(pulses, command["cost"], chopper, 0 if block.chopped == "rows" else pulses.rows, vector)
    signed, out = np.zeros(vector.size, np.int64), np.zeros(vector.size, np.int32)
    probabilities(pulses, pulses.line_shift, abs(command["cost"]), vector, signed)
    slots = []
    for slot in range(pulses.slots):
        train(pulses, pulses.order(), command["number"], slot, signed, out)
        slots.append(words(out, block.layout.lanes))
    return slots


def draw(block: PulseTrains, rng: np.random.Generator, first: bool) -> tuple[dict, np.ndarray]:
    """A command and its values."""
    pulses = block.pulses
    top = (1 << pulses.magnitude_bits) - 1
    size = rng.choice([0, 1, top, *rng.integers(0, top + 1, 3), *(1 << rng.integers(0, pulses.magnitude_bits, 3))])
    command = {
        "use": int(not first and rng.random() < 0.8),
        "cost": int(rng.choice([-1, 1]) * size),
        "number": int(rng.choice([0, 2**32 - 1, rng.integers(2**32)])),
        "rate": int(rng.choice([1, (1 << RATE_BITS) - 1, rng.integers(1 << RATE_BITS)])),
    }
    values = extremes(rng, pulses.row_bits, pulses.rows if block.lined else block.size)
    return command, values * (rng.random() > 0.1)


@cocotb.test()
@over(GRID)
async def fires(dut, name):
    """Commands with and without use, one a sweep, each before the line codes of its own sweep."""
    block = make(name)
    layout, pulses = block.layout, block.pulses
    bench = Bench(dut, name, block)
    values, command, trains = bench.source("values"), bench.source("command"), bench.sink("train")
    line, hidden = (bench.source(port) if block.lined else None for port in ("line", "hidden"))
    rate = bench.signal("rate")
    chopper_port = bench.signal("chopper") if block.chopped else None
    await bench.start()
    sizes = layout.layers[0], (sum(layout.layers[1:-1]), 2)
    inputs, behind = (np.zeros(size, np.int32) for size in sizes)
    for batch in range(BATCHES):
        bench.stall(None if batch else 0.0)
        for update in range(UPDATES):
            now, offered = draw(block, bench.rng, batch == update == 0)
            chopper = bench.rng.integers(2, size=len(block.chopper) if block.chopped else 0).astype(np.int32)
            rate.value = now["rate"]
            if chopper_port is not None:
                chopper_port.value = int("".join(map(str, chopper[::-1])), 2)
            streams = [
                values.send(words(offered, layout.lanes)),
                command.send([{key: now[key] for key in ("use", "cost", "number")}]),
                trains.receive(now["use"] * pulses.slots * block.words),
            ]
            *_, got = await gather(*streams)
            await trains.silent()
            if now["use"]:
                expected = expected_of(block, now, chopper, vector_of(block, offered, inputs, behind))
                got = np.reshape(got, (pulses.slots, -1))
                for slot in range(pulses.slots):
                    where = f"pulses {name}: update {batch * UPDATES + update} {now}"
                    check(where, slot, expected[slot], got[slot])
            if block.lined:
                inputs, behind = (extremes(bench.rng, pulses.line_bits, size) for size in sizes)
                rails = ("rail0", "rail1")
                await gather(
                    line.send(words(inputs, SAMPLE_WORD)),
                    hidden.send(dict(zip(rails, h.tolist(), strict=True)) for h in behind),
                )
