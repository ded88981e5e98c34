"""One rail after the other is shown, settles and is converted as `golden.blocks.array.rails` and its port say."""

from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, gather
from cocotb.utils import get_sim_time

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.golden.blocks.array.rails import GAIN_BITS, shown
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.rtl.array.rails import RailSequence

BATCHES, SWEEPS = 6, 6
FILTERED = {"update.path": "filtered", "update.eta": 0.02, "device": {"states": 100}}
GRID: dict[str, dict[str, Any]] = {
    "lanes1": {"parameters.count": 5, "engine.lanes": 1, "weights.dac_bits": 16, "array.trim": True},
    "lanes4": {
        "parameters.count": 9, "engine.lanes": 4, "cost.mode": "forward", "array.readings": 2, "array.trim": True,
    },
    "lanes16": {
        "parameters.count": 37, "weights.dac_bits": 2, "perturbation.amplitude": 1.0, "cost.word_bits": 2,
        "array.readings": 4,
    },
    "one_word": {"parameters.count": 7, "cost.mode": "forward", "cost.signed": True, "cost.word_bits": 24},
    "analog": {
        "parameters.count": 9, "engine.lanes": 4, "cost.mode": "analog", "weights.dac_bits": 7,
        "perturbation.amplitude": 0.5, "perturbation.tau_x": 8,
    },
    "sine": {
        "parameters.count": 9, "engine.lanes": 4, "perturbation.code": "sinusoidal", "weights.dac_bits": 8,
        "perturbation.amplitude": 1.4, "array.trim": True, "array.readings": 16, "cost.signed": True,
    },
    "filtered": {**FILTERED, "parameters.count": 13, "engine.lanes": 4, "array.readings": 4},
    "filtered_forward": {
        **FILTERED, "parameters.count": 5, "engine.lanes": 1, "cost.mode": "forward", "perturbation.code": "sinusoidal",
    },
}  # fmt: skip
NETWORKS: dict[str, dict[str, Any]] = {
    "network": {"engine.lanes": 4, "array.trim": True},
    "network_forward": {"cost.mode": "forward", "network.layers": [2, 3, 2, 1]},
    "network_filtered": {**FILTERED, "network.layers": [2, 1], "engine.lanes": 2},
}
"""Chips whose neurons are in the engine."""
RAILS = {"antithetic": [0b11, 0b11, 0b01, 0b00], "forward": [0b01, 0b11, 0b10, 0b00], "analog": [0b01, 0b00]}
"""Rails whose cost may be used, bit by bit."""


@cache
def described(name: str) -> Chip:
    """The chip of a configuration."""
    examples, overrides = files("ohmgrad.examples"), {"array.kind": "external", "array.rails": 1}
    if name in NETWORKS:
        return Chip(load(str(examples / "xor.toml")).with_(**overrides, **NETWORKS[name]))
    return Chip(load(str(examples / "external.toml")).with_(**overrides, **GRID[name]))


def make(name: str) -> RailSequence:
    """The block of one configuration."""
    return RailSequence(described(name))


def test_rails():
    run(__file__, make, [*GRID, *NETWORKS])


class Sweep(NamedTuple):
    """What the engine sends for one sweep, and what the array is to be shown and answers."""

    rails: int
    sample: dict[str, int]
    weights: np.ndarray
    signs: np.ndarray
    pulses: np.ndarray
    presented: list[np.ndarray]
    saturated: list[list[bool]]
    readings: list[np.ndarray]

    @property
    def sums(self) -> list[int]:
        """S of both rails, 0 of one that is not used."""
        measured = iter(self.readings)
        return [int(next(measured).sum()) if self.rails >> rail & 1 else 0 for rail in range(2)]


def draw(rng: np.random.Generator, chip: Chip, tables: list[np.ndarray]) -> Sweep:
    """A sweep of words that are often at the ends of their range."""
    rail, size, lanes = chip.rail, chip.layout.parameters, chip.layout.lanes
    rails = int(rng.choice(RAILS[chip.config.cost.mode]))
    weights = extremes(rng, rail.dac_bits, size)
    weights[rng.random(size) < 0.1] = -(1 << rail.dac_bits - 1)
    signs = extremes(rng, rail.sign_bits, size)
    polarities = [p for k, p in enumerate((1, rail.second)) if rails >> k & 1] or [0]
    presented, saturated, readings = [], [], []
    for polarity in polarities:
        codes = polarity * signs
        if not chip.path.pulsed:
            codes, _ = shown(rail, polarity, weights, signs, *tables)
            parts = [slice(first, first + lanes) for first in range(0, size, lanes)]
            cut = [shown(rail, polarity, weights[p], signs[p], *(table[p] for table in tables)) for p in parts]
            saturated.append([bool(rails) and flag for _, flag in cut])  # one of no step raises no flag
        presented.append(codes)
        low = -(1 << rail.word_bits - 1) if rail.signed else 0
        ends = [low, low + (1 << rail.word_bits) - 1]
        if rails:
            whole = rng.integers(*ends, 1 << rail.readings, endpoint=True)
            readings.append(np.where(rng.random(whole.size) < 0.5, rng.choice(ends, whole.size), whole))
    sample = {"number": int(rng.integers(1 << 32)), "next": int(rng.integers(2)), "rails": rails}
    return Sweep(rails, sample, weights, signs, extremes(rng, 2, size), presented, saturated, readings)


