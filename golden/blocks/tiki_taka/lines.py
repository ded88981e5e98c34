"""Lines of the fast array, and the cursor that reads one of each layer after the other.

A line is an input line, with one cell a neuron (columns), or an output line, with one cell an input (rows): a
labelling choice. Words of H stand line by line, so that the filter takes a line from consecutive words: layer
by layer, line by line, in words of lanes of which only the last of each line has padding.

A transfer reads one line of each layer, and each layer's cursor goes to its next line. Each line may have a
chopper ([R24]), which inverts what is written to the line and what is read from it, and flips after its read.
"""

from typing import NamedTuple

import numpy as np

from ...compiled import njit
from ..lib.layout import Layout

SWITCHED = 2
"""Bit of a chopper's word: it switched at its line's last read; bit 0: it inverts."""
RANDOM = -1
"""Period of choppers that flip at random."""


class Lines(NamedTuple):
    """Order of the words of H.

    Attributes
    ----------
    layers : tuple of (int, int)
        Number of lines, and cells of a line, of each layer.
    lanes : int
        Words of H that the filter takes a clock.
    rows : bool
        A line is an output line.
    """

    layers: tuple[tuple[int, int], ...]
    lanes: int
    rows: bool = False

    @property
    def words(self) -> tuple[int, ...]:
        """Words of lanes of one line of each layer."""
        return tuple(-(-length // self.lanes) for _, length in self.layers)

    @property
    def starts(self) -> tuple[int, ...]:
        """First word of each layer."""
        sizes = [count * words for (count, _), words in zip(self.layers, self.words, strict=True)]
        return tuple(sum(sizes[:k]) for k in range(len(sizes)))

    @property
    def depth(self) -> int:
        """Words of lanes altogether."""
        return sum(count * words for (count, _), words in zip(self.layers, self.words, strict=True))


def lines_of(layout: Layout, rows: bool) -> Lines:
    """Lines of a network's layers, read one cell a clock."""
    pairs = zip(layout.columns, layout.rows, strict=True)
    return Lines(tuple((r, c) if rows else (c, r) for c, r in pairs), 1, rows)


def cells(layout: Layout, rows: bool) -> np.ndarray:
    """Parameter whose word of H stands at each place of `lines_of`: int64 array, shape (P,)."""
    order = []
    for first, columns, count in zip(layout.offsets, layout.columns, layout.rows, strict=True):
        block = first + np.arange(columns * count).reshape(count, columns)
        order.append((block if rows else block.T).ravel())
    return np.concatenate(order)


@njit
def advance(layer, count, cursor):
    """Move a layer's cursor on, in place: `cursor` holds line and scan of each layer, int32."""
    cursor[2 * layer] += 1
    if cursor[2 * layer] == count:
        cursor[2 * layer] = 0
        cursor[2 * layer + 1] += 1


@njit
def advance_chopper(probability, period, bits, scan, at, chopper):
    """Flip the chopper of a line that has been read, or not, in place.

    Parameters
    ----------
    probability : int
        It flips where the 16 random `bits` are below.
    period : int
        Or at the end of every 2**period scans; RANDOM: by probability.
    scan : int
        Scans of the layer done before.
    at : int
        Place of the line in `chopper`, int32.
    """
    flips = bits < probability
    if period != RANDOM:
        flips = (scan + 1) & ((1 << period) - 1) == 0
    sign = chopper[at] & 1
    chopper[at] = (1 - sign) | SWITCHED if flips else sign
