"""Neuron and input line of every parameter, a word of lanes a clock; see `golden.blocks.perturb.outer.coordinates`."""

import numpy as np
from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.perturb.outer import coordinates, lines


class CellCoordinates(Component):
    """Walks through the words of parameters, and gives neuron and line of each lane's.

    Each lane goes on by as many parameters as there are lanes: so many neurons and lines further, and one
    neuron more past the last line. Where it comes to another layer it has a constant coordinate. So there is
    neither a division nor a table of P entries.

    Parameters
    ----------
    layout : golden.blocks.lib.layout.Layout
    first_line : int
        Number of the first line.

    Members
    -------
    next : take the next word in the next clock; after the last comes the first.
    word, last : the word, and whether it is the last.
    layer, neuron, line : of each lane, numbered over all layers; of any value in lanes of `padding`.
    bias : of each lane, whether the line is the layer's bias line.
    padding : of each lane, whether it is beyond the last parameter.
    """

    def __init__(self, layout: Layout, first_line: int = 0):
        self.layout = layout
        self.first_line = first_line
        lanes = layout.lanes

        def indices(count: int) -> data.ArrayLayout:
            return data.ArrayLayout(max(1, (count - 1).bit_length()), lanes)

        super().__init__(
            {
                "next": In(1),
                "word": Out(range(max(2, layout.words))),
                "last": Out(1),
                "layer": Out(indices(len(layout.rows))),
                "neuron": Out(indices(layout.neurons)),
                "line": Out(indices(first_line + lines(layout))),
                "bias": Out(lanes),
                "padding": Out(lanes),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layout = self.layout
        m.d.comb += self.last.eq(self.word == layout.words - 1)
        with m.If(self.next):
            m.d.sync += self.word.eq(Mux(self.last, 0, self.word + 1))
        used = layout.parameters - (layout.words - 1) * layout.lanes
        for lane in range(layout.lanes):
            m.d.comb += self.padding[lane].eq(self.last if lane >= used else 0)
            self._lane(m, lane)
        return m

    def _lane(self, m: Module, lane: int) -> None:
        layout, columns = self.layout, self.layout.columns
        ends = [self.first_line + sum(columns[: k + 1]) for k in range(len(columns))]
        entries = self._entries(lane)
        registers = []
        for k, name in enumerate(("layer", "neuron", "line"), 1):
            port = getattr(self, name)[lane]
            registers.append(Signal(len(port), init=entries[0][k] if entries else 0, name=f"{name}_{lane}"))
            m.d.comb += port.eq(registers[-1])
        layer, neuron, line = registers

        def of_layer(values) -> Value:
            return Array(Const(value) for value in values)[layer]

        end, width = of_layer(ends), of_layer(columns)
        further = Signal(range(max(ends) + layout.lanes), name=f"further_{lane}")
        past = Signal(name=f"past_{lane}")
        m.d.comb += [
            self.bias[lane].eq(line == end - 1),
            further.eq(line + of_layer([layout.lanes % c for c in columns])),
            past.eq(further >= end),
        ]
        with m.If(self.next), m.Switch(self.word):
            for word, *values in entries:
                with m.Case((word - 1) % layout.words):
                    m.d.sync += [part.eq(value) for part, value in zip(registers, values, strict=True)]
            with m.Default():
                m.d.sync += [
                    line.eq(Mux(past, further - width, further)),
                    neuron.eq(neuron + of_layer([layout.lanes // c for c in columns]) + past),
                ]

    def _entries(self, lane: int) -> list[tuple[int, int, int, int]]:
        """Word in which the lane comes to a layer; layer, neuron and line there."""
        layout, entries = self.layout, []
        for layer, (offset, columns) in enumerate(zip(layout.offsets, layout.columns, strict=True)):
            word = max(0, -(-(offset - lane) // layout.lanes))
            row, column = divmod(word * layout.lanes + lane - offset, columns)
            if row < layout.rows[layer]:
                neuron, line = sum(layout.rows[:layer]) + row, sum(layout.columns[:layer]) + column
                entries.append((word, layer, neuron, self.first_line + line))
        return entries


def neuron_spread(layout: Layout) -> list[int]:
    """Most neurons that each lane is ahead of lane 0 in any word."""
    neurons = coordinates(layout)[:, 0]
    padded = np.pad(neurons, (0, -neurons.size % layout.lanes), mode="edge").reshape(-1, layout.lanes)
    return (padded - padded[:, :1]).max(axis=0).tolist()
