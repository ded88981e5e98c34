"""Bring-up: an engine in loopback learns from its own words as golden does, and a pattern walks over all wires."""

from functools import cache
from importlib.resources import files
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run, words
from ohmgrad.cocotb_tests.host import Host, contents, restore, start
from ohmgrad.golden.blocks.array.bring_up import LOOPBACK, PATTERN, accumulated, answers, walking
from ohmgrad.golden.blocks.measure.cost import ANTITHETIC
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import START, Region, Register
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.rtl.top import EngineTop

SMALL = {"engine.bring_up": True, "engine.settle": 3, "parameters.count": 11, "update.eta": 1e-4, "engine.lanes": 4}
CHIPS: dict[str, dict[str, Any]] = {
    "rails": {"cost.signed": True, "engine.lanes": 8},
    "rail": {"array.rails": 1, "array.readings": 2, "cost.word_bits": 13},
    "pulsed": {"update.path": "filtered", "device": {"states": 100}, "cost.word_bits": 24, "array.rails": 1},
}
STEPS, PATTERNS = 25, 20


@cache
def chip_of(name: str) -> Chip:
    """The chip of one configuration."""
    return Chip(load(str(files("ohmgrad.examples") / "external.toml")).with_(**{**SMALL, **CHIPS[name]}))


def make(name: str) -> EngineTop:
    """The block of one configuration."""
    return EngineTop(chip_of(name))


def test_bring_up():
    run(__file__, make, CHIPS)


async def begin(dut, name: str, mode: int) -> tuple[Bench, Host, RecordedEngine]:
    """Reset, restore, and choose a mode."""
    bench, host, engine = Bench(dut, name, make(name)), Host(dut, name), RecordedEngine(chip_of(name))
    await bench.start()
    await host.wait()
    await restore(host, engine.chip, engine.initial())
    await host.write(Region.REGISTERS, [3], Register.BRING_UP)  # is none
    check(f"{name} mode", 0, [0], await host.read(Region.REGISTERS, 1, Register.BRING_UP))
    await host.write(Region.REGISTERS, [mode], Register.BRING_UP)
    await host.write(Region.REGISTERS, [1], Register.PULSES)
    check(f"{name} mode", 0, [mode], await host.read(Region.REGISTERS, 1, Register.BRING_UP))
    return bench, host, engine


def totals(engine: RecordedEngine, state) -> list[int]:
    """Sums of S of both rails at the next step, by the equations."""
    chip, cost = engine.chip, engine.chip.config.cost
    lanes, found = chip.layout.lanes, []
    signs = engine.perturbations(state.step // chip.sequencer.tau_p)
    polarities = (1, -1 if chip.cost.mode == ANTITHETIC else 0)
    if chip.rail and not chip.path.pulsed:
        shown, bits = engine.codes(state), chip.rail.dac_bits
    elif chip.rail:
        shown, bits = [polarity * signs for polarity in polarities], chip.rail.sign_bits
    else:
        acc = accumulated(words(signs, lanes).tolist(), chip.codes.bits)
        return list(answers(acc, cost.word_bits, cost.signed))
    for codes in shown:
        acc = accumulated(words(np.asarray(codes), lanes).tolist(), bits)
        found.append(answers(acc, cost.word_bits, cost.signed)[0] << chip.rail.readings)
    return found


@cocotb.test()
@over(CHIPS)
async def in_loopback_the_engine_learns_as_golden_does(dut, name):
    bench, host, engine = await begin(dut, name, LOOPBACK)
    safe, state, costs = bench.signal("array.safe"), engine.initial(), []
    words_out = [bench.signal(f"array.{stream}.valid") for stream in ("sign", "code", "weight", "pulses")
                 if stream in bench.block.array.signature.members]  # fmt: skip
    running = cocotb.start_soon(start(host, START, STEPS))
    while not running.done():
        await FallingEdge(bench.clock)
        assert safe.value and not any(valid.value for valid in words_out), f"{name}: the array is not left alone"
    for _ in range(STEPS):
        costs.append(engine.run(state, np.array([totals(engine, state)])).cost[0])
    got = await host.read(Region.REGISTERS, 2, Register.STEP - 1)
    check(f"{name} steps", STEPS, STEPS, got[1])
    for memory, values in contents(engine.chip, state):
        check(f"{name} {memory.symbol}", STEPS, values, await host.read(memory.region, memory.words))
    assert len(set(costs)) > STEPS // 2


@cocotb.test()
@over(CHIPS)
async def a_pattern_walks_over_all_wires_and_ends_with_the_mode(dut, name):
    bench, host, engine = await begin(dut, name, PATTERN)
    members = bench.block.array.signature.members
    stream = next(name for name in ("code", "weight", "sign") if name in members)
    sink = bench.sink(f"array.{stream}")
    bench.stall()
    lanes, length = engine.chip.layout.lanes, engine.chip.layout.words
    bits = members[stream].signature.members["payload"].shape.elem_shape.width
    for number in range(PATTERNS):
        got = await sink.receive(length)
        check(f"{name} pattern", number, [[walking(number, bits)] * lanes] * length, got)
        assert not bench.signal("array.safe").value
    await host.write(Region.REGISTERS, [0], Register.BRING_UP)
    for _ in range(30):
        await RisingEdge(bench.clock)
    assert bench.signal("array.safe").value and not bench.signal(f"array.{stream}.valid").value
