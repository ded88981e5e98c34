"""The emulated array's devices: constants from the seed, states and weight codes after pulses."""

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run, words
from ohmgrad.golden.blocks.array.crossbar import Crossbar
from ohmgrad.golden.blocks.array.devices import CONSTANT_STEP, SOFT_BOUNDS, Devices, pulse_all
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.rtl.array.devices import DeviceArray, DeviceFoundry

# Layers, lanes, soft bounds; bits of states and weights, step, bound; spreads and cycle noise.
ARRAYS = {
    "soft1": ((2, 2, 1), 1, True, 12, 7, 123, 1228, 0.3, 0.3),
    "soft4": ((3, 2, 2), 4, True, 16, 12, 393, 19660, 0.3, 1.0),
    "soft4_one_word": ((2, 1), 4, True, 8, 8, 9, 70, 0.0, 0.3),
    "soft16": ((7, 3), 16, True, 14, 10, 409, 7000, 0.3, 0.0),
    "constant1": ((2, 1), 1, False, 10, 4, 101, 300, 0.0, 0.0),
    "constant2_wide": ((2, 2, 1), 2, False, 28, 12, 27000000, 80000000, 0.3, 0.0),
    "constant4": ((4, 3), 4, False, 12, 12, 650, 1900, 0.3, 0.3),
    "constant64_one_word": ((7, 3, 2), 64, False, 8, 6, 9, 70, 0.0, 0.3),
}
FOUNDRIES = {
    "foundry1_wide": ((2, 1), 1, True, 28, 12, 1 << 26, 1 << 26, 0.3, 0.3),
    "foundry4": ((3, 2), 4, True, 8, 8, 4, 6, 0.3, 0.0),
    "foundry2_constant": ((7, 3), 2, False, 12, 12, 40, 1900, 0.3, 0.0),
}
BATCHES, PASSES = 4, 6
PULSES = ((-1, 0, 1), (1,), (-1,), (-1, 0, 1))
"""What is fired in each batch; all up or all down leads to the bounds."""


def make(name: str) -> DeviceArray | DeviceFoundry:
    """The block of one configuration."""
    layers, lanes, soft, bits, weight_bits, step, bound, sigma, noise = (ARRAYS | FOUNDRIES)[name]
    spread, cycle = (round(s * 4096 / 85**0.5) for s in (sigma, noise))
    layout = Layout(layers, lanes)
    model = SOFT_BOUNDS if soft else CONSTANT_STEP
    devices = Devices(model, 0xC0FFEE00 + lanes, bits, step, bound, spread, spread // 3, spread, cycle)
    if name in FOUNDRIES:
        return DeviceFoundry(devices, layout)
    return DeviceArray(Crossbar(bits, weight_bits, 8, 8, 0, 1, 31), devices, layout)


def test_devices():
    run(__file__, make, ARRAYS | FOUNDRIES)


async def made(bench: Bench) -> None:
    """Wait until the devices are made."""
    busy = bench.signal("busy")
    await ClockCycles(bench.dut.clk, 2)
    assert int(busy.value), f"devices {bench.name}: not busy after reset"
    for _ in range(1000):
        await ClockCycles(bench.dut.clk, 20)
        if not int(busy.value):
            return
    raise AssertionError(f"devices {bench.name}: busy for 20000 clocks")


@cocotb.test()
@over(FOUNDRIES)
async def constants_come_from_the_seed(dut, name):
    block = make(name)
    layout = block.layout
    bench = Bench(dut, name, block)
    await bench.start()
    await made(bench)
    read, word, device = (bench.signal(port) for port in ("read", "read_word", "device"))
    read.value = 1
    expected = block.devices.sample(layout.words * layout.lanes)
    for place in range(layout.words):
        word.value = place
        await ClockCycles(dut.clk, 2)
        shown = block.device.shape().from_bits(int(device.value))
        for lane, index in enumerate(range(place * layout.lanes, (place + 1) * layout.lanes)):
            got = [shown[lane][field] for field in block.constants.members]
            check(f"foundry {name} device {index}", 0, expected[index], got)


@cocotb.test()
@over(ARRAYS)
async def pulses_match_golden(dut, name):
    block = make(name)
    layout, devices = block.layout, block.devices
    bench = Bench(dut, name, block)
    command, pulses, weight = bench.source("command"), bench.source("pulses"), bench.sink("weight")
    host, rng = bench.host(), bench.rng
    await bench.start()
    await made(bench)
    table = devices.sample(layout.parameters)
    up, down = table[:, 4], -table[:, 5]
    states = np.choose(rng.integers(0, 4, up.size), (up, down, 0 * up, rng.integers(down, up + 1)))
    states = states.astype(np.int32)
    await host.write(states)
    check(f"devices {name} states by host", 0, states, await host.read(states.size))
    reached = set()
    for batch in range(BATCHES):
        if batch:
            bench.stall()
        numbers = rng.integers(0, 2**32, PASSES)
        fired = rng.choice(PULSES[batch], (PASSES, states.size)).astype(np.int32)
        _, _, got = await gather(
            command.send(numbers),
            pulses.send(np.vstack([words(row, layout.lanes) for row in fired])),
            weight.receive(PASSES * layout.words),
        )
        await weight.silent()
        for place, codes in enumerate(np.reshape(got, (PASSES, -1))):
            before = states.copy()
            pulse_all(devices.seed, devices.noise, int(numbers[place]), fired[place], table, states)
            if not devices.noise:
                follows_equation(name, table, before, fired[place], states, devices.model == SOFT_BOUNDS)
            step = batch * PASSES + place
            check(f"devices {name} weight", step, states >> block.crossbar.drop, codes[: states.size])
            reached |= {side for side in ("up", "down") if (states == (up if side == "up" else down)).any()}
        check(f"devices {name} states by host", step, states, await host.read(states.size))
    assert devices.model == SOFT_BOUNDS or len(reached) == 2, f"devices {name}: only {reached} of the bounds reached"


def follows_equation(name, table, before, fired, after, soft) -> None:
    """State + step (1 - state / bound), constants those of the pulse's side, but for rounding of two LSB."""
    side = np.where(fired > 0, 0, 1)
    step, bound = (table[np.arange(side.size), column + side] for column in (0, 4))
    exact = before + fired * step * ((1 - fired * before / bound) if soft else 1)
    exact = np.clip(exact, -table[:, 5], table[:, 4])
    worst = np.abs(exact - after).max()
    assert worst < 2, f"golden.blocks.array.crossbar.pulse {name}: {worst} LSB beside the equation"
