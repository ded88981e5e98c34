"""The calibration finds the delay that `golden.blocks.measure.calibration` finds, noise and ties included."""

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.golden.blocks.measure.calibration import LAGS, PERIOD, PERTURBED, ROUNDS, calibration_delay
from ohmgrad.rtl.measure.calibration import Calibration

GRID = {"bits4": 4, "bits20": 20, "bits31": 31}
BEFORE = 99
"""Stands for the delay in force, which is none that could be found."""


def make(name: str) -> Calibration:
    """The block of one configuration."""
    return Calibration(GRID[name])


def test_calibration():
    run(__file__, make, GRID)


def cases(bits: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """C~ of all steps as they arrive."""
    size, top = (ROUNDS, PERIOD), 2 ** (bits - 1) - 1
    every = {"nothing": np.zeros(size, int), "largest everywhere": np.full(size, -top)}
    before = np.zeros(size, int)
    before[:, :PERTURBED] = before[:, PERTURBED + LAGS :] = top
    every["outside the lags"] = before
    for lag in (0, 3, LAGS - 1):
        one = rng.integers(-top // 4, top // 4 + 1, size)
        one[:, PERTURBED + lag] = rng.choice([-top, top], ROUNDS)
        every[f"lag {lag} in noise"] = one
    every["anything"] = extremes(rng, bits, size).astype(int)
    return every


@cocotb.test()
@over(GRID)
async def delays_match_golden(dut, name):
    bench = Bench(dut, name, make(name))
    edge, rng = RisingEdge(dut.clk), bench.rng
    clear, valid, step, cost, scan = map(bench.signal, ("clear", "valid", "step", "cost", "scan"))
    done, found, delay = map(bench.signal, ("done", "found", "delay"))
    for port in (clear, valid, scan):
        port.value = 0
    await bench.start()
    for case, costs in cases(GRID[name], rng).items():
        clear.value = 1
        await edge
        clear.value = 0
        for n, value in enumerate(costs.ravel()):
            while rng.random() < 0.1:  # no step ends in this clock
                valid.value, step.value, cost.value = 0, int(rng.integers(PERIOD)), int(rng.integers(2))
                await edge
            valid.value, step.value, cost.value = 1, n % PERIOD, int(value)
            await edge
        valid.value, scan.value = 0, 1
        await edge
        scan.value = 0
        clocks = 0
        await edge
        while not int(done.value):
            clocks += 1
            assert clocks < 2 * LAGS, f"calibration {name} {case}: no answer"
            await edge
        check(f"calibration {name} {case} clocks", 0, LAGS - 1, clocks)
        got = int(delay.value) if int(found.value) else BEFORE
        check(f"calibration {name} {case}", 0, calibration_delay(costs.ravel(), BEFORE), got)
