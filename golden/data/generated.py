"""Data sets that are made here or come inside a package: NIST7x7 letters, handwritten digits, parity.

Sources
-------
nist7x7
    Letters N, I, S, T on 7x7 pixels after [M23], generated: 4 letters x 9 shifts of a 5x5 glyph x
    (1 + 49 + 1176) ways to flip none, one or two pixels = 44,136 images. The glyphs are ours. An I and
    a T at the same place differ in 4 pixels, so 54 images, two flips from both, carry both labels.
digits
    scikit-learn's `load_digits`: 1,797 images of 8x8 pixels with 17 levels, from the UCI set
    "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998).
xor, parity3 ... parity8
    The 4 samples of the exclusive or, and the 2^n of the parity of n bits, which is the same for 2.
"""

from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

GLYPHS = {
    "N": "#...# ##..# #.#.# #..## #...#",
    "I": ".###. ..#.. ..#.. ..#.. .###.",
    "S": ".#### #.... .###. ....# ####.",
    "T": "##### ..#.. ..#.. ..#.. ..#..",
}

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Inputs and targets."""


def nist7x7() -> Pair:
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


def digits() -> Pair:
    """Handwritten digits: pixels 0 to 1 in steps of 1/16, shape (1797, 64); one-hot targets (1797, 10)."""
    from sklearn.datasets import load_digits  # takes a second, and only these need it

    images, labels = load_digits(return_X_y=True)
    return np.asarray(images, np.float64) / 16, np.eye(10)[labels]


def parity(bits: int) -> Pair:
    """Parity of `bits` inputs of -1 or +1: inputs, shape (2**bits, bits); target +1 if an odd number are +1."""
    inputs = np.array(list(product((-1.0, 1.0), repeat=bits)))
    return inputs, -(-inputs).prod(1, keepdims=True)
