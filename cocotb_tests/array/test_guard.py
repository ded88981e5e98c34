"""A dead array, a lost host, pulses that nobody has allowed: what must not happen with a real array does not."""

from functools import cache
from importlib.resources import files
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.host import Host, restore
from ohmgrad.cocotb_tests.outside import Outside
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import START, STOP, Region, Register
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.state import FAULT
from ohmgrad.rtl.top import EngineTop

TIMEOUT, STEPS = 100, 40
CHIPS: dict[str, dict[str, Any]] = {
    "digital": {"update.eta": 1e-5, "engine.settle": 150, "array.latency": 1},
    "filtered": {"update.path": "filtered", "update.eta": 1.5, "device": {"states": 100}, "update.reset": "zero"},
    "tiki_taka": {
        "update.path": "tiki-taka", "update.eta": 1.5, "device": {}, "fast": {"rate": 0.004, "slots": 2},
        "transfer.bits": 14, "perturbation.method": "node", "parameters.groups": [[4, 5]],
    },
}  # fmt: skip

PULSED = {"filtered": "pulses", "tiki_taka": "train"}
"""Streams of pulses."""


@cache
def described(name: str) -> Chip:
    """The chip of a configuration."""
    small = {"parameters.count": 20, "update.eta": 0.01, "engine.timeout": TIMEOUT, "engine.lanes": 4}
    return Chip(load(str(files("ohmgrad.examples") / "external.toml")).with_(**{**small, **CHIPS[name]}))


def make(name: str) -> EngineTop:
    """The component of one configuration."""
    return EngineTop(described(name))


def test_guard():
    run(__file__, make, CHIPS)


async def begin(dut, name: str) -> tuple[Host, Outside, Bench]:
    """A chip that is ready to run, and whose array is an array's streams."""
    chip, bench, host = described(name), Bench(dut, name, make(name)), Host(dut, name)
    outside = Outside(bench, chip)
    for pin in ("busy", "saturated", "fault"):
        bench.signal(f"array.{pin}").value = 0
    await bench.start()
    await FallingEdge(dut.clk)
    check(f"{name} safe after reset", 0, 1, int(bench.signal("array.safe").value))
    await restore(host, chip, RecordedEngine(chip).initial())
    await host.write(Region.REGISTERS, [STEPS], Register.TARGET)
    return host, outside, bench


class Still:
    """Arrays A and C that stay as they are, with full lines."""

    def pulse(self, slow: bool, vector: np.ndarray) -> None:
        pass

    def read(self, group: int, line: int) -> list[int]:
        return [3, -200, 0, 255]

    def activity(self) -> np.ndarray:
        return np.full(5, 127)


async def served(outside: Outside, sweeps: int) -> None:
    """Serve some sweeps with costs that change."""
    for n in range(sweeps):
        await gather(outside.take(*outside.streams), outside.move(Still()))
        await outside.cost.send([{"rail0": 1000 + 10000 * (n % 3), "rail1": 900}])
        await outside.carry(Still())


async def until_idle(host: Host, bench: Bench, clocks: int) -> int:
    """Clocks until nothing runs any more, of a run that has just begun."""
    await ClockCycles(bench.dut.clk, 4)
    for clock in range(clocks):
        if not int(host.busy.value):
            return clock
        await FallingEdge(bench.dut.clk)
    raise AssertionError(f"{bench.name}: still busy after {clocks} clocks")


