"""The generated chip trains the array of `my_array.py` through its pins; what happened is replayed word for word.

Between the pins and the array are models of the converters, which check that the times of their data sheets are kept.
"""

import json
from pathlib import Path

import cocotb

from ohmgrad.cocotb_tests.front_ends.pins import train
from ohmgrad.cocotb_tests.users_bench import TRACE, keep_costs, simulate_and_replay
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load

HERE = Path(__file__).resolve().parent
ABOUT = json.loads((HERE / "chip.json").read_text())
CHIP = Chip(load(HERE / "chip.toml").with_(**{"front_end.kind": ABOUT["parameters"]["front_end"]["kind"]}))
STEPS = 50


@cocotb.test()
async def chip_trains_array(dut):
    from my_array import Array

    assert CHIP.front_end
    largest = 2 ** (CHIP.front_end.adc_bits - CHIP.config.cost.signed) - 1
    keep_costs(HERE, await train(dut, CHIP, Array(CHIP, largest), STEPS, HERE / TRACE, ABOUT["bus"]))


def test_chip():
    simulate_and_replay(__file__, "chip", CHIP)
