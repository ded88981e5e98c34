"""The sequencer presents and applies what `golden.blocks.control.sequencer` says, from any step to any other, stops
included.
"""

from math import lcm

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from ohmgrad.cocotb_tests.control.sequencer_grid import GRID, make
from ohmgrad.cocotb_tests.control.sequencer_model import (
    Controls,
    Surroundings,
    apply_settings,
    counters,
    expect,
    load,
    shown,
)
from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.streams import pack
from ohmgrad.golden.blocks.measure.calibration import PERIOD, PERTURBED, ROUNDS
from ohmgrad.golden.blocks.measure.cost import ANALOG
from ohmgrad.golden.chip.counters import RESTORABLE
from ohmgrad.golden.chip.memory_map import Register

RUNS, STEPS = 10, 40


def test_sequencer():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def runs_match_golden(dut, name):
    block, s = make(name), GRID[name][0]
    bench = Bench(dut, name, block)
    rng, edge, falling = bench.rng, RisingEdge(dut.clk), FallingEdge(dut.clk)
    host = Controls(bench)
    around = Surroundings(bench)
    apply_settings(bench, s)
    await bench.start()
    step = 0
    for number in range(RUNS):
        where = f"sequencer {name} run {number}"
        if number:
            bench.stall()
        if number in (2, 5):  # resume elsewhere, just before most counters wrap
            cycle = lcm(s.tau_p, s.tau_x, s.tau_theta, max(1, s.refresh))
            step = int(rng.integers(1, 2**31)) // cycle * cycle + cycle - int(rng.integers(1, 9))
            await load(bench, host, counters(block, s, step))
        if number == 6:  # without effect: nothing runs
            host.stop.value = 1
            await edge
            host.stop.value = 0
        stop_after = int(rng.integers(2, STEPS)) if number in (3, 5, 7) else 0
        length = 0 if number == 4 else 2 * STEPS if stop_after else int(rng.integers(1, STEPS))
        around.clear()
        last_before = int(host.last.value)
        host.start.value, host.target.value = 1, step + length
        await edge
        clocks = flags = 0
        stopped = None
        await falling
        while int(host.busy.value):
            # While it runs, neither another start nor a load may do anything; the target stays.
            host.start.value, host.load.value = int(rng.random() < 0.1), int(rng.random() < 0.3)
            host.evaluate.value = host.calibrate.value = int(rng.random() < 0.1)
            host.load_value.value = int(rng.integers(2**32))
            host.load_register.value = int(rng.choice([Register[register.upper()] for register in RESTORABLE]))
            clocks += 1
            host.stop.value = int(clocks == stop_after)
            await edge
            flags += int(host.saturated.value)
            if clocks == stop_after:
                stopped = get_sim_time()
            assert clocks < 20_000, f"{where}: busy for {clocks} clocks"
            await falling
        for port in (host.start, host.load, host.stop, host.evaluate, host.calibrate):
            port.value = 0
        await ClockCycles(dut.clk, 10)
        sweeps = expect(block, s, step, length)
        if stopped is not None and len(around.presented) < len(sweeps):
            # What was presented before the stop is done, and one step more at most, which may be on offer.
            presented = sweeps[max(0, sum(time < stopped for time in around.times) - 1)]["step"]
            stopped_at = step + sum(not result["drop"] for result in around.results)
            assert presented + 1 <= stopped_at <= presented + 2, f"{where}: {stopped_at}, {presented} was presented"
            length = min(length, stopped_at - step)
            sweeps = expect(block, s, step, length)
        measured = length + 1
        check(f"{where} sweeps", step, [len(sweeps), len(sweeps), measured],
              [len(history) for history in (around.presented, around.applied, around.results)])  # fmt: skip
        arrived = iter(around.arrived)
        for sweep, presented, applied in zip(sweeps, around.presented, around.applied, strict=True):
            n = sweep["step"]
            for field, value in sweep["present"].items():
                check(f"{where} present.{field}", n, value, presented[field])
            for field, value in sweep["reading"].items():
                if not (sweep["reading"]["drop"] and field in ("take0", "take1", "refresh", "changed")):
                    check(f"{where} reading.{field}", n, value, presented.reading[field])
            expected = {"used": 0, "update": 0, "flush": 0, "cost": 0}
            if sweep["apply"]:
                cost = next(arrived)
                expected = sweep["apply"] | {"cost": cost if sweep["apply"]["used"] else 0}
            for field, value in expected.items():
                check(f"{where} apply.{field}", n, value, applied[field])
        step += length
        read = shown(bench)
        for register, value in counters(block, s, step).items():
            check(f"{where} {register}", step, value, read[register])
        check(f"{where} saturated clocks", step, sum(result["saturated"] for result in around.results[:-1]), flags)
        last = pack(block.last.shape(), around.results[-2]) if length else last_before
        check(f"{where} last", step, last, int(host.last.value))


