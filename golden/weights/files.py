"""Which reader and which writer a file of weights has, by its name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..chip.chip import Chip
from . import header, onnx_file, tables, torch_file
from .contents import MOST, Contents, refusal
from .words import weights_of, words_of

READERS: dict[str, Callable[[Path], Contents]] = {
    ".npz": tables.read_npz, ".csv": tables.read_csv, ".pt": torch_file.read, ".pth": torch_file.read,
    ".onnx": onnx_file.read, ".safetensors": tables.read_safetensors,
}  # fmt: skip
"""By suffix."""
AIHWKIT = ".aihwkit.pt"
WRITTEN = (".npz", ".csv", ".pt", AIHWKIT, ".onnx", ".safetensors", ".h")


def read(path: Path) -> Contents:
    """Named arrays of a file.

    Raises
    ------
    WeightsError
        The file's form is not known, or it is not what its name says, or too large.
    OSError
        It cannot be read.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise refusal(path, f"it ends in none of {', '.join(READERS)}, by which weights are read")
    if (size := path.stat().st_size) > MOST:
        raise refusal(path, f"it has {size} bytes; right are up to {MOST}")
    return reader(path)


def written(chip: Chip, words: NDArray[np.int32], path: Path) -> bytes:
    """A file of the weights that words stand for, in the form that its name asks for.

    Names of PyTorch are those of a `Sequential` of Linear layers with an activation behind each: 0, 2, 4, ... Those for
    aihwkit are matrices as tiles with an analog bias have them, the bias as last column.
    Numbers are float32 where that leaves every word as it was, else float64; those of .npz and .csv are float64.

    Parameters
    ----------
    chip : Chip
    words : int32 array, shape (P,)
        Words of theta, or states of devices.
    path : Path

    Raises
    ------
    WeightsError
        The file's form is not known.
    """
    name = path.name.lower()
    if not name.endswith(WRITTEN):
        raise refusal(path, f"it ends in none of {', '.join(WRITTEN)}, by which weights are written")
    if name.endswith(".h"):
        return header.written(chip, words)
    weights = weights_of(chip, words)
    if name.endswith((".npz", ".csv")):
        arrays = tables.named(chip, weights)
        return tables.write_csv(arrays) if name.endswith(".csv") else tables.write_npz(arrays)
    short = weights.astype(np.float32)
    numbers = short if np.array_equal(words_of(chip, short.astype(np.float64)), words) else weights
    layers = [(matrix[:, :-1], matrix[:, -1]) for matrix in chip.matrices(numbers)]
    if name.endswith(".onnx"):
        return onnx_file.written(layers, chip.config.activations)
    if name.endswith(AIHWKIT):
        return torch_file.written(
            {f"{2 * k}.analog_tile_weights": matrix for k, matrix in enumerate(chip.matrices(numbers))}
        )
    pairs = {}
    for k, (weight, bias) in enumerate(layers):
        pairs |= {f"{2 * k}.weight": weight, f"{2 * k}.bias": bias}
    return tables.write_safetensors(pairs) if name.endswith(".safetensors") else torch_file.written(pairs)
