"""Operations of forward sweeps, a word of cells each, as the array uses them.

See `golden.blocks.lib.layout.Operation`.
"""

from amaranth.hdl import Cat, Module, Mux
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.chip.memory_map import SAMPLE_WORD
from ..lib.layout import Cursor


class Operations(Component):
    """One operation after another; the cursor is at the next one, of which all that lanes need is made ahead.

    Parameters
    ----------
    layout : golden.blocks.lib.layout.Layout

    Members
    -------
    next : go on to the next operation with the next clock; only while `valid`.
    valid : there is an operation; from the first clock after reset on.
    layer, close, carry, advance, closes_layer : as of `rtl.lib.layout.Cursor`.
    own, tail : lanes that belong to the neuron, and lanes past its end, of the next one.
    ends : the lane at which the neuron ends, whose cell is the bias'.
    columns : input line of each lane: of the neuron, or past its end of the next one.

    All of them come from registers.
    """

    def __init__(self, layout: Layout):
        self.layout = layout
        self._cursor = cursor = Cursor(layout)
        self._shared = ("layer", "close", "carry", "advance", "closes_layer")
        column = range(max(SAMPLE_WORD, *layout.columns))
        super().__init__(
            {
                "next": In(1),
                "valid": Out(1),
                **{name: Out(getattr(cursor, name).shape()) for name in self._shared},
                "own": Out(layout.lanes),
                "tail": Out(layout.lanes),
                "ends": Out(layout.lanes),
                "columns": Out(data.ArrayLayout(column, layout.lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.cursor = cursor = self._cursor
        lanes = range(self.layout.lanes)
        tail = [cursor.close & (cursor.end < lane) for lane in lanes]
        m.d.comb += cursor.next.eq(self.next | ~self.valid)
        m.d.sync += self.valid.eq(1)
        with m.If(cursor.next):
            m.d.sync += [getattr(self, name).eq(getattr(cursor, name)) for name in self._shared]
            m.d.sync += [
                self.own.eq(Cat((cursor.base + lane >= 0) & ~past for lane, past in enumerate(tail))),
                self.tail.eq(Cat(tail)),
                self.ends.eq(Cat(cursor.close & (cursor.end == lane) for lane in lanes)),
            ]
            for lane, past in enumerate(tail):
                here = cursor.base + lane
                m.d.sync += self.columns[lane].eq(Mux(past, lane - 1 - cursor.end, here) if lane else here)
        return m
