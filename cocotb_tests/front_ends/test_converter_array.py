"""An engine trains an array behind converters: every code at the outputs is golden's, in golden's time."""

from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.front_ends.boards import board_of
from ohmgrad.cocotb_tests.front_ends.converters import NEVER, Ads7950
from ohmgrad.cocotb_tests.front_ends.parallel_converters import Ad7865
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.host import Host, restore, start
from ohmgrad.golden.blocks.front_ends.spi_adc import LATENCY
from ohmgrad.golden.blocks.front_ends.spi_rail import SpiRail
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import START, Region, Register
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.state import FAULT, FLAGS
from ohmgrad.rtl.top import FrontTop

HZ = 10_000_000
DRIVER = {"level": 100, "bits": 8, "width": 260, "setup": 39, "dead": 60, "limit": 50}
FILTERED = {
    "update.path": "filtered", "device": {"states": 100}, "perturbation.tau_theta": 2, "pulse_driver": DRIVER,
    "engine.lanes": 4,
}  # fmt: skip
PARALLEL = {"front_end": {"kind": "parallel", "clock": HZ}, "cost.word_bits": 14}
CHIPS: dict[str, dict[str, Any]] = {
    "two_buses": {"parameters.count": 37, "engine.lanes": 4, "front_end.buses": 2, "front_end.busy": True},
    "signed": {
        "cost.signed": True, "cost.word_bits": 16, "array.readings": 2, "engine.lanes": 1, "engine.settle": 5,
        "front_end.divider": 2, "front_end.safe": 0x123, "front_end.clock": 77_000_000,
    },
    "pulsed": FILTERED,
    "parallel": {**PARALLEL, "parameters.count": 14, "engine.lanes": 4},
    "parallel_signed": {**PARALLEL, "cost.signed": True, "cost.word_bits": 15, "engine.lanes": 2},
    "parallel_pulsed": {**FILTERED, **PARALLEL},
}  # fmt: skip
PULSED = [name for name in CHIPS if "pulsed" in name]
COMMON = {
    "array.rails": 1, "cost.word_bits": 12, "update.eta": 0.05, "perturbation.amplitude": 0.1, "parameters.count": 9,
    "front_end": {"kind": "spi", "clock": HZ}, "engine.timeout": 0,
}  # fmt: skip
STEPS = 5
STEP = 50
"""Clocks of a step that golden's account of its rails leaves out."""


@cache
def described(name: str) -> Chip:
    """The chip of a configuration."""
    return Chip(load(str(files("ohmgrad.examples") / "external.toml")).with_(**{**COMMON, **CHIPS[name]}))


def make(name: str) -> FrontTop:
    """The component of one configuration."""
    return FrontTop(described(name))


def test_converter_array():
    run(__file__, make, CHIPS)


