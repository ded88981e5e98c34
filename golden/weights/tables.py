"""Weights as plain arrays: NumPy's .npz, CSV, safetensors; and checkpoints of this project, which are .npz too.

A line of a CSV file is a row of an array, its name in front: `fc1.weight,0.25,-1.5`. Lines with the same name are one
matrix, from above; the biases of a layer are one line.
"""

import csv
import io
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..chip.chip import Chip
from ..chip.config import restored
from ..chip.rules import show
from ..errors import WeightsError
from .contents import MOST, Contents, checked, refusal
from .words import weights_of

DAMAGE = (
    OSError, EOFError, ValueError, TypeError, AttributeError, RuntimeError, SyntaxError, zipfile.BadZipFile, zlib.error,
    TokenError,
)  # fmt: skip
"""What NumPy raises for files that are cut off, altered, or something else."""


def read_npz(path: Path) -> Contents:
    """Arrays of an .npz file, none of them pickled; of a checkpoint the weights that its words stand for."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MOST:
            raise refusal(path, f"unpacked it has {size} bytes; right are up to {MOST}")
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    except DAMAGE as error:
        if "pickle" in str(error):
            raise refusal(path, "an array in it is pickled objects; right are arrays of numbers") from None
        if isinstance(error, WeightsError):
            raise
        raise refusal(path, "it is damaged, or no .npz file; right is what numpy.savez wrote") from None
    if "config" in arrays and "theta" in arrays:
        return _checkpoint(path, arrays)
    return Contents({name: checked(path, name, array) for name, array in arrays.items()}, False)


def _checkpoint(path: Path, arrays: dict[str, NDArray[Any]]) -> Contents:
    """Weights of a checkpoint, whose chip it describes."""
    try:
        chip = Chip(restored(str(arrays["config"]), path.name))
        theta = arrays["theta"]
        if theta.dtype != np.int32 or theta.shape != (chip.layout.parameters,):
            raise ValueError
    except ValueError:
        raise refusal(path, "it is a checkpoint of a chip that this version does not know") from None
    return Contents(named(chip, weights_of(chip, theta)), True, chip.config.activations)


def named(chip: Chip, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Weights and biases of all layers by the names that checkpoints have: `weight_0`, `bias_0`, ..."""
    arrays = {}
    for k, matrix in enumerate(chip.matrices(weights)):
        arrays[f"weight_{k}"], arrays[f"bias_{k}"] = matrix[:, :-1], matrix[:, -1]
    return arrays


def read_csv(path: Path) -> Contents:
    """Arrays of a CSV file, each a matrix."""
    rows: dict[str, list[list[float]]] = {}
    right = "right is the name of an array, then the numbers of one of its rows"
    try:
        lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    except UnicodeDecodeError as error:
        raise refusal(path, f"byte {error.start} is not UTF-8; right is CSV in UTF-8") from None
    except csv.Error as error:
        raise refusal(path, f"it is no CSV ({error}); {right}") from None
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        name, *cells = (cell.strip() for cell in line)
        if not name or not cells:
            raise refusal(path, f"line {number} has {'no numbers' if name else 'no name'}; {right}")
        values = [_number(path, number, column, cell) for column, cell in enumerate(cells, 2)]
        before = rows.setdefault(name, [])
        if before and len(before[0]) != len(values):
            lengths = f"{len(values)} numbers, the rows of {show(name)} above it {len(before[0])}"
            raise refusal(path, f"line {number} has {lengths}; {right}")
        before.append(values)
    return Contents({name: checked(path, name, np.array(array)) for name, array in rows.items()}, True)


def _number(path: Path, line: int, column: int, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise refusal(path, f"line {line}, column {column}: {show(cell)} is no number") from None


def write_npz(arrays: dict[str, NDArray[Any]]) -> bytes:
    """An .npz file."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def write_csv(arrays: dict[str, NDArray[np.float64]]) -> bytes:
    """A CSV file whose numbers, read again, are the same."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    for name, array in arrays.items():
        writer.writerows([name, *map(repr, row)] for row in np.atleast_2d(array).tolist())
    return buffer.getvalue().encode()


def read_safetensors(path: Path) -> Contents:
    """Arrays of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(path.read_bytes())
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise refusal(path, f"it is no safetensors file of numbers ({error}); right is what it wrote") from None
    return Contents({name: checked(path, name, array) for name, array in arrays.items()}, False)


def write_safetensors(arrays: dict[str, NDArray[np.floating]]) -> bytes:
    """A safetensors file."""
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
