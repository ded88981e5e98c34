"""Sizes of an array's defects in integers, and draws of them; see `golden.defects.array`."""

from math import exp
from typing import NamedTuple

import numpy as np

from ..blocks.lib.mixer import DEFECT, key, mix
from ..compiled import njit

SIGMA = 43690**0.5
"""Standard deviation of `normal`."""
NOISE_BITS = 16
"""Spreads are in 2**-16 / SIGMA."""
RAMP = 10**6
"""Steps that the slope of the ramp is given for."""
RAMP_BITS = 8
POLE_BITS = 20
BEND_BITS = 20
LINE_BITS = 8
"""Bits of a line's level below an LSB of its code."""
SHARE_BITS = 32
SPREAD, STUCK, FLIPPED = range(3)
"""Items of the domain DEFECT."""


class Defects(NamedTuple):
    """Size of each defect; 0 is none.

    Attributes
    ----------
    seed : int
    noise, update_noise : int
        Standard deviations in LSBs of S and of theta, times 2**16 / SIGMA.
    ramp : int
        LSBs of S per 10**6 steps, times 2**8.
    pole : int
        Share by which the low-pass follows at each rail presented, in 2**-20.
    full : int
        Largest magnitude of a reading.
    spread : float
        sigma of the activations.
    dac, adc : float
        n of the line DACs and of the ADCs.
    stuck, flipped : int
        Fractions of the weights, in 2**-32.
    """

    seed: int
    noise: int
    update_noise: int
    ramp: int
    pole: int
    full: int
    spread: float
    dac: float
    adc: float
    stuck: int
    flipped: int


def follow(time: float) -> int:
    """`Defects.pole` of a time constant in presentations."""
    return round((1 - exp(-1 / time)) * (1 << POLE_BITS)) if time else 0


@njit
def draws(seed, item, count):
    """32 random bits for each of `count` cells: int64 array, shape (count,)."""
    k0, k1, k2, k3 = key(seed, DEFECT, item)
    out = np.empty(count, np.int64)
    for i in range(count):
        out[i] = mix(k0, k1, k2, k3, i)
    return out


@njit
def normal(words, number):
    """Draw `number` under a key: a sum of eight uniform bytes, mean 0, variance 43690, within +-1020 (4.9 sigma)."""
    k0, k1, k2, k3 = words
    total = -1020
    for half in range(2):
        word = mix(k0, k1, k2, k3, 2 * number + half)
        total += (word & 255) + ((word >> 8) & 255) + ((word >> 16) & 255) + ((word >> 24) & 255)
    return total
