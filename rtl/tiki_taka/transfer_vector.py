"""Pulses of the filter as a vector of neurons and lines; see `golden.blocks.array.coincidence`."""

from amaranth.hdl import Array, Const, Module, Mux, Signal, signed
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.perturb import outer
from ...golden.blocks.tiki_taka.lines import Lines
from ..lib.layout import lane_words
from ..lib.signals import read_port, signals, write_port


class TransferVector(Component):
    """The vector of pulses that moves lines of H to C: the filter's along each line, a 1 across.

    Parameters
    ----------
    layout : golden.blocks.lib.layout.Layout
    lines : golden.blocks.tiki_taka.lines.Lines

    Members
    -------
    write, layer, line, cell, pulse : a pulse of the filter, and the cell it is for.
    active : the pulses count; else the vector is empty.
    send : the vector is sent, from one clock later on; low between two vectors.
    train : stream out, see `rtl.array.coincidence`.
    """

    def __init__(self, layout: Layout, lines: Lines):
        self.layout = layout
        self.lines = lines
        layers = lines.layers
        super().__init__(
            {
                "write": In(1),
                "layer": In(range(max(2, len(layers)))),
                "line": In(range(max(2, *(count for count, _ in layers)))),
                "cell": In(range(max(length for _, length in layers) + 1)),
                "pulse": In(signed(2)),
                "active": In(1),
                "send": In(1),
                "train": Out(stream.Signature(lane_words(2, layout.lanes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layout, layers = self.layout, self.lines.layers
        lanes, neurons = layout.lanes, layout.neurons
        size = neurons + outer.lines(layout)
        depth, shift = -(-size // lanes), (lanes - 1).bit_length()
        across, along = (0, neurons) if self.lines.rows else (neurons, 0)
        place = Signal(range(size), name="place")
        firsts = [along + sum(length for _, length in layers[:k]) for k in range(len(layers))]
        m.d.comb += place.eq(Array(Const(first) for first in firsts)[self.layer] + self.cell)
        lines = [Signal(range(size), name=f"line_{k}") for k in range(len(layers))]
        for k, line in enumerate(lines):
            with m.If(self.write & (self.layer == k)):
                m.d.sync += line.eq(across + sum(count for count, _ in layers[:k]) + self.line)

        word = Signal(range(max(2, depth)), name="word")
        valid, transfers = signals("valid transfers")
        m.d.comb += [self.train.valid.eq(valid & self.send), transfers.eq(self.train.valid & self.train.ready)]
        with m.If(transfers):
            m.d.sync += word.eq(Mux(word == depth - 1, 0, word + 1))
            m.d.sync += valid.eq(word != depth - 1)
        sent = Signal(name="sent")
        with m.If(~self.send):
            m.d.sync += [valid.eq(0), sent.eq(0)]
        with m.Elif(~valid & ~sent):
            m.d.sync += [valid.eq(1), sent.eq(1)]
        for lane in range(lanes):
            m.submodules[f"lane{lane}"] = memory = Memory(shape=signed(2), depth=max(2, depth), init=[])
            read, write = read_port(memory), write_port(memory)
            m.d.comb += [
                write.en.eq(self.write & (place[:shift] == lane)),
                write.addr.eq(place >> shift),
                write.data.eq(self.pulse),
                read.addr.eq(Mux(transfers, Mux(word == depth - 1, 0, word + 1), word)),
            ]
            index = Signal(range(depth * lanes), name=f"index_{lane}")
            m.d.comb += index.eq((word << shift) + lane)
            crosses = Signal(name=f"crosses_{lane}")
            m.d.comb += crosses.eq(sum((index == line for line in lines), Const(0)).any())
            is_across = (index >= neurons) if not self.lines.rows else (index < neurons)
            pulse = Mux(is_across, crosses, read.data)
            m.d.comb += self.train.payload[lane].eq(Mux(self.active & (index < size), pulse, 0))
        return m
