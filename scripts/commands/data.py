"""A user's own data: `ohmgrad data`, and new samples through a trained chip: `ohmgrad predict`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .exits import one_sentence, stop
from .options import ChipFile, Data, On, Port, Seed, Where, described


def data(
    chip: ChipFile,
    seed: Seed = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Gets a picture, .png or .svg.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was read as JSON.")] = False,
    folder: Data = None,
) -> None:
    """Show what a chip learns from: columns and their ranges, classes or values, split, scaling."""
    with one_sentence():
        if picture and picture.suffix not in (".png", ".svg"):
            stop(2, f"{picture}: is no name of a picture; allowed are names that end in .png or .svg.")
        from ..reports.data_report import data_picture, describe, tables

        config = described(chip, seed=seed)
        found = describe(config)
        if as_json:
            print(json.dumps(found, indent=1))
        else:
            from rich.console import Console

            Console(highlight=False).print(*tables(found))
        if picture:
            from ...fpga.files import replacing
            from ..plots import image

            with replacing(picture) as file:
                file.write(image(data_picture(config), picture.suffix[1:]))
            if not as_json:
                print(f"picture: {picture}")


def predict(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT.NPZ", help="Checkpoint of a run.", show_default=False)
    ],
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="New samples; of pairs the second has targets.", show_default=False),
    ],
    on: Where = On.golden,
    port: Port = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="CSV of what is said; FILE-predicted.csv here if not given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print file, step and metrics as JSON.")] = False,
) -> None:
    """Run new samples through a trained chip: their classes by label, or values in the target's units.

    They are scaled as the training samples were. Golden, simulated RTL and board give the same output codes; on sim
    and board they are compared. Where the file has the target too, metrics follow.
    """
    with one_sentence():
        if (on is On.board) != bool(port):
            stop(2, "--on board and --port PORT go together: PORT is a serial port, or virtual.")
        from rich.console import Console

        from ...fpga.files import replacing
        from ..training.metrics import rich_tables
        from ..training.predict import predict as run

        with Console(stderr=True).status("predict") as status:
            found = run(checkpoint, tuple(files), on.value, port, status.update)
        path = output or Path(f"{Path(files[0]).name.removesuffix('.gz').partition('.')[0]}-predicted.csv")
        with replacing(path) as file:
            file.write(found.table.encode())
        if as_json:
            answer = {"predicted": str(path), "samples": len(found.codes), "step": found.step, "metrics": found.metrics}
            print(json.dumps(answer, indent=1))
            return
        if found.metrics:
            Console(highlight=False).print(*rich_tables(found.metrics))
        print(f"predicted: {path}, {len(found.codes):,} samples, checkpoint of step {found.step:,}")
