"""Code generator: from a pattern's number to one word of signs a clock; see `golden.codes`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.codes import BLOCK, PATTERN, RANDOM, ROUNDS, SEQUENTIAL, Codes
from ..golden.layout import Layout
from .layout import lane_words


def mix(m: Module, key: Value, counter: Value) -> Value:
    """32 pseudo-random bits from a 64-bit key and a counter, combinational."""
    wide = Signal(32)
    m.d.comb += wide.eq(counter)
    x, y = wide[16:], wide[:16]
    for r in range(ROUNDS):
        mixed, other = Signal(16), Signal(16)
        word = key.word_select(r & 3, 16)
        m.d.comb += mixed.eq((Cat(x[7:], x[:7]) + y)[:16] ^ word ^ r)
        m.d.comb += other.eq(Cat(y[14:], y[:14]) ^ mixed)
        x, y = mixed, other
    return Cat(y, x)


def stream_key(m: Module, seed: int, domain: int, number: Value) -> Value:
    """64-bit key of item `number` of a domain, combinational."""
    halves = []
    for half in range(2):
        words = (half, seed & 0xFFFF, seed >> 16, domain)
        halves.append(mix(m, Const(sum(w << (16 * k) for k, w in enumerate(words)), 64), number))
    return Cat(*halves)


def pattern_layout(codes: Codes) -> data.StructLayout:
    """Payload of a pattern: its number, and the sequential code's place (number * stride) mod P."""
    return data.StructLayout({"number": 32, "position": range(max(2, codes.size))})


class CodeGenerator(Component):
    """Signs of all parameters at one pattern after the other.

    Parameters
    ----------
    codes : golden.codes.Codes
    layout : golden.layout.Layout

    Members
    -------
    pattern : stream in; a pattern is taken while the previous one is still being sent.
    signs : stream out; `layout.words` words a pattern, lanes of signed(2): -1, 0 or +1. Lanes beyond
        the last parameter are 0. First word two clocks after the pattern, then one a clock.
    """

    def __init__(self, codes: Codes, layout: Layout):
        self.codes = codes
        self.layout = layout
        super().__init__(
            {
                "pattern": In(stream.Signature(pattern_layout(codes))),
                "signs": Out(stream.Signature(lane_words(2, layout.lanes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        lanes, words = self.layout.lanes, self.layout.words
        word = Signal(range(max(2, words)))
        active = Signal()
        ready = Signal()
        last = Signal()
        m.d.comb += last.eq(word == words - 1)

        context, derived = self._context(m)
        waiting = Signal.like(context)
        m.d.comb += self.pattern.ready.eq(~ready)
        with m.If(self.pattern.valid & self.pattern.ready):
            m.d.sync += [waiting.eq(derived), ready.eq(1)]
        free = Signal()
        m.d.comb += free.eq(~active | (self.signs.ready & last))
        with m.If(free):
            m.d.sync += active.eq(ready)
            with m.If(ready):
                m.d.sync += [context.eq(waiting), ready.eq(0)]

        m.d.comb += self.signs.valid.eq(active)
        with m.If(active & self.signs.ready):
            m.d.sync += word.eq(Mux(last, 0, word + 1))
        used = self.layout.parameters - (words - 1) * lanes
        for lane, (negative, nonzero) in enumerate(self._lanes(m, context, word)):
            present = nonzero if lane < used else nonzero & ~last
            m.d.comb += self.signs.payload[lane].eq(Cat(present, negative & present).as_signed())
        return m

    def _context(self, m: Module) -> tuple[Signal, Value]:
        """Register for what a pattern's signs depend on, and that value for the pattern offered."""
        pattern = self.pattern.payload
        if self.codes.kind == RANDOM:
            return Signal(64), stream_key(m, self.codes.seed, PATTERN, pattern.number)
        if self.codes.kind == SEQUENTIAL:
            return Signal.like(pattern.position), pattern.position
        bits = self.codes.cycle_bits
        return Signal(bits + 1), pattern.number[: bits + 1]

    def _lanes(self, m: Module, context: Signal, word: Signal) -> list[tuple[Value, Value]]:
        """(negative, nonzero) of each lane."""
        lanes = self.layout.lanes
        shift = (lanes - 1).bit_length()
        if self.codes.kind == RANDOM:
            if lanes >= BLOCK:
                count = lanes // BLOCK
                bits = Cat(mix(m, context, word * count + k) for k in range(count))
            else:
                place = 5 - shift
                bits = mix(m, context, word >> place).word_select(word[:place], lanes)
            return [(bits[lane], Value.cast(1)) for lane in range(lanes)]
        if self.codes.kind == SEQUENTIAL:
            here = Signal()
            m.d.comb += here.eq((context >> shift) == word)
            return [(Value.cast(0), here & (context[:shift] == lane)) for lane in range(lanes)]
        column, flip = context[:-1], context[-1]
        first = Signal(len(word) + shift)
        shared = Signal()
        m.d.comb += first.eq(word << shift)
        m.d.comb += shared.eq((first & column).xor() ^ flip)
        return [(shared ^ (Value.cast(lane) & column).xor(), Value.cast(1)) for lane in range(lanes)]

