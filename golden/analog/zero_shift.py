"""Zero-shifting: find each device's symmetry point with pulses alone, and make it the zero that reads refer to.

Under alternating up and down pulses a device moves to where both steps are equal (Kim et al., arXiv 1907.10228). What
it then shows is programmed into a reference R, and the array is read as A - R: `Cells.subtract`.
"""

import numpy as np

from ..compiled import njit
from ..inputs import MOST_PULSES, in_place, instance, integer, require
from .cells import Cells
from .pulse import PAIR, pulse


def zero_shift(
    cells: Cells, weights: np.ndarray, pairs: int, rng: np.random.Generator, averaged: int = 1
) -> np.ndarray:
    """Give every cell alternating pulses, up first; in place.

    Parameters
    ----------
    cells : Cells
        Single devices.
    weights : float32 array, shape (rows, columns)
    pairs : int
        Pairs of pulses. SoftBounds devices with equal bounds approach their points as exp(-4 pairs / states).
    averaged : int
        The last so many pairs are averaged over, after up and after down pulses alike.

    Returns
    -------
    float32 array, shape (rows, columns)
        R: the symmetry points as found, off by up to half a step where the step depends more on the weight in one
        direction than in the other.
    """
    instance("zero_shift: cells", cells, Cells)
    in_place("zero_shift: weights", weights, cells.shape)
    instance("zero_shift: rng", rng, np.random.Generator)
    pairs, averaged = integer("zero_shift: pairs", pairs, 1, MOST_PULSES), integer("zero_shift: averaged", averaged, 1)
    require(not cells.model & PAIR, "zero_shift: cells", "a pair", "single devices")
    require(averaged <= pairs, "zero_shift: averaged", averaged, f"1 to the number of pairs, {pairs}")
    points = np.empty_like(weights)
    _alternate(cells.model, cells.shared, cells.each, weights, pairs, averaged, points, rng)
    return points


@njit
def _alternate(model, shared, each, weights, pairs, averaged, points, rng):
    for i in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            w = weights[i, j]
            total = 0.0
            for n in range(2 * pairs):
                w = pulse(model, shared, each[i, j], w, n & 1 == 0, rng)
                if n >= 2 * (pairs - averaged):
                    total += w
            weights[i, j] = w
            points[i, j] = total / (2 * averaged)