@cocotb.test()
@over(["ones", "unequal", "patterns_held", "constant", "constant_measured", "alternating", "alternating_analog"])
async def evaluations_and_calibrations(dut, name):
    """They present samples by index, apply nothing, count what they say, and leave all counters in place."""
    block, s = make(name), GRID[name][0]
    bench = Bench(dut, name, block)
    edge = RisingEdge(dut.clk)
    host = Controls(bench)
    around = Surroundings(bench)
    apply_settings(bench, s)
    await bench.start()
    bench.stall()
    before = counters(block, s, int(bench.rng.integers(2**30)))
    await load(bench, host, before)
    for samples in (0, 1, min(2 * PERTURBED, block.chip.samples.size), 0):
        around.clear()
        host.evaluate.value, host.target.value = 1, samples
        await edge
        host.evaluate.value = 0
        await edge
        while int(host.busy.value):
            await edge
        await ClockCycles(dut.clk, 10)
        check(f"evaluation {name} sweeps", samples, [samples] * 3,
              [len(history) for history in (around.presented, around.applied, around.results)])  # fmt: skip
        for index, (presented, applied) in enumerate(zip(around.presented, around.applied, strict=True)):
            got = [presented.index, presented.direct, presented.unperturbed, presented.reading.drop,
                     applied.update, applied.flush, applied.used]  # fmt: skip
            check(f"evaluation {name}", index, [index, 1, 1, 1, 0, 0, 0], got)
        counted = [sum(result[key] for result in around.results) for key in ("sum0", "right")]
        check(f"evaluation {name} counts", samples, counted, [int(host.total.value), int(host.right.value)])
        check(f"evaluation {name} counters", samples, list(before.values()), list(shown(bench).values()))
    if not block.chip.config.engine.calibration:
        return
    around.clear()
    bench.stall(0.0)
    host.calibrate.value = 1
    await edge
    host.calibrate.value = 0
    while not int(host.scan.value):
        await edge
    await ClockCycles(dut.clk, 5)
    assert int(host.busy.value)
    host.scanned.value = 1
    await edge
    host.scanned.value = 0
    await edge
    await edge
    assert not int(host.busy.value)
    sweeps = 1 + (block.chip.alternates and block.chip.cost.mode != ANALOG)
    check(f"calibration {name} sweeps", 0, sweeps * ROUNDS * PERIOD, len(around.presented))
    for k, presented in enumerate(around.presented):
        n, rail = divmod(k, sweeps)
        if block.chip.alternates:
            expected = [rail == 0, rail == 1, rail == sweeps - 1]
            got = [presented.reading[field] for field in ("take0", "take1", "last")]
            check(f"calibration {name} rail", n, expected, got)
        turn = n // PERIOD
        position = turn * block.chip.codes.stride % block.chip.codes.size
        expected = [turn, position, turn % block.chip.samples.size, 1,
                    n % PERIOD != PERTURBED, n % PERIOD == 0]  # fmt: skip
        got = [presented.pattern, presented.position, presented.index, presented.direct, presented.unperturbed,
               presented.reading.changed]  # fmt: skip
        check(f"calibration {name}", n, expected, got)
    assert not any(applied.update or applied.flush or applied.used for applied in around.applied)
    check(f"{name} counters after", 0, list(before.values()), list(shown(bench).values()))
