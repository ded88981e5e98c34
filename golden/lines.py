"""Lines of the fast array, and the cursor that reads one of each layer after the other.

A line is an input line, with one cell a neuron (columns), or an output line, with one cell an input (rows): a
labelling choice. Words of H stand line by line, so that the filter takes a line from consecutive words: layer
by layer, line by line, in words of lanes of which only the last of each line has padding.

A transfer reads one line of each layer, and each layer's cursor goes to its next line.
"""

from typing import NamedTuple

import numpy as np

from .layout import Layout


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
