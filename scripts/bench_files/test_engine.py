"""The generated engine trains the array of `my_array.py` in simulation; what happened is replayed word for word."""

import json
import os
from pathlib import Path

import cocotb

from ohmgrad.cocotb_tests.harness import verilator
from ohmgrad.cocotb_tests.outside import train
from ohmgrad.fpga.plain import alias, stand_in
from ohmgrad.fpga.toolchain import verilator_environment
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.replay import replay

HERE = Path(__file__).resolve().parent
CHIP, TRACE, COSTS = HERE / "chip.toml", HERE / "trace.npz", HERE / "costs.txt"
BUS = json.loads((HERE / "engine.json").read_text())["bus"]
STEPS = 300


@cocotb.test()
async def engine_trains_array(dut):
    from my_array import Array

    chip = Chip(load(CHIP))
    largest = 2 ** (chip.config.cost.word_bits - chip.config.cost.signed) - 1
    costs = await train(dut, chip, Array(chip, largest), STEPS, TRACE, BUS)
    COSTS.write_text("".join(f"{cost}\n" for cost in costs))


def test_engine():
    os.environ.update(verilator_environment())
    # So short a run is done before its C++ would be optimised; for long ones leave this out.
    os.environ["MAKEFLAGS"] += " OPT_FAST=-O0 OPT_GLOBAL=-O0 VM_PARALLEL_BUILDS=0"
    runner, here = verilator(), alias(HERE)
    build = stand_in(HERE / "build")
    sources = [here / "waivers.vlt", *sorted(here.glob("*.v"))]
    runner.build(sources=sources, hdl_toplevel="engine", build_dir=build, timescale=("1ns", "1ns"))
    runner.test("test_engine", "engine", build_dir=build, test_dir=HERE)
    costs = [int(line) for line in COSTS.read_text().split()]
    print(f"cost of rail 0: {costs[0]} at first, {costs[-1]} after {STEPS} steps")
    found = replay(TRACE, Chip(load(CHIP)))
    print(f"replayed: {found.steps} steps, {found.words} words equal")
