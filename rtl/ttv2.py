"""Tiki-Taka v2 filter: H -= G, single pulses at the threshold, a word of lanes a clock; see `golden.ttv2`."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.layout import Layout
from ..golden.ttv2 import KEEP, SUBTRACT, Ttv2
from .buses.host import HostPort
from .fixed import exceeds, round_shift, saturate
from .layout import ReadModifyWrite, lane_words


class FilterMemory(Component):
    """The words of H, and one pass over them for every sweep.

    Parameters
    ----------
    ttv2 : golden.ttv2.Ttv2
    layout : golden.layout.Layout

    Members
    -------
    command : stream in, one a pass: whether G is integrated, and the threshold T.
    gradient : stream in, `layout.words` words of G a pass.
    pulses : stream out, `layout.words` words a pass, lanes of signed(2): -1, 0 or +1. One clock after
        the gradient, one word a clock.
    saturated : high for one clock when a word saturates.
    host : words of H by parameter index.
    """

    def __init__(self, ttv2: Ttv2, layout: Layout):
        self.ttv2 = ttv2
        self.layout = layout
        command = data.StructLayout({"update": 1, "value": ttv2.bits - 1})
        super().__init__(
            {
                "command": In(stream.Signature(command)),
                "gradient": In(stream.Signature(lane_words(ttv2.gradient_bits, layout.lanes))),
                "pulses": Out(stream.Signature(lane_words(2, layout.lanes))),
                "saturated": Out(1),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits = self.ttv2.bits
        sweep = ReadModifyWrite(
            m, self.layout, bits, host=self.host, words=self.gradient, command=self.command, result=self.pulses
        )
        threshold = sweep.command.value
        over = Signal(self.layout.lanes)
        for lane in range(self.layout.lanes):
            raw = Signal(signed(max(bits, self.ttv2.gradient_bits) + 1))
            word = Signal(signed(bits))
            negative, fire = Signal(), Signal()
            if self.ttv2.reset == SUBTRACT:
                rest = Mux(negative, word + threshold, word - threshold)
            elif self.ttv2.reset == KEEP:
                rest = round_shift(word, self.ttv2.keep_shift)
            else:
                rest = 0
            m.d.comb += [
                raw.eq(sweep.value[lane] - Mux(sweep.command.update, sweep.words[lane], 0)),
                over[lane].eq(exceeds(raw, bits)),
                word.eq(saturate(raw, bits)),
                negative.eq(word < 0),
                fire.eq(sweep.command.update & (abs(word) >= threshold)),
                self.pulses.payload[lane].eq(Cat(fire, fire & negative).as_signed()),
                sweep.data[lane].eq(Mux(fire, rest, word)),
            ]
        m.d.comb += self.saturated.eq(sweep.give & over.any())
        return m
