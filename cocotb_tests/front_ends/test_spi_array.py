"""An engine trains an array behind serial converters: every code at the outputs is golden's, in golden's time."""

from functools import cache
from importlib.resources import files
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.front_ends.boards import Board
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.host import Host, restore, start
from ohmgrad.golden.blocks.front_ends.pulse_driver import PulseDriver
from ohmgrad.golden.blocks.front_ends.spi_rail import SpiRail, dac_per_cell
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import START, Region, Register
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.state import FAULT, FLAGS
from ohmgrad.rtl.front_ends.spi_array import SpiArray
from ohmgrad.rtl.top import FrontTop

HZ = 100_000_000
CHIPS: dict[str, dict[str, Any]] = {
    "two_buses": {"parameters.count": 37, "engine.lanes": 4},
    "signed": {
        "parameters.count": 9, "cost.signed": True, "cost.word_bits": 16, "array.readings": 2, "engine.lanes": 1,
        "engine.settle": 5,
    },
    "pulsed": {
        "parameters.count": 9, "engine.lanes": 4, "update.path": "filtered", "device": {"states": 100},
        "perturbation.tau_theta": 2,
    },
}  # fmt: skip
BUSES = {"two_buses": 2, "signed": 1, "pulsed": 1}
DRIVER = PulseDriver(devices=9, bits=8, setup=3, width=20, dead=5, step=255, limit=50)
LEVEL = 100
COMMON = {"array.rails": 1, "cost.word_bits": 12, "update.eta": 0.05, "perturbation.amplitude": 0.1}
STEPS = 8
STEP = 50
"""Clocks of a step that golden's account of its rails leaves out."""


@cache
def described(name: str) -> Chip:
    """The chip of a configuration."""
    example = load(str(files("ohmgrad.examples") / "external.toml"))
    return Chip(example.with_(**{**COMMON, "engine.timeout": 20_000, **CHIPS[name]}))


@cache
def rail_of(name: str) -> SpiRail:
    """Its converters."""
    layout = described(name).layout
    return dac_per_cell(HZ, layout.parameters, BUSES[name], layout.lanes)


def make(name: str) -> FrontTop:
    """The component of one configuration."""
    chip, rail = described(name), rail_of(name)
    return FrontTop(chip, SpiArray(chip, rail, DRIVER, LEVEL) if chip.path.pulsed else SpiArray(chip, rail))


def test_spi_array():
    run(__file__, make, CHIPS)


