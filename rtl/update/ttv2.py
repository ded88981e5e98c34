"""Tiki-Taka v2 filter: H += c z, single pulses at the threshold, a word of lanes a clock.

See `golden.blocks.update.ttv2`.

    command, reading -> places [-> means] -> H -> pulses

Where a word comes again in the next clock, its new value goes from the sum through threshold and reset back into
the sum within one clock. Hence that way is short: H + c z - T and H + c z + T - 1, whose signs tell whether T is
reached, are summed beside H + c z. T is at most the bound, so it is reached where H saturates, and only resets
need to saturate.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.lib.fixed import bits_for
from ...golden.blocks.lib.kinds import require_listed, unlisted
from ...golden.blocks.tiki_taka.lines import Lines
from ...golden.blocks.update.ttv2 import KEEP, RESETS, SUBTRACT, ZERO, Ttv2
from ..lib.fixed import add, approach, exceeds, round_shift, round_shift_by, saturate
from ..lib.host_port import HostPort
from ..lib.layout import LaneMemory, Sizes, lane_words
from .ttv2_line_pass import LinePass, place_words
from .ttv2_means import centre


class FilterMemory(Component):
    """The words of H, and passes over their lines.

    Parameters
    ----------
    ttv2 : golden.blocks.update.ttv2.Ttv2
    lines : golden.blocks.tiki_taka.lines.Lines
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
        require_listed("reset of the filter", ttv2.reset, RESETS)
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
        rescaling = Signal(name="rescaling")
        sweep = LinePass(m, [memory], placed, self.pulses.ready | rescaling)
        command, over = sweep.word.command, Signal(lanes, name="over")
        for lane in range(lanes):
            active = sweep.word.active[lane]
            raw, more, less = self._sums(m, sweep, lane)
            up, down = (Signal(name=f"{name}_{lane}") for name in ("up", "down"))
            m.d.comb += [up.eq(active & ~more[-1]), down.eq(active & less[-1])]
            high = raw[bits - 1 :]
            exceeded = active & Mux(raw[-1], ~high.all() | ~raw[: bits - 1].any(), high.any())
            after = self._reset(raw, up, down, exceeded, more, less, command.value)
            if ttv2.rescale:
                scaled = self._scaled(m, sweep.values[0][lane], command.rescale)
                after = Mux(rescaling, saturate(scaled, bits), after)
                exceeded |= rescaling & exceeds(scaled, bits)
            free = ~command.hold if ttv2.mean else 1
            m.d.comb += [
                over[lane].eq(exceeded),
                self.pulses.payload[lane].eq(Cat((up | down) & free, down & free).as_signed()),
                sweep.data[0][lane].eq(after),
            ]
        m.d.comb += [
            rescaling.eq(self._rescales(command)),
            self.pulses.valid.eq(sweep.full & ~rescaling),
            self.saturated.eq(sweep.commit & over.any()),
        ]
        return m

    def _rescales(self, command) -> Value:
        """Whether a pass rescales H, and does nothing else."""
        return command.rescale != 0 if self.ttv2.rescale else Const(0)

    def _sums(self, m: Module, sweep: LinePass, lane: int) -> tuple[Value, Value, Value]:
        """H with what a reading adds, H alone where the lane is not active; the same less T, and plus T - 1."""
        ttv2, h, coming, active = self.ttv2, sweep.values[0][lane], sweep.coming, sweep.coming.active[lane]
        word, fraction = coming.words[lane], 0 if ttv2.mean else ttv2.fraction  # means have it already
        minus = coming.command.chopper ^ (ttv2.negate and not ttv2.mean)
        turned = (Cat(Const(0, fraction), word) ^ minus.replicate(fraction + len(word))).as_signed()
        step = Signal(signed(len(turned) + (ttv2.leak > 0)), name=f"step_{lane}")
        carry = Signal(name=f"carry_{lane}")
        wide = max(len(h), len(step)) + 1
        raw, low, high = (Signal(signed(wide), name=f"{name}_{lane}") for name in ("raw", "low", "high"))
        below = -Cat(coming.command.value, Const(0, 1)).as_signed()  # -T
        with m.If(sweep.move):
            if ttv2.leak:
                m.d.sync += [step.eq(add(turned, Const(0, 1), minus)), low.eq(below), high.eq(~below)]
            else:
                m.d.sync += [
                    step.eq(Mux(active, turned, 0)), carry.eq(active & minus),
                    low.eq(add(turned, below, minus)), high.eq(add(turned, ~below, minus)),
                ]  # fmt: skip
        if ttv2.leak:
            m.d.comb += raw.eq(Mux(sweep.word.active[lane], approach(h, step, ttv2.leak), h))
            return raw, raw + low, raw + high
        m.d.comb += raw.eq(add(h, step, carry))
        return raw, h + low, h + high

    def _reset(self, raw: Value, up: Value, down: Value, over: Value, more: Value, less: Value, t: Value) -> Value:
        """H after the pulse, if there is one; of a sum that saturates, what is left of the bound."""
        bits, shift = self.ttv2.bits, self.ttv2.keep_shift
        if self.ttv2.reset == SUBTRACT:
            room = ~t  # bound - T
            rest = Mux(down, Mux(over, -room, less + 1), Mux(over, room, more))
        elif self.ttv2.reset == KEEP:
            most = (self.ttv2.bound + (1 << shift >> 1)) >> shift
            rest = Mux(over, Mux(down, -most, most), round_shift(raw[:bits].as_signed(), shift))
        elif self.ttv2.reset == ZERO:
            rest = Const(0)
        else:
            raise unlisted("reset of the filter", self.ttv2.reset, RESETS)
        return Mux(up | down, rest, raw)

    def _scaled(self, m: Module, h: Value, shift: Value) -> Value:
        """H 2**shift to nearest, not saturated."""
        most = self.ttv2.rescale
        size = Signal(range(most + 1), name="size")
        m.d.comb += size.eq(Mux(shift < 0, -shift, shift))
        return Mux(shift < 0, round_shift_by(m, h, size), h << size)
