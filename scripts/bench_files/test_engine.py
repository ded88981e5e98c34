"""The generated engine trains the array of `my_array.py` in simulation; what happened is replayed word for word."""

import json
from pathlib import Path

import cocotb

from ohmgrad.cocotb_tests.outside import train
from ohmgrad.cocotb_tests.users_bench import TRACE, keep_costs, simulate_and_replay
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load

HERE = Path(__file__).resolve().parent
CHIP, BUS = Chip(load(HERE / "chip.toml")), json.loads((HERE / "engine.json").read_text())["bus"]
STEPS = 300


@cocotb.test()
async def engine_trains_array(dut):
    from my_array import Array

    largest = 2 ** (CHIP.config.cost.word_bits - CHIP.config.cost.signed) - 1
    keep_costs(HERE, await train(dut, CHIP, Array(CHIP, largest), STEPS, HERE / TRACE, BUS))


def test_engine():
    simulate_and_replay(__file__, "engine", CHIP)
