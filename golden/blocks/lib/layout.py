"""Order of the parameters, and their place in words of lanes.

Parameters are numbered layer by layer, neuron by neuron: the inputs' weights of a neuron, then its
bias (an input line that always carries full scale). Parameter i stands in word i // lanes at lane
i % lanes: words run across neurons and layers, so only the last word has padding.

The forward sweep reads words in that order. A word may hold the end of a neuron and the start of
the next: `cursor` cuts the sweep into operations, each of which closes at most one neuron.
"""

from collections.abc import Iterator
from typing import NamedTuple


class Operation(NamedTuple):
    """What the multiply-accumulate does with one word in one clock.

    Attributes
    ----------
    word : int
        Word of lanes it reads.
    layer : int
        Layer of weights.
    base : int
        Column (input line) of lane 0; negative where the neuron starts at lane `-base`.
    close : bool
        The neuron ends in this word, at lane `columns - 1 - base`: its sum is complete.
    carry : bool
        The lanes after that end start the next neuron of the same layer in the same clock.
    advance : bool
        The next operation reads the next word.
    """

    word: int
    layer: int
    base: int
    close: bool
    carry: bool
    advance: bool


class Layout(NamedTuple):
    """Sizes of a network of dense layers, or of groups of parameters, and the number of lanes.

    Attributes
    ----------
    layers : tuple of int
        Inputs, hidden neurons, ..., outputs; empty where the parameters are of no network.
    lanes : int
        Parameters a word; a power of two.
    groups : tuple of (int, int)
        Without layers: rows and columns of each group of parameters, which takes the place of a layer; its rows are
        neurons, its columns are lines.
    """

    layers: tuple[int, ...]
    lanes: int
    groups: tuple[tuple[int, int], ...] = ()

    @property
    def columns(self) -> tuple[int, ...]:
        """Input lines of each layer of weights, bias included."""
        return tuple(n + 1 for n in self.layers[:-1]) or tuple(columns for _, columns in self.groups)

    @property
    def rows(self) -> tuple[int, ...]:
        """Neurons of each layer of weights."""
        return tuple(self.layers[1:]) or tuple(rows for rows, _ in self.groups)

    @property
    def offsets(self) -> tuple[int, ...]:
        """Index of each layer's first parameter."""
        sizes = [c * r for c, r in zip(self.columns, self.rows, strict=True)]
        return tuple(sum(sizes[:k]) for k in range(len(sizes)))

    @property
    def parameters(self) -> int:
        """P, the number of weights and biases."""
        return sum(c * r for c, r in zip(self.columns, self.rows, strict=True))

    @property
    def words(self) -> int:
        """Words of lanes that hold all parameters."""
        return -(-self.parameters // self.lanes)

    @property
    def neurons(self) -> int:
        """Neurons of all layers, in the order in which the sweep closes them."""
        return sum(self.rows)

    def cursor(self) -> Iterator[Operation]:
        """Operations of one forward sweep, one a clock, in order."""
        last = self.lanes - 1
        word = base = 0
        for layer, (columns, rows) in enumerate(zip(self.columns, self.rows, strict=True)):
            row = 0
            while row < rows:
                end = columns - 1 - base
                close = end <= last
                tail = close and end < last
                final = row == rows - 1
                done = final and layer == len(self.rows) - 1
                # After a close the next neuron starts at lane end + 1 of the same word.
                carry = tail and not final and end + columns > last
                advance = not close or not tail or carry or done
                yield Operation(word, layer, base, close, carry, advance)
                if close:
                    row += 1
                    base -= columns
                if advance:
                    word += 1
                    base += self.lanes
