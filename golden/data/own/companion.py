"""The companion of a chip: how the user's samples become inputs and targets within +-1, and outputs words and units.

It is fitted on training samples only, and lies as JSON beside what comes of a chip, so that whoever has a new sample
scales it alike.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..fetch import DataError
from .request import SCALES
from .samples import Samples, number

SPREAD = 3.0
"""Standard deviations that come to lie at +-1."""
MARGIN = 0.8
"""Part of the outputs' range that training values fill: an activation never reaches its ends."""


@dataclass(frozen=True)
class Companion:
    """Scaling of inputs and meaning of outputs.

    Attributes
    ----------
    source : str
        The file, without its folder.
    sha256 : str
        Of what was read; "" of a set by name.
    inputs : tuple of str
        Names of the inputs.
    scale : str
        `range`: a column's training samples fill +-1; `standard`: 3 standard deviations about their mean do;
        `common`: all columns by one range, bytes 0 to 255 from 0 to 1; `none`: as they are.
    offset, factor : tuple of float
        An input is (x - offset) factor; one for each, or one for all.
    targets : tuple of str
        Names of the target's columns.
    labels : tuple of str, or None
        Classes in the order of the outputs; None: the targets are values.
    levels : tuple of (float, float)
        Output for another class, and for this one; of a single output, for the first class and for the second. Of
        values: where the training samples' smallest and largest lie.
    target_offset, target_factor : tuple of float
        A target is (t - offset) factor + the middle of the levels; () of classes.
    """

    source: str
    sha256: str
    inputs: tuple[str, ...]
    scale: str
    offset: tuple[float, ...]
    factor: tuple[float, ...]
    targets: tuple[str, ...]
    labels: tuple[str, ...] | None
    levels: tuple[float, float]
    target_offset: tuple[float, ...] = ()
    target_factor: tuple[float, ...] = ()

    @property
    def task(self) -> str:
        """`classes` or `values`."""
        return "values" if self.labels is None else "classes"

    def scaled(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """Inputs of the chip, which clips them to +-1: float64, same shape."""
        scaled = inputs.astype(np.float64)  # one copy: there may be a hundred million of them
        if self.scale != "none":
            scaled -= np.array(self.offset)
            scaled *= np.array(self.factor)
        return scaled

    def encoded(self, classes: NDArray[np.int64], outputs: int) -> NDArray[np.float64]:
        """Targets of classes: shape (rows, outputs)."""
        low, high = self.levels
        hot = classes[:, None] == (1 if outputs == 1 else np.arange(outputs))
        return np.where(hot, high, low)

    def scaled_values(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Targets of values in the user's units: same shape, those of training samples within the levels."""
        return (values - np.array(self.target_offset)) * np.array(self.target_factor) + sum(self.levels) / 2

    def values(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Outputs or targets of the chip in the user's units: same shape."""
        return (outputs - sum(self.levels) / 2) / np.array(self.target_factor) + np.array(self.target_offset)

    def guesses(self, outputs: NDArray[np.float64]) -> NDArray[np.int64]:
        """Classes of outputs: the largest or, of a single one, whether it is above the middle of the levels."""
        if outputs.shape[1] == 1:
            return (outputs[:, 0] > sum(self.levels) / 2).astype(np.int64)
        return outputs.argmax(1)

    def to_json(self) -> str:
        """The companion as a JSON object, by the names of its attributes."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, source: str) -> Self:
        """Read what `to_json` wrote; DataError, which calls it `source`, of anything else."""
        try:
            entries: dict[str, Any] = json.loads(text)
            for key, value in entries.items():
                entries[key] = tuple(value) if isinstance(value, list) else value
            found = cls(**entries)
            sound = found.scale in SCALES and len(found.levels) == 2
            sound = sound and len(found.factor) == len(found.offset) and all(map(np.isfinite, found.factor))
        except (ValueError, TypeError, AttributeError):
            found, sound = None, False
        if not sound or found is None:
            raise DataError(f"{source}: is no companion of a chip; right is the data.json that a run has left.")
        return found


def numbered(samples: Samples, labels: tuple[str, ...]) -> NDArray[np.int64]:
    """Labels of samples by number, shape (rows,); DataError at the first that is not among them."""
    known = {label: k for k, label in enumerate(labels)}
    cells = canonical(samples.targets[:, 0])
    for row, cell in enumerate(cells):
        if cell not in known:
            shown = ", ".join(labels[:10]) + ", ..." * (len(labels) > 10)
            raise samples.wrong(row, samples.target_names[0], cell, f"one of the labels {shown}")
    return np.array([known[cell] for cell in cells], np.int64)


def canonical(cells: NDArray[np.str_]) -> list[str]:
    """Labels as they are compared: 1, 1.0 and 01 are one number, all else is a word."""
    unique, places = np.unique(cells, return_inverse=True)
    spelt = []
    for cell in unique.tolist():
        value = number(cell)
        spelt.append(cell if value is None else str(int(value)) if value.is_integer() else str(value))
    return [spelt[k] for k in places]


def input_scaling(samples: Samples, scale: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Offsets and factors of inputs, fitted to training samples; DataError of a column that is constant in them."""
    x = samples.inputs
    if scale == "none":
        if len(outside := np.argwhere(abs(x.astype(np.float64)) > 1)):
            row, column = (int(k) for k in outside[0])
            raise DataError(
                f"{samples.source}: column {samples.names[column]} has {x[row, column]:g}, beyond +-1, "
                'which data.scale = "none" leaves as it is; right are range, standard and common.'
            )
        return (), ()
    if scale == "common":
        low, high = (0.0, 510.0) if x.dtype == np.uint8 else (float(x.min()), float(x.max()))
        middle = 0.0 if x.dtype == np.uint8 else (low + high) / 2
        low, high = np.array([low]), np.array([high])
        middle = np.array([middle])
    elif scale == "standard":
        middle, spread = x.mean(0), SPREAD * x.std(0)
        low, high = middle - spread, middle + spread
    else:
        low, high = x.min(0).astype(np.float64), x.max(0).astype(np.float64)
        middle = (low + high) / 2
    for column in np.flatnonzero(~(high - low > 1e-12 * abs(middle))):
        raise DataError(
            f"{samples.source}: column {samples.names[column]} is {x[0, column]:g} in all training samples; right is "
            'to leave it out by data.inputs, or data.scale = "common".'
        )
    return tuple(middle.tolist()), tuple((2 / (high - low)).tolist())


def value_scaling(samples: Samples, span: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Offsets and factors that bring training values into a span; DataError of a column that is constant in them."""
    values = samples.values()
    low, high = values.min(0), values.max(0)
    for column in np.flatnonzero(low == high):
        raise DataError(
            f"{samples.source}: column {samples.target_names[column]}, a target, is {low[column]:g} in all training "
            "samples; right are values that differ."
        )
    return tuple(((low + high) / 2).tolist()), tuple((span / (high - low)).tolist())
