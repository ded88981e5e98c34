"""Files with arrays: `.npz` with names, pairs of `.npy` and of IDX files, and Parquet where pyarrow is there."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..fetch import DataError
from ..idx import dimensions, parse
from .delimited import roles
from .request import Request
from .samples import Samples, wrong_cell

DAMAGE = (ValueError, EOFError, OSError, KeyError, TypeError, SyntaxError, zipfile.BadZipFile, zlib.error)
"""What NumPy raises for bytes that are cut off, altered, or something else."""


def read_npz(source: str, content: bytes, request: Request, with_targets: bool) -> Samples:
    """Read arrays by their names: of several dimensions, the first is the rows and the others become columns."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            if isinstance(file, np.ndarray):
                raise ValueError
            arrays = {name: file[name] for name in file.files}
    except DAMAGE:
        raise DataError(f"{source}: is no sound .npz file of numbers and strings.") from None
    header = [*arrays]
    inputs, targets, split = roles(source, header, request, with_targets)
    chosen = [header[k] for k in (*inputs, *targets, *split)]
    rows = {name: len(arrays[name]) if arrays[name].ndim else 0 for name in chosen}
    for name in chosen[1:]:
        if rows[name] != rows[chosen[0]]:
            raise DataError(
                f"{source}: array {name} has {rows[name]} rows beside the {rows[chosen[0]]} of {chosen[0]}; "
                "right are as many."
            )
    columns = {name: flattened(source, name, arrays[name]) for name in chosen}
    named = ([header[k] for k in part] for part in (inputs, targets, split))
    return gathered(source, columns, *named)


def read_pair(sources: tuple[str, ...], contents: tuple[bytes, ...]) -> Samples:
    """Read inputs and targets of two files, `.npy` or IDX; the targets may be missing."""
    arrays = [_one(source, content) for source, content in zip(sources, contents, strict=True)]
    if len(arrays) == 2 and len(arrays[0]) != len(arrays[1]):
        raise DataError(
            f"{sources[1]}: has {len(arrays[1])} rows for the {len(arrays[0])} of {sources[0]}; right is one each."
        )
    columns = {
        name: flattened(source, "", array, name)
        for source, array, name in zip(sources, arrays, ("x", "target"), strict=False)
    }
    return gathered(sources[0], columns, ["x"], ["target"] if len(arrays) == 2 else [], [])


def read_parquet(source: str, content: bytes, request: Request, with_targets: bool) -> Samples:
    """Read a Parquet table; ModuleNotFoundError without pyarrow."""
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
    except (pyarrow.ArrowException, OSError):
        raise DataError(f"{source}: is no sound Parquet file.") from None
    header = table.column_names
    inputs, targets, split = ([header[k] for k in part] for part in roles(source, header, request, with_targets))
    columns = {}
    for name in (*inputs, *targets, *split):
        column = table.column(name)
        if column.null_count:
            row = column.to_pylist().index(None)
            raise wrong_cell(source, row + 1, name, "", "a value in each row")
        columns[name] = flattened(source, name, column.to_numpy())
    return gathered(source, columns, inputs, targets, split)


def gathered(
    source: str, columns: dict[str, NDArray[Any]], inputs: list[str], targets: list[str], split: list[str]
) -> Samples:
    """Samples of named columns, shape (rows, one or more) each."""
    for name in inputs:
        if columns[name].dtype.kind not in "uifb":
            raise DataError(f"{source}: {name} holds no numbers; right for inputs are numbers.")
    parts = [columns[name] for name in inputs] or [np.empty((len(next(iter(columns.values()), ())), 0))]
    x = parts[0] if len(parts) == 1 else np.hstack(parts)
    words = [texts(columns[name]) for name in (*targets, *split)]
    kept = np.hstack(words[: len(targets)]) if targets else np.empty((len(x), 0), str)
    return Samples(
        source,
        numbered(inputs, columns),
        x if x.dtype == np.uint8 else x.astype(np.float64),
        kept,
        numbered(targets, columns),
        words[-1][:, 0] if split else None,
    )


def numbered(names: list[str], columns: dict[str, NDArray[Any]]) -> tuple[str, ...]:
    """A name for each column: that of the array, with a place behind it where there are several."""
    widths = [(name, columns[name].shape[1]) for name in names]
    return tuple(
        text for name, width in widths for text in ([name] if width == 1 else [f"{name}[{k}]" for k in range(width)])
    )


def texts(column: NDArray[Any]) -> NDArray[np.str_]:
    """Cells as text: whole numbers without a point, so that labels read alike in all forms."""
    if column.dtype.kind == "f":
        whole = np.isfinite(column).all() and (column == np.rint(column)).all() and (abs(column) < 2**53).all()
        cells = column.astype(np.int64) if whole else column.astype(np.float64)
        return np.array([str(value) for value in cells.ravel().tolist()], str).reshape(column.shape)
    return column.astype(int).astype(str) if column.dtype.kind == "b" else column.astype(str)


def flattened(source: str, name: str, array: NDArray[Any], kind: str = "") -> NDArray[Any]:
    """An array as rows and columns; DataError of one without rows, or of objects and complex numbers."""
    what = f"array {name}" if name else f"the array of {kind}"
    if array.dtype.kind == "O" and all(isinstance(value, str) for value in array.ravel()):
        array = array.astype(str)
    if array.dtype.kind not in "uifbU":
        raise DataError(f"{source}: {what} holds {array.dtype}; right are real numbers, or words of a target.")
    if not array.ndim:
        raise DataError(f"{source}: {what} is a single value; right is a row for each sample.")
    return array.reshape(len(array), -1) if array.size else array.reshape(len(array), 0)


def _one(source: str, content: bytes) -> NDArray[Any]:
    if not Path(source).name.lower().removesuffix(".gz").endswith(".npy"):
        return parse(Path(source), dimensions(Path(source)))
    try:
        return np.load(io.BytesIO(content), allow_pickle=False)
    except DAMAGE:
        raise DataError(f"{source}: is no sound .npy file of numbers or strings.") from None
