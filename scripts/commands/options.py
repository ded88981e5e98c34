"""Options that several commands have, and how they change a chip description."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...fpga.errors import require_emulated

if TYPE_CHECKING:
    from ...golden.chip.config import ChipConfig


class On(StrEnum):
    """What a run runs on."""

    golden = "golden"
    sim = "sim"
    board = "board"


class BoardName(StrEnum):
    """Boards: the names of `fpga.board.boards.BOARDS`, which takes long to import."""

    icebreaker = "icebreaker"
    ulx3s_85f = "ulx3s-85f"
    ulx3s_25f = "ulx3s-25f"
    arty_a7 = "arty-a7"


class TopName(StrEnum):
    """What is generated: the names that `rtl.top.top_of` knows, which takes long to import."""

    chip = "chip"
    engine = "engine"


class BusName(StrEnum):
    """Buses: the names of `rtl.bus.slave.BUSES`, which takes long to import, and the host's own port."""

    native = "native"
    axi = "axi"
    wishbone = "wishbone"
    apb = "apb"


class FrontEndName(StrEnum):
    """Front ends: the names of `golden.chip.front_ends.FRONT_ENDS`, which takes long to import."""

    spi = "spi"
    parallel = "parallel"


ChipFile = Annotated[Path, typer.Argument(metavar="CHIP.TOML", help="Chip description.", show_default=False)]
Where = Annotated[On, typer.Option(help="The golden model; or the simulated RTL, or a board, with golden beside it.")]
Port = Annotated[
    str,
    typer.Option(
        metavar="PORT",
        help="Serial port of the board; or virtual: a virtual board is started, and ended after the run.",
        show_default=False,
    ),
]
Watchdog = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", help="A board stops when its host has been silent for so long; 0: it goes on.", min=0
    ),
]
Steps = Annotated[int | None, typer.Option(help="Steps, in place of the chip file's.", show_default=False)]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint, bit-exactly.")]
Init = Annotated[
    Path | None,
    typer.Option(
        "--init",
        metavar="WEIGHTS",
        help="Weights to start from: .npz, .csv, PyTorch's .pt, .onnx, .safetensors, or a checkpoint.",
        show_default=False,
    ),
]
Seed = Annotated[int | None, typer.Option(help="Seed, in place of the chip file's.", show_default=False)]


def _use_folder(folder: Path | None) -> Path | None:
    """Have data sets read from a folder."""
    from ...golden.data.fetch import FOLDER

    if folder:
        os.environ[FOLDER] = str(folder)
    return folder


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        callback=_use_folder,
        help="Folder with the files of data sets, in place of OHMGRAD_DATA; without either they are fetched.",
        show_default=False,
    ),
]


def described(
    path: Path, steps: int | None = None, seed: int | None = None, rtl: bool = False, outside: bool = False
) -> "ChipConfig":
    """Load a chip file and lay the options over it.

    With `rtl` what the RTL cannot be is refused, and unless `outside` is enough chips whose array is not here.
    """
    from ...golden.chip.config import load

    config = load(path)
    if rtl:
        require_emulated(config, path, outside)
    elif not outside and config.array.kind == "external":
        require_emulated(config, path)
    if steps is not None:
        fewer = max(1, min(steps, config.run.checkpoints))
        config = config.with_(**{"run.steps": steps, "run.checkpoints": fewer})
    return config if seed is None else config.with_seed(seed)
