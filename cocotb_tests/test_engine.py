"""The engine alone does what `golden.engine` does, every stream, every step, every memory.

It runs against a model of the array that stalls every stream at random.
"""

import cocotb
import pytest
from cocotb.triggers import FallingEdge, RisingEdge

from ohmgrad.cocotb_tests.array_model import ArrayModel
from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.engine_grid import ENGINE_PARTS, GRID, TOP_PARTS, TOPS, described, golden, make, records
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.host import contents, known, readings
from ohmgrad.cocotb_tests.loop_model import LoopModel
from ohmgrad.cocotb_tests.streams import PATIENCE
from ohmgrad.golden.chip.paths import TikiTaka


@pytest.mark.parametrize("part", ENGINE_PARTS)
def test_engine(part):
    run(__file__, make, ENGINE_PARTS[part], part=part)


def test_every_configuration_is_in_one_part():
    parts = *ENGINE_PARTS.values(), *TOP_PARTS.values()
    assert sorted(name for names in parts for name in names) == sorted(GRID)


@pytest.mark.parametrize("wrong", ["g", "theta"])
def test_a_mismatch_names_block_index_step_and_values(wrong):
    with pytest.raises(AssertionError, match=rf"chip {wrong}: index 2, step 7: expected 3, got 4"):
        check(f"chip {wrong}", 7, [1, 2, 3], [1, 2, 4])


@cocotb.test()
@over(name for name in GRID if name not in TOPS)
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
