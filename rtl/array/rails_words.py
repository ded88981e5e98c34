"""Words of one presentation after the other: kept from the first, perturbed by a polarity, trimmed.

    weight, sign -> memory -> w + p a s -> trim -> saturate -> code
    sign ---------> memory -> p s -----------------------------> sign
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.array.rails import GAIN_BITS, GAIN_SHIFT, OneRail
from ...golden.blocks.lib.layout import Layout
from ..lib.fixed import exceeds, round_shift, saturate
from ..lib.host_port import HostPort
from ..lib.layout import LaneMemory, lane_words
from ..lib.signals import signals
from ..lib.streams import transfer

PASS = data.StructLayout({"again": 1, "negative": 1, "silent": 1})
"""Whether the words of the pass before come once more; polarity: 0 if silent, else -1 or +1."""


class RailWords(Component):
    """Passes over the words of a layout, one word a clock.

    Parameters
    ----------
    rail : golden.blocks.array.rails.OneRail
    layout : golden.blocks.lib.layout.Layout
    pulsed : bool
        Weights are states of devices outside: there are signs alone.
    keeps : bool
        There are passes that are `again`.

    Attributes
    ----------
    latency : int
        Clocks from a word to what comes of it: 2, or 4 with trim; 1 where `pulsed`.

    Members
    -------
    begin, how : high for one clock: a pass begins, see `PASS`; not before the last one is done.
    weight, sign : streams in, words of a pass that is not `again`, one of each at a time; no `weight` where `pulsed`.
    out : stream out, `layout.words` words a pass: codes, or signs where `pulsed`.
    done : the last word of a pass is taken in this clock.
    saturated : high for one clock when a code that saturates is taken.
    host_gain, host_offset : with trim, the tables by parameter index.
    """

    def __init__(self, rail: OneRail, layout: Layout, pulsed: bool, keeps: bool = True):
        self.rail, self.layout, self.pulsed, self.keeps = rail, layout, pulsed, keeps
        self.latency = 1 if pulsed else 4 if rail.trim else 2
        weight, sign = (In(stream.Signature(lane_words(b, layout.lanes))) for b in (rail.dac_bits, rail.sign_bits))
        out = lane_words(rail.sign_bits if pulsed else rail.dac_bits, layout.lanes)
        super().__init__(
            {
                "begin": In(1),
                "how": In(PASS),
                "sign": sign,
                **({} if pulsed else {"weight": weight}),
                "out": Out(stream.Signature(out)),
                "done": Out(1),
                "saturated": Out(1),
                **({"host_gain": In(HostPort()), "host_offset": In(HostPort())} if rail.trim else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        words, how = self.layout.words, Signal(PASS, name="how")
        index, given = Signal(range(max(2, words)), name="index"), Signal.like(self.how.again, name="given")
        taking, take, move, done = signals("taking take move done")
        sources = [self.sign] if self.pulsed else [self.weight, self.sign]
        m.d.comb += given.eq(Cat(source.valid for source in sources).all())
        m.d.comb += take.eq(taking & move & (how.again | given))
        m.d.comb += [source.ready.eq(take & ~how.again) for source in sources]
        with m.If(take):
            m.d.sync += [index.eq(index + 1), taking.eq(index != words - 1)]
        with m.If(self.begin):
            m.d.sync += [how.eq(self.how), index.eq(0), taking.eq(1)]

        kept = self._keep(m, sources, how, index, take)
        valid, last = (Signal(self.latency, name=name) for name in ("valid", "last"))
        m.d.comb += move.eq(~self.out.valid | self.out.ready)
        with m.If(move):
            m.d.sync += [valid.eq(valid << 1 | take), last.eq(last << 1 | (index == words - 1))]
        m.d.comb += [
            self.out.valid.eq(valid[-1]),
            done.eq(transfer(self.out) & last[-1]),
            self.done.eq(done),
        ]
        signs = [Mux(how.silent, 0, Mux(how.negative, -s, s))[: self.rail.sign_bits].as_signed() for *_, s in kept]
        if self.pulsed:
            values, over = signs, 0
        else:
            raws = [w + self._moved(s) for (w, _), s in zip(kept, signs, strict=True)]
            values, over = self._codes(m, raws, index, take, move)
        m.d.comb += [lane.eq(value) for lane, value in zip(self.out.payload, values, strict=True)]
        m.d.comb += self.saturated.eq(transfer(self.out) & over)
        return m

    def _keep(self, m: Module, sources: list, how, index: Signal, take: Value) -> list[list[Value]]:
        """Words of each lane, a clock after they were taken: as they came, or as the pass before had them."""
        widths = [source.payload[0].shape().width for source in sources]
        memory = LaneMemory(self.layout, sum(widths)) if self.keeps else None
        data = memory.data if memory else Signal(lane_words(sum(widths), self.layout.lanes), name="data")
        if memory:
            m.submodules.memory = memory
            m.d.comb += [
                memory.read.eq(take & how.again), memory.read_word.eq(index),
                memory.write.eq(take & ~how.again), memory.write_word.eq(index),
            ]  # fmt: skip
        held = Signal.like(data, name="held", reset_less=True)
        kept = []
        for lane in range(self.layout.lanes):
            m.d.comb += data[lane].eq(Cat(source.payload[lane] for source in sources))
            word, first, parts = Mux(how.again, memory.value[lane], held[lane]) if memory else held[lane], 0, []
            for width in widths:
                parts.append(word[first : first + width].as_signed())
                first += width
            kept.append(parts)
        with m.If(take):
            m.d.sync += held.eq(data)
        return kept

    def _moved(self, sign: Value) -> Value:
        """What a sign adds to a weight."""
        if self.rail.sign_bits > 2:  # a sine, in steps of the DAC
            return sign
        amplitude = self.rail.amplitude
        return Mux(sign == 0, 0, Mux(sign < 0, -amplitude, amplitude))

    def _codes(self, m: Module, raws: list[Value], index: Signal, take: Value, move: Value) -> tuple[list, Value]:
        """Registers with the codes, and whether one of them saturated."""
        rail, tables = self.rail, []
        if rail.trim:
            for name, bits in (("gain", GAIN_BITS), ("offset", rail.dac_bits)):
                m.submodules[name] = table = LaneMemory(self.layout, bits)
                connect(m, flipped(getattr(self, f"host_{name}")), table.host)
                m.d.comb += [table.read.eq(take), table.read_word.eq(index)]
                tables.append(table.value)
        codes, overs = [], Signal(len(raws), name="overs")
        for lane, raw in enumerate(raws):
            full: Value = raw
            if rail.trim:
                gain, offset = (table[lane] for table in tables)
                full = self._trimmed(m, lane, raw, gain, offset, move)
            code = Signal(signed(rail.dac_bits), name=f"code_{lane}", reset_less=True)
            with m.If(move):
                m.d.sync += [code.eq(saturate(full, rail.dac_bits)), overs[lane].eq(exceeds(full, rail.dac_bits))]
            codes.append(code)
        return codes, overs.any()

    def _trimmed(self, m: Module, lane: int, raw: Value, gain: Value, offset: Value, move: Value) -> Value:
        """A code with the gain and offset of its DAC, two clocks later."""
        names = ("raw", "gain", "offset")
        first, factor, added = (
            Signal(signed(value.shape().width), name=f"{name}_{lane}", reset_less=True)
            for name, value in zip(names, (raw, gain, offset), strict=True)
        )
        base = Signal(signed(len(first) + 1), name=f"base_{lane}", reset_less=True)
        product = Signal(signed(len(first) + len(factor)), name=f"product_{lane}", reset_less=True)
        with m.If(move):
            m.d.sync += [first.eq(raw), factor.eq(gain), added.eq(offset)]
            m.d.sync += [base.eq(first + added), product.eq(first * factor)]
        return base + round_shift(product, GAIN_SHIFT)