class Bowl:
    """A cost that is least where codes are a goal, or of a pulsed chip anything; it keeps what it was asked."""

    def __init__(self, chip: Chip, rail: SpiRail):
        self.rail, self.count, self.pulsed = rail, chip.layout.parameters, chip.path.pulsed
        self.goal = np.random.default_rng(1).integers(1600, 2400, self.count)
        self.shown: list[np.ndarray] = []
        self.given: list[int] = []
        self.now, self.times = int, []

    def __call__(self, outputs: list[list[int]], part: int, channel: int) -> int:
        codes = np.array([outputs[p][c] for p, c in self.rail.outputs])
        self.shown.append(codes)
        self.times.append(self.now())
        cost = min(4095, int(((codes - self.goal) ** 2).sum() // (60 * self.count)))
        self.given.append(len(self.given) * 1237 % 4096 if self.pulsed else cost)
        return self.given[-1]


async def watch(bench: Bench, pulses: list[tuple[int, int]]) -> None:
    """Gather pulses that leave: device and signed amplitude; while one does, nothing is written to a DAC."""
    device, amplitude, up, down = (bench.signal(f"pins.pulse.{n}") for n in ("device", "amplitude", "up", "down"))
    select, before = bench.signal("pins.dac.select"), 0
    while True:
        await FallingEdge(bench.dut.clk)
        level = int(up.value) - int(down.value)
        assert not level or int(select.value) + 1 == 1 << len(select), "a DAC is written during a pulse"
        if level and not before:
            pulses.append((int(device.value), level * int(amplitude.value)))
        before = level


async def begin(dut, name: str) -> tuple[Bench, Host, Board, Bowl, Any]:
    """An engine with its initial state, a board, and pulses allowed."""
    chip, rail = described(name), rail_of(name)
    bench, host, bowl = Bench(dut, name, make(name)), Host(dut, name), Bowl(chip, rail)
    board = Board(bench, rail, HZ, bowl, "pins.")
    bench.signal("pins.sample.ready").value = 1
    await board.start()
    for _ in range(20 * rail.dac.bank.parts * rail.dac.spi.clocks):
        if not host.busy.value:
            break
        await ClockCycles(dut.clk, 1)
    assert not host.busy.value, f"spi_array {name}: safe codes take too long"
    check(f"spi_array {name} safe", 0, [rail.dac.bank.safe] * 16, board.outputs()[0])
    state = RecordedEngine(chip).initial()
    await restore(host, chip, state)
    await host.write(Region.REGISTERS, [1], Register.PULSES)
    return bench, host, board, bowl, state


def presented(chip: Chip, reference: RecordedEngine, state) -> list[np.ndarray]:
    """Codes of both rails at a state."""
    if not chip.path.pulsed:
        return list(reference.codes(state))
    signs = reference.perturbations(state.step // chip.sequencer.tau_p) * chip.crossbar.amplitude
    return [signs, chip.polarity * signs]


@cocotb.test()
@over(CHIPS)
async def steps_are_those_of_golden(dut, name):
    chip, rail, reference = described(name), rail_of(name), RecordedEngine(described(name))
    bench, host, board, bowl, state = await begin(dut, name)
    bowl.now = lambda: board.clock
    pulses, expected_pulses = [], []
    if chip.path.pulsed:
        cocotb.start_soon(watch(bench, pulses))
    await start(host, START, STEPS)
    conversions, middle = 1 << chip.rail.readings, 2048 if chip.cost.word.signed else 0
    # Frames before the one that answers sample too: the last of each conversion's counts.
    shown, given = (values[2::3] for values in (bowl.shown, bowl.given))
    costs = []
    for step in range(STEPS):
        totals = []
        for codes in presented(chip, reference, state):
            for _ in range(conversions):
                check(f"spi_array {name} codes", step, codes + 2048, shown.pop(0))
            totals.append(sum(given.pop(0) - middle for _ in range(conversions)))
        costs.append(totals[0])
        reference.run(state, np.array([totals]))
        if chip.path.pulsed and (step + 1) % chip.sequencer.tau_theta == 0:
            moved = reference.learning.pulses
            expected_pulses += [(int(k), LEVEL * int(moved[k])) for k in np.flatnonzero(moved)]
    assert not shown and (chip.path.pulsed or costs[-1] < costs[0]), f"spi_array {name}: {costs}"
    check(f"spi_array {name} pulses", STEPS, expected_pulses, pulses)
    assert not chip.path.pulsed or len(pulses) > 3, "hardly a pulse left"
    got = await host.read(Region.REGISTERS, 1, Register.FLAGS)
    check(f"spi_array {name} {FLAGS}", STEPS, state.flags, got[0])
    clocks = min(np.diff(bowl.times[:: 6 * conversions]))
    expected = 2 * (rail.clocks() + (conversions - 1) * rail.adc.spi.clocks * 3)
    assert expected <= clocks <= expected + STEP, f"spi_array {name}: {clocks} clocks a step, {expected} of its rails"
    for _ in range(rail.clocks() + 20 * rail.dac.spi.clocks * rail.dac.bank.parts):
        await FallingEdge(dut.clk)
    check(f"spi_array {name} safe", STEPS, [rail.dac.bank.safe] * 16, board.outputs()[0])


@cocotb.test()
@over(CHIPS)
async def a_cost_of_another_channel_is_a_fault(dut, name):
    """It never comes, and the guard of the array says so; outputs are made safe."""
    _, host, board, _, _ = await begin(dut, name)
    adc = board.adcs[0]
    named = adc._cs

    def forgetful(cs: int) -> None:
        named(cs)
        adc._next = 2

    adc._cs = forgetful
    await start(host, START, 3)
    got = await host.read(Region.REGISTERS, 1, Register.FLAGS)
    assert got[0] >> FAULT & 1, f"spi_array {name}: no fault"


@cocotb.test()
@over(["pulsed"])
async def a_worn_device_is_a_fault(dut, name):
    """It gets no pulse, and the run ends."""
    bench, host, _, _, _ = await begin(dut, name)
    pulses = []
    cocotb.start_soon(watch(bench, pulses))
    await bench.host("pins.pulse.host_counts").write([DRIVER.limit] * DRIVER.devices)
    await start(host, START, STEPS)
    got = await host.read(Region.REGISTERS, 1, Register.FLAGS)
    assert got[0] >> FAULT & 1 and not pulses, f"spi_array {name}: {pulses}"
