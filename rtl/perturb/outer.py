"""Outer products: from values of neurons and lines to one word of parameters a clock.

See `golden.blocks.perturb.outer`.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.fixed import limit
from ...golden.blocks.lib.kinds import require_listed
from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.perturb.codes import Codes
from ...golden.blocks.perturb.outer import LAYER, METHODS, RANK_ONE, Outer
from ...golden.chip.memory_map import SAMPLE_WORD, record_words
from ..lib.layout import lane_words
from ..lib.signals import signals
from ..measure.neuron import rails
from .outer_coordinates import CellCoordinates, neuron_spread
from .outer_double_buffer import BufferMemory, DoubleBuffer


class OuterProducts(Component):
    """One value a parameter from one a neuron, and one a line.

    The values of a pattern, and the line codes of a sweep, are gathered in one of two banks while the other
    one is used. So a pass follows the one before without a pause if all it needs was there three clocks
    before its first word: what costs time is a pattern that comes late, its words and three clocks.

    Parameters
    ----------
    outer : golden.blocks.perturb.outer.Outer
    layout : golden.blocks.lib.layout.Layout
    codes : golden.blocks.perturb.codes.Codes
    factors : bool
        What the cost is correlated with, instead of perturbations.
    ternary : bool
        RANK_ONE: the values are -1, 0 or +1.

    Attributes
    ----------
    bits : int
        Width of a product.

    Members
    -------
    values : stream in, ceil(codes.size / lanes) words a pattern, lanes of signed(codes.bits): the values of all
        neurons, and for RANK_ONE of all lines behind them.
    turn : stream in (LAYER), one a pattern: layer whose neurons are perturbed; all other values count 0.
    line : stream in (factors of NODE and LAYER), words of 8 line codes, `record_words(inputs)` a sweep; of groups the
        codes of all their lines, `record_words(lines)` a sweep.
    hidden : stream in (the same, of layers), line codes of the hidden neurons in order, both rails, of which rail 1 is
        used.
        Pass k uses the codes of sweep k - 1, the first one after reset zeros. Those of the next sweep are taken
        meanwhile, those of the one after it once the pass is done with layer 0 (`line`) or with all layers (`hidden`).
    product : stream out, `layout.words` words a pattern, one a clock, lanes of signed(bits), three clocks after
        the last of what a pass needs. Lanes beyond the last parameter are 0.
    """

    def __init__(self, outer: Outer, layout: Layout, codes: Codes, factors: bool, ternary: bool = False):
        require_listed("method of outer products", outer.method, METHODS)
        self.outer = outer
        self.signs = outer.method == RANK_ONE and not ternary
        self.layout = layout
        self.codes = codes
        self.lined = factors and outer.method != RANK_ONE
        self.bits = outer.factor_bits if factors else codes.bits
        members = {
            "values": In(stream.Signature(lane_words(codes.bits, layout.lanes))),
            "product": Out(stream.Signature(lane_words(self.bits, layout.lanes))),
        }
        if outer.method == LAYER:
            members["turn"] = In(stream.Signature(range(max(2, len(layout.rows)))))
        if self.lined:
            members["line"] = In(stream.Signature(lane_words(outer.line_bits, SAMPLE_WORD)))
            if layout.layers:
                members["hidden"] = In(stream.Signature(rails(outer.line_bits)))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        layout, lanes = self.layout, self.layout.lanes
        rank_one = self.outer.method == RANK_ONE
        m.submodules.coordinates = coordinates = CellCoordinates(layout, layout.neurons if rank_one else 0)

        # A word's coordinates are read from the memories, their values then held as operands.
        start, read, valid, move, pass_ends = signals("start read valid move pass_ends")
        m.d.comb += [
            move.eq(~valid | self.product.ready),
            coordinates.next.eq(start & move),
            pass_ends.eq(coordinates.next & coordinates.last),
            self.product.valid.eq(valid),
        ]
        with m.If(move):
            m.d.sync += [read.eq(start), valid.eq(read)]

        count = -(-self.codes.size // lanes)
        buffer = DoubleBuffer(m, "values", self.values, count, pass_ends)
        payload, shape = self.values.payload.as_value(), signed(self.codes.bits)
        if self.signs:  # values are +-1: their signs are enough
            payload, shape = Cat(value[-1] for value in self.values.payload), unsigned(1)
        words = BufferMemory(m, buffer, buffer.index, payload, shape, count, move)
        neurons = [coordinates.neuron[lane] for lane in range(lanes)]
        neuron_values = words.read_near(neurons, neuron_spread(layout), "neuron")
        perturbed, complete = [~padding for padding in coordinates.padding], buffer.full
        others: list[Value] = []
        if self.outer.method == LAYER:
            turn_buffer = DoubleBuffer(m, "turn", self.turn, 1, pass_ends)
            turn = Array(Signal.like(self.turn.payload, name=f"turn_{k}") for k in range(2))
            with m.If(turn_buffer.accept):
                m.d.sync += turn[turn_buffer.write].eq(self.turn.payload)
            current = turn[turn_buffer.read]
            perturbed = [used & (coordinates.layer[lane] == current) for lane, used in enumerate(perturbed)]
            complete &= turn_buffer.full
        if self.lined:
            others, lines_full = (self._lines if layout.layers else self._given)(m, coordinates, move, pass_ends)
            complete &= lines_full
        elif rank_one:
            others = [words.read(coordinates.line[lane], f"line_{lane}") for lane in range(lanes)]
        else:
            perturbed = [used & bias for used, bias in zip(perturbed, coordinates.bias, strict=True)]
        m.d.comb += start.eq(complete)

        def number(stored: Value) -> Value:
            return Cat(1, stored).as_signed() if self.signs else stored

        for lane, used in enumerate(perturbed):
            used_later, value = Signal(name=f"keep_{lane}"), Signal(signed(self.codes.bits), name=f"value_{lane}")
            with m.If(move):
                m.d.sync += [used_later.eq(used), value.eq(Mux(used_later, number(neuron_values[lane]), 0))]
            product = value
            if others:
                other = Signal(shape if rank_one else signed(self.outer.line_bits), name=f"other_{lane}")
                with m.If(move):
                    m.d.sync += other.eq(others[lane])
                product = self._times(value, number(other))
            m.d.comb += self.product.payload[lane].eq(product)
        return m

    def _times(self, value: Value, other: Value) -> Value:
        """Product; of a sign without a multiplier."""
        if self.codes.bits > 2:
            return value * other
        return Mux(value == 0, 0, Mux(value < 0, -other, other))

    def _lines(
        self, m: Module, coordinates: CellCoordinates, move: Value, pass_ends: Value
    ) -> tuple[list[Value], Value]:
        """Line code of every lane, a clock after its place, and whether those of the word to come are there."""
        layout, bits = self.layout, self.outer.line_bits
        inputs, hidden = layout.layers[0], sum(layout.layers[1:-1])
        # Layer 0 is done with the sample's codes after its last word.
        final = ((inputs + 1) * layout.rows[0] - 1) // layout.lanes
        freed = Signal(name="freed")
        m.d.comb += freed.eq(coordinates.next & (coordinates.word == final))
        words = record_words(inputs)
        buffer = DoubleBuffer(m, "line", self.line, words, freed, full=1)
        sample = BufferMemory(m, buffer, buffer.index, self.line.payload.as_value(), signed(bits), words, move)
        lines_full = buffer.full if final == layout.words - 1 else buffer.full | (coordinates.word > final)
        hidden_codes = None
        if hidden:
            buffer = DoubleBuffer(m, "hidden", self.hidden, hidden, pass_ends, full=1)
            # The codes are kept by line, of which the memory's addresses are the low bits.
            ends = [sum(layout.layers[1 : k + 1]) for k in range(1, len(layout.rows) - 1)]
            line = buffer.index + inputs + 1 + sum(buffer.index >= end for end in ends)
            code, count = self.hidden.payload.rail1, hidden + len(ends)
            hidden_codes = BufferMemory(m, buffer, line, code, signed(bits), count, move)
            lines_full &= buffer.full
        nothing = self._nothing(m, move, pass_ends)
        lines = []
        for lane in range(layout.lanes):
            bias, first = Signal(name=f"bias_{lane}"), Signal(name=f"first_{lane}")
            with m.If(move):
                m.d.sync += [bias.eq(coordinates.bias[lane]), first.eq(coordinates.layer[lane] == 0)]
            code = sample.read(coordinates.line[lane], f"sample_{lane}")
            if hidden_codes:
                code = Mux(first, code, hidden_codes.read(coordinates.line[lane], f"hidden_{lane}"))
            lines.append(Mux(bias, limit(bits), Mux(nothing, 0, code)))
        return lines, lines_full

    def _given(
        self, m: Module, coordinates: CellCoordinates, move: Value, pass_ends: Value
    ) -> tuple[list[Value], Value]:
        """The same of groups, whose lines all come by one stream."""
        layout, bits = self.layout, self.outer.line_bits
        words, nothing = record_words(sum(layout.columns)), self._nothing(m, move, pass_ends)
        buffer = DoubleBuffer(m, "line", self.line, words, pass_ends, full=1)
        codes = BufferMemory(m, buffer, buffer.index, self.line.payload.as_value(), signed(bits), words, move)
        numbers = [codes.read(coordinates.line[lane], f"line_{lane}") for lane in range(layout.lanes)]
        return [Mux(nothing, 0, number) for number in numbers], buffer.full

    def _nothing(self, m: Module, move: Value, pass_ends: Value) -> Signal:
        """Nothing has come before pass 0, which is told from what stands in the memories after power-up."""
        before, nothing = Signal(init=1, name="before_pass_0"), Signal(name="nothing_came")
        with m.If(pass_ends):
            m.d.sync += before.eq(0)
        with m.If(move):
            m.d.sync += nothing.eq(before)
        return nothing
