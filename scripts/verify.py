"""`ohmgrad verify`: the cocotb proof on exactly one chip."""

import os
from pathlib import Path
from unittest.mock import patch

from ..fpga.errors import Failure
from ..fpga.host.golden import symbols
from ..golden.chip.chip import Chip

CHIP = "OHMGRAD_CHIP"
"""Environment variable that tells the test its chip file."""


def verify(path: Path, chip: Chip) -> None:
    """Simulate a chip's engine and the whole chip against golden, every stream and memory.

    The engine runs against a model of the array that stalls all streams at random; the whole chip
    runs with its emulated array. What is compared, and for how long: `cocotb_tests.test_engine`.

    Parameters
    ----------
    path : Path
        The chip file.
    chip : Chip
        What it describes.

    Raises
    ------
    Failure
        Golden and RTL differ; the text names block, index, step, expected and got.
    """
    with patch.dict(os.environ, {CHIP: str(path.resolve())}):
        # Imported here: the test makes its grid for the chip named by the environment.
        from ..cocotb_tests import test_engine

        try:
            for part in test_engine.PARTS:
                test_engine.test_engine(part)
        except AssertionError as error:
            raise Failure(f"{chip.config.name}: RTL and golden differ: {error}") from None
    steps = {name: steps for name, (_, steps, _) in test_engine.GRID.items()}
    print(
        f"{chip.config.name}: RTL equals golden bit for bit: {steps['engine_chip']} steps of the engine with random "
        f"stalls on every stream, {steps['chip_chip']} steps of the chip, all streams, {', '.join(symbols(chip))}."
    )
