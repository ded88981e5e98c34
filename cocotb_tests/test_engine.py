"""Engine and chip do what `golden.engine` does: every stream, every step, every memory.

`engine_*` is the engine alone, against a model of the array that stalls every stream at random.
`chip_*` is the engine with its emulated array, run by the host in two pieces.
"""

import os
from functools import cache
from importlib.resources import files
from typing import Any

import cocotb
import numpy as np
import pytest
from cocotb.triggers import FallingEdge, RisingEdge

from ohmgrad.cocotb_tests.array_model import ArrayModel
from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.host import Host, absent, contents, known, readings, restore, start
from ohmgrad.cocotb_tests.loop_model import LoopModel
from ohmgrad.cocotb_tests.streams import PATIENCE
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import CALIBRATE, EVALUATE, SAMPLE_WORD, START, Region, Register
from ohmgrad.golden.chip.paths import TikiTaka
from ohmgrad.golden.chip.registers import registers
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine as Golden
from ohmgrad.rtl.engine import Engine
from ohmgrad.rtl.top import Top

XOR = "xor_filtered.toml"
NIST = "nist7x7.toml"
NIST_LOOP = "nist7x7_tiki_taka.toml"
LOOP = "xor_tiki_taka.toml"
DIGITAL = {"update.path": "digital", "device": None, "update.reset": None, "update.eta": 0.05}
SMALL = {"data.train": 5, "data.test": 0, "network.layers": [49, 3, 4]}
DEEP = {"network.layers": [2, 5, 3, 1]}
# Tables of 2**adc_bits entries are most of what the C++ compiler is busy with.
COARSE = {"array.adc_bits": 7, "array.output_bits": 9}
QUICK = {
    "update.schedule": None, "update.eta": 2.0, "fast.rate": 1.0, "fast.zero_shift": 30, "perturbation.tau_theta": 2,
}  # fmt: skip
RANK_ONE = {"perturbation.method": None, "perturbation.code": "rank-one"}
ROWS = {"transfer.lines": "rows"}
CONSTANTS = {"engine.settings": "constants"}
# name: example, steps, overrides
CHIPS = {
    "lanes1": (XOR, 40, {**DIGITAL, "engine.lanes": 1, "perturbation.tau_theta": 3, "cost.mode": "forward"}),
    "lanes4": (XOR, 40, {"perturbation.tau_p": 2, "perturbation.tau_x": 2, "perturbation.tau_theta": 4}),
    "lanes16": (NIST, 12, {**SMALL, "update.schedule": [[5, 0.002], [9, 0.02]]}),
    "sequential": (
        XOR,
        40,
        {**DIGITAL, "perturbation.code": "sequential", "data.order": "cyclic", "cost.function": "l1"},
    ),
    "walsh": (NIST, 10, {**SMALL, "perturbation.code": "walsh", "engine.lanes": 4, "perturbation.tau_x": 4}),
    "constant_step": (
        XOR,
        40,
        {
            "device.model": "constant-step", "device.asymmetry": 0.2, "update.eta": 2.0, "update.reset": "keep",
            "update.schedule": [[20, 5.0]], "network.layers": [2, 5, 3, 1], "engine.lanes": 16,
        },
    ),
    "rails": (XOR, 40, {**DIGITAL, "update.eta": 3.0, "cost.bits": 6, "weights.range": 2.0, "weights.bits": 12}),
    "zero": (XOR, 40, {"update.reset": "zero", "update.eta": 1.0, "engine.lanes": 1, "cost.mode": "forward"}),
    "upper": (
        XOR,
        30,
        {
            **DIGITAL, **DEEP, "perturbation.code": "walsh-upper", "cost.mode": "forward", "cost.refresh": 0,
            "perturbation.tau_x": 4, "perturbation.tau_theta": 6, "perturbation.blanking": 1,
        },
    ),
    "sinusoidal": (
        XOR,
        40,
        {**DIGITAL, "perturbation.code": "sinusoidal", "perturbation.phase": 0.25, "perturbation.lag": 0.1,
         "perturbation.frequency": [3, 2], "perturbation.tau_theta": 2},
    ),
    "rank_one": (XOR, 40, {**DIGITAL, **DEEP, "perturbation.code": "rank-one", "engine.lanes": 16}),
    "node": (XOR, 40, {**DIGITAL, **DEEP, "perturbation.method": "node", "update.eta": 0.01, "cost.bits": 16}),
    "by_layer": (
        XOR,
        40,
        {**DIGITAL, **DEEP, "perturbation.method": "node-by-layer", "perturbation.tau_p": 2, "perturbation.tau_x": 4,
         "perturbation.tau_theta": 4, "cost.mode": "forward", "engine.lanes": 16, "update.eta": 0.01, "cost.bits": 16,
         **CONSTANTS, "engine.calibration": False},
    ),
    "analog": (
        XOR,
        40,
        {**DIGITAL, "cost.mode": "analog", "perturbation.tau_x": 8, "perturbation.tau_theta": 5,
         "perturbation.blanking": 2, "cost.average": 2},
    ),
    "averages": (
        XOR,
        20,
        {"cost.mode": "forward", "cost.refresh": 3, "cost.average": 2, "cost.average_c0": 4, "engine.settle": 60,
         **CONSTANTS},
    ),
    "late": (
        XOR,
        40,
        {**DIGITAL, "array.latency": 3, "perturbation.tau_p": 2, "perturbation.tau_x": 4, "perturbation.tau_theta": 8,
         "perturbation.blanking": 1, "perturbation.code": "sequential", **CONSTANTS},
    ),
    "misaligned": (XOR, 40, {"array.latency": 7, "engine.delay": 2, **CONSTANTS, "engine.calibration": False}),
    "window": (XOR, 40, {**DIGITAL, **DEEP, "engine.window": 8, "perturbation.tau_theta": 12, "array.latency": 1}),
    "window_walsh": (
        XOR,
        40,
        {"engine.window": 4, "perturbation.code": "walsh", "perturbation.tau_p": 2, "perturbation.tau_x": 2,
         "perturbation.tau_theta": 16},
    ),
    "replay": (
        XOR,
        40,
        {**DIGITAL, "engine.window": 8, "perturbation.tau_theta": 8, "engine.gradient": "replay",
         "update.momentum": 0.9, "update.rounding": "stochastic", "update.layers": [1, 0.5], "update.eta": 0.004},
    ),
    "settings": (
        XOR,
        40,
        {"perturbation.tau_p": 2, "perturbation.tau_x": 4, "perturbation.tau_theta": 8, "perturbation.blanking": 1,
         "cost.mode": "forward", "cost.refresh": 0, "cost.average": 2, "cost.average_c0": 4, "array.latency": 2,
         "engine.delay": 1, "engine.settle": 0, "engine.max_tau_p": 4, "engine.max_tau_theta": 16},
    ),
    "loop": (LOOP, 40, {**QUICK, "transfer.fraction": 2, "transfer.bits": 11}),
    "loop_lanes1": (
        LOOP,
        40,
        {**QUICK, **ROWS, "engine.lanes": 1, "transfer.means": 1, "transfer.fraction": 3, "fast.slots": 2,
         "transfer.chopper": 0.6, "update.reset": "keep", "perturbation.tau_theta": 1},
    ),
    "loop_lanes16": (
        LOOP,
        40,
        {**QUICK, **DEEP, **RANK_ONE, **ROWS, "engine.lanes": 16, "fast.slots": 3, "fast.trains": "deterministic",
         "transfer.chopper": None, "transfer.chopper_period": 1, "perturbation.tau_theta": 3},
    ),
    "loop_lanes64": (
        LOOP,
        30,
        {**QUICK, **DEEP, "engine.lanes": 64, "fast.management": False, "fast.slots": 3, "transfer.chopper": None,
         "transfer.leak": 1, "transfer.fraction": 2, "average.shift": 2, "average.start": 5},
    ),
    "loop_forward": (
        LOOP,
        40,
        {**QUICK, "cost.mode": "forward", "cost.refresh": 0, "perturbation.tau_p": 2, "perturbation.tau_x": 4,
         "perturbation.tau_theta": 4, "perturbation.blanking": 1, "cost.average_c0": 2, "update.reset": "zero",
         "network.layers": [2, 1], "transfer.means": 3, "transfer.chopper_period": 1, "transfer.chopper": None,
         "transfer.fraction": 1, "engine.lanes": 1},
    ),
    "loop_rescale": (
        LOOP,
        40,
        {**QUICK, **ROWS, "update.schedule": [[9, 4.0], [21, 0.5]], "transfer.change": "rescale", "cost.average": 2,
         "transfer.fraction": 4, "device.model": "constant-step", "fast.trains": "deterministic"},
    ),
    "loop_rank_one": (
        LOOP,
        40,
        {**QUICK, **RANK_ONE, "engine.lanes": 1, "fast.slots": 3, "fast.management": False, "fast.read_noise": 0.5,
         "fast.adc_bits": 5, "fast.model": "constant-step", "update.eta": 0.9, "update.schedule": [[15, 0.5]]},
    ),
    "loop_letters": (NIST_LOOP, 12, {**QUICK, **SMALL, "fast.slots": 2, **ROWS}),
    "frozen": (
        XOR, 30, {**DIGITAL, **DEEP, "update.rounding": "stochastic", "update.layers": [0, 1, 0.5], "engine.lanes": 8}
    ),
}  # fmt: skip
BUILT = {
    "chip_settings": {
        "perturbation.tau_p": 1, "perturbation.tau_x": 3, "perturbation.tau_theta": 5, "perturbation.blanking": 2,
        "cost.refresh": 1, "cost.average": 1, "engine.delay": 0, "engine.settle": 3,
    },
    "chip_loop_lanes1": {"update.eta": 0.7, "fast.rate": 0.9},
}  # fmt: skip
"""Settings that the Verilog of a chip is made with, if the host is to write others."""
EMULATED = (
    "constant_step", "zero", "by_layer", "analog", "window", "replay", "averages", "late", "settings", "loop_lanes1",
    "loop_lanes16", "loop_lanes64", "loop_rescale",
)  # fmt: skip
"""Chips that also run with the emulated array."""
NARROWER = {"loop_lanes64": {"engine.lanes": 32, "network.layers": [2, 4, 3, 1]}}
"""What is different with the emulated array: still all in one word, whose blocks have 64 lanes in their own tests."""
CALIBRATED = ("chip_analog", "chip_window", "chip_late", "chip_averages", "chip_settings")
"""Chips that also calibrate the delay, and get the latency that they have."""
LANES = {f"chip_lanes{n}": n for n in (1, 4, 16)}
"""Chips that differ by their lanes alone, and are held against each other, so in one simulation."""
ENGINES, ARRAYS = range(6), range(4)
"""Into how many parts the engines alone and the chips are split."""


