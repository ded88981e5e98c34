"""What a run of the golden engine changes: every memory, and how far it is."""

from dataclasses import dataclass, replace

import numpy as np

from .chip.chip import Chip

FLAGS = ("cost", "gradient", "parameter")
"""Sticky flags, bit 0 upwards: C~, G, and theta, M, H or the average saturated."""


@dataclass
class State:
    """Everything a run changes.

    Attributes
    ----------
    theta : int32 array, shape (P,)
        Parameters (`digital`), or states of the devices (`filtered`).
    g, h, m : int32 arrays, shape (P,)
        Words of correlator, filter and momentum; zero where the chip has none. In the path `tiki-taka` H stands
        in the order of `golden.blocks.tiki_taka.lines`.
    memory : int64 array, shape (2,); (3,) with `defects.bandwidth`
        Of the cost unit, see `golden.blocks.measure.cost.difference`; the third is of the low-pass, see
        `golden.defects.array`.
    pending : int32 array, shape (latency,)
        C~ on their way from the array; that of step n is at n mod latency.
    step : int
        Steps done.
    a, reference : int32 arrays, shape (P,)
        States of the fast array and its symmetry points (`tiki-taka`; else, like all that follow, empty).
    mean, past : int32 arrays, shape (P,)
        Means of AGAD, in the order of H; empty without.
    chopper : int32 array, shape (lines read,)
        Bit 0: it inverts; bit 1: it switched at its line's last read. Empty without.
    cursor : int32 array, shape (2 layers,)
        Line of each layer to be read next, and scans done.
    average : int32 array, shape (P,)
        Words of the running average; empty without.
    flags : int
        Sticky flags, see `FLAGS`.
    """

    theta: np.ndarray
    g: np.ndarray
    h: np.ndarray
    m: np.ndarray
    memory: np.ndarray
    pending: np.ndarray
    a: np.ndarray
    reference: np.ndarray
    mean: np.ndarray
    past: np.ndarray
    chopper: np.ndarray
    cursor: np.ndarray
    average: np.ndarray
    step: int = 0
    flags: int = 0

    def copy(self) -> "State":
        """Independent copy."""
        return replace(self, **{name: array.copy() for name, array in self.arrays().items()})

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}


def sizes(chip: Chip) -> dict[str, int]:
    """Words of the arrays of a state, but of those of the cost and its channel."""
    names = ("theta", "g", "h", "m", "a", "reference", "mean", "past", "chopper", "cursor", "average")
    size, loop = chip.layout.parameters, chip.loop
    there = [size] * 4 + [0] * 6 + [size if chip.average else 0]
    if loop:
        means = size if loop.ttv2.mean else 0
        choppers = sum(count for count, _ in loop.lines.layers) if loop.settings.chopped else 0
        there[4:10] = [size, size, means, means, choppers, 2 * len(loop.lines.layers)]
    return dict(zip(names, there, strict=True))
