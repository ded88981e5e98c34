"""Switches perturbations off for whole passes: evaluation, and most steps of a calibration."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ..lib.layout import lane_words
from ..lib.signals import signals


class Silencer(Component):
    """Passes words on, or zeros in their place, without latency.

    Parameters
    ----------
    layout : golden.blocks.lib.layout.Layout
    bits : int
        Width of a value.

    Members
    -------
    silent : stream in, one a pass, taken as soon as the pass before is over: whether its values are zero.
    values, sign : streams in and out, `layout.words` words a pass.
    """

    def __init__(self, layout: Layout, bits: int):
        self.layout = layout
        self.bits = bits
        super().__init__(
            {
                "silent": In(stream.Signature(1)),
                "values": In(stream.Signature(lane_words(bits, layout.lanes))),
                "sign": Out(stream.Signature(lane_words(bits, layout.lanes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word = Signal(range(max(2, self.layout.words)), name="word")
        last, transfers, commanded, silent = signals("last transfers commanded silent")
        m.d.comb += [
            last.eq(word == self.layout.words - 1),
            self.sign.valid.eq(self.values.valid & commanded),
            transfers.eq(self.sign.valid & self.sign.ready),
            self.values.ready.eq(transfers),
            self.silent.ready.eq(~commanded | (transfers & last)),
        ]
        for lane in range(self.layout.lanes):
            m.d.comb += self.sign.payload[lane].eq(Mux(silent, 0, self.values.payload[lane]))
        with m.If(self.silent.ready):
            m.d.sync += [commanded.eq(self.silent.valid), silent.eq(self.silent.payload)]
        with m.If(transfers):
            m.d.sync += word.eq(Mux(last, 0, word + 1))
        return m