@cocotb.test()
@over(CHIPS)
async def silence_is_a_fault(dut, name):
    host, outside, bench = await begin(dut, name)
    await host.write(Region.REGISTERS, [1], Register.PULSES)
    await host.write(Region.REGISTERS, [START], Register.CONTROL)
    await served(outside, 5)
    check(f"{name} safe while it runs", 5, 0, int(bench.signal("array.safe").value))
    before = await host.read(Region.REGISTERS, 1, Register.STEP)
    await outside.take(*outside.streams)  # and never an answer
    clocks = await until_idle(host, bench, 5 * TIMEOUT)
    settle = described(name).sequencer.settle
    assert TIMEOUT - 20 <= clocks <= TIMEOUT + 3 * settle + 100, f"{name}: stopped after {clocks} clocks"
    check(f"{name} flags", 5, 1 << FAULT, int((await host.read(Region.REGISTERS, 1, Register.FLAGS))[0]))
    check(f"{name} safe after a fault", 5, 1, int(bench.signal("array.safe").value))
    step = await host.read(Region.REGISTERS, 1, Register.STEP)
    assert before[0] < step[0] <= before[0] + 2, f"{name}: {step[0]} steps"  # one that had no cost, and one on its way
    await host.write(Region.REGISTERS, [START], Register.CONTROL)
    await ClockCycles(dut.clk, 20)
    check(f"{name} busy before the fault is cleared", 5, 0, int(host.busy.value))
    await host.write(Region.REGISTERS, [0], Register.FLAGS)
    await ClockCycles(dut.clk, 4)
    await host.write(Region.REGISTERS, [START], Register.CONTROL)
    await served(outside, STEPS - int(step[0]) + 1)
    await until_idle(host, bench, 1000)
    check(f"{name} flags of the next run", STEPS, 0, int((await host.read(Region.REGISTERS, 1, Register.FLAGS))[0]))


@cocotb.test()
@over(CHIPS)
async def an_array_that_is_not_to_be_relied_upon_is_cut_off_at_once(dut, name):
    """A strobe of `fault` ends the run long before the time-out, and the cost that it was working at is of no step."""
    host, outside, bench = await begin(dut, name)
    fault = bench.signal("array.fault")
    await host.write(Region.REGISTERS, [1], Register.PULSES)
    await host.write(Region.REGISTERS, [START], Register.CONTROL)
    await served(outside, 5)
    await outside.take(*outside.streams)
    fault.value = 1
    await FallingEdge(dut.clk)
    await FallingEdge(dut.clk)
    fault.value = 0
    check(f"{name} safe at once", 5, 1, int(bench.signal("array.safe").value))
    settle = described(name).sequencer.settle
    clocks = await until_idle(host, bench, 5 * TIMEOUT)
    # A sweep still goes through, with path tiki-taka the vectors of all its slots and the lines that are read.
    limit = TIMEOUT / 2 + 2 * settle + (TIMEOUT / 4 if name == "tiki_taka" else 0)
    assert clocks < limit, f"{name}: stopped after {clocks} clocks"
    check(f"{name} flags", 5, 1 << FAULT, int((await host.read(Region.REGISTERS, 1, Register.FLAGS))[0]))
    assert int((await host.read(Region.REGISTERS, 1, Register.STEP))[0]) < STEPS


@cocotb.test()
@over(CHIPS)
async def stop_is_safe(dut, name):
    host, outside, bench = await begin(dut, name)
    await host.write(Region.REGISTERS, [1], Register.PULSES)
    await host.write(Region.REGISTERS, [START], Register.CONTROL)
    await served(outside, 3)
    serving = cocotb.start_soon(served(outside, STEPS))
    await host.write(Region.REGISTERS, [STOP], Register.CONTROL)
    await until_idle(host, bench, 3000)
    serving.cancel()
    check(f"{name} safe after a stop", 3, 1, int(bench.signal("array.safe").value))
    assert int((await host.read(Region.REGISTERS, 1, Register.STEP))[0]) < STEPS


@cocotb.test()
@over(PULSED)
async def no_pulse_leaves_before_it_is_allowed(dut, name):
    host, outside, bench = await begin(dut, name)
    left, enabled, pulses = [], [], f"array.{PULSED[name]}"

    async def watch():
        while True:
            await FallingEdge(dut.clk)
            if int(bench.signal(f"{pulses}.valid").value) and int(bench.signal(f"{pulses}.payload").value):
                left.append(1)
            enabled.append(int(bench.signal("array.enable").value))

    cocotb.start_soon(watch())
    await host.write(Region.REGISTERS, [START], Register.CONTROL)
    serving = cocotb.start_soon(served(outside, 2 * STEPS))
    await until_idle(host, bench, 4000)
    serving.cancel()
    flags = int((await host.read(Region.REGISTERS, 1, Register.FLAGS))[0])
    assert flags >> FAULT & 1, f"{name}: flags {flags}"
    assert not left and not any(enabled), f"{name}: {len(left)} words of pulses left"
