"""Memories of words of lanes, and the cursor that cuts a forward sweep into operations.

See `golden.layout` for the order of parameters and the operations.
"""

from typing import NamedTuple

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ..golden.layout import Layout
from .buses.host import HostPort


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
    read_word, read : address of the word that `value` shows from the next clock, and its strobe.
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
        host_lane = Signal(range(max(2, self.layout.lanes)))
        host_word = Signal.like(self.read_word)
        m.d.comb += Cat(host_lane[:shift], host_word).eq(self.host.index)
        values = []
        for lane in range(self.layout.lanes):
            memory = Memory(shape=signed(self.bits), depth=max(2, self.layout.words), init=[])
            m.submodules[f"lane{lane}"] = memory
            read = memory.read_port()
            write = memory.write_port()
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
    """Walks through `Layout.cursor()`: shows one operation, the next one after each `next`.

    Members
    -------
    next : take the next operation in the next clock; after the last comes the first.
    layer, base, close, carry, advance : as in `golden.layout.Operation`.
    end : lane at which the neuron ends, where `close`.
    closes_layer : this operation closes the layer's last neuron.
    """

    def __init__(self, layout: Layout):
        self.layout = layout
        widest = max(layout.columns) + layout.lanes
        super().__init__(
            {
                "next": In(1),
                "layer": Out(range(max(2, len(layout.rows)))),
                "base": Out(signed(widest.bit_length() + 1)),
                "end": Out(signed(widest.bit_length() + 1)),
                "close": Out(1),
                "carry": Out(1),
                "advance": Out(1),
                "closes_layer": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layers = len(self.layout.rows)
        last = self.layout.lanes - 1
        row = Signal(range(max(2, *self.layout.rows)))
        columns = Signal(range(max(self.layout.columns) + 1))
        rows = Signal(range(max(self.layout.rows) + 1))
        m.d.comb += columns.eq(Array(Const(c) for c in self.layout.columns)[self.layer])
        m.d.comb += rows.eq(Array(Const(r) for r in self.layout.rows)[self.layer])

        tail = Signal()
        final = Signal()
        done = Signal()
        m.d.comb += [
            self.end.eq(columns - 1 - self.base),
            self.close.eq(self.end <= last),
            tail.eq(self.close & (self.end < last)),
            final.eq(row == rows - 1),
            done.eq(final & (self.layer == layers - 1)),
            self.carry.eq(tail & ~final & (self.end + columns > last)),
            self.advance.eq(~self.close | ~tail | self.carry | done),
            self.closes_layer.eq(self.close & final),
        ]
        with m.If(self.next):
            with m.If(self.close & done):
                m.d.sync += [self.base.eq(0), row.eq(0), self.layer.eq(0)]
            with m.Else():
                step = Signal(signed(len(self.base)))
                with m.If(self.close):
                    m.d.sync += row.eq(row + 1)
                    with m.If(final):
                        m.d.sync += [row.eq(0), self.layer.eq(self.layer + 1)]
                    m.d.comb += step.eq(-columns)
                with m.If(self.advance):
                    m.d.sync += self.base.eq(self.base + step + self.layout.lanes)
                with m.Else():
                    m.d.sync += self.base.eq(self.base + step)
        return m


class ReadModifyWrite:
    """A pass over a `LaneMemory`: a word is read, combined with a word of a stream, and written back.

    One word a clock; the result is valid one clock after the stream's word was taken.

    Parameters
    ----------
    m : Module
        Module of the block; gets the memory as its submodule "memory".
    layout : Layout
    bits : int
        Width of an entry.
    host : HostPort
    words : stream in, `layout.words` words a pass
    command : stream in, one a pass
    result : stream out, whose payload the block drives
    selective : bool
        Passes whose command has no `use` leave the memory alone: it is neither read nor written.

    Attributes
    ----------
    value : the word of the memory, while `result` is valid; of a pass without `use` any word.
    words, command : the payloads that belong to it.
    data : the word to be written, driven by the block.
    take, word : a word, and its place, is taken in this clock.
    give, held : a word, and its place, is given, and written, in this clock.
    """

    def __init__(self, m: Module, layout: Layout, bits: int, *, host, words, command, result, selective: bool = False):
        m.submodules.memory = memory = LaneMemory(layout, bits)
        connect(m, flipped(host), memory.host)
        self.value, self.data = memory.value, memory.data
        self.words = Signal.like(words.payload, name="words")
        self.command = Signal.like(command.payload, name="command")
        self.give = give = Signal(name="give")

        self.word = word = Signal.like(memory.read_word, name="word")
        self.held = held = Signal.like(word, name="held")
        self.take = take = Signal(name="take")
        full, last = Signal(name="full"), Signal(name="last")
        m.d.comb += [
            last.eq(word == layout.words - 1),
            give.eq(full & result.ready),
            take.eq(words.valid & command.valid & (~full | result.ready)),
            words.ready.eq(take),
            command.ready.eq(take & last),
            memory.read.eq(take & command.payload.use if selective else take),
            memory.read_word.eq(word),
            result.valid.eq(full),
            memory.write.eq(give & self.command.use if selective else give),
            memory.write_word.eq(held),
        ]
        m.d.sync += full.eq(take | (full & ~give))
        with m.If(take):
            m.d.sync += [word.eq(Mux(last, 0, word + 1)), held.eq(word)]
            m.d.sync += [self.words.eq(words.payload), self.command.eq(command.payload)]
        if layout.words == 1:
            self.value = self._follow(m, memory, take)

    def _follow(self, m: Module, memory: LaneMemory, take: Signal) -> Signal:
        """A word that follows itself is read in the clock in which it is written: it comes from a register."""
        value = Signal(memory.value.shape(), name="value")
        written = Signal.like(value, name="written")
        follows = Signal(name="follows")
        m.d.comb += value.eq(Mux(follows, written, memory.value))
        with m.If(memory.write):
            m.d.sync += written.eq(memory.data)
        with m.If(take):
            m.d.sync += follows.eq(memory.write)
        return value
