"""Code generator: from a pattern's number to one word of values a clock; see `golden.blocks.perturb.codes`."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.kinds import unlisted
from ...golden.blocks.lib.mixer import PATTERN
from ...golden.blocks.perturb.codes import (
    KINDS,
    RANDOM,
    SEQUENTIAL,
    SINE_BITS,
    SINUSOIDAL,
    WALSH,
    WALSH_UPPER,
    Codes,
)
from ..lib.layout import lane_words
from ..lib.mixer_words import KeyedWords
from ..lib.signals import read_port, signals


def pattern_layout(codes: Codes) -> data.StructLayout:
    """Payload of a pattern: its number, and the sequential code's place (number * stride) mod size."""
    return data.StructLayout({"number": 32, "position": range(max(2, codes.size))})


TABLE_PORTS = 2
"""Lanes that read one table of the sinusoidal code: as many as a block RAM has ports."""


class CodeGenerator(Component):
    """Values of the code at one pattern after the other.

    Parameters
    ----------
    codes : golden.blocks.perturb.codes.Codes
    lanes : int
        Values a word; a power of two.
    seed : Value, optional
        In place of that of `codes`.

    Attributes
    ----------
    words : int
        Words a pattern, ceil(codes.size / lanes).
    latency : int
        Clocks from a pattern to its first word: 2, 4 of the sinusoidal code, and as of `KeyedWords` of the random one.
    period : int
        Clocks a pattern takes where the next one is offered in time: `words`, and as of `KeyedWords` of the random
        code.

    Members
    -------
    pattern : stream in; a pattern is taken while the previous one is still being sent.
    signs : stream out; `words` words a pattern, one a clock, lanes of signed(codes.bits). Lanes beyond the
        last value are 0.
    """

    def __init__(self, codes: Codes, lanes: int, seed: Value | None = None):
        self.codes = codes
        self.lanes = lanes
        self.words = -(-codes.size // lanes)
        if codes.kind == RANDOM:
            self.random = KeyedWords(codes.seed if seed is None else seed, PATTERN, lanes, self.words)
            self.latency, self.period = self.random.latency, self.random.period
        elif codes.kind in FORMS:
            self.latency, self.period = FORMS[codes.kind].latency, self.words
        else:
            raise unlisted("code", codes.kind, KINDS)
        super().__init__(
            {
                "pattern": In(stream.Signature(pattern_layout(codes))),
                "signs": Out(stream.Signature(lane_words(codes.bits, lanes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        if self.codes.kind == RANDOM:
            values, ends = self._random(m)
        else:
            values, ends = self._regular(m)
        used = self.codes.size - (self.words - 1) * self.lanes
        for lane, value in enumerate(values):
            m.d.comb += self.signs.payload[lane].eq(value if lane < used else Mux(ends, 0, value))
        return m

    def _random(self, m: Module) -> tuple[list[Value], Value]:
        """Value of each lane of the random code, and whether it is a pattern's last word."""
        m.submodules.random = random = self.random
        m.d.comb += [
            random.number.valid.eq(self.pattern.valid),
            random.number.payload.eq(self.pattern.payload.number),
            self.pattern.ready.eq(random.number.ready),
            self.signs.valid.eq(random.words.valid),
            random.words.ready.eq(self.signs.ready),
        ]
        bits, last = random.words.payload.bits, random.words.payload.last
        return [Cat(1, bits[lane]).as_signed() for lane in range(self.lanes)], last

    def _regular(self, m: Module) -> tuple[list[Value], Value]:
        """The same of all other codes, whose values follow from the pattern's number and the place."""
        word = Signal(range(max(2, self.words)), name="word")
        active, ready = signals("active ready")
        last, move = signals("last move")
        m.d.comb += last.eq(word == self.words - 1)

        form = FORMS[self.codes.kind](self.codes, self.lanes)
        context, derived = form.context(m, self.pattern.payload)
        waiting = Signal.like(context, name="waiting")
        valid, values, ends = form.send(m, context, word, active, last, move)
        m.d.comb += self.pattern.ready.eq(~ready)
        with m.If(self.pattern.valid & self.pattern.ready):
            m.d.sync += [waiting.eq(derived), ready.eq(1)]
        free = Signal(name="free")
        m.d.comb += free.eq(~active | (move & last))
        with m.If(free):
            m.d.sync += active.eq(ready)
            with m.If(ready):
                m.d.sync += [context.eq(waiting), ready.eq(0)]

        m.d.comb += [move.eq(self.signs.ready | ~valid), self.signs.valid.eq(valid)]
        with m.If(active & move):
            m.d.sync += word.eq(Mux(last, 0, word + 1))
        return values, ends


class Form:
    """How a code that is not random makes its values, word by word.

    Parameters
    ----------
    codes : golden.blocks.perturb.codes.Codes
    lanes : int
    """

    latency = 2
    """Clocks from a pattern to its first word."""

    def __init__(self, codes: Codes, lanes: int):
        self.codes = codes
        self.lanes = lanes

    def context(self, m: Module, pattern) -> tuple[Signal, Value]:
        """Register for what a pattern's values depend on, and that value for the pattern offered."""
        raise NotImplementedError

    def signs(self, m: Module, context: Signal, word: Signal) -> list[Value]:
        """Value of each lane in a word, combinational."""
        raise NotImplementedError

    def send(self, m: Module, context: Signal, word: Signal, active: Signal, last: Signal, move: Signal):
        """The words of a pattern while `active`, one where `move` is high, up to the `last`.

        Returns
        -------
        valid : there is a word.
        values : value of each lane.
        ends : it is the last word.
        """
        return active, self.signs(m, context, word), last


class Sequential(Form):
    """One value of a pattern is 1, at the pattern's position."""

    def context(self, m: Module, pattern) -> tuple[Signal, Value]:
        return Signal.like(pattern.position, name="position"), pattern.position

    def signs(self, m: Module, context: Signal, word: Signal) -> list[Value]:
        shift = (self.lanes - 1).bit_length()
        here = Signal(name="here")
        m.d.comb += here.eq((context >> shift) == word)
        return [here & (context[:shift] == lane) for lane in range(self.lanes)]


class Walsh(Form):
    """Parity of row AND column, with the global flip."""

    def context(self, m: Module, pattern) -> tuple[Signal, Value]:
        bits = self.codes.cycle_bits
        return Signal(bits + 1, name="context"), pattern.number[: bits + 1]

    def signs(self, m: Module, context: Signal, word: Signal) -> list[Value]:
        lanes, shift = self.lanes, (self.lanes - 1).bit_length()
        column, flip = context[:-1], context[-1]
        first = Signal(len(word) + shift, name="first")
        shared = Signal(name="shared")
        m.d.comb += first.eq(word << shift)
        m.d.comb += shared.eq(((first | self.codes.offset) & column).xor() ^ flip)
        return [Cat(1, shared ^ (Value.cast(lane) & column).xor()).as_signed() for lane in range(lanes)]


class Sinusoidal(Form):
    """The phases of a word in one clock, the table's entries for them in the next."""

    latency = 4

    def context(self, m: Module, pattern) -> tuple[Signal, Value]:
        bits = self.codes.cycle_bits
        number = pattern.number[:bits]
        first, step = Signal(bits, name="first"), Signal(bits, name="step")
        m.d.comb += [first.eq(number * self.codes.first + self.codes.phase), step.eq(number * self.codes.spacing)]
        return Signal(2 * bits, name="context"), Cat(first, step)

    def send(self, m: Module, context: Signal, word: Signal, active: Signal, last: Signal, move: Signal):
        bits, codes, phases = self.codes.cycle_bits, self.codes, []
        first, step = context.word_select(0, bits), context.word_select(1, bits)
        staged, valid, ending, ends = signals("staged valid ending ends")
        with m.If(move):
            m.d.sync += [staged.eq(active), valid.eq(staged), ending.eq(last), ends.eq(ending)]
            with m.If(active):
                m.d.sync += first.eq(first + step * self.lanes)

        table = codes.quarter()[:-1].tolist()  # the last entry is the peak, which is no part of the memories
        place_bits, values, memories = min(bits, SINE_BITS), [], []
        for number in range(-(-self.lanes // TABLE_PORTS)):
            memories.append(Memory(shape=codes.bits - 1, depth=len(table), init=table))
            m.submodules[f"quarter_{number}"] = memories[-1]
        for lane in range(self.lanes):
            # The lane without its lowest bit has its phase already: one addition a lane.
            low = lane & -lane
            phase, held = Signal(bits, name=f"phase_{lane}"), Signal(place_bits, name=f"held_{lane}")
            phases.append(phase)
            m.d.comb += phase.eq(phases[lane - low] + step * low if lane else first)
            within, falling, negative = held[:-2], held[-2], Signal(name=f"negative_{lane}")
            peak, read = Signal(name=f"peak_{lane}"), read_port(memories[lane // TABLE_PORTS])
            m.d.comb += [read.en.eq(move), read.addr.eq(Mux(falling, -within, within))]
            with m.If(move):
                m.d.sync += [held.eq(phase[bits - place_bits :]), peak.eq(falling & (within == 0))]
                m.d.sync += negative.eq(held[-1])
            size = Mux(peak, codes.peak, read.data)
            values.append(Mux(negative, -size, size))
        return valid, values, ends


FORMS = {SEQUENTIAL: Sequential, WALSH: Walsh, WALSH_UPPER: Walsh, SINUSOIDAL: Sinusoidal}
"""All codes but the random one, which `rtl.lib.mixer_words` makes."""
