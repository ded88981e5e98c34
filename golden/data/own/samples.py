"""Samples as they were read, in the user's units; and what is wrong with them, by row and column."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..fetch import DataError

MISSING = frozenset({"", "na", "n/a", "nan", "null", "?"})
"""Cells, in lower case, in which nothing was measured."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs and targets of all rows.

    Attributes
    ----------
    source : str
        The file, as the user named it.
    names : tuple of str
        Of the inputs.
    inputs : array, shape (rows, inputs)
        float64, or uint8 of pictures.
    targets : array of str, shape (rows, targets)
        Cells as they are written; of files with numbers, numbers as Python writes them. No columns where a file to be
        predicted has no target.
    target_names : tuple of str
    split : array of str, shape (rows,), or None
    """

    source: str
    names: tuple[str, ...]
    inputs: NDArray[Any]
    targets: NDArray[np.str_]
    target_names: tuple[str, ...]
    split: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def rows(self, index: NDArray[np.int64]) -> "Samples":
        """Some of the rows."""
        split = None if self.split is None else self.split[index]
        return replace(self, inputs=self.inputs[index], targets=self.targets[index], split=split)

    def values(self) -> NDArray[np.float64]:
        """Targets as numbers; DataError at the first that is none."""
        flat = [number(cell) for cell in self.targets.ravel()]
        for place, value in enumerate(flat):
            if value is None or not np.isfinite(value):
                row, column = divmod(place, self.targets.shape[1])
                raise self.wrong(row, self.target_names[column], self.targets[row, column], "a finite number")
        return np.array(flat, float).reshape(self.targets.shape)

    def wrong(self, row: int, column: str, cell: object, right: str) -> DataError:
        """What is wrong with a cell: rows are counted from 1, the header not among them."""
        return wrong_cell(self.source, row + 1, column, str(cell), right)


def wrong_cell(source: str, row: int, column: str, cell: str, right: str) -> DataError:
    """The sentence that refuses a cell of a table."""
    text = cell.strip()
    shown = "is missing" if text.lower() in MISSING else f"is {shortened(text)}"
    return DataError(f"{source}: row {row}, column {shortened(column)}: the value {shown}; right is {right}.")


def shortened(text: str, most: int = 40) -> str:
    """A text within quotes, on one line."""
    shown = text if len(text) <= most else text[: most - 3] + "..."
    return '"' + "".join(c if c.isprintable() else "?" for c in shown) + '"'


def number(cell: str) -> float | None:
    """A cell as a number, None if it is none."""
    try:
        return float(cell) if "_" not in cell else None
    except ValueError:
        return None


def check(samples: Samples) -> Samples:
    """Samples whose inputs are all finite, of one row or more; else DataError."""
    if not len(samples):
        raise DataError(f"{samples.source}: has no rows; right is one or more.")
    if not samples.names:
        raise DataError(f"{samples.source}: has no inputs beside the target; right is one column or more.")
    if samples.inputs.dtype != np.uint8 and not np.isfinite(samples.inputs).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(samples.inputs))[0])
        raise samples.wrong(row, samples.names[column], samples.inputs[row, column], "a finite number")
    if samples.targets.size:
        for row, column in np.argwhere(np.isin(np.char.lower(samples.targets), sorted(MISSING))):
            cell = samples.targets[row, column]
            raise samples.wrong(int(row), samples.target_names[column], cell, "a label or a number")
    return samples
