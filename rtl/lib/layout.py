"""Memories of words of lanes, and the cursor that cuts a forward sweep into operations.

See `golden.blocks.lib.layout` for the order of parameters and the operations.
"""

from itertools import product
from typing import NamedTuple

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from .host_port import HostPort
from .signals import read_port, write_port


def lane_words(bits: int, lanes: int) -> data.ArrayLayout:
    """Payload of a stream of words: one signed number a lane."""
    return data.ArrayLayout(signed(bits), lanes)


class Sizes(NamedTuple):
    """What a `LaneMemory` takes of a layout: lanes of a word, and words."""

    lanes: int
    words: int


class LaneMemory(Component):
    """One signed word a parameter, read and written a word of lanes at a time.

    Parameters
    ----------
    layout : Layout or Sizes
    bits : int
        Width of an entry.

    Members
    -------
    read_word, read : address of the word that `value` shows from the next clock, and its strobe; of the word that is
        written in the same clock nothing is promised.
    write_word, write, data : a word to be written in this clock.
    host : entries by parameter index; owns both ports while selected.
    """

    def __init__(self, layout: Layout | Sizes, bits: int):
        self.layout = layout
        self.bits = bits
        words = range(max(2, layout.words))
        super().__init__(
            {
                "read": In(1),
                "read_word": In(words),
                "value": Out(lane_words(bits, layout.lanes)),
                "write": In(1),
                "write_word": In(words),
                "data": In(lane_words(bits, layout.lanes)),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shift = (self.layout.lanes - 1).bit_length()
        host_lane = Signal(range(max(2, self.layout.lanes)), name="host_lane")
        host_word = Signal.like(self.read_word, name="host_word")
        m.d.comb += Cat(host_lane[:shift], host_word).eq(self.host.index)
        values = []
        for lane in range(self.layout.lanes):
            memory = Memory(shape=signed(self.bits), depth=max(2, self.layout.words), init=[])
            m.submodules[f"lane{lane}"] = memory
            read = read_port(memory)
            write = write_port(memory)
            m.d.comb += [read.en.eq(self.read), read.addr.eq(self.read_word), self.value[lane].eq(read.data)]
            m.d.comb += [write.en.eq(self.write), write.addr.eq(self.write_word), write.data.eq(self.data[lane])]
            with m.If(self.host.select):
                m.d.comb += [read.en.eq(1), read.addr.eq(host_word)]
                m.d.comb += write.en.eq(self.host.write & (host_lane == lane))
                m.d.comb += [write.addr.eq(host_word), write.data.eq(self.host.data)]
            values.append(read.data)
        m.d.comb += self.host.value.eq(Array(values)[host_lane])
        return m


class Cursor(Component):
    """Walks through the operations of one forward sweep after another, see `golden.blocks.lib.layout.Layout.cursor`.

    Members
    -------
    next : go on to the next operation with the next clock.
    layer, base, close, carry, advance : as in `golden.blocks.lib.layout.Operation`.
    end : lane at which the neuron ends, where `close`.
    closes_layer : this operation closes the layer's last neuron.

    All of them come from registers.
    """

    def __init__(self, layout: Layout):
        self.layout = layout
        widest = signed((max(layout.columns) + layout.lanes).bit_length() + 1)
        first = next(layout.cursor())
        single = first.close and layout.rows[0] == 1
        super().__init__(
            {
                "next": In(1),
                "layer": Out(range(max(2, len(layout.rows)))),
                "base": Out(widest),
                "end": Out(widest, init=layout.columns[0] - 1),
                "close": Out(1, init=first.close),
                "carry": Out(1, init=first.carry),
                "advance": Out(1, init=first.advance),
                "closes_layer": Out(1, init=single),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layout, lanes = self.layout, self.layout.lanes
        layers, shift = len(layout.rows), (lanes - 1).bit_length()
        # Neurons of the layer behind this one.
        rest = Signal(range(max(2, *layout.rows)), init=layout.rows[0] - 1, name="rest")
        final = Signal(init=layout.rows[0] == 1, name="final")
        done = Signal(name="done")
        m.d.comb += done.eq(self.closes_layer & (self.layer == layers - 1))

        # The next operation; its flags are made of its `end` in the same clock.
        layer, left = Signal.like(self.layer, name="layer"), Signal.like(rest, name="left")
        base, end = Signal.like(self.base, name="base"), Signal.like(self.end, name="end")
        move, coming = self._moves()
        m.d.comb += [
            layer.eq(Mux(self.closes_layer, Mux(done, 0, self.layer + 1), self.layer)),
            left.eq(Mux(self.closes_layer, Array(r - 1 for r in layout.rows)[layer], rest - self.close)),
            base.eq(self.base + move),
            end.eq(self.end + coming),
        ]
        close, tail, last, carry = (Signal(name=f"next_{name}") for name in ("close", "tail", "last", "carry"))
        # Columns that fit behind an end in its word: as many as a neuron has, or all.
        fits = Array(max(-1, lanes - 1 - columns) for columns in layout.columns)[layer]
        m.d.comb += [
            close.eq(~end[shift:].any()),
            tail.eq(close & ~end[:shift].all()),
            last.eq(left == 0),
            carry.eq(tail & ~last & (Cat(end[:shift], 0).as_signed() > fits)),
        ]
        with m.If(self.next):
            m.d.sync += [
                self.layer.eq(layer), rest.eq(left), final.eq(last), self.base.eq(base), self.end.eq(end),
                self.close.eq(close), self.carry.eq(carry), self.closes_layer.eq(close & last),
                self.advance.eq(~tail | carry | (last & (layer == layers - 1))),
            ]  # fmt: skip
        return m

    def _moves(self) -> tuple[Value, Value]:
        """What `base` and `end` grow by, constants chosen by few bits: a sum of chosen ones would be a longer way."""
        layout, lanes = self.layout, self.layout.lanes
        columns, layers = layout.columns, len(layout.rows)
        *_, final = layout.cursor()
        moves, coming = [], []
        for layer in range(1 << len(self.layer)):
            for closes_layer, close, advance in product((False, True), repeat=3):
                step, here = lanes * advance, min(layer, layers - 1)
                following = min(here + closes_layer, layers - 1)
                moves.append(step - columns[here] * close)
                coming.append(columns[following] * close - step)
                if closes_layer and here == layers - 1:  # the last operation is always at the same place
                    moves[-1], coming[-1] = -final.base, columns[0] - 1 - (columns[-1] - 1 - final.base)
        chosen = Cat(self.advance, self.close, self.closes_layer, self.layer)
        return Array(Const(move, self.base.shape()) for move in moves)[chosen], Array(
            Const(move, self.end.shape()) for move in coming
        )[chosen]
