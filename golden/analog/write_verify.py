"""Programming a crossbar: read, pulse what is off, and again."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inputs import floats, integer, number
from .crossbar import Crossbar

Array = NDArray[np.float32]


class Programmed(NamedTuple):
    """What a write-verify came to.

    Attributes
    ----------
    error : float32 array, shape (rows, columns)
        Weight less target.
    pulses : int
        Given in all.
    rounds : int
        Of reading all and pulsing what was off; below the limit only if nothing was off any more.
    """

    error: Array
    pulses: int
    rounds: int


MOST = 1 << 20
"""Rounds, pulses or reads at most: with more a call would not end in hours."""


def program(
    array: Crossbar, target: ArrayLike, rounds: int, tolerance: float | None, most: int, reads: int
) -> Programmed:
    """Read all cells through the forward periphery, pulse those that are off, and again until none is.

    Parameters
    ----------
    target : float array, shape (rows, columns)
    rounds : int
        Limit.
    tolerance : float, optional
        |read - target| that is left alone; defaults to one granularity of the device.
    most : int
        Pulses of a cell in a round at most; else there are |read - target| / granularity.
    reads : int
        Reads that are averaged.
    """
    for name, value in (("rounds", rounds), ("most", most), ("reads", reads)):
        integer(f"program: {name}", value, 1, MOST)
    target, step = floats("program: target", target, array.shape), array.granularity
    tolerance = step if tolerance is None else number("program: tolerance", tolerance, 0)
    lines, pulses, done = np.eye(array.shape[1], dtype=np.float32), 0, 0
    while done < rounds:
        off = target - np.mean([array.forward(lines).T for _ in range(reads)], axis=0)
        counts = np.clip(np.rint(abs(off) / step), 1, most) * np.sign(off) * (abs(off) > tolerance)
        if not counts.any():
            break
        done += 1
        pulses += int(abs(counts).sum())
        for k in np.flatnonzero(counts.any(0)).tolist():
            array.pulse_line(k, counts[:, k])
    return Programmed(array.weights - target, pulses, done)
