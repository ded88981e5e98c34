"""`ohmgrad export`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .exits import one_sentence


def export(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT.NPZ", help="Checkpoint of a run.", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="NAME.npz, .csv, .pt (PyTorch), .onnx, .safetensors, .aihwkit.pt, or .h (integers for C).",
            show_default=False,
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write the weights of a checkpoint for other tools.

    `train --init` reads all forms but .h again, to the same words.
    """
    with one_sentence():
        from ..training.export import export as run

        chip = run(checkpoint, output)
        if as_json:
            layers = [list(size) for size in zip(chip.layout.rows, chip.layout.columns, strict=True)]
            found = {"file": str(output), "name": chip.config.name, "parameters": chip.layout.parameters}
            print(json.dumps(found | {"rows_and_columns": layers, "activations": list(chip.config.activations)}))
        else:
            print(f"{output}: {chip.layout.parameters:,} weights and biases of {chip.config.name}.")
