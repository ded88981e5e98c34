"""The simulation in which the engine's RTL trains the circuit that ngspice simulates in the same process."""

import json
import os
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import cocotb

from ...cocotb_tests.outside import train
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from .circuit_array import XorArray
from .outside_bench import ARRAY, STEPS


@cocotb.test()
async def engine_trains_circuit(dut):
    """The array's name is the seed, of signs and start as of devices, offsets and noise."""
    seed, steps = int(os.environ[ARRAY]), int(os.environ[STEPS])
    chip = Chip(ChipConfig.model_validate_json(Path("chip.json").read_text()).with_seed(seed))
    array, began = XorArray(chip, seed), perf_counter()
    await train(dut, cast(Any, chip), array, steps, Path(f"{seed}.npz"))
    took = {"seconds": perf_counter() - began, "seconds_ngspice": array.seconds, "operating_points": array.points}
    Path(f"{seed}.json").write_text(json.dumps(took))
