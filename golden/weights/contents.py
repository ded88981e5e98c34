"""What a file of weights holds, whatever its form."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..chip.rules import plain, show
from ..errors import WeightsError

MOST = 1 << 28
"""Bytes of a file, unpacked: thirty times the weights of the largest chip, so that no file fills the memory."""


class Contents(NamedTuple):
    """Named arrays of a file.

    Attributes
    ----------
    arrays : dict of str to float64 array
        By name, in the order of the file; finite.
    ordered : bool
        Whether that order is the one in which the layers follow each other: PyTorch's, CSV's and ONNX's is.
    activations : tuple of str
        Of the layers, by their names in a chip file; empty where a file does not say.
    """

    arrays: dict[str, NDArray[np.float64]]
    ordered: bool
    activations: tuple[str, ...] = ()


def refusal(path: Path, problem: str) -> WeightsError:
    """The error of a file; the problem names what would be right."""
    return WeightsError(f"{plain(str(path))}: {problem}.")


def checked(path: Path, name: str, array: NDArray[Any]) -> NDArray[np.float64]:
    """An array as float64; WeightsError unless it is real, finite, of one or two dimensions, and not empty."""
    shown = show(name)
    if array.dtype.kind not in "fiu":
        raise refusal(path, f"{shown} is of type {array.dtype}; right are real numbers")
    if array.ndim not in (1, 2) or not array.size:
        raise refusal(
            path,
            f"{shown} has shape {array.shape}; right are matrices of weights and vectors of biases",
        )
    values = array.astype(np.float64)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        place = tuple(wrong[0].tolist())
        raise refusal(path, f"{shown}{list(place)} is {values[place]}; right are finite numbers")
    return values