def cases() -> dict[str, tuple[str, int, dict[str, Any]]]:
    """Chip file, number of steps and overrides of every configuration: the grid, or the one that is to be verified."""
    if path := os.environ.get("OHMGRAD_CHIP"):
        config = load(path)
        overrides: dict[str, Any] = {"run.checkpoints": None}
        if config.fast:  # the RTL is given the points that golden finds; so few are found without being compiled
            overrides["fast.zero_shift"] = 20
        steps = max(4, min(60, 20000 // Chip(config.with_(**overrides)).layout.words))
        return {"engine_chip": (path, steps, overrides), "chip_chip": (path, 4 * steps, overrides)}
    grid = {}
    examples = files("ohmgrad.examples")
    for name, (example, steps, overrides) in CHIPS.items():
        grid[f"engine_{name}"] = (str(examples / example), steps, {**COARSE, **overrides})
        if name in EMULATED:
            grid[f"chip_{name}"] = str(examples / example), steps, {**COARSE, **overrides, **NARROWER.get(name, {})}
    for name, lanes in LANES.items():
        overrides = {**COARSE, **SMALL, "perturbation.tau_theta": 2, "engine.lanes": lanes}
        grid[name] = (str(examples / NIST), 30, overrides)
    return grid


GRID = cases()


def parts() -> dict[str, list[str]]:
    """The grid in parts of about equal work, a simulation each, that processes can share."""
    engines = [name for name in GRID if name.startswith("engine_")]
    arrays = [name for name in GRID if name not in engines and name not in LANES]
    split = {f"engines_{i}": engines[i :: len(ENGINES)] for i in ENGINES}
    split |= {f"chips_{i}": arrays[i :: len(ARRAYS)] for i in ARRAYS}
    split["lanes"] = [name for name in LANES if name in GRID]
    return {part: names for part, names in split.items() if names}


PARTS = parts()


@cache
def described(name: str) -> Chip:
    """The chip of a configuration."""
    file, _, overrides = GRID[name]
    return Chip(load(file).with_(**overrides))


def make(name: str) -> Engine | Top:
    """The component of one configuration."""
    chip = described(name)
    if name in BUILT:
        chip = Chip(chip.config.with_(**BUILT[name]))
    return Top(chip) if name.startswith("chip_") else Engine(chip)


def golden(chip: Chip, traced: bool = False) -> Golden:
    """The golden engine with its samples.

    A replayed window is lost where a run ends; to be `traced` step by step, it is that with a memory of G.
    """
    if traced and chip.correlator.replay:
        chip = Chip(chip.config.with_(**{"engine.gradient": None}))
    data = chip.config.dataset
    return Golden(chip, datasets.load(data.set, data.train, data.test, chip.config.seed))


def records(engine: Golden) -> np.ndarray:
    """Contents of the sample memory, by index in `Region.SAMPLES`."""
    parts = [np.pad(c, ((0, 0), (0, -c.shape[1] % SAMPLE_WORD))) for c in (engine.inputs, engine.targets)]
    return np.hstack(parts).ravel()


@pytest.mark.parametrize("part", PARTS)
def test_engine(part):
    run(__file__, make, PARTS[part], part=part)


def test_every_configuration_is_in_one_part():
    assert sorted(name for names in PARTS.values() for name in names) == sorted(GRID)


@pytest.mark.parametrize("wrong", ["g", "theta"])
def test_a_mismatch_names_block_index_step_and_values(wrong):
    with pytest.raises(AssertionError, match=rf"chip {wrong}: index 2, step 7: expected 3, got 4"):
        check(f"chip {wrong}", 7, [1, 2, 3], [1, 2, 4])


@cocotb.test()
@over(name for name in GRID if name.startswith("engine_"))
async def engine_matches_golden(dut, name):
    chip, steps = described(name), GRID[name][1]
    reference = golden(chip, traced=True)
    bench = Bench(dut, name, make(name))
    model = (LoopModel if isinstance(chip.path, TikiTaka) else ArrayModel)(bench, reference)
    bench.stall()
    for port in ("start", "stop", "load", "evaluate", "calibrate"):
        bench.signal(port).value = 0
    await bench.start()
    state = reference.initial()
    await bench.host("host_samples").write(records(reference))
    for memory, values in contents(chip, state):
        if memory.owner == "engine":
            await bench.host(memory.port).write(values)
    flags: set[int] = set()
    collector = cocotb.start_soon(collect(bench, flags))
    bench.signal("target").value = steps
    bench.signal("start").value = 1
    await RisingEdge(dut.clk)
    bench.signal("start").value = 0
    for step in range(steps):
        before = state.copy()
        trace = reference.trace(state, 1)
        for _ in range(readings(chip, step)):
            await model.sweep(step, before.theta, trace.sample[0], trace.adc[0], trace.act[0])
        await measured(bench, step, trace)
        model.measured(step, before, trace)
    # The last sweep applies the last cost; what it measures, one step on, must not count.
    ahead = state.copy()
    trace = reference.trace(ahead, 1)
    await model.sweep(steps, state.theta, trace.sample[0], trace.adc[0], trace.act[0])
    while bench.signal("busy").value:
        await RisingEdge(dut.clk)
    collector.cancel()
    check(f"{name} step", steps, steps, int(bench.signal("step").value))
    check(f"{name} flags", steps, [bool(state.flags >> k & 1) for k in range(3)], [k in flags for k in range(3)])
    for memory, values in contents(chip, state):
        if memory.owner == "engine":
            got = await bench.host(memory.port).read(memory.words)
            check(f"{name} {memory.name}", steps, values, known(chip, state, memory, got))
    words = bench.signal("memory").value.to_unsigned()
    check(f"{name} memory", steps, [int(word) % 2**64 for word in state.memory], [words % 2**64, words >> 64])


async def collect(bench: Bench, flags: set[int]) -> None:
    """Gather the numbers of the flags that an engine raises."""
    while True:
        await FallingEdge(bench.dut.clk)
        raised = int(bench.signal("saturated").value)
        flags.update(k for k in range(3) if raised >> k & 1)


async def measured(bench: Bench, step: int, trace) -> None:
    """Wait until the engine has counted a step, and compare what it measured."""
    for _ in range(PATIENCE):
        if int(bench.signal("step").value) > step:
            break
        await RisingEdge(bench.dut.clk)
    else:
        raise AssertionError(f"{bench.name}: step {step} is not measured")
    last = bench.block.signature.members["last"].shape.from_bits(int(bench.signal("last").value))
    got = [last.cost, last.sum0, last.sum1]
    check(f"{bench.name} cost, sums", step, [trace.cost[0], *trace.sums[0]], got)


@cocotb.test()
@over(name for name in GRID if name.startswith("chip_"))
async def chip_matches_golden(dut, name):
    chip, steps = described(name), GRID[name][1]
    reference, host = golden(chip), Host(dut, name)
    await Bench(dut, name, make(name)).start()
    while host.busy.value:
        await RisingEdge(dut.clk)
    state = reference.initial()
    await host.write(Region.SAMPLES, records(reference))
    await restore(host, chip, state)
    size = len(reference.inputs)
    samples = min(size, 5)
    await start(host, EVALUATE, samples)
    got = await host.read(Region.REGISTERS, 3, Register.TOTAL_LOW)
    total, right = reference.evaluate(state, samples)
    check(f"{name} evaluation", samples, [total & 0xFFFFFFFF, total >> 32, right], got % 2**32)
    if name in CALIBRATED:
        await start(host, CALIBRATE)
        delay = await host.read(Region.REGISTERS, 1, Register.DELAY)
        check(f"{name} calibration", 0, [reference.calibrate(state), chip.config.array.latency], [delay, delay])
    await restore(host, chip, state)
    for target in (steps // 3, steps):
        reference.run(state, target - state.step)
        await start(host, START, target)
        values = registers(chip, state)
        got = await host.read(Region.REGISTERS, len(Register) - Register.FLAGS, Register.FLAGS)
        for register, value in values.items():
            check(f"{name} {register.name}", target, value, got[register - Register.FLAGS] % 2**32)
        sweeps = sum(readings(chip, step) for step in range(target)) + 1
        cycles = int(got[Register.CYCLES_LOW - Register.FLAGS])
        assert cycles >= sweeps * chip.sequencer.settle, f"{name}: {sweeps} sweeps took {cycles} clocks"
        for memory, values in contents(chip, state):
            got = known(chip, state, memory, await host.read(memory.region, memory.words))
            check(f"{name} {memory.name}", target, values, got)
        for region in absent(chip):
            check(f"{name} {region.name}", target, [0, 0], await host.read(region, 2))
    if name in LANES:
        thetas.append(state.theta)
        got = await host.read(Region.THETA, state.theta.size)
        check(f"{name} theta of another number of lanes", steps, thetas[0], got)


thetas: list[np.ndarray] = []
