"""Engine and registers with an array outside do what `golden.recorded` does: every stream, step and memory.

The array is a model that answers random costs, the ends of the word's range among them, and stalls every stream.
"""

import os
from functools import cache
from importlib.resources import files
from typing import Any

import cocotb
import numpy as np

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.cocotb_tests.host import Host, memories_match, rails_used, readings, restore, start
from ohmgrad.cocotb_tests.outside import Outside, count, listen, outside_of, told
from ohmgrad.golden.blocks.array.rails import UNPERTURBED
from ohmgrad.golden.blocks.array.rails import shown as codes
from ohmgrad.golden.blocks.measure.calibration import PERIOD, ROUNDS
from ohmgrad.golden.blocks.measure.samples import sample_index, stream
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import CALIBRATE, EVALUATE, SAMPLE_WORD, START, Region, Register
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.rtl.top import EngineTop

SMALL = {"parameters.count": 37, "update.eta": 0.01}
GROUPS = {"parameters.count": 29, "parameters.groups": [[3, 5], [2, 7]]}
FILTERED = {"update.path": "filtered", "update.eta": 0.02, "device": {"states": 100}}
LOOP = {"update.path": "tiki-taka", "update.eta": 0.1, "device": {}, "fast": {"rate": 0.004}, "transfer.bits": 14}
STEPS = 12
FLAGGED = ("signed", "one_rail")
CHIPS: dict[str, dict[str, Any]] = {
    "signed": {
        "cost.signed": True, "cost.word_bits": 24, "cost.mode": "forward", "cost.refresh": 2, "cost.average": 2,
        "cost.average_c0": 4, "cost.unit": 1e-6, "update.momentum": 0.9, "perturbation.tau_theta": 3, "cost.bits": 23,
        "engine.lanes": 1,
    },
    "narrow": {
        "cost.word_bits": 2, "cost.mode": "analog", "perturbation.tau_x": 8, "perturbation.tau_theta": 5,
        "cost.bits": 6, "perturbation.blanking": 2, "engine.settings": "constants", "cost.unit": 1e-3,
        "engine.lanes": 2,
    },
    "late": {
        "array.latency": 3, "perturbation.tau_p": 2, "perturbation.tau_x": 4, "perturbation.tau_theta": 4,
        "perturbation.code": "sequential", "cost.signed": True, "engine.settle": 9, "array.input_bits": 8,
        "stream": {"inputs": 9, "targets": 3}, "engine.lanes": 4,
    },
    "groups": {**GROUPS, "perturbation.code": "rank-one", "update.layers": [1, 0.5], "engine.lanes": 8},
    "filtered": {
        **FILTERED, **GROUPS, "perturbation.code": "rank-one", "engine.lanes": 4, "cost.signed": True,
        "perturbation.tau_theta": 2,
    },
    "node": {
        **GROUPS, "perturbation.method": "node", "array.input_bits": 6, "cost.average": 2, "cost.signed": True,
        "perturbation.tau_theta": 2, "engine.lanes": 8, "stream": {"inputs": 3},
    },
    "node_by_layer": {
        "parameters.count": 46, "parameters.groups": [[2, 17], [4, 3]], "perturbation.method": "node-by-layer",
        "cost.mode": "forward", "cost.average_c0": 2, "array.rails": 1, "engine.lanes": 2, "update.momentum": 0.5,
    },
    "tiki_taka": {
        **GROUPS, **LOOP, "fast.slots": 3, "perturbation.method": "node", "array.input_bits": 5, "engine.lanes": 4,
        "perturbation.tau_x": 4, "perturbation.blanking": 1, "transfer.chopper": 0.3, "cost.average": 2,
    },
    "one_rail_tiki_taka": {
        **GROUPS, **LOOP, "array.rails": 1, "perturbation.code": "rank-one", "engine.lanes": 2, "engine.settle": 2,
        "perturbation.tau_theta": 2, "cost.mode": "forward", "fast.trains": "deterministic", "fast.slots": 2,
        "transfer.lines": "rows", "transfer.means": 2, "transfer.chopper_period": 1, "stream": {"inputs": 3},
    },
    "in_memory": {
        "data": {"set": "nist7x7", "train": 5, "test": 0}, "perturbation.tau_x": 2, "array.input_bits": 5,
        "array.output_bits": 9, "cost.average": 2, "engine.window": 4, "perturbation.code": "walsh",
        "perturbation.tau_theta": 4,
    },
    "one_rail": {
        "array.rails": 1, "array.readings": 4, "array.trim": True, "weights.init": 1.9, "engine.settle": 3,
        "cost.average": 2, "engine.lanes": 4,
    },
    "one_rail_forward": {
        "array.rails": 1, "cost.mode": "forward", "cost.refresh": 3, "cost.average": 2, "cost.average_c0": 4,
        "cost.signed": True, "perturbation.tau_theta": 2, "stream": {"inputs": 8}, "engine.lanes": 4,
    },
    "one_rail_filtered": {
        **FILTERED, **GROUPS, "array.rails": 1, "perturbation.method": "node", "perturbation.code": "walsh",
        "array.input_bits": 2, "engine.lanes": 1, "perturbation.tau_theta": 3, "perturbation.tau_x": 3,
        "perturbation.tau_p": 3,
    },
}  # fmt: skip


