"""The generated chip trains the array of `my_array.py` through its pins; what happened is replayed word for word.

Between the pins and the array are models of the converters, which check that the times of their data sheets are kept.
"""

import json
import os
from pathlib import Path

import cocotb

from ohmgrad.cocotb_tests.front_ends.pins import train
from ohmgrad.cocotb_tests.harness import verilator
from ohmgrad.fpga.plain import alias, stand_in
from ohmgrad.fpga.toolchain import verilator_environment
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.replay import replay

HERE = Path(__file__).resolve().parent
TRACE, COSTS = HERE / "trace.npz", HERE / "costs.txt"
ABOUT = json.loads((HERE / "chip.json").read_text())
KIND, BUS = ABOUT["parameters"]["front_end"]["kind"], ABOUT["bus"]
CHIP = Chip(load(HERE / "chip.toml").with_(**{"front_end.kind": KIND}))
STEPS = 50


@cocotb.test()
async def chip_trains_array(dut):
    from my_array import Array

    assert CHIP.front_end
    largest = 2 ** (CHIP.front_end.adc_bits - CHIP.config.cost.signed) - 1
    costs = await train(dut, CHIP, Array(CHIP, largest), STEPS, TRACE, BUS)
    COSTS.write_text("".join(f"{cost}\n" for cost in costs))


def test_chip():
    os.environ.update(verilator_environment())
    # So short a run is done before its C++ would be optimised; for long ones leave this out.
    os.environ["MAKEFLAGS"] += " OPT_FAST=-O0 OPT_GLOBAL=-O0 VM_PARALLEL_BUILDS=0"
    runner, here = verilator(), alias(HERE)
    build = stand_in(HERE / "build")
    sources = [here / "waivers.vlt", *sorted(here.glob("*.v"))]
    runner.build(sources=sources, hdl_toplevel="chip", build_dir=build, timescale=("1ns", "1ns"))
    runner.test("test_chip", "chip", build_dir=build, test_dir=HERE)
    costs = [int(line) for line in COSTS.read_text().split()]
    print(f"cost of rail 0: {costs[0]} at first, {costs[-1]} after {STEPS} steps")
    found = replay(TRACE, CHIP)
    print(f"replayed: {found.steps} steps, {found.words} words equal")
