"""Trains are those of `golden.blocks.tiki_taka.pulses`, of the sweep before, at a word a clock."""

from typing import NamedTuple

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.golden.blocks.lib.fixed import limit
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.perturb import outer
from ohmgrad.golden.blocks.tiki_taka.pulses import RATE_BITS, WIDE_BITS, Pulses, orient, probabilities, train
from ohmgrad.golden.chip.memory_map import SAMPLE_WORD, record_words
from ohmgrad.rtl.tiki_taka.pulses import PulseTrains

BATCHES, UPDATES = 4, 6
SEED = 0x9E3779B9


class Case(NamedTuple):
    """One configuration: sizes, slots, kind, and widths."""

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
    groups: tuple[tuple[int, int], ...] = ()


GRID = {
    "lanes1": Case((2, 2, 1), 1, 3, chopped="rows"),
    "lanes1_single": Case((1, 1), 1, 1, management=False),
    "lanes1_rank_one": Case((2, 2, 1), 1, 4, lined=False, line_bits=2, chopped="lines"),
    "lanes2_vectors": Case((3, 2, 2), 2, 6, lined=False, row_bits=6, line_bits=6, magnitude_bits=9, chopped="rows"),
    "lanes2_wide_lines": Case((9, 1, 3, 2), 2, 5, chopped="lines", line_bits=12),
    "lanes4": Case((7, 5, 3), 4, 10),
    "lanes4_plain": Case((17, 5), 4, 31, management=False, chopped="rows"),
    "lanes4_wide": Case((6, 3, 2), 4, 7, row_bits=8, magnitude_bits=20, shift=14, chopped="lines"),
    "lanes4_saturating": Case((3, 2), 4, 2, row_bits=4, magnitude_bits=24, shift=0, line_bits=5),
    "lanes8_deterministic": Case((20, 3, 2), 8, 31, True, chopped="lines"),
    "lanes8_wide_plain": Case((5, 4), 8, 3, management=False, row_bits=5, line_bits=12, shift=9),
    "lanes16": Case((49, 8, 4), 16, 7, chopped="lines"),
    "lanes16_rank_one_plain": Case((20, 9, 4), 16, 6, management=False, lined=False, line_bits=2, chopped="lines"),
    "lanes16_signs": Case((33, 2, 1, 3), 16, 5, True, line_bits=2, magnitude_bits=4, shift=0),
    "lanes8_vectors": Case(
        (20, 14), 8, 4, True, lined=False, row_bits=6, line_bits=6, magnitude_bits=9, chopped="rows"
    ),
    "lanes1_groups": Case((), 1, 3, line_bits=4, groups=((2, 3), (1, 6))),
    "lanes4_groups": Case((), 4, 5, line_bits=12, chopped="lines", shift=9, groups=((7, 1), (3, 9))),
    "lanes16_groups": Case((), 16, 4, True, chopped="rows", groups=((5, 20), (2, 2), (3, 1))),
    "lanes8": Case((80, 3, 2), 8, 4, chopped="rows"),
    "lanes64_rank_one_one_word": Case((7, 5, 3), 64, 12, True, False, False, "lines", line_bits=2, shift=0),
    "lanes16_wide_deterministic": Case((49, 8, 4), 16, 63, True, row_bits=8, line_bits=9, shift=12),
}


def make(name: str) -> PulseTrains:
    """The generator of one configuration."""
    case = GRID[name]
    layout = Layout(case.layers, case.lanes, case.groups)
    pulses = Pulses(
        SEED, case.slots, case.deterministic, case.management, layout.neurons, outer.lines(layout), case.row_bits,
        case.line_bits, case.magnitude_bits, 0, case.shift,
    )  # fmt: skip
    return PulseTrains(pulses, layout, case.lined, case.chopped)


def test_pulses():
    run(__file__, make, GRID)


class Sweep(NamedTuple):
    """What one sweep brings: settings, command, values, and then line codes of the inputs and hidden neurons."""

    rate: int
    chopper: np.ndarray
    command: dict[str, int]
    values: np.ndarray
    inputs: np.ndarray
    hidden: np.ndarray


def vector_of(block: PulseTrains, now: Sweep, before: Sweep | None) -> np.ndarray:
    """d, before its sign, and x, with the line codes of the sweep before."""
    if not block.lined:
        return now.values.copy()
    if not block.layout.layers:
        return np.concatenate([now.values, before.inputs if before else 0 * now.inputs])
    parts, neuron = [now.values], 0
    for k, columns in enumerate(block.layout.columns):
        codes = np.zeros(columns - 1, np.int32)
        if before:
            codes = before.hidden[neuron : neuron + columns - 1, 1] if k else before.inputs
        parts += [codes, [limit(block.pulses.line_bits)]]
        neuron += columns - 1 if k else 0
    return np.concatenate(parts).astype(np.int32)


def check_trains(block: PulseTrains, where: str, now: Sweep, before: Sweep | None, got: np.ndarray) -> None:
    """Compare the words of all slots."""
    pulses, cost = block.pulses._replace(rate=now.rate), now.command["cost"]
    vector = vector_of(block, now, before)
    orient(pulses, cost, now.chopper, 0 if block.chopped == "rows" else pulses.rows, vector)
    signed, out = np.zeros(vector.size, np.int64), np.zeros(vector.size, np.int32)
    probabilities(pulses, pulses.line_shift, abs(cost), vector, signed)
    for slot in range(pulses.slots):
        train(pulses, pulses.order(), now.command["number"], slot, signed, out)
        check(f"{where}, {now.command}, rate {now.rate}", slot, words(out, block.layout.lanes), got[slot])


