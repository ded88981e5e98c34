"""Momentum of the optimizer: M <- round(M gamma) + round(G rate / 2**(shift - 8)).

See `golden.blocks.update.optimizer`.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.update.optimizer import FRACTION, MOMENTUM_BITS, Optimizer
from ..lib.fixed import exceeds, round_shift, saturate
from ..lib.host_port import HostPort
from ..lib.layout import lane_words
from ..lib.read_modify_write import ReadModifyWrite, always


class MomentumMemory(Component):
    """The words of M, and one pass over them for every sweep: M <- round(M gamma) + the change.

    Parameters
    ----------
    optimizer : golden.blocks.update.optimizer.Optimizer
    layout : golden.blocks.lib.layout.Layout
    change : data.StructLayout
        Of `rtl.update.optimizer_products.RateProducts`.

    Members
    -------
    change : stream in, `layout.words` words a pass, each with the command of the pass.
    momentum : stream out, `layout.words` words of M a pass, after the update, and whether one saturated in it.
        One clock after the change, one word a clock.
    held : the command that `momentum` belongs to.
    host : words of M by parameter index.
    """

    def __init__(self, optimizer: Optimizer, layout: Layout, change: data.StructLayout):
        self.optimizer = optimizer
        self.layout = layout
        result = data.StructLayout({"words": lane_words(MOMENTUM_BITS, layout.lanes), "saturated": 1})
        super().__init__(
            {
                "change": In(stream.Signature(change)),
                "momentum": Out(stream.Signature(result)),
                "held": Out(change["command"].shape),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        sweep = ReadModifyWrite(
            m, self.layout, MOMENTUM_BITS, host=self.host, words=self.change,
            command=always(m, self.change.payload.command), result=self.momentum,
        )  # fmt: skip
        over = Signal(self.layout.lanes, name="over")
        for lane, change in enumerate(sweep.words.words):
            decayed = Signal(signed(MOMENTUM_BITS + FRACTION), name="decayed")
            raw = Signal(signed(max(len(change), MOMENTUM_BITS) + 1), name="raw")
            word = sweep.data[lane]
            m.d.comb += [
                decayed.eq(sweep.value[lane] * self.optimizer.momentum),
                raw.eq(round_shift(decayed, FRACTION) + change),
                over[lane].eq(exceeds(raw, MOMENTUM_BITS)),
                word.eq(Mux(sweep.command.update, saturate(raw, MOMENTUM_BITS), sweep.value[lane])),
                self.momentum.payload.words[lane].eq(word),
            ]
        m.d.comb += [
            self.momentum.payload.saturated.eq(sweep.command.update & over.any()),
            self.held.eq(sweep.command),
        ]
        return m
