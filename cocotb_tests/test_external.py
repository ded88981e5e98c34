"""Engine and registers with an array outside do what `golden.recorded` does: every stream, step and memory.

The array is a model that answers random costs, the ends of the word's range among them, and stalls every stream.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import cocotb
import numpy as np
import pytest
from cocotb.triggers import FallingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.host import Host, contents, known, readings, restore, start
from ohmgrad.cocotb_tests.outside import Outside, listen
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import EVALUATE, START, Region, Register
from ohmgrad.golden.chip.registers import registers
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.state import FLAGS
from ohmgrad.rtl.top import EngineTop

SMALL = {"parameters.count": 37, "update.eta": 0.01}
GROUPS = {"parameters.count": 29, "parameters.groups": [[3, 5], [2, 7]]}
FILTERED = {"update.path": "filtered", "update.eta": 0.02, "device": {"states": 100}}
STEPS = 12
CHIPS: dict[str, dict[str, Any]] = {
    "plain": {},
    "signed": {
        "cost.signed": True, "cost.word_bits": 24, "cost.mode": "forward", "cost.refresh": 2, "cost.average": 2,
        "cost.average_c0": 4, "cost.unit": 1e-6, "update.momentum": 0.9, "perturbation.tau_theta": 3, "cost.bits": 23,
        "engine.lanes": 1,
    },
    "narrow": {
        "cost.word_bits": 2, "cost.mode": "analog", "perturbation.tau_x": 8, "perturbation.tau_theta": 5,
        "cost.bits": 6,
        "perturbation.blanking": 2, "engine.settings": "constants", "cost.unit": 1e-3,
    },
    "late": {
        "array.latency": 3, "perturbation.tau_p": 2, "perturbation.tau_x": 4, "perturbation.tau_theta": 4,
        "perturbation.code": "sequential", "cost.signed": True, "engine.settle": 9,
    },
    "window": {"engine.window": 4, "perturbation.code": "walsh", "perturbation.tau_theta": 4},
    "groups": {**GROUPS, "perturbation.code": "rank-one", "update.layers": [1, 0.5], "engine.lanes": 8},
    "filtered": {**FILTERED, "cost.signed": True, "perturbation.tau_theta": 2},
    "filtered_groups": {**FILTERED, **GROUPS, "perturbation.code": "rank-one", "engine.lanes": 4},
}  # fmt: skip


@cache
def described(name: str) -> Chip:
    """The chip of a configuration."""
    return Chip(load(str(files("ohmgrad.examples") / "external.toml")).with_(**{**SMALL, **CHIPS[name]}))


def make(name: str) -> EngineTop:
    """The component of one configuration."""
    return EngineTop(described(name))


@pytest.mark.parametrize("part", [pytest.param("all", marks=pytest.mark.xdist_group("external"))])
def test_external(part):
    run(__file__, make, CHIPS)


class Stubborn(Outside):
    """An array that knows nothing but to answer: anything, or an end of the word's range."""

    def __init__(self, bench: Bench, chip: Chip):
        super().__init__(bench, chip)
        self.rng, self.name = bench.rng, bench.name

    async def sweep(self) -> tuple[dict[str, np.ndarray], tuple[int, int]]:
        """Serve one sweep; returns words of each stream, and S of both rails."""
        bits, signed = self.chip.cost.word.bits, self.chip.cost.word.signed
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        first, second = (int(self.rng.choice([low, high, self.rng.integers(low, high + 1)])) for _ in range(2))
        sent = await self.take()
        await self.give((first, second))
        return sent, (first, second)


@cocotb.test()
@over(CHIPS)
async def engine_matches_golden(dut, name):
    chip, reference = described(name), RecordedEngine(described(name))
    bench, host, heard = Bench(dut, name, make(name)), Host(dut, name), []
    model = Stubborn(bench, chip)
    bench.stall()
    bench.signal("array.busy").value = bench.signal("array.saturated").value = 0
    await bench.start()
    state = reference.initial()
    await restore(host, chip, state)
    cocotb.start_soon(listen(bench, heard))
    await measures_without_learning(host, model, chip)
    await restore(host, chip, state)
    await host.write(Region.REGISTERS, [1], Register.PULSES)
    running, presented = cocotb.start_soon(start(host, START, STEPS)), 0
    for step in range(STEPS):
        before, totals = state.copy(), [0, 0]
        for reading in range(readings(chip, step)):
            sent, both = await model.sweep()
            compare(chip, reference, step, before, sent, reading == 0)
            sample = step // chip.sequencer.tau_x
            check(f"{name} sample", step, [sample, sample != presented], sent["sample"])
            presented = sample
            c0 = chip.cost.mode == 0
            taken = (chip.config.cost.average, chip.config.cost.average_c0 if c0 else chip.config.cost.average)
            totals = [total + word * (reading < most) for total, word, most in zip(totals, both, taken, strict=True)]
        trace = reference.run(state, np.array([totals]))
        for _ in range(2000):
            if len(heard) > step:
                break
            await FallingEdge(dut.clk)
        check(f"{name} telemetry", step, [step, trace.cost[0], *totals], heard[step])
    sums = await host.read(Region.REGISTERS, 2, Register.SUM_0)
    check(f"{name} S_0, S_1", STEPS, both, sums if chip.cost.word.signed else sums % 2**32)
    sent, _ = await model.sweep()
    compare(chip, reference, STEPS, state, sent, True)
    await running
    await memories_match(host, chip, state)
    assert name != "signed" or state.flags, "no flag was ever raised"


async def measures_without_learning(host: Host, model: Stubborn, chip: Chip) -> None:
    """The host has S of the unperturbed array by an evaluation."""
    measuring = cocotb.start_soon(start(host, EVALUATE, 1))
    sent, both = await model.sweep()
    await measuring
    check(f"{model.name} unperturbed", 0, 0, np.any(sent["sign"]))
    check(f"{model.name} first sample", 0, [0, 1], sent["sample"])
    low, high = await host.read(Region.REGISTERS, 2, Register.TOTAL_LOW)
    check(f"{model.name} S", 0, both[0], (int(high) << 32) + int(low) % 2**32)


def compare(chip: Chip, reference: RecordedEngine, step: int, state, sent, first: bool) -> None:
    """What a sweep sent is what golden has at the beginning of a step."""
    size, name = chip.layout.parameters, chip.config.name
    check(f"{name} sign", step, reference.perturbations(step // chip.sequencer.tau_p), sent["sign"][:size])
    check(f"{name} padding", step, 0, np.any(sent["sign"][size:]))
    if "weight" in sent:
        check(f"{name} weight", step, state.theta >> chip.crossbar.drop, sent["weight"][:size])
        return
    updated = first and step % chip.sequencer.tau_theta == 0 and step
    pulses = reference.learning.pulses if updated else np.zeros(size)
    check(f"{name} pulses", step, pulses, sent["pulses"][:size])
    if updated:
        check(f"{name} transfer", step, step - 1, sent["transfer"])


async def memories_match(host: Host, chip: Chip, state) -> None:
    """All registers and memories are golden's."""
    name = chip.config.name
    got = await host.read(Region.REGISTERS, len(Register) - Register.FLAGS, Register.FLAGS)
    for register, value in registers(chip, state).items():
        check(f"{name} {register.name}", state.step, value, got[register - Register.FLAGS] % 2**32)
    check(f"{name} {FLAGS}", state.step, state.flags, got[0])
    for memory, values in contents(chip, state):
        words = known(chip, state, memory, await host.read(memory.region, memory.words))
        check(f"{name} {memory.name}", state.step, values, words)
