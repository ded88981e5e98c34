"""The emulated array: products through converters; see `golden.crossbar`."""

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ..golden.crossbar import Crossbar
from ..golden.layout import Layout
from ..golden.memory_map import SAMPLE_WORD, record_words
from .fixed import round_shift, saturate
from .layout import Cursor, lane_words
from .neuron import rails


class CrossbarArray(Component):
    """Multiplies one word of cells a clock with the lines of both rails.

    Parameters
    ----------
    crossbar : golden.crossbar.Crossbar
    layout : golden.layout.Layout
    polarity : int
        Polarity of rail 1: 0 or -1; rail 0 has +1.
    code_bits : int
        Width of a perturbation: 2 for signs, which the amplitude scales; wider ones are in weight LSBs.

    Members
    -------
    line : stream in, words of 8 line codes, `record_words(inputs)` a sweep; taken once layer 0 of the
        previous sweep is done.
    hidden : stream in, line codes of the hidden neurons in order, both rails.
    weight, sign : streams in, `layout.words` words of weight codes and of perturbations a sweep.
        A word that holds the ends of several neurons takes a clock for each.
    adc : stream out, codes of all neurons in order, both rails; two clocks after a neuron's last word.
    """

    def __init__(self, crossbar: Crossbar, layout: Layout, polarity: int, code_bits: int = 2):
        self.crossbar = crossbar
        self.layout = layout
        self.polarity = polarity
        self.code_bits = code_bits
        super().__init__(
            {
                "line": In(stream.Signature(data.ArrayLayout(signed(crossbar.line_bits), SAMPLE_WORD))),
                "hidden": In(stream.Signature(rails(crossbar.line_bits))),
                "weight": In(stream.Signature(lane_words(crossbar.weight_bits, layout.lanes))),
                "sign": In(stream.Signature(lane_words(code_bits, layout.lanes))),
                "adc": Out(stream.Signature(rails(crossbar.adc_bits))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.cursor = cursor = Cursor(self.layout)
        lanes = self.layout.lanes
        lines, ready = self._lines(m, cursor)

        # An operation multiplies into the product registers; the next clock adds them up.
        full, take, move = Signal(), Signal(), Signal()
        closing, carrying, end = Signal(), Signal(), Signal.like(cursor.end)
        started = Signal(lanes)
        adc_full = Signal()
        m.d.comb += [
            move.eq(~full | ~closing | ~adc_full | self.adc.ready),
            take.eq(self.weight.valid & self.sign.valid & ready & move),
            cursor.next.eq(take),
            self.weight.ready.eq(take & cursor.advance),
            self.sign.ready.eq(take & cursor.advance),
        ]
        with m.If(move):
            m.d.sync += full.eq(take)
        with m.If(take):
            m.d.sync += [closing.eq(cursor.close), carrying.eq(cursor.carry), end.eq(cursor.end)]
            for lane in range(lanes):
                m.d.sync += started[lane].eq(cursor.base + lane >= 0)

        with m.If(adc_full & self.adc.ready):
            m.d.sync += adc_full.eq(0)
        with m.If(full & move & closing):
            m.d.sync += adc_full.eq(1)
        m.d.comb += self.adc.valid.eq(adc_full)

        for number, (rail, polarity) in enumerate((("rail0", 1), ("rail1", self.polarity))):
            own, tail = [], []
            for lane in range(lanes):
                product = self._product(m, lane, lines[number][lane], polarity, take)
                before = ~closing | (lane <= end)
                own.append(Mux(started[lane] & before, product, 0))
                tail.append(Mux(before, 0, product))
            total = Signal(signed(self.crossbar.sum_bits), name=f"total_{rail}")
            carried = Signal.like(total, name=f"carried_{rail}")
            held = Signal.like(total, name=f"held_{rail}")
            m.d.comb += [total.eq(held + sum(own, start=Const(0))), carried.eq(sum(tail, start=Const(0)))]
            with m.If(full & move):
                m.d.sync += held.eq(Mux(closing, Mux(carrying, carried, 0), total))
                with m.If(closing):
                    code = saturate(round_shift(total, self.crossbar.adc_shift), self.crossbar.adc_bits)
                    m.d.sync += self.adc.payload[rail].eq(code)
        return m

    def _product(self, m: Module, lane: int, line: Value, polarity: int, take: Signal) -> Signal:
        """Register with (w + p a s) x of one lane and rail."""
        bits = self.crossbar.weight_bits
        amplitude = self.crossbar.amplitude
        weight, sign = self.weight.payload[lane], self.sign.payload[lane]
        signs = self.code_bits == 2
        cell = Signal(signed(max(bits, amplitude.bit_length() + 1 if signs else self.code_bits) + 1))
        product = Signal(signed(len(cell) + self.crossbar.line_bits), name=f"product_{lane}")
        if polarity and signs:
            m.d.comb += cell.eq(
                Mux(sign == 0, weight, Mux((sign < 0) ^ (polarity < 0), weight - amplitude, weight + amplitude))
            )
        elif polarity:
            m.d.comb += cell.eq(weight - sign if polarity < 0 else weight + sign)
        else:
            m.d.comb += cell.eq(weight)
        with m.If(take):
            m.d.sync += product.eq(cell * line)
        return product

    def _lines(self, m: Module, cursor: Cursor) -> tuple[list[list[Value]], Value]:
        """Line codes of every rail and lane for the present operation, and whether they are all there.

        Both rails share the sample's codes, which come in words of 8 as soon as layer 0 is done with
        the previous ones; the hidden neurons' codes come one by one.
        """
        layout, bits = self.layout, self.crossbar.line_bits
        inputs, hidden = record_words(layout.layers[0]), sum(layout.layers[1:-1])
        place = Signal(range(max(2, inputs)))
        filled = Signal(range(max(2, hidden + 1)))
        loaded = Signal()
        shape = data.ArrayLayout(signed(bits), SAMPLE_WORD)
        m.submodules.sample = sample = Memory(shape=shape, depth=max(2, inputs), init=[])
        write = sample.write_port()
        m.d.comb += [
            self.line.ready.eq(~loaded),
            write.en.eq(self.line.valid & ~loaded),
            write.addr.eq(place),
            write.data.eq(self.line.payload),
            self.hidden.ready.eq(1),
        ]
        with m.If(write.en):
            m.d.sync += [place.eq(Mux(place == inputs - 1, 0, place + 1)), loaded.eq(place == inputs - 1)]
        with m.If(self.hidden.valid):
            m.d.sync += filled.eq(filled + 1)
        with m.If(cursor.next & cursor.closes_layer):
            with m.If(cursor.layer == 0):
                m.d.sync += loaded.eq(0)
            with m.If(cursor.layer == len(layout.rows) - 1):
                m.d.sync += filled.eq(0)

        first = [sum(layout.layers[1 : k + 1]) for k in range(len(layout.rows))]
        needed = Signal.like(filled)
        m.d.comb += needed.eq(Array(Const(n) for n in first)[cursor.layer])
        columns = [self._column(m, cursor, lane) for lane in range(layout.lanes)]
        offset = Signal(range(max(2, hidden + 1)))
        m.d.comb += offset.eq(Array(Const(n) for n in [0, 0, *first[1:]])[cursor.layer])
        shared = []
        for column in columns:
            read = sample.read_port(domain="comb")
            m.d.comb += read.addr.eq(column >> 3)
            shared.append(Array(read.data[c] for c in range(SAMPLE_WORD))[column[:3]])
        lines = []
        for rail in ("rail0", "rail1"):
            m.submodules[f"hidden_{rail}"] = memory = Memory(shape=signed(bits), depth=max(2, hidden), init=[])
            write = memory.write_port()
            m.d.comb += [
                write.en.eq(self.hidden.valid),
                write.addr.eq(filled),
                write.data.eq(self.hidden.payload[rail]),
            ]
            lines.append([])
            for lane, column in enumerate(columns):
                read = memory.read_port(domain="comb")
                line = Signal(signed(bits), name=f"line_{rail}_{lane}")
                m.d.comb += read.addr.eq(offset + column)
                m.d.comb += line.eq(Mux(cursor.layer == 0, shared[lane], read.data))
                with m.If(cursor.close & (cursor.end == lane)):
                    m.d.comb += line.eq(self.crossbar.one)
                lines[-1].append(line)
        return lines, (cursor.layer != 0) & (filled >= needed) | (cursor.layer == 0) & loaded

    def _column(self, m: Module, cursor: Cursor, lane: int) -> Signal:
        """Input line of a lane: of the neuron that ends or goes on, or past its end of the next one."""
        column = Signal(range(max(8, *self.layout.columns)), name=f"column_{lane}")
        past = cursor.close & (cursor.end < lane)
        m.d.comb += column.eq(Mux(past, lane - 1 - cursor.end, cursor.base + lane))
        return column
