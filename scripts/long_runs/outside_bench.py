"""One engine's Verilog, built once, trains arrays in Python: each simulation leaves a trace."""

import os
from pathlib import Path
from typing import Any, cast

import cocotb

from ...cocotb_tests.harness import build
from ...cocotb_tests.outside import train
from ...fpga.errors import Failure
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from ...rtl.top import EngineTop
from .outside_arrays import ARRAYS, OnBench

ARRAY, STEPS = "OHMGRAD_ARRAY", "OHMGRAD_STEPS"
"""Environment variables that tell a simulation what to train, and how long."""


@cocotb.test()
async def engine_trains_array(dut):
    chip, name = Chip(ChipConfig.model_validate_json(Path("chip.json").read_text())), os.environ[ARRAY]
    array = OnBench(ARRAYS[name](chip.layout.parameters), chip)
    await train(dut, cast(Any, chip), array, int(os.environ[STEPS]), Path(f"{name}.npz"))


class Bench:
    """Verilog of an engine alone, and the simulator made of it.

    Parameters
    ----------
    chip : Chip
        With an external cost.
    folder : Path
        Of all that is made.
    optimize : str
        Flag of the C++ compiler.
    module : str
        Has the cocotb test; it makes of the name what it trains, and leaves `<name>.npz`.
    """

    def __init__(self, chip: Chip, folder: Path, optimize: str = "-O1", module: str = __name__):
        self.folder, self._module = folder.resolve(), module
        self._runner = build(EngineTop(chip), "engine", self.folder, optimize)
        (self.folder / "chip.json").write_text(chip.config.model_dump_json(exclude_unset=True))

    def train(self, name: str, steps: int) -> Path:
        """Train an array, of `ARRAYS` with this module's test; returns the trace.

        Raises
        ------
        Failure
            The simulation left no trace; the text names its log.
        """
        log, trace = self.folder / f"{name}.log", self.folder / f"{name}.npz"
        trace.unlink(missing_ok=True)
        self._runner.test(
            self._module, "engine", build_dir=self.folder, test_dir=self.folder, log_file=log,
            extra_env={ARRAY: name, STEPS: str(steps), "NUMBA_DISABLE_JIT": "1"},
        )  # fmt: skip
        if not trace.exists():
            raise Failure(f"{name}: the simulation left no trace, see {log}.")
        return trace
