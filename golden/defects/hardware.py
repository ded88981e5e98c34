"""What of an array with defects does not change with time, drawn once from the seed."""

from typing import TYPE_CHECKING

import numpy as np

from ..blocks.lib.mixer import DEFECT, key
from .array import Hardware
from .draws import BEND_BITS, FLIPPED, LINE_BITS, SIGMA, SPREAD, STUCK, Defects, draws, normal

if TYPE_CHECKING:
    from ..chip.chip import Chip


def hardware(chip: "Chip", defects: Defects, theta: np.ndarray, bounds: tuple[np.ndarray, np.ndarray]) -> Hardware:
    """Draw the defects of a chip, from its seed.

    Parameters
    ----------
    theta : int32 array, shape (P,)
        Initial parameters, at which weights are stuck.
    bounds : tuple of int arrays, shape (P,)
        Least and largest word of each parameter.
    """
    rows, tables = _tables(chip, defects)
    stuck = draws(defects.seed, STUCK, theta.size) < defects.stuck
    flipped = draws(defects.seed, FLIPPED, theta.size) < defects.flipped
    return Hardware(
        defects.seed, defects.noise, defects.ramp, defects.pole, defects.full,
        round(defects.adc * (1 << BEND_BITS)), _levels(chip, defects.dac), rows, tables,
        np.where(stuck, 0, np.where(flipped, -1, 1)).astype(np.int32),
        np.where(stuck, theta >> chip.crossbar.drop, 0).astype(np.int32), _words(chip, defects, bounds),
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


def _words(chip: "Chip", defects: Defects, bounds: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    if not defects.update_noise:
        return np.empty((0, 3), np.int64)
    words = np.full((chip.layout.parameters, 3), defects.update_noise)
    words[:, 1], words[:, 2] = bounds
    ends = [*chip.layout.offsets[1:], len(words)]
    for factor, first, end in zip(chip.config.update.layers or (), chip.layout.offsets, ends, strict=False):
        words[first:end, 0] *= factor > 0
    return words