def duration(chip: Chip, sweep: Sweep, clocks: int) -> int:
    """Clocks of a sweep where nothing stalls, by the sentences of `RailSequence`."""
    words = chip.layout.words
    latency = 1 if chip.path.pulsed else 4 if chip.rail.trim else 2
    measured = (clocks + (2 << chip.rail.readings)) * len(sweep.readings)
    return 2 + words * chip.path.pulsed + (1 + words + latency) * len(sweep.presented) + measured


async def watch(bench: Bench, chip: Chip, clocks: list[int], strobes: list[int]) -> None:
    """Append the clocks that were settled before each strobe; no word may come after, and no reading before it."""
    out, read = "sign" if chip.path.pulsed else "code", "adc" if chip.alternates else "cost"
    most = chip.layout.neurons if chip.alternates else 1
    names = [f"outer.{stream}.{end}" for stream in (out, read) for end in ("valid", "ready")]
    signals = [bench.signal(name) for name in (*names, "outer.settle", "outer.convert")]
    settled, since, asked = 0, 0, 0
    while True:
        await RisingEdge(bench.dut.clk)
        shows, takes, reads, gives, settling, converts = (bool(int(signal.value)) for signal in signals)
        since += 1
        if shows and takes:
            settled = since = 0
        settled += settling
        if reads and gives:
            assert asked, f"{bench.name}: a reading without a strobe"
            asked -= 1
        if converts:
            assert not asked and not settling, f"{bench.name}: a strobe too early"
            assert settled != clocks[0] or since > settled, f"{bench.name}: it settles before the last word"
            asked = most
            strobes.append(settled)
            settled = 0


@cocotb.test()
@over(GRID)
async def shows_one_rail_after_the_other(dut, name):
    """Batches of sweeps without pause, each with a settling time and tables of its own."""
    chip = described(name)
    bench, rail, lanes, pulsed = Bench(dut, name, make(name)), chip.rail, chip.layout.lanes, chip.path.pulsed
    rng, count = bench.rng, chip.layout.words
    sample, sign, reading = (bench.source(stream) for stream in ("array.sample", "array.sign", "outer.cost"))
    given = {stream: bench.source(f"array.{stream}") for stream in chip.path.streams}
    passed = {stream: bench.sink(f"outer.{stream}") for stream in chip.path.streams if stream != "weight"}
    out = bench.sink("outer.sign") if pulsed else bench.sink("outer.code", "array.saturated")
    heard, cost = bench.sink("outer.sample"), bench.sink("array.cost")
    tables = [np.zeros(chip.layout.parameters, np.int32) for _ in range(2)]
    bench.signal("outer.busy").value = bench.signal("outer.saturated").value = 0
    await bench.start()
    clocks, strobes, most = [0], [], set()
    watcher = cocotb.start_soon(watch(bench, chip, clocks, strobes))
    for batch in range(BATCHES):
        bench.signal("clocks").value = clocks[0] = int(rng.choice([0, 1, 5]))
        if rail.trim:
            tables = [extremes(rng, bits, chip.layout.parameters) for bits in (GAIN_BITS, rail.dac_bits)]
            for host, table in zip(("array.host_gain", "array.host_offset"), tables, strict=True):
                await bench.host(host).write(table)
        bench.stall(None if batch else 0.0)
        out.flags.clear()
        strobes.clear()
        sweeps = [draw(rng, chip, tables) for _ in range(SWEEPS)]
        sent = {
            "weight": [row for sweep in sweeps for row in words(sweep.weights, lanes)],
            "pulses": [row for sweep in sweeps for row in words(sweep.pulses, lanes)],
            "transfer": range(SWEEPS),
        }
        presented = [codes for sweep in sweeps for codes in sweep.presented]
        began = get_sim_time("ns")
        results = await gather(
            out.receive(len(presented) * count), heard.receive(SWEEPS), cost.receive(SWEEPS),
            *(sink.receive(len(sent[stream])) for stream, sink in passed.items()),
            sample.send(sweep.sample for sweep in sweeps),
            sign.send(row for sweep in sweeps for row in words(sweep.signs, lanes)),
            reading.send(int(word) for sweep in sweeps for words_ in sweep.readings for word in words_),
            *(source.send(sent[stream]) for stream, source in given.items()),
        )
        shows, samples, costs, *through = results[: 3 + len(passed)]
        if not batch:
            took = (get_sim_time("ns") - began) / 2
            check(f"{name} clocks", batch, sum(duration(chip, sweep, clocks[0]) for sweep in sweeps), took)
        check(f"{name} words", batch, [words(codes, lanes) for codes in presented], shows)
        number, changed = ([sweep.sample[field] for sweep in sweeps] for field in ("number", "next"))
        check(f"{name} samples", batch, [number, changed], [[s.number for s in samples], [s.next for s in samples]])
        check(f"{name} S", batch, [sweep.sums for sweep in sweeps], [[word.rail0, word.rail1] for word in costs])
        for stream, got in zip(passed, through, strict=True):
            check(f"{name} {stream}", batch, [*sent[stream]], got)
        each = [clocks[0], *[0] * ((1 << rail.readings) - 1)]
        check(f"{name} clocks that are settled", batch, each * sum(len(s.readings) for s in sweeps), strobes)
        if not pulsed:
            flags = [flag for sweep in sweeps for part in sweep.saturated for flag in part]
            check(f"{name} saturated", batch, flags, out.flags)
            most |= set(flags)
    watcher.cancel()
    assert pulsed or most == {False, True}, f"{name}: saturated {most}; the test proves too little"


