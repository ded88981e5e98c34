"""Probabilities of pulses, made before each update's trains; a part of `rtl.tiki_taka.pulses`."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.memory import Memory

from ...golden.blocks.lib.fixed import limit
from ...golden.blocks.tiki_taka.pulses import PROBABILITY_BITS, RATE_BITS, WIDE_BITS
from ..lib.signals import read_port, write_port
from .pulses_vector import UpdateVector, length

ONE, MOST = 1 << PROBABILITY_BITS, (1 << WIDE_BITS) - 1


class Probabilities:
    """Finds K, m, the P of rows, and where in a draw the codes of lines have their place.

    A line fires where draw < |x| 2**s, s = line_shift - m, which is (draw >> s) < |x|: a slice of the draw is
    below |x|, and the bits above it are 0. Rows of signs share one P. Others have one each, in a memory: one
    multiplier makes them, row by row, first to find m, then with it.

    K takes a clock a bit of `rate`, a shift by m takes |m|; rows that are not signs take two clocks each instead.

    Parameters
    ----------
    m : Module
    block : rtl.tiki_taka.pulses.PulseTrains
    vector : UpdateVector
    start : Value
        All that a command needs is there, and no word of pulses is left to be taken.

    Attributes
    ----------
    done : high in the last clock of it.
    row : row whose number is read meanwhile, if rows are not signs.
    """

    def __init__(self, m: Module, block, vector: UpdateVector, start: Value):
        pulses = block.pulses
        self._block, self._vector, self._signs = block, vector, pulses.row_bits == 2
        self.done, self.row = Signal(name="prepared"), Signal(range(pulses.rows + 2), name="chance_row")
        top = (((1 << pulses.magnitude_bits) - 1) * ((1 << RATE_BITS) - 1)) >> pulses.shift
        # |C~| times the rate, bit by bit; then K; then, with signs, P.
        bits = max(pulses.magnitude_bits + RATE_BITS, PROBABILITY_BITS + 1)
        self._probability = probability = Signal(bits, name="probability")
        self._scale = scale = Signal(max(1, min(top, MOST).bit_length()), name="scale")
        shifted = probability >> pulses.shift
        m.d.comb += scale.eq(Mux(shifted > MOST, MOST, shifted) if top > MOST else shifted)
        widest = min(min(top, MOST) * limit(pulses.row_bits), MOST).bit_length()
        self._of_d, self._found = Signal(range(WIDE_BITS + 1), name="length_of_d"), Signal(name="found")
        self._low, self._offset, self._above = pulses.line_shift, Const(0), Const(0, PROBABILITY_BITS)
        self._steps, self._up = Const(0), Const(0)
        if pulses.management:
            self._range(m, widest)

        bit, walk = Signal(range(RATE_BITS), name="rate_bit"), Signal(name="walk")
        if not self._signs:
            self._rows(m, walk)
        with m.FSM(name="probabilities"):
            with m.State("WAIT"):
                with m.If(start):
                    m.d.sync += [probability.eq(0), bit.eq(RATE_BITS - 1)]
                    m.next = "MULTIPLY"
            with m.State("MULTIPLY"):
                magnitude = abs(block.command.payload.cost)
                m.d.sync += [
                    probability.eq((probability << 1) + Mux(block.rate.bit_select(bit, 1), magnitude, 0)),
                    bit.eq(bit - 1),
                ]
                with m.If(bit == 0):
                    m.next = "SCALE"
            with m.State("SCALE"):
                m.d.sync += probability.eq(scale)
                m.d.comb += self.done.eq(self._signs and not pulses.management)
                m.next = "ROWS" if not self._signs else "SHIFT" if pulses.management else "WAIT"
                if self._signs:
                    m.d.comb += [self._of_d.eq(Mux(vector.any_row, length(m, scale), 0)), self._found.eq(1)]
            if not self._signs:
                with m.State("ROWS"):
                    m.d.comb += walk.eq(1)
                    with m.If(self.done):
                        m.next = "WAIT"
            elif pulses.management:
                with m.State("SHIFT"):
                    m.d.comb += self.done.eq(self._steps == 0)
                    with m.If(self._steps == 0):
                        m.next = "WAIT"
                    with m.Else():
                        m.d.sync += probability.eq(Mux(self._up, probability << 1, probability >> 1))
                        m.d.sync += self._steps.eq(self._steps - 1)

    def _range(self, m: Module, widest: int) -> None:
        """m, and what follows from it, from `_of_d` when it is `_found`; `widest` is the largest length of d."""
        pulses, biased = self._block.pulses, self._block.lined and self._block.layout.layers
        reach = (limit(pulses.line_bits) << pulses.line_shift).bit_length()
        highest, lowest = reach >> 1, ((reach if biased else 0) - widest) >> 1
        self._low = pulses.line_shift - highest
        furthest = min(PROBABILITY_BITS, pulses.line_shift - lowest) - self._low
        first = self._low + pulses.line_bits - 1
        self._steps, self._up = Signal(range(max(highest, -lowest) + 1), name="steps"), Signal(name="up")
        self._offset, self._above = Signal(range(furthest + 1), name="offset"), Signal(PROBABILITY_BITS, name="above")
        exponent, offset = Signal(signed(6), name="exponent"), Signal.like(self._offset, name="offset_found")
        m.d.comb += [
            exponent.eq((self._vector.line_length - self._of_d) >> 1),
            offset.eq(Mux(highest - exponent > furthest, furthest, highest - exponent)),
        ]
        with m.If(self._found):
            m.d.sync += [
                self._steps.eq(abs(exponent)),
                self._up.eq(exponent > 0),
                self._offset.eq(offset),
                self._above.eq(Const((ONE - 1) >> first << first, PROBABILITY_BITS) << offset),
            ]

    def _rows(self, m: Module, walk: Signal) -> None:
        """Row by row: read, a clock later multiplied, two clocks later seen, or kept in the memory."""
        block, vector, row = self._block, self._vector, self.row
        rows, lanes, bits = block.pulses.rows, block.layout.lanes, block.pulses.row_bits - 1
        low = (lanes - 1).bit_length()
        product = Signal(len(self._scale) + bits, name="product")
        wide, seen = Signal(min(len(product), WIDE_BITS), name="wide"), Signal(WIDE_BITS, name="seen_products")
        read, written_row = Signal.like(row, name="read_row"), Signal.like(row, name="written_row")
        writing = Signal(init=not block.pulses.management, name="writing")
        last = row == rows + 1
        m.d.comb += [
            read.eq(row - 1),
            written_row.eq(row - 2),
            product.eq(self._probability[: len(self._scale)] * Array(size[:bits] for size in vector.sizes)[read[:low]]),
            self._of_d.eq(length(m, seen | wide)),
        ]
        m.d.sync += wide.eq(Mux(product > MOST, MOST, product) if len(product) > WIDE_BITS else product)
        with m.If(walk):
            m.d.comb += [self._found.eq(last & ~writing), self.done.eq(last & writing)]
            m.d.sync += [row.eq(Mux(last, 0, row + 1)), seen.eq(Mux(row < 2, 0, seen | wide))]
            with m.If(last):
                m.d.sync += writing.eq(~writing if block.pulses.management else 1)
        moved = Signal(len(wide) + PROBABILITY_BITS // 2, name="moved")
        m.d.comb += moved.eq(Mux(self._up, wide << self._steps[:4], wide >> self._steps))
        self._probabilities = []
        for lane in range(min(lanes, rows)):
            memory = Memory(shape=PROBABILITY_BITS + 1, depth=max(2, -(-rows // lanes)), init=[])
            m.submodules[f"chances_{lane}"] = memory
            write, port = write_port(memory), read_port(memory)
            m.d.comb += [
                write.en.eq(writing & (row >= 2) & (written_row[:low] == lane)),
                write.addr.eq(written_row >> low),
                write.data.eq(Mux(moved > ONE, ONE, moved)),
                port.en.eq(vector.move),
                port.addr.eq(vector.word),
            ]
            self._probabilities.append(port.data)

    def row_fires(self, lane: int, draw: Value, size: Value) -> Value:
        """Whether the draw lets the row of a lane fire whose number has this magnitude."""
        probability = self._probability if self._signs else self._probabilities[lane]
        fires = probability[PROBABILITY_BITS:].any() | (draw < probability[:PROBABILITY_BITS])
        return size[0] & fires if self._signs else fires

    def line_fires(self, draw: Value, size: Value) -> Value:
        """Whether the draw lets a line fire whose code has this magnitude."""
        # Where s is negative, draw < |x| >> -s is ((draw << -s) + ones) < |x|.
        filling = max(0, -self._low)
        bits = Cat(Const((1 << filling) - 1, filling), draw, Const(0, 1))[max(0, self._low) :]
        return ~(draw & self._above).any() & ((bits >> self._offset)[: len(size)] < size)
