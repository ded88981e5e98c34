"""Data sets by name, and their splits.

nist7x7, digits, xor, parity3 ... parity8
    Made here or inside a package, see `golden.data.generated`.
mnist, fashion-mnist, cifar10
    Images of 28x28 and of 3x32x32 pixels from files, see `golden.data.idx` and `golden.data.cifar`. Training samples
    are those of the set's training files, test samples those of its test file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import cifar, idx
from .fetch import DataError
from .generated import GLYPHS, Pair, digits, nist7x7, parity

__all__ = ["GLYPHS", "SETS", "DataError", "DataSet", "Split", "digits", "load", "nist7x7", "parity"]

Whole = tuple[NDArray[Any], NDArray[np.float64], int]
"""Inputs, targets, and how many of the last samples are kept for testing."""


@dataclass(frozen=True, eq=False)
class Split:
    """Training and test samples.

    Attributes
    ----------
    train_x, test_x : float64, shape (samples, inputs)
        Inputs in [-1, 1].
    train_t, test_t : float64, shape (samples, outputs)
        Targets in [-1, 1].
    train_y, test_y : int64, shape (samples,)
        Labels: index of the largest target or, with one output, whether the target is above 0.
    train_index, test_index : int64, shape (samples,)
        Which samples of the whole set these are.
    """

    train_x: NDArray[np.float64]
    train_t: NDArray[np.float64]
    train_y: NDArray[np.int64]
    train_index: NDArray[np.int64]
    test_x: NDArray[np.float64]
    test_t: NDArray[np.float64]
    test_y: NDArray[np.int64]
    test_index: NDArray[np.int64]


@dataclass(frozen=True)
class DataSet:
    """A data set: what fits it, and how to make it.

    Attributes
    ----------
    inputs, outputs, size : int
        Values a sample, targets a sample, samples; of a set from files, as the originals have them.
    train, test : int
        Default sizes of the two parts.
    whole : callable
        Returns inputs (size, inputs), targets (size, outputs), and how many of the last samples are kept
        for testing. Inputs of type uint8 are pixels, 0 to 255.
    disjoint : bool
        Whether training and test samples are apart; if not, both are drawn from the whole set.
    held_out : int
        How many samples the set keeps for testing.
    levels : tuple of tuple of float, or None
        Of a set whose inputs have two values, and whose targets have two: the lower and the upper one of each.
    """

    inputs: int
    outputs: int
    size: int
    train: int
    test: int
    whole: Callable[[], Whole]
    disjoint: bool = True
    held_out: int = 0
    levels: tuple[tuple[float, float], tuple[float, float]] | None = None

    @property
    def most(self) -> int:
        """Most training samples."""
        return self.size - self.held_out

    def room(self, train: int) -> int:
        """Most test samples beside `train` training samples."""
        return self.held_out or (max(self.size - train, 0) if self.disjoint else self.size)


def pictures(read: Callable[[], tuple[NDArray[np.uint8], NDArray[np.uint8], int]]) -> Whole:
    """Images from files: pixels 0 to 255 and one-hot targets; those behind the training files' are held out."""
    pixels, labels, train = read()
    return pixels, np.eye(10)[labels], len(pixels) - train


def _generated(make: Callable[[], Pair]) -> Callable[[], Whole]:
    return lambda: (*make(), 0)


BITS, SIGNS = (0.0, 1.0), (-1.0, 1.0)
SETS = {
    "nist7x7": DataSet(49, 4, 44136, 4096, 4096, _generated(nist7x7), levels=(BITS, BITS)),
    "digits": DataSet(64, 10, 1797, 1437, 360, _generated(digits)),
    "xor": DataSet(2, 1, 4, 4, 4, _generated(partial(parity, 2)), disjoint=False, levels=(SIGNS, SIGNS)),
    **{
        f"parity{n}": DataSet(
            n, 1, 2**n, 2**n, 2**n, _generated(partial(parity, n)), disjoint=False, levels=(SIGNS, SIGNS)
        )
        for n in range(3, 9)
    },
    **{
        name: DataSet(784, 10, 70000, 4096, 4096, partial(pictures, partial(idx.images, name)), held_out=10000)
        for name in idx.SOURCES
    },
    "cifar10": DataSet(3072, 10, 60000, 4096, 4096, partial(pictures, cifar.images), held_out=10000),
}
"""Every data set by the name that chip files call it."""


def load(name: str, train: int, test: int, seed: int) -> Split:
    """Load a data set and split it.

    The samples are shuffled by `seed`; the first `train` are for training, and the `test` that follow
    for testing. A set that keeps samples for testing has both parts shuffled on their own. XOR and parity are
    too small to split: training and test samples are the first of the whole set in the order of its table,
    so that 4 and 4 are the whole of XOR each.

    Parameters
    ----------
    name : str
        A key of `SETS`.
    train, test : int
        Samples for each.
    seed : int
        Seed of the shuffle, 0 or more.

    Raises
    ------
    ValueError
        If there is no such set, or it has fewer samples.
    DataError
        If its files are missing or wrong, or have fewer samples than the originals and than asked for.
    """
    if name not in SETS:
        raise ValueError(f"Data set must be one of {', '.join(SETS)}, not {name!r}")
    data = SETS[name]
    if not (0 <= train <= data.most and 0 <= test <= data.room(train)):
        has = _size(data.most, data.held_out)
        raise ValueError(f"{name} has {has}, too few for {train} to train and {test} to test")
    x, t, held_out = data.whole()
    most = len(x) - held_out
    if data.held_out and (train > most or test > held_out):
        raise DataError(
            f"{name}: the files have {_size(most, held_out)}, too few for data.train = {train} and data.test = {test}."
        )
    if data.held_out:
        rng = np.random.default_rng(seed)
        first, then = rng.permutation(most)[:train], most + rng.permutation(held_out)[:test]
    elif data.disjoint:
        order = np.random.default_rng(seed).permutation(data.size)
        first, then = order[:train], order[train : train + test]
    else:
        first, then = np.arange(train), np.arange(test)
    return Split(*_part(x, t, first), *_part(x, t, then))


def _part(x: NDArray[Any], t: NDArray[np.float64], index: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
    """Inputs, targets, labels and index of some samples."""
    inputs, targets = x[index], t[index]
    if inputs.dtype == np.uint8:
        inputs = inputs / 255
    labels = targets.argmax(1) if targets.shape[1] > 1 else (targets[:, 0] > 0).astype(np.int64)
    return inputs, targets, labels, index


def _size(most: int, held_out: int) -> str:
    return f"{most} samples and {held_out} to test" if held_out else f"{most} samples"