def draw(block: PulseTrains, rng: np.random.Generator, first: bool) -> Sweep:
    """A sweep at random, with the ends of every range; the first one has no trains."""
    pulses, layers = block.pulses, block.layout.layers
    top, octave = (1 << pulses.magnitude_bits) - 1, 1 << int(rng.integers(pulses.magnitude_bits))
    cost = int(rng.choice([0, 1, top, octave, octave, rng.integers(top + 1), rng.integers(top + 1)]))
    rate = int(rng.choice([0, 1, (1 << RATE_BITS) - 1, *rng.integers(1 << RATE_BITS, size=3)]))
    if pulses.deterministic and not pulses.management and rng.random() < 0.5:
        cost, rate = int(min(top, rng.choice(pulses.order()[0]) << pulses.shift)), 1  # P of rows is a threshold
    if (top << RATE_BITS) >> pulses.shift >= 1 << WIDE_BITS and rng.random() < 0.5:
        cost, rate = 1 << (WIDE_BITS + pulses.shift - 7), 64  # even multiples of K are beyond `WIDE_BITS` zeros
    command = {
        "use": int(not first and rng.random() < 0.8),
        "cost": cost * int(rng.choice([-1, 1])),
        "number": int(rng.choice([0, 2**32 - 1, rng.integers(2**32)])),
    }
    values = extremes(rng, pulses.row_bits, pulses.rows if block.lined else block.size) * (rng.random() > 0.1)
    if rng.random() < 0.2:
        values[pulses.rows :] = 0
    sizes = layers[0] if layers else pulses.lines, (sum(layers[1:-1]), 2)
    inputs, hidden = (extremes(rng, pulses.line_bits, size) for size in sizes)
    if not layers:  # the longest line is anything, or there is none
        inputs >>= int(rng.integers(pulses.line_bits))
        inputs *= rng.random() > 0.1
    chopper = rng.integers(2, size=len(block.chopper) if block.chopped else 0)
    return Sweep(rate, chopper.astype(np.int32), command, values.astype(np.int32), inputs, hidden)


def most_clocks(block: PulseTrains, used: int) -> int:
    """Clocks of a batch that nothing holds up: what fills the vector, what prepares an update, and its slots."""
    pulses, layout = block.pulses, block.layout
    fill = -(-(pulses.rows if block.lined else block.size) // layout.lanes)
    if block.lined:
        inputs = layout.layers[0] if layout.layers else pulses.lines
        fill += record_words(inputs) * SAMPLE_WORD // min(SAMPLE_WORD, layout.lanes)
        fill += sum(layout.layers[1:-1])
    if pulses.row_bits > 2:
        prepare = (pulses.rows + 2) * (1 + pulses.management)
    else:
        prepare = 16 * pulses.management
    key = 0 if pulses.deterministic else 2
    return UPDATES * (fill + 1) + used * (prepare + RATE_BITS + 1 + pulses.slots * (block.words + key)) + 1


@cocotb.test()
@over(GRID)
async def fires(dut, name):
    """All streams run on their own: a sweep's line codes are taken after its command, and used by the next one."""
    block = make(name)
    layout, pulses = block.layout, block.pulses
    bench = Bench(dut, name, block)
    values, command, trains = bench.source("values"), bench.source("command"), bench.sink("train")
    line = bench.source("line") if block.lined else None
    hidden = bench.source("hidden") if block.lined and layout.layers else None
    rate, chopper = bench.signal("rate"), bench.signal("chopper") if block.chopped else None
    await bench.start()

    async def give(sweeps):
        """Commands, each with the settings that are in force until it is taken."""
        for sweep in sweeps:
            rate.value = sweep.rate
            if chopper is not None:
                chopper.value = int("".join(map(str, sweep.chopper[::-1])), 2)
            await command.send([sweep.command])

    before = None
    for batch in range(BATCHES):
        bench.stall(None if batch > 1 else 0.0)
        if batch == 1:  # the next update is there long before the last word is taken
            trains.stall = 0.8
        sweeps = [draw(block, bench.rng, batch == k == 0) for k in range(UPDATES)]
        used = sum(sweep.command["use"] for sweep in sweeps)
        streams = [
            give(sweeps),
            values.send(np.vstack([words(sweep.values, layout.lanes) for sweep in sweeps])),
            trains.receive(used * pulses.slots * block.words),
        ]
        if line:
            streams.append(line.send(np.vstack([words(sweep.inputs, SAMPLE_WORD) for sweep in sweeps])))
        if hidden:
            rails = ("rail0", "rail1")
            streams.append(
                hidden.send(dict(zip(rails, h.tolist(), strict=True)) for sweep in sweeps for h in sweep.hidden)
            )
        _, _, got, *_ = await gather(*streams)
        await trains.silent()
        got = np.reshape(got, (used, pulses.slots, -1)) if used else got
        done = 0
        for k, sweep in enumerate(sweeps):
            if sweep.command["use"]:
                check_trains(block, f"pulses {name}: sweep {batch * UPDATES + k}", sweep, before, got[done])
                done += 1
            before = sweep
        if batch == 0:
            most = most_clocks(block, used)
            assert trains.clocks <= most, f"{name}: {used} trains took {trains.clocks} clocks, not {most}"
