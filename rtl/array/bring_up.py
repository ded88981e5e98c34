"""Bring-up of an array outside, without the array: see `golden.blocks.array.bring_up`."""

from functools import reduce
from operator import xor

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out, Signature

from ...golden.blocks.array.bring_up import BITS, LOOPBACK, PATTERN
from ...golden.chip.chip import Chip
from ..lib.streams import transfer
from .guard import OWN


class BringUp(Component):
    """Passes everything on; or answers in the array's place, or drives its wires.

    Loopback: the array gets no word, and safe codes; costs come from what it would have got, at once.
    Pattern: while nothing runs, all cells get one bit after the other, each for `clocks` clocks and one more beyond
    those that its words take; no safe codes meanwhile. Where a run begins, or the mode changes, a word that is offered
    is withdrawn. A run is not affected.

    Parameters
    ----------
    port : Signature
        `rtl.array.port.ArrayPort` or `rtl.array.rails_port.RailPort` of an array outside with an external cost.
    chip : golden.chip.chip.Chip

    Members
    -------
    engine, array : both sides of the port.
    mode : see `golden.chip.memory_map.Register.BRING_UP`; changes while nothing runs.
    running : the engine is busy.
    clocks : settling time of the pattern, `engine.settle`.
    """

    def __init__(self, port: Signature, chip: Chip):
        self.port, self.chip = port, chip
        self.word = "code" if "code" in port.members else "sign"
        self.driven = next(name for name in ("code", "weight", "sign") if name in port.members)
        control = {"mode": In(2), "running": In(1), "clocks": In(16)}
        super().__init__({"engine": In(port), "array": Out(port), **control})

    def elaborate(self, platform):
        m = Module()
        loop, pattern = Signal(name="loop"), Signal(name="pattern")
        m.d.comb += [loop.eq(self.mode == LOOPBACK), pattern.eq((self.mode == PATTERN) & ~self.running)]
        for name, member in self.port.members.items():
            inner, outer = getattr(self.engine, name), getattr(self.array, name)
            if member.is_port:
                if name not in OWN:
                    quiet = member.flow == In and name in ("busy", "saturated")
                    source, sink = (inner, outer) if member.flow == Out else (outer, inner)
                    m.d.comb += sink.eq(Mux(loop, 0, source) if quiet else source)
            elif member.flow == In:
                m.d.comb += [inner.valid.eq(outer.valid), inner.payload.eq(outer.payload)]
                m.d.comb += outer.ready.eq(inner.ready & ~loop)
            else:
                m.d.comb += [outer.valid.eq(inner.valid & ~loop), outer.payload.eq(inner.payload)]
                m.d.comb += inner.ready.eq(outer.ready | loop)
        m.d.comb += self.array.safe.eq((self.engine.safe & ~pattern) | loop)
        m.d.comb += self.engine.fault.eq(self.array.fault & ~loop)
        if self.chip.path.pulsed:
            m.d.comb += self.array.enable.eq(self.engine.enable & ~loop)
        self._loopback(m, loop)
        self._pattern(m, pattern)
        return m

    def _loopback(self, m: Module, loop: Signal) -> None:
        """Costs of the words that come, as many as the port's conversions."""
        words, cost = self.chip.layout.words, self.engine.cost
        taken, source = Signal(name="taken"), getattr(self.engine, self.word)
        rail, count = self.chip.rail, Signal(range(max(2, words)), name="count")
        due = Signal(range((1 << rail.readings if rail else 1) + 1), name="due")
        acc, folded = Signal(BITS, name="acc"), Signal(BITS, name="folded")
        bits = Value.cast(source.payload)
        parts = [bits[k : k + BITS] for k in range(0, len(bits), BITS)]
        m.d.comb += [taken.eq(transfer(source) & loop), folded.eq(reduce(xor, parts))]
        with m.If(taken):
            m.d.sync += acc.eq(Mux(count == 0, 0, acc.rotate_left(1)) ^ folded)
            m.d.sync += [count.eq(Mux(count == words - 1, 0, count + 1)), due.eq(0)]
            with m.If(count == words - 1):
                m.d.sync += due.eq(1 << rail.readings if rail else 1)
        with m.Elif(transfer(cost) & loop):
            m.d.sync += due.eq(due - 1)
        with m.If(loop):
            m.d.comb += cost.valid.eq(due != 0)
            if rail:
                m.d.comb += Value.cast(cost.payload).eq(acc)
            else:
                m.d.comb += [Value.cast(cost.payload.rail0).eq(acc)]
                m.d.comb += [Value.cast(cost.payload.rail1).eq(acc.rotate_left(16))]

    def _pattern(self, m: Module, pattern: Signal) -> None:
        """Words of a bit that walks, one pattern after the other."""
        sink, words = getattr(self.array, self.driven), self.chip.layout.words
        lanes = len(sink.payload)
        bits = len(Value.cast(sink.payload)) // lanes
        bit, word = Signal(range(max(2, bits)), name="bit"), Signal(range(words + 1), name="word")
        clock, code = Signal(16, name="clock"), Signal(bits, name="code")
        m.d.comb += code.eq(1 << bit)
        with m.If(pattern):
            m.d.comb += [sink.valid.eq(word < words), Value.cast(sink.payload).eq(Cat(*[code] * lanes))]
            m.d.comb += [getattr(self.engine, self.driven).ready.eq(0), self.array.settle.eq(word == words)]
            with m.If(word < words):
                m.d.sync += word.eq(word + sink.ready)
            with m.Elif(clock == self.clocks):
                m.d.sync += [clock.eq(0), word.eq(0), bit.eq(Mux(bit == bits - 1, 0, bit + 1))]
            with m.Else():
                m.d.sync += clock.eq(clock + 1)
        with m.Else():
            m.d.sync += [bit.eq(0), word.eq(0), clock.eq(0)]
