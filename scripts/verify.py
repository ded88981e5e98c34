"""`ohmgrad verify`: the cocotb proof on exactly one chip."""

import os
import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

from ..fpga.errors import Failure, require_emulated
from ..fpga.host.golden import symbols
from ..fpga.plain import plain_folder
from ..golden.chip.chip import Chip

CHIP = "OHMGRAD_CHIP"
"""Environment variable that tells the test its chip file."""


def verify(path: Path, chip: Chip, waves: Path | None = None) -> None:
    """Simulate a chip's engine and the whole chip against golden, every stream and memory.

    The engine runs against a model of the array that stalls all streams at random; the whole chip runs with its
    emulated array, if that is not outside. What is compared, and for how long: `cocotb_tests.test_engine` and
    `test_top`, and with an external cost `test_external`. Each call has a folder of its own, among the temporary ones,
    which stays where something differs.

    Parameters
    ----------
    path : Path
        The chip file.
    chip : Chip
        What it describes.
    waves : Path, optional
        Gets what every signal did as `engine.vcd` and `chip.vcd`, where something differs too.

    Raises
    ------
    Failure
        Golden and RTL differ; the text names block, index, step, expected and got, and the folder.
    """
    require_emulated(chip.config, path, outside=chip.cost.word is not None)
    from ..cocotb_tests import harness

    folder = Path(tempfile.mkdtemp(prefix="verify-", dir=plain_folder()))
    environment = {CHIP: str(path.resolve())} | ({"WAVES": "1"} if waves else {})
    with patch.dict(os.environ, environment), patch.object(harness, "BUILD", folder):
        try:
            done = _costs() if chip.cost.word else _whole()
        except AssertionError as error:
            raise Failure(f"{chip.config.name}: RTL and golden differ, see {folder}: {error}") from None
        except BaseException:
            shutil.rmtree(folder)
            raise
        finally:
            if waves:
                _keep_waves(folder, waves)
    shutil.rmtree(folder)
    print(f"{chip.config.name}: RTL equals golden bit for bit: {done}, all streams, {', '.join(symbols(chip))}.")


# The tests are imported here, since they make their grids for the chip named by the environment.


def _whole() -> str:
    """Engine and chip with the emulated array; what was done."""
    from ..cocotb_tests import engine_grid, test_engine, test_top

    for part in engine_grid.ENGINE_PARTS:
        test_engine.test_engine(part)
    for part in engine_grid.TOP_PARTS:
        test_top.test_top(part)
    steps = {name: steps for name, (_, steps, _) in engine_grid.GRID.items()}
    engine, chip = steps["engine_chip"], steps["chip_chip"]
    return f"{engine} steps of the engine with random stalls on every stream, {chip} steps of the chip"


def _costs() -> str:
    """Engine with costs from outside; what was done."""
    from ..cocotb_tests import test_external

    test_external.test_external()
    return f"{test_external.STEPS} steps of the engine with any costs and random stalls on every stream"


def _keep_waves(folder: Path, waves: Path) -> None:
    """Copy the waveforms of all simulations, and say where they are."""
    waves.mkdir(parents=True, exist_ok=True)
    for file in sorted(folder.glob("*/dump.vcd")):
        name = "chip" if file.parent.name.startswith("test_top") else "engine"
        print(f"waveforms: {shutil.copy(file, waves / f'{name}.vcd')}")
