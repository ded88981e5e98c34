"""Weights as words of theta or states of devices, and back.

A cell has the top `weights.dac_bits` of a word, rounded down. So that it has the code nearest to a weight (but for half
an LSB of the word), the word is half a step of that code above the weight; and a word is read as half a step less:

    word = round(weight / state_unit) + half,    weight = (word - half) state_unit

with half = 2**(drop - 1), or 0 where no bits are dropped. Both ways together leave every word as it was, also through
float32 for words of up to 24 bits.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..chip.chip import Chip


class Loss(NamedTuple):
    """What a layer lost on its way into cells, in units of the chip's weights.

    Attributes
    ----------
    saturated : int
        Weights and biases beyond what a word, or its device, can hold.
    rms, largest : float
        Of what the cells have less what they should.
    """

    saturated: int
    rms: float
    largest: float


def half(chip: Chip) -> int:
    """Half a step of a weight's code, in words."""
    drop = chip.crossbar.drop
    return 1 << drop - 1 if drop else 0


def weights_of(chip: Chip, words: NDArray[np.integer]) -> NDArray[np.float64]:
    """Weights that words stand for: float64, same shape."""
    return (words.astype(np.int64) - half(chip)).astype(np.float64) * chip.state_unit


def words_of(chip: Chip, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Words that stand for weights, not limited to what a word can hold: int64, same shape."""
    return np.rint(np.clip(weights / chip.state_unit, -(2.0**40), 2.0**40)).astype(np.int64) + half(chip)


def loss(error: NDArray[np.float64], saturated: NDArray[np.bool_]) -> Loss:
    """What cells have less what they should, summed up."""
    return Loss(int(saturated.sum()), float(np.sqrt(np.mean(error**2))), float(abs(error).max()))