if "OHMGRAD_CHIP" in os.environ:
    CHIPS = {"chip": {}}


@cache
def described(name: str) -> Chip:
    """The chip of a configuration: one of these, or the one that is to be verified."""
    if file := os.environ.get("OHMGRAD_CHIP"):
        return Chip(load(file))
    return Chip(load(str(files("ohmgrad.examples") / "external.toml")).with_(**{**SMALL, **CHIPS[name]}))


def make(name: str) -> EngineTop:
    """The component of one configuration."""
    return EngineTop(described(name))


def test_external():
    run(__file__, make, CHIPS)


class Samples:
    """Samples of a chip, any codes of their widths: in its memory, or sent one after the other."""

    def __init__(self, bench: Bench, chip: Chip):
        self.chip, self.name, samples = chip, chip.config.name, chip.samples
        self.widths = {"line": (samples.inputs, chip.crossbar.line_bits)}
        self.widths["target"] = (samples.outputs, chip.config.array.output_bits)
        size = STEPS + 1 if chip.config.stream else samples.size
        self.codes = {
            name: extremes(bench.rng, bits, (size, -(-codes // SAMPLE_WORD), SAMPLE_WORD))
            for name, (codes, bits) in self.widths.items()
        }
        self.records = np.concatenate([self.codes["line"], self.codes["target"]], axis=1)
        self.source = bench.source("samples") if chip.config.stream else None

    async def provide(self, host: Host) -> None:
        """Write them, or begin to send them."""
        if self.source:
            cocotb.start_soon(self.source.send(self.records.reshape(-1, SAMPLE_WORD).tolist()))
        elif self.chip.config.data:
            await host.write(Region.SAMPLES, self.records.ravel())

    def check(self, step: int, number: int, sent: dict[str, np.ndarray], index: int | None = None) -> None:
        """What a sweep has sent is the sample of that number, or of an index."""
        order, size = self.chip.samples, self.chip.samples.size
        if self.chip.config.stream:
            index = number
        elif index is None:
            index = sample_index(order.order, size, stream(order.seed), number)
        for name in {"line", "target"} & {*sent}:
            codes = self.widths[name][0]
            check(f"{self.name} {name}", step, self.codes[name][index].ravel()[:codes], sent[name][:codes])


class Stubborn:
    """An array that knows nothing but to answer: anything, or an end of the word's range."""

    def __init__(self, chip: Chip, rng: np.random.Generator):
        bits = chip.config.cost.word_bits
        self.low = -(1 << bits - 1) if chip.cost.word.signed else 0
        self.high, self.rng = self.low + (1 << bits) - 1, rng
        self.path, self.bits, self.lines = chip.path, chip.crossbar.line_bits, sum(chip.layout.columns)

    def apply(self, words: np.ndarray) -> None:
        pass

    def activity(self) -> np.ndarray:
        return extremes(self.rng, self.bits, self.lines)

    def pulse(self, slow: bool, vector: np.ndarray) -> None:
        pass

    def read(self, group: int, line: int) -> np.ndarray:
        bits = self.path.settings.read_bits
        return extremes(self.rng, bits, self.path.lines.layers[group][1])

    def cost(self, moved: np.ndarray, sample: int) -> int:
        return int(self.rng.choice([self.low, self.high, self.rng.integers(self.low, self.high + 1)]))


@cocotb.test()
@over(CHIPS)
async def engine_matches_golden(dut, name):
    chip, reference = described(name), RecordedEngine(described(name))
    bench, host, heard = Bench(dut, name, make(name)), Host(dut, name), []
    outside, array, samples = outside_of(bench, chip), Stubborn(chip, bench.rng), Samples(bench, chip)
    bench.stall()
    bench.signal("array.busy").value = bench.signal("array.saturated").value = 0
    await bench.start()
    state = reference.initial()
    if "gain" in state.arrays:
        state.gain[:], state.offset[:] = (bench.rng.integers(-3000, 3000, (2, len(state.gain))))
        state.offset >>= 5
    await restore(host, chip, state)
    cocotb.start_soon(listen(bench, heard))
    strobes = {"array.settle": 0, "array.convert": 0}
    cocotb.start_soon(count(bench, strobes))
    await samples.provide(host)
    await measures_without_learning(host, outside, array, samples)
    await restore(host, chip, state)
    await host.write(Region.REGISTERS, [1], Register.PULSES)
    running, presented = cocotb.start_soon(start(host, START, STEPS)), 0
    answered: dict[str, np.ndarray] = {}
    for step in range(STEPS):
        totals = [0, 0]
        for reading in range(readings(chip, step)):
            rails = rails_used(chip, step, reading)
            sent, both = await outside.serve(array, rails)
            if step and not reading:
                await learned(bench, outside, reference, state, answered, sent, heard)
            compare(chip, reference, step, state, sent, rails, reading == 0)
            sample = step // chip.sequencer.tau_x
            check(f"{name} sample", step, [sample, sample != presented], sent["sample"][:2])
            samples.check(step, sample, sent)
            presented = sample
            c0 = chip.cost.mode == 0
            taken = (chip.config.cost.average, chip.config.cost.average_c0 if c0 else chip.config.cost.average)
            totals = [total + word * (reading < most) for total, word, most in zip(totals, both, taken, strict=True)]
        answered = {"totals": np.array([totals])}
        if chip.lined:
            answered["activity"] = sent["activity"][None]  # of the last reading
    await told(bench, heard, STEPS - 1)
    sums = await host.read(Region.REGISTERS, 2, Register.SUM_0)
    check(f"{name} S_0, S_1", STEPS, both, sums if chip.cost.word.signed else sums % 2**32)
    sent, _ = await outside.serve(array, 0)
    await learned(bench, outside, reference, state, answered, sent, heard)
    compare(chip, reference, STEPS, state, sent, 0, True)
    await running
    await memories_match(host, chip, state)
    if chip.rail:
        settled = chip.sequencer.settle * strobes["array.convert"] >> chip.rail.readings
        check(f"{name} clocks that are settled", STEPS, settled, strobes["array.settle"])
    assert name not in FLAGGED or state.flags, "no flag was ever raised"


async def learned(bench: Bench, outside: Outside, reference: RecordedEngine, state, answered, sent, heard) -> None:
    """Advance golden by a step; what the sweep behind it sent to arrays A and C, and telemetry, are its own."""
    step, name, loop = state.step, outside.chip.config.name, outside.loop
    if loop:
        answered = answered | {"readings": loop.row(sent)[None]}
    trace = reference.run(state, sent=True, **answered)
    await told(bench, heard, step)
    check(f"{name} telemetry", step, [step, trace.cost[0], *answered["totals"][0]], heard[step])
    if loop:
        looped(outside.chip, step, trace.sent[0], sent)


def looped(chip: Chip, step: int, vectors: np.ndarray, sent) -> None:
    """Vectors of pulses onto A and C, their numbers, and which lines were read, are golden's."""
    taus, slots, name = chip.config.perturbation, chip.path.pulses.slots, chip.config.name
    check(f"{name} vectors", step, vectors, sent["vectors"])
    used = slots * (step % taus.tau_x >= taus.blanking)
    check(f"{name} numbers of vectors", step, [*range(step * slots, step * slots + used), step], sent["numbers"])
    scan, updated = (step + 1) // taus.tau_theta - 1, (step + 1) % taus.tau_theta == 0
    counts = [count for count, _ in chip.path.lines.layers]
    lines = [(k, scan % count, step) for k, count in enumerate(counts)] if updated else []
    check(f"{name} lines read", step, lines, sent["lines"])


class Sum:
    """An array whose cost is the sum of its codes."""

    def apply(self, words: np.ndarray) -> None:
        self.words = words

    def cost(self, moved: np.ndarray, sample: int) -> int:
        return (1 << 15) + int((self.words + moved).sum()) // 4


@cocotb.test()
@over({"one_rail"} & {*CHIPS})
async def the_delay_is_found_on_one_rail(dut, name):
    """The cost comes with its own pattern, whatever the delay in force was."""
    chip = described(name)
    bench, host = Bench(dut, name, make(name)), Host(dut, name)
    outside = outside_of(bench, chip)
    bench.signal("array.busy").value = bench.signal("array.saturated").value = 0
    await bench.start()
    await restore(host, chip, RecordedEngine(chip).initial())
    await host.write(Region.REGISTERS, [5], Register.DELAY)
    running, array = cocotb.start_soon(start(host, CALIBRATE)), Sum()
    for _ in range(ROUNDS * PERIOD):
        await outside.serve(array, 0b11)
    await running
    check(f"{name} delay", 0, 0, await host.read(Region.REGISTERS, 1, Register.DELAY))


async def measures_without_learning(host: Host, outside: Outside, array: Stubborn, samples: Samples) -> None:
    """The host has S of the unperturbed array by an evaluation."""
    name = outside.chip.config.name
    measuring = cocotb.start_soon(start(host, EVALUATE, 1))
    sent, both = await outside.serve(array, 0b01)
    await measuring
    check(f"{name} unperturbed", 0, 0, np.any(sent.get("sign", 0)))
    check(f"{name} first sample", 0, [0, 1], sent["sample"][:2])
    samples.check(0, 0, sent, 0)
    low, high = await host.read(Region.REGISTERS, 2, Register.TOTAL_LOW)
    check(f"{name} S", 0, both[0], (int(high) << 32) + int(low) % 2**32)


def compare(chip: Chip, reference: RecordedEngine, step: int, state, sent, rails: int, first: bool) -> None:
    """What a sweep sent is what golden has at the beginning of a step."""
    size, name = chip.layout.parameters, chip.config.name
    signs = reference.perturbations(step // chip.sequencer.tau_p)
    if chip.rail:
        presented(chip, reference, step, state, sent["shown"], rails)
    else:
        check(f"{name} sign", step, signs, sent["sign"][:size])
        check(f"{name} padding", step, 0, np.any(sent["sign"][size:]))
        check(f"{name} rails", step, rails, sent["sample"][2])
    if "weight" in sent:
        check(f"{name} weight", step, state.theta >> chip.crossbar.drop, sent["weight"][:size])
    if "pulses" in sent:
        updated = first and step % chip.sequencer.tau_theta == 0 and step
        pulses = reference.learning.pulses if updated else np.zeros(size)
        check(f"{name} pulses", step, pulses, sent["pulses"][:size])
        if updated:
            check(f"{name} transfer", step, step - 1, sent["transfer"])


def presented(chip: Chip, reference: RecordedEngine, step: int, state, shown: list, rails: int) -> None:
    """An array with one rail was shown each rail that is used, or else its parameters alone."""
    size, signs = chip.layout.parameters, reference.perturbations(step // chip.sequencer.tau_p)
    if chip.path.pulsed:
        both, still = (signs, chip.polarity * signs), 0 * signs
    else:
        both, tables = reference.codes(state), [state.arrays.get(name) for name in ("gain", "offset")]
        still = codes(chip.rail, UNPERTURBED, state.theta >> chip.crossbar.drop, signs, *tables)[0]
    expected = [both[k] for k in range(2) if rails >> k & 1] or [still]
    check(f"{chip.config.name} presentations", step, len(expected), len(shown))
    for words, got in zip(expected, shown, strict=True):
        check(f"{chip.config.name} words", step, words, got[:size])
        check(f"{chip.config.name} padding", step, 0, np.any(got[size:]))
