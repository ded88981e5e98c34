"""Streams and strobes from one clock to another, which know nothing of each other."""

from amaranth.hdl import Module, Value
from amaranth.lib import stream
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.fifo import AsyncFIFO
from amaranth.lib.wiring import Component, In, Out

from ..lib.signals import signals


class StreamCrossing(Component):
    """A stream between clocks: an asynchronous FIFO with pointers in Gray code.

    Nothing is lost, doubled or overtaken. A payload is there four clocks of the target after its transfer at the most;
    with a depth of 8 or more there is one transfer a clock of the slower side. A reset of the source's domain empties
    the FIFO.

    Parameters
    ----------
    shape : shape of the payload
    depth : int
        Payloads that are on their way at the most; a power of 2, from 4.
    source, target : str
        Clock domains.

    Members
    -------
    write : stream in, of the source's domain.
    read : stream out, of the target's domain.
    """

    def __init__(self, shape, depth: int = 8, *, source: str, target: str):
        self.depth, self._source, self._target = depth, source, target
        super().__init__({"write": In(stream.Signature(shape)), "read": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        written, shown = Value.cast(self.write.payload), Value.cast(self.read.payload)
        m.submodules.fifo = fifo = AsyncFIFO(
            width=len(written), depth=self.depth, r_domain=self._target, w_domain=self._source, exact_depth=True
        )
        m.d.comb += [
            fifo.w_data.eq(written), fifo.w_en.eq(self.write.valid), self.write.ready.eq(fifo.w_rdy),
            shown.eq(fifo.r_data), self.read.valid.eq(fifo.r_rdy), fifo.r_en.eq(self.read.ready),
        ]  # fmt: skip
        return m


class StrobeCrossing(Component):
    """A strobe between clocks: each is a change of level, which the target acknowledges.

    Every strobe is followed by one in the target's domain. Those that come while one is on its way are followed by one
    together; strobes at least three clocks of either side apart, and one of each, are followed one by one. Both
    domains have to be reset together.

    Parameters
    ----------
    source, target : str
        Clock domains.

    Members
    -------
    strobe : high for one clock of the source.
    busy : a strobe is on its way, of the source's domain.
    follow : high for one clock of the target.
    """

    def __init__(self, *, source: str, target: str):
        self._source, self._target = source, target
        super().__init__({"strobe": In(1), "busy": Out(1), "follow": Out(1)})

    def elaborate(self, platform):
        m = Module()
        level, pending, acknowledged = signals("level pending acknowledged")
        arrived, before = signals("arrived before")
        m.submodules.there = FFSynchronizer(level, arrived, o_domain=self._target, reset_less=False)
        m.submodules.back = FFSynchronizer(before, acknowledged, o_domain=self._source, reset_less=False)
        m.d.comb += [self.busy.eq(level != acknowledged), self.follow.eq(arrived != before)]
        m.d[self._target] += before.eq(arrived)
        with m.If(~self.busy):
            m.d[self._source] += [level.eq(level ^ (self.strobe | pending)), pending.eq(0)]
        with m.Elif(self.strobe):
            m.d[self._source] += pending.eq(1)
        return m
