"""Coincidences: pulses of cells, a word of lanes a clock, from those of neurons and lines.

See `golden.blocks.array.coincidence`.
"""

from amaranth.hdl import Module
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.perturb import outer
from ...golden.blocks.perturb.codes import RANDOM, Codes
from ..lib.layout import lane_words
from ..perturb.outer import OuterProducts


class Coincidences(Component):
    """One pulse a cell from one a neuron and one a line.

    A vector is taken while the one before it is worked off, see `rtl.perturb.outer`.

    Parameters
    ----------
    layout : golden.blocks.lib.layout.Layout

    Members
    -------
    train : stream in, ceil((neurons + lines) / lanes) words a vector, lanes of signed(2): -1, 0 or +1; neurons
        first, then lines, without a gap.
    pulses : stream out, `layout.words` words a vector, lanes of signed(2), three clocks after the vector's last
        word. Lanes beyond the last parameter are 0.
    """

    def __init__(self, layout: Layout):
        self.layout = layout
        words = stream.Signature(lane_words(2, layout.lanes))
        super().__init__({"train": In(words), "pulses": Out(words)})

    def elaborate(self, platform):
        m = Module()
        size = self.layout.neurons + outer.lines(self.layout)
        product = outer.Outer(outer.RANK_ONE, 2, 2)
        m.submodules.products = products = OuterProducts(
            product, self.layout, Codes(RANDOM, 0, size), factors=False, ternary=True
        )
        connect(m, flipped(self.train), products.values)
        connect(m, products.product, flipped(self.pulses))
        return m