class Bowl:
    """A cost that is least where codes are a goal, or of a pulsed chip anything; it keeps what it was asked."""

    def __init__(self, chip: Chip):
        self.front, self.count, self.pulsed = chip.front_end, chip.layout.parameters, chip.path.pulsed
        self.signed, self.most = chip.config.cost.signed, (1 << self.front.adc_bits) - 1
        self.goal = np.random.default_rng(1).integers(1600, 2400, self.count)
        self.shown: list[np.ndarray] = []
        self.given: list[int] = []
        self.now, self.times = int, []

    def __call__(self, outputs: list[list[int]], part: int, channel: int) -> int:
        codes = np.array([outputs[p][c] for p, c in self.front.rail.outputs])
        self.shown.append(codes)
        self.times.append(self.now())
        cost = min(self.most, int(((codes - self.goal) ** 2).sum() // (60 * self.count)))
        word = len(self.given) * 1237 % (self.most + 1) if self.pulsed else cost
        self.given.append(word - (self.most + 1) // 2 * self.signed)
        return self.front.code(self.given[-1], self.signed)


async def watch(bench: Bench, pulses: list[tuple[int, int]]) -> None:
    """Gather pulses that leave: device and signed amplitude; while one does, nothing is written to a DAC."""
    device, amplitude, up, down = (bench.signal(f"pins.pulse.{n}") for n in ("device", "amplitude", "up", "down"))
    spi = isinstance(described(bench.name).front_end.rail, SpiRail)
    select, before = bench.signal("pins.dac.select" if spi else "pins.dac.write"), 0
    while True:
        await FallingEdge(bench.dut.clk)
        level = int(up.value) - int(down.value)
        assert not level or int(select.value) + 1 == 1 << len(select), "a DAC is written during a pulse"
        if level and not before:
            pulses.append((int(device.value), level * int(amplitude.value)))
        before = level


class Setup:
    """An engine with its initial state, a board, and pulses allowed."""

    def __init__(self, dut, name: str):
        self.chip, self.reference = described(name), RecordedEngine(described(name))
        self.bench, self.host, self.bowl = Bench(dut, name, make(name)), Host(dut, name), Bowl(self.chip)
        self.where, self.front = f"converter_array {name}", self.chip.front_end
        self.board = board_of(self.bench, self.front.rail, self.chip.config.front_end.clock, self.bowl, "pins.")
        self.bowl.now = lambda: self.board.clock
        self.pulses: list[tuple[int, int]] = []
        self.state = self.reference.initial()
        # Frames before the one that answers sample too: the last of each conversion's counts.
        self.samples = 1 + LATENCY if isinstance(self.front.rail, SpiRail) else 1

    async def begin(self) -> None:
        """Reset, safe codes, and the state."""
        self.bench.signal("pins.sample.ready").value = 1
        await self.board.start()
        await self.secured()
        if self.chip.path.pulsed:
            cocotb.start_soon(watch(self.bench, self.pulses))
        await self.restore()
        await self.host.write(Region.REGISTERS, [1], Register.PULSES)

    async def secured(self) -> None:
        """Outputs are made safe within the time that golden's frames take."""
        bank = self.front.rail.dac.bank
        for _ in range(2 * bank.parts * bank.channels * self.chip.front_end.rail.dac.clocks + 2 * bank.settle):
            if not self.host.busy.value and self.board.outputs() == [[bank.safe] * bank.channels] * bank.parts:
                return
            await ClockCycles(self.bench.dut.clk, 1)
        raise AssertionError(f"{self.where}: not safe: {self.board.outputs()}")

    async def restore(self) -> None:
        """Write golden's initial state, and forget what the array was asked."""
        self.state = self.reference.initial()
        await restore(self.host, self.chip, self.state)
        for seen in (self.bowl.shown, self.bowl.given, self.bowl.times, self.pulses):
            seen.clear()

    async def flags(self) -> int:
        """The sticky flags."""
        return int((await self.host.read(Region.REGISTERS, 1, Register.FLAGS))[0])

    def presented(self) -> list[np.ndarray]:
        """Codes of both rails at the state."""
        if not self.chip.path.pulsed:
            return list(self.reference.codes(self.state))
        step, tau_p = self.state.step, self.chip.sequencer.tau_p
        signs = self.reference.perturbations(step // tau_p) * self.chip.crossbar.amplitude
        return [signs, self.chip.polarity * signs]

    async def run(self, steps: int) -> list[int]:
        """Run, and compare codes, pulses and flags with golden's; the cost of rail 0 at each step."""
        await start(self.host, START, steps)
        conversions, costs, pulses = 1 << self.chip.rail.readings, [], []
        shown, given = (values[self.samples - 1 :: self.samples] for values in (self.bowl.shown, self.bowl.given))
        for step in range(steps):
            totals = []
            for codes in self.presented():
                for _ in range(conversions):
                    check(f"{self.where} codes", step, codes + 2048, shown.pop(0))
                totals.append(sum(given.pop(0) for _ in range(conversions)))
            costs.append(totals[0])
            self.reference.run(self.state, np.array([totals]))
            if self.chip.path.pulsed and (step + 1) % self.chip.sequencer.tau_theta == 0:
                pulses += self.front.commands(self.reference.learning.pulses)
        assert not shown, f"{self.where}: {len(shown)} conversions too many"
        check(f"{self.where} pulses", steps, pulses, self.pulses)
        check(f"{self.where} {FLAGS}", steps, self.state.flags, await self.flags())
        return costs


@cocotb.test()
@over(CHIPS)
async def steps_are_those_of_golden(dut, name):
    setup = Setup(dut, name)
    await setup.begin()
    costs = await setup.run(STEPS)
    pulsed, rail, board = setup.chip.path.pulsed, setup.front.rail, setup.board
    assert pulsed or min(costs) < costs[0], f"{setup.where}: {costs}"
    assert not pulsed or len(setup.pulses) > 3, "hardly a pulse left"
    conversions = 1 << setup.chip.rail.readings
    clocks = min(np.diff(setup.bowl.times[:: 2 * setup.samples * conversions]))
    if isinstance(rail, SpiRail):
        expected = 2 * (rail.clocks() + (conversions - 1) * setup.samples * rail.adc.spi.clocks)
    else:
        expected = 2 * rail.clocks(round(board.adcs[0].stays / board.period))
    assert expected <= clocks <= expected + STEP, f"{setup.where}: {clocks} clocks a step, {expected} of its rails"
    await setup.secured()


@cocotb.test()
@over(CHIPS)
async def an_adc_that_is_not_to_be_relied_upon_is_a_fault(dut, name):
    """It answers for another channel, or not at all: the run ends, and outputs are made safe; the next one is right."""
    setup = Setup(dut, name)
    await setup.begin()
    (adc,) = setup.board.adcs
    mend = wrong_channel(adc) if isinstance(setup.front.rail, SpiRail) else silent(adc)
    await start(setup.host, START, 3)
    assert await setup.flags() >> FAULT & 1, f"{setup.where}: no fault"
    await setup.secured()
    mend()
    await setup.restore()
    await setup.run(2)


def wrong_channel(adc: Ads7950) -> Callable[[], None]:
    """Let an ADC answer for channel 2; the result mends it."""
    named = adc._cs

    def forgetful(cs: int) -> None:
        named(cs)
        adc._next = 2

    adc._cs = forgetful
    return partial(setattr, adc, "_cs", named)


def silent(adc: Ad7865) -> Callable[[], None]:
    """Let an ADC not convert; the result mends it."""
    rises, adc.rises = adc.rises, 1e9

    def mend() -> None:
        adc.rises, adc._ended = rises, NEVER

    return mend


@cocotb.test()
@over(PULSED)
async def a_worn_device_is_a_fault(dut, name):
    """It gets no pulse, the run ends, and the next one is right."""
    setup = Setup(dut, name)
    await setup.begin()
    counts = setup.bench.host("pins.pulse.host_counts")
    await counts.write([DRIVER["limit"]] * setup.chip.layout.parameters)
    await start(setup.host, START, STEPS)
    assert await setup.flags() >> FAULT & 1 and not setup.pulses, f"{setup.where}: {setup.pulses}"
    await setup.secured()
    await counts.write([0] * setup.chip.layout.parameters)
    await setup.restore()
    await setup.run(STEPS)
