"""Probabilities of pulses, made before each update's trains; a part of `rtl.pulses`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ..golden.fixed import limit
from ..golden.pulses import PROBABILITY_BITS, RATE_BITS, WIDE_BITS
from .update_vector import UpdateVector, length

ONE = 1 << PROBABILITY_BITS


class Chances:
    """Finds K, m, the P of rows, and where in a draw the codes of lines have their place.

    A line fires where draw < |x| 2**s, s = line_shift - m, which is (draw >> s) < |x|: the bits above are zero,
    and a window of the draw is below |x|. Rows of signs share one P. Others have one each, in a memory: one
    multiplier makes them, row by row, first to find m, then with it.

    K takes a clock a bit of `rate`, a shift by m takes |m|, and other rows than signs two clocks each.

    Parameters
    ----------
    m : Module
    block : rtl.pulses.PulseTrains
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
        self._block, self._signs = block, pulses.row_bits == 2
        top = (((1 << pulses.magnitude_bits) - 1) * ((1 << RATE_BITS) - 1)) >> pulses.shift
        most = (1 << WIDE_BITS) - 1
        self._bits = max(1, min(top, most).bit_length())
        size = min(min(top, most) * limit(pulses.row_bits), most)
        self.done, self.row = Signal(name="prepared"), Signal(range(pulses.rows + 2), name="chance_row")

        # |C~| times the rate, bit by bit; then K, and with signs P.
        product_bits = pulses.magnitude_bits + RATE_BITS
        self._chance = chance = Signal(max(product_bits, PROBABILITY_BITS + 1, self._bits), name="chance")
        scale = Signal(self._bits, name="scale")
        bit, ranged = Signal(range(RATE_BITS), name="rate_bit"), Signal(name="ranged")
        shifted = chance >> pulses.shift
        m.d.comb += scale.eq(Mux(shifted > most, most, shifted) if top > most else shifted)
        of_d = Signal(range(WIDE_BITS + 1), name="length_of_d")
        steps, up = self._range(m, vector, size, of_d, ranged)
        with m.FSM(name="chances"):
            with m.State("WAIT"):
                m.d.sync += [chance.eq(0), bit.eq(RATE_BITS - 1)]
                with m.If(start):
                    m.next = "MULTIPLY"
            with m.State("MULTIPLY"):
                magnitude = abs(block.command.payload.cost)
                m.d.sync += [
                    chance.eq((chance << 1) + Mux(block.rate.bit_select(bit, 1), magnitude, 0)),
                    bit.eq(bit - 1),
                ]
                with m.If(bit == 0):
                    m.next = "SCALE"
            with m.State("SCALE"):
                m.d.sync += chance.eq(scale)
                if not self._signs:
                    m.next = "ROWS"
                else:
                    m.d.comb += [of_d.eq(Mux(vector.any_row, length(m, scale), 0)), ranged.eq(1)]
                    m.next = "SHIFT"
            if self._signs:
                with m.State("SHIFT"):
                    with m.If(steps == 0):
                        m.d.comb += self.done.eq(1)
                        m.next = "WAIT"
                    with m.Else():
                        m.d.sync += [chance.eq(Mux(up, chance << 1, chance >> 1)), steps.eq(steps - 1)]
            else:
                self._rows(m, vector, of_d, ranged, steps, up)

    def _range(self, m: Module, vector: UpdateVector, size: int, of_d: Signal, ranged: Signal):
        """Registers of |m| and whether m > 0, set when `ranged`; with them the place of lines' codes."""
        pulses, lined = self._block.pulses, self._block.lined
        reach = (limit(pulses.line_bits) << pulses.line_shift).bit_length()
        highest = lowest = 0
        if pulses.management:
            highest, lowest = reach >> 1, ((reach if lined else 0) - size.bit_length()) >> 1
        low, high = pulses.line_shift - highest, min(PROBABILITY_BITS, pulses.line_shift - lowest)
        codes = pulses.line_bits - 1
        self._filling, self._low = max(0, -low), max(0, low)
        self._offset, self._above = Signal(range(high - low + 1), name="offset"), Signal(PROBABILITY_BITS, name="above")
        steps, up = Signal(range(max(highest, -lowest) + 1), name="steps"), Signal(name="up")
        exponent = Signal(signed(6), name="exponent")
        offset = Signal.like(self._offset, name="offset_found")
        if pulses.management:
            m.d.comb += exponent.eq((vector.reach - of_d) >> 1)
        further = highest - exponent
        m.d.comb += offset.eq(Mux(further > high - low, high - low, further))
        with m.If(ranged):
            m.d.sync += [
                steps.eq(abs(exponent)),
                up.eq(exponent > 0),
                self._offset.eq(offset),
                self._above.eq(Const(((1 << PROBABILITY_BITS) - 1) >> (low + codes) << (low + codes), 16) << offset),
            ]
        return steps, up

    def _rows(self, m: Module, vector: UpdateVector, of_d: Signal, ranged: Signal, steps: Signal, up: Signal) -> None:
        """Rows one after the other: read, multiplied, then counted or kept."""
        ...

    def row_fires(self, lane: int, draw: Value, number: Value) -> Value:
        """Whether the draw lets a row fire that has a number in its lane."""
        chance = self._chance if self._signs else self._chances[lane]
        fires = chance[PROBABILITY_BITS:].any() | (draw < chance[:PROBABILITY_BITS])
        return number[0] & fires if self._signs else fires

    def line_fires(self, draw: Value, size: Value) -> Value:
        """Whether the draw lets a line fire."""
        bits = Cat(Const((1 << self._filling) - 1, self._filling), draw)[self._low :]
        return ~(draw & self._above).any() & ((bits >> self._offset)[: len(size)] < size)
