"""Correlator: G += C~ s, a word of lanes a clock; see `golden.correlator`."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.correlator import Correlator
from ..golden.layout import Layout
from .buses.host import HostPort
from .fixed import exceeds, saturate
from .layout import ReadModifyWrite, lane_words


class CorrelatorMemory(Component):
    """The words of G, and one pass over them for every cost.

    Parameters
    ----------
    correlator : golden.correlator.Correlator
    layout : golden.layout.Layout

    Members
    -------
    cost : stream in, one a pass: C~, and whether G is cleared after this pass.
    signs : stream in, `layout.words` words a pass.
    gradient : stream out, `layout.words` words a pass: G after the addition. One clock after the
        signs, one word a clock.
    saturated : high for one clock when a word saturates.
    host : words of G by parameter index.
    """

    def __init__(self, correlator: Correlator, layout: Layout):
        self.correlator = correlator
        self.layout = layout
        command = data.StructLayout({"cost": signed(correlator.cost_bits), "clear": 1})
        super().__init__(
            {
                "cost": In(stream.Signature(command)),
                "signs": In(stream.Signature(lane_words(2, layout.lanes))),
                "gradient": Out(stream.Signature(lane_words(correlator.bits, layout.lanes))),
                "saturated": Out(1),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits, cost = self.correlator.bits, Signal(signed(self.correlator.cost_bits))
        sweep = ReadModifyWrite(
            m, self.layout, bits, host=self.host, words=self.signs, command=self.cost, result=self.gradient
        )
        m.d.comb += cost.eq(sweep.command.cost)
        over = Signal(self.layout.lanes)
        for lane in range(self.layout.lanes):
            raw = Signal(signed(max(bits, self.correlator.cost_bits) + 1))
            g, sign = sweep.value[lane], sweep.words[lane]
            m.d.comb += raw.eq(Mux(sign == 0, g, Mux(sign < 0, g - cost, g + cost)))
            m.d.comb += over[lane].eq(exceeds(raw, bits))
            m.d.comb += self.gradient.payload[lane].eq(saturate(raw, bits))
            m.d.comb += sweep.data[lane].eq(Mux(sweep.command.clear, 0, self.gradient.payload[lane]))
        m.d.comb += self.saturated.eq(sweep.give & over.any())
        return m
