"""What of an array with defects does not change with time, drawn once from the seed; see `golden.defects.array`."""

from math import exp
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from ..blocks.lib.fixed import limit
from ..blocks.lib.mixer import DEFECT, key, mix

if TYPE_CHECKING:
    from ..chip.chip import Chip

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


class Hardware(NamedTuple):
    """What the compiled loops take of one array.

    Attributes
    ----------
    seed, noise, ramp, pole, full
        As in `Defects`.
    bend : int
        n of the ADCs, in 2**-20.
    levels : int64 array, shape (2**line_bits,)
        Entry x mod 2**line_bits is the level of line code x, in 2**-8.
    rows : int64 array, shape (neurons,)
        Row of `tables` that a neuron has.
    tables : int32 array, shape (rows, 2**adc_bits)
    sign, held : int32 arrays, shape (P,)
        A cell has the weight sign * code + held.
    words : int64 array, shape (P, 3), or (0, 3) without noise of updates
        Its spread, which is 0 in a frozen layer, and the least and the largest word.
    """

    seed: int
    noise: int
    ramp: int
    pole: int
    full: int
    bend: int
    levels: np.ndarray
    rows: np.ndarray
    tables: np.ndarray
    sign: np.ndarray
    held: np.ndarray
    words: np.ndarray


def follow(time: float) -> int:
    """`Defects.pole` of a time constant in presentations."""
    return round((1 - exp(-1 / time)) * (1 << POLE_BITS)) if time else 0


def hardware(chip: "Chip", defects: Defects, theta: np.ndarray, devices: np.ndarray) -> Hardware:
    """Draw the defects of a chip, from its seed.

    Parameters
    ----------
    theta : int32 array, shape (P,)
        Initial parameters, at which weights are stuck.
    devices : int64 array, shape (P, 6)
        As of `golden.blocks.array.devices.Devices.sample`; not used without devices.
    """
    rows, tables = _tables(chip, defects)
    stuck = draws(defects.seed, STUCK, theta.size) < defects.stuck
    flipped = draws(defects.seed, FLIPPED, theta.size) < defects.flipped
    return Hardware(
        defects.seed, defects.noise, defects.ramp, defects.pole, defects.full,
        round(defects.adc * (1 << BEND_BITS)), _levels(chip, defects.dac), rows, tables,
        np.where(stuck, 0, np.where(flipped, -1, 1)).astype(np.int32),
        np.where(stuck, theta >> chip.crossbar.drop, 0).astype(np.int32), _words(chip, defects, devices),
    )  # fmt: skip


def _levels(chip: "Chip", bend: float) -> np.ndarray:
    one, size = chip.crossbar.one, 1 << chip.crossbar.line_bits
    codes = np.arange(size)
    x = np.where(codes > one, codes - size, codes) / one
    return np.rint((x + bend * (x**3 - x)) * (one << LINE_BITS)).astype(np.int64)


def _tables(chip: "Chip", defects: Defects) -> tuple[np.ndarray, np.ndarray]:
    neuron, layer = chip.neuron, np.repeat(np.arange(len(chip.layout.rows)), chip.layout.rows)
    if not defects.spread:
        return layer, neuron.tables()
    place = np.arange(layer.size)
    words = key(defects.seed, DEFECT, SPREAD)
    drawn = np.array([[normal(words, 4 * j + d) for d in range(4)] for j in place]) * (defects.spread / SIGMA)
    tables = [neuron.table(k, 1 + a, 1 + b, x0, y0) for k, (a, b, x0, y0) in zip(layer.tolist(), drawn, strict=True)]
    return place, np.array(tables)


def _words(chip: "Chip", defects: Defects, devices: np.ndarray) -> np.ndarray:
    if not defects.update_noise:
        return np.empty((0, 3), np.int64)
    words = np.full((chip.layout.parameters, 3), defects.update_noise)
    if not chip.path.pulsed:
        bound = limit(chip.config.weights.bits)
        words[:, 1:] = -bound, bound
        ends = [*chip.layout.offsets[1:], len(words)]
        for factor, first, end in zip(chip.config.update.layers, chip.layout.offsets, ends, strict=False):
            words[first:end, 0] *= factor > 0
    else:
        words[:, 1], words[:, 2] = -devices[:, 5], devices[:, 4]
    return words


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