@cocotb.test()
@over(NETWORKS)
async def shows_a_network_one_rail_a_sweep(dut, name):
    """Batches of sweeps: words of the rail that is used, and codes of neurons, which the engine gets on both rails."""
    chip = described(name)
    bench, rail, layout, pulsed = Bench(dut, name, make(name)), chip.rail, chip.layout, chip.path.pulsed
    rng, lanes, neurons, hidden = bench.rng, layout.lanes, layout.neurons, layout.neurons - layout.layers[-1]
    names = ("line", *chip.path.streams)
    given = {stream: bench.source(f"array.{stream}") for stream in ("sample", "sign", "hidden", *names)}
    passed = {stream: bench.sink(f"outer.{stream}") for stream in ("hidden", *names) if stream != "weight"}
    out, codes = bench.sink("outer.sign" if pulsed else "outer.code"), bench.source("outer.adc")
    adc, clocks, strobes = bench.sink("array.adc"), [0], []
    bench.signal("outer.busy").value = bench.signal("outer.saturated").value = 0
    await bench.start()
    watcher = cocotb.start_soon(watch(bench, chip, clocks, strobes))
    for batch in range(BATCHES):
        bench.signal("clocks").value = clocks[0] = int(rng.choice([0, 1, 5]))
        bench.stall(None if batch else 0.0)
        strobes.clear()
        used = rng.choice([1, 2, 0], SWEEPS)
        weights, signs = (extremes(rng, bits, (SWEEPS, layout.parameters)) for bits in (rail.dac_bits, rail.sign_bits))
        polarities = [{1: 1, 2: rail.second, 0: 0}[k] for k in used]
        shows = [
            p * s if pulsed else shown(rail, p, w, s)[0] for p, w, s in zip(polarities, weights, signs, strict=True)
        ]
        sent = {
            "sample": [{"number": 0, "next": 0, "rails": int(k)} for k in used],
            "sign": [row for s in signs for row in words(s, lanes)],
            "weight": [row for w in weights for row in words(w, lanes)],
            "pulses": [row for s in signs for row in words(s, lanes)],
            "transfer": range(SWEEPS),
            "line": words(extremes(rng, chip.crossbar.line_bits, SWEEPS * 8 * -(-layout.layers[0] // 8)), 8),
            "hidden": [{"rail0": int(k), "rail1": 0} for k in extremes(rng, chip.crossbar.line_bits, SWEEPS * hidden)],
        }
        answers, began = extremes(rng, chip.crossbar.adc_bits, SWEEPS * neurons).tolist(), get_sim_time("ns")
        got, both, *rest = await gather(
            out.receive(SWEEPS * layout.words), adc.receive(SWEEPS * neurons),
            *(sink.receive(len(sent[stream])) for stream, sink in passed.items()),
            codes.send(answers), *(source.send(sent[stream]) for stream, source in given.items()),
        )  # fmt: skip
        if not batch:
            sweep = 1 + 1 + layout.words * pulsed + 1 + layout.words + (1 if pulsed else 4 if rail.trim else 2)
            took = (get_sim_time("ns") - began) / 2
            check(f"{name} clocks", batch, SWEEPS * (sweep + clocks[0] + 1 + neurons), took)
        check(f"{name} words", batch, [words(codes, lanes) for codes in shows], got)
        check(f"{name} adc", batch, np.repeat(answers, 2), [code for pair in both for code in (pair.rail0, pair.rail1)])
        sent["hidden"] = [pair["rail0"] for pair in sent["hidden"]]
        for stream, came in zip(passed, rest, strict=False):
            check(f"{name} {stream}", batch, [*sent[stream]], came)
        check(f"{name} clocks that are settled", batch, [clocks[0]] * SWEEPS, strobes)
    watcher.cancel()
