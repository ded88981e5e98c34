"""The chip, engine and emulated array, does what `golden.engine` does: run by the host in two pieces, every memory."""

import cocotb
import numpy as np
import pytest
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.engine_chips import CALIBRATED, LANES
from ohmgrad.cocotb_tests.engine_grid import GRID, TOP_PARTS, TOPS, described, golden, make, records
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.host import Host, absent, contents, known, readings, restore, start
from ohmgrad.golden.chip.memory_map import CALIBRATE, EVALUATE, START, Region, Register
from ohmgrad.golden.chip.registers import registers


@pytest.mark.parametrize("part", TOP_PARTS)
def test_top(part):
    run(__file__, make, TOP_PARTS[part], part=part)


@cocotb.test()
@over(TOPS)
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
