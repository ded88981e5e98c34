"""Tiki-Taka v2 filter: H += c z, single pulses at the threshold, a word of lanes a clock; see `golden.ttv2`.

    command, reading -> places [-> means] -> H -> pulses

Where a word comes again in the next clock, its new value goes from the sum through threshold and reset back into
the sum within one clock. Hence that way is short: T is compared with the sum as it is, before it saturates, which
is the same because T is at most the bound; a word that saturates fires, so that only resets need to saturate.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ..golden.fixed import bits_for
from ..golden.lines import Lines
from ..golden.ttv2 import KEEP, SUBTRACT, Ttv2
from .buses.host import HostPort
from .fixed import add, approach, exceeds, round_shift, round_shift_by, saturate
from .layout import LaneMemory, Sizes, lane_words
from .line_pass import LinePass, place_words
from .means import centre


class FilterMemory(Component):
    """The words of H, and passes over their lines.

    Parameters
    ----------
    ttv2 : golden.ttv2.Ttv2
    lines : golden.lines.Lines
        `Lines(((1, P),), lanes)`: one line that holds all words (`filtered`).

    Members
    -------
    command : stream in, one a line: `start` and `words`, its first word and number of words, at least 1; `value`,
        the threshold T, at least 1; `chopper`, 1 where c is -1; `update`: without it the line's words pass by
        unchanged, and fire nothing. With AGAD `switched` and `hold`. With rescaling `rescale`: other than 0, the
        pass takes no readings and gives no pulses; H <- H 2**rescale in all `words`, of any number of lines.
    reading : stream in, `words` words a line. What lanes of padding hold is of no matter.
    pulses : stream out, `words` words a line, lanes of signed(2): -1, 0 or +1, and 0 in padding. Two clocks after
        the reading, four with AGAD, one word a clock, over lines and commands without pause.
    saturated : high for one clock when a word of H saturates.
    host : words of H by index `word * lanes + lane`; padding stays 0.
    host_mean, host_past : with AGAD, the means by the same index.
    """

    def __init__(self, ttv2: Ttv2, lines: Lines):
        self.ttv2 = ttv2
        self.lines = lines
        command: dict = {"start": range(max(2, lines.depth)), "words": range(lines.depth + 1)}
        command |= {"value": ttv2.bits - 1, "chopper": 1, "update": 1}
        if ttv2.mean:
            command |= {"switched": 1, "hold": 1}
        if ttv2.rescale:
            command |= {"rescale": signed(bits_for(ttv2.rescale))}
        members = {
            "command": In(stream.Signature(data.StructLayout(command))),
            "reading": In(stream.Signature(lane_words(ttv2.gradient_bits, lines.lanes))),
            "pulses": Out(stream.Signature(lane_words(2, lines.lanes))),
            "saturated": Out(1),
            "host": In(HostPort()),
        }
        if ttv2.mean:
            members |= {"host_mean": In(HostPort()), "host_past": In(HostPort())}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        ttv2, lanes, bits = self.ttv2, self.lines.lanes, self.ttv2.bits
        m.submodules.memory = memory = LaneMemory(Sizes(lanes, self.lines.depth), bits)
        connect(m, flipped(self.host), memory.host)
        placed = place_words(m, self.lines, self.command, self.reading, self._rescales(self.command.payload))
        if ttv2.mean:
            placed = centre(m, ttv2, self.lines, placed, self.host_mean, self.host_past)
        rescaling = Signal()
        sweep = LinePass(m, [memory], placed, self.pulses.ready | rescaling)
        command, coming = sweep.word.command, sweep.coming.command
        minus = Signal(bits - 1)  # -T, but for its sign
        with m.If(sweep.move):
            m.d.sync += minus.eq(-coming.value)
        over = Signal(lanes)
        for lane in range(lanes):
            raw, active = self._sum(m, sweep, lane), sweep.word.active[lane]
            negative, reached, fire = raw[-1], Signal(name=f"reached_{lane}"), Signal(name=f"fire_{lane}")
            # |raw| >= T: below 0 the bits turned are |raw| - 1, which the carry makes good.
            size = raw[:-1] ^ negative.replicate(len(raw) - 1)
            sign = Const(-1, signed(len(size) - len(minus))).as_unsigned()
            pulse = fire & ~command.hold if ttv2.mean else fire
            exceeded = active & exceeds(raw, bits)
            after = Mux(fire, self._rest(raw, exceeded, command.value, minus), raw)
            if ttv2.rescale:
                scaled = self._scaled(m, sweep.values[0][lane], command.rescale)
                after = Mux(rescaling, saturate(scaled, bits), after)
                exceeded |= rescaling & exceeds(scaled, bits)
            m.d.comb += [
                reached.eq((Cat(1, size) + Cat(negative, minus, sign))[-1]),
                fire.eq(reached & active),
                over[lane].eq(exceeded),
                self.pulses.payload[lane].eq(Cat(pulse, pulse & negative).as_signed()),
                sweep.data[0][lane].eq(after),
            ]
        m.d.comb += [
            rescaling.eq(self._rescales(command)),
            self.pulses.valid.eq(sweep.full & ~rescaling),
            self.saturated.eq(sweep.give & over.any()),
        ]
        return m

    def _rescales(self, command) -> Value:
        """Whether a pass rescales H, and does nothing else."""
        return command.rescale != 0 if self.ttv2.rescale else Const(0)

    def _sum(self, m: Module, sweep: LinePass, lane: int) -> Value:
        """H with what a reading adds; H alone where the lane is not active."""
        ttv2, h, coming = self.ttv2, sweep.values[0][lane], sweep.coming
        word, active = coming.words[lane], coming.active[lane]
        minus = coming.command.chopper ^ (ttv2.negate and not ttv2.mean)
        fraction = 0 if ttv2.mean else ttv2.fraction  # means have it already
        step = Signal(signed(len(word) + fraction + (ttv2.leak > 0)), name=f"step_{lane}")
        carry = Signal(name=f"carry_{lane}")
        raw = Signal(signed(max(len(h), len(step)) + 1), name=f"raw_{lane}")
        with m.If(sweep.move):
            if ttv2.leak:
                m.d.sync += step.eq(Mux(minus, -word, word) << fraction)
            else:
                turned = Cat(minus.replicate(fraction), word ^ minus.replicate(len(word)))
                m.d.sync += [step.eq(Mux(active, turned, 0)), carry.eq(active & minus)]
        if ttv2.leak:
            m.d.comb += raw.eq(Mux(sweep.word.active[lane], approach(h, step, ttv2.leak), h))
        else:
            m.d.comb += raw.eq(add(h, step, carry))
        return raw

    def _rest(self, raw: Value, over: Value, threshold: Value, minus: Value) -> Value:
        """H after a pulse; of a sum that saturates, what is left of the bound."""
        bits, negative = self.ttv2.bits, raw[-1]
        if self.ttv2.reset == SUBTRACT:
            room = ~threshold  # bound - T
            rest = (raw[:bits] + Mux(negative, threshold, Cat(minus, 1)))[:bits].as_signed()
            return Mux(over, Mux(negative, -room, room), rest)
        if self.ttv2.reset == KEEP:
            shift = self.ttv2.keep_shift
            most = (self.ttv2.bound + (1 << shift >> 1)) >> shift
            return Mux(over, Mux(negative, -most, most), round_shift(raw[:bits].as_signed(), shift))
        return Const(0)

    def _scaled(self, m: Module, h: Value, shift: Value) -> Value:
        """H 2**shift to nearest, not saturated."""
        most = self.ttv2.rescale
        size = Signal(range(most + 1))
        m.d.comb += size.eq(Mux(shift < 0, -shift, shift))
        return Mux(shift < 0, round_shift_by(m, h, size), h << size)
