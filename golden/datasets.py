"""Data sets that need no download: NIST7x7 letters, handwritten digits, XOR.

Sources
-------
nist7x7
    Letters N, I, S, T on 7x7 pixels after [M23], generated: 4 letters x 9 shifts of a 5x5 glyph x
    (1 + 49 + 1176) ways to flip none, one or two pixels = 44,136 images. The glyphs are ours. An I and
    a T at the same place differ in 4 pixels, so 54 images, two flips from both, carry both labels.
digits
    scikit-learn's `load_digits`: 1,797 images of 8x8 pixels with 17 levels, from the UCI set
    "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998).
xor
    The four samples of the exclusive or.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

GLYPHS = {
    "N": "#...# ##..# #.#.# #..## #...#",
    "I": ".###. ..#.. ..#.. ..#.. .###.",
    "S": ".#### #.... .###. ....# ####.",
    "T": "##### ..#.. ..#.. ..#.. ..#..",
}


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
        Values a sample, targets a sample, samples.
    train, test : int
        Default sizes of the two parts.
    whole : callable
        Returns inputs (size, inputs) and targets (size, outputs).
    disjoint : bool
        Whether training and test samples are apart; if not, both are drawn from the whole set.
    """

    inputs: int
    outputs: int
    size: int
    train: int
    test: int
    whole: Callable[[], tuple[NDArray[np.float64], NDArray[np.float64]]]
    disjoint: bool = True

    def room(self, train: int) -> int:
        """Most test samples beside `train` training samples."""
        return max(self.size - train, 0) if self.disjoint else self.size


def nist7x7() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All 44,136 letters: pixels 0 or 1, shape (44136, 49), and one-hot targets, shape (44136, 4).

    Image `(letter * 9 + shift) * 1226 + flips` is letter N, I, S, T number `letter`, moved
    `shift // 3` down and `shift % 3` right. Flips 0 is none, the next 49 are one pixel, the rest two.
    """
    letters = np.zeros((len(GLYPHS), 3, 3, 7, 7), bool)
    for letter, glyph in enumerate(GLYPHS.values()):
        pixels = np.array([list(row) for row in glyph.split()]) == "#"
        for down in range(3):
            for right in range(3):
                letters[letter, down, right, down : down + 5, right : right + 5] = pixels
    one = np.eye(49, dtype=bool)
    i, j = np.array(list(combinations(range(49), 2))).T
    flips = np.concatenate([np.zeros((1, 49), bool), one, one[i] | one[j]])
    images = letters.reshape(-1, 1, 49) ^ flips
    labels = np.repeat(np.arange(len(GLYPHS)), images.size // 49 // len(GLYPHS))
    return images.reshape(-1, 49).astype(np.float64), np.eye(len(GLYPHS))[labels]


def digits() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Handwritten digits: pixels 0 to 1 in steps of 1/16, shape (1797, 64); one-hot targets (1797, 10)."""
    from sklearn.datasets import load_digits  # takes a second, and only these need it

    images, labels = load_digits(return_X_y=True)
    return np.asarray(images, np.float64) / 16, np.eye(10)[labels]


def xor() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exclusive or of two inputs; -1 is false, +1 is true: inputs, shape (4, 2), and target, shape (4, 1)."""
    inputs = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    return inputs, -inputs.prod(1, keepdims=True)


SETS = {
    "nist7x7": DataSet(49, 4, 44136, 4096, 4096, nist7x7),
    "digits": DataSet(64, 10, 1797, 1437, 360, digits),
    "xor": DataSet(2, 1, 4, 4, 4, xor, disjoint=False),
}
"""Every data set by the name that chip files call it."""


def load(name: str, train: int, test: int, seed: int) -> Split:
    """Load a data set and split it.

    The samples are shuffled by `seed`; the first `train` are for training, and the `test` that follow
    for testing. XOR is too small to split: its training and test samples are the first of the whole
    set in the order of its table, so that 4 and 4 are the whole set each.

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
    """
    if name not in SETS:
        raise ValueError(f"Data set must be one of {', '.join(SETS)}, not {name!r}")
    data = SETS[name]
    if not (0 <= train <= data.size and 0 <= test <= data.room(train)):
        raise ValueError(f"{name} has {data.size} samples, too few for {train} to train and {test} to test")
    x, t = data.whole()
    y = t.argmax(1) if data.outputs > 1 else (t[:, 0] > 0).astype(np.int64)
    if data.disjoint:
        order = np.random.default_rng(seed).permutation(data.size)
        first, then = order[:train], order[train : train + test]
    else:
        first, then = np.arange(train), np.arange(test)
    return Split(x[first], t[first], y[first], first, x[then], t[then], y[then], then)
