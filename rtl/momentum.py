"""Momentum of the optimizer: M <- round(M gamma) + round(G rate / 2**(shift - 8)); see `golden.optimizer`."""

from typing import TYPE_CHECKING

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.layout import Layout
from ..golden.optimizer import FRACTION, MOMENTUM_BITS, RATE_BITS, Optimizer
from .buses.host import HostPort
from .fixed import exceeds, round_shift, saturate
from .layout import ReadModifyWrite, lane_words

if TYPE_CHECKING:
    from .optimizer import Rates


class MomentumMemory(Component):
    """The words of M, and one pass over them for every sweep: M <- round(M gamma) + round(G rate / 2**(shift - 8)).

    Parameters
    ----------
    optimizer : golden.optimizer.Optimizer
    layout : golden.layout.Layout
    rates : Rates
    command : data.StructLayout
        With `update` and `rates`.

    Members
    -------
    command : stream in, one a pass.
    gradient : stream in, `layout.words` words of G a pass.
    momentum : stream out, `layout.words` words of M a pass, after the update, and whether one saturated in it.
        One clock after the gradient, one word a clock.
    held : the command that `momentum` belongs to.
    host : words of M by parameter index.
    """

    def __init__(self, optimizer: Optimizer, layout: Layout, rates: "Rates", command: data.StructLayout):
        self.optimizer = optimizer
        self.layout = layout
        self._rates = rates
        result = data.StructLayout({"words": lane_words(MOMENTUM_BITS, layout.lanes), "saturated": 1})
        super().__init__(
            {
                "command": In(stream.Signature(command)),
                "gradient": In(stream.Signature(lane_words(optimizer.gradient_bits, layout.lanes))),
                "momentum": Out(stream.Signature(result)),
                "held": Out(command),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        optimizer = self.optimizer
        sweep = ReadModifyWrite(
            m, self.layout, MOMENTUM_BITS, host=self.host, words=self.gradient, command=self.command,
            result=self.momentum,
        )  # fmt: skip
        over = Signal(self.layout.lanes)
        for lane, rate in enumerate(self._rates.of_lanes(m, sweep)):
            product = Signal(signed(optimizer.gradient_bits + RATE_BITS))
            decayed = Signal(signed(MOMENTUM_BITS + FRACTION))
            raw = Signal(signed(max(len(product), MOMENTUM_BITS) + 1))
            word = sweep.data[lane]
            m.d.comb += [
                product.eq(sweep.words[lane] * rate),
                decayed.eq(sweep.value[lane] * optimizer.momentum),
                raw.eq(round_shift(decayed, FRACTION) + round_shift(product, optimizer.shift - FRACTION)),
                over[lane].eq(exceeds(raw, MOMENTUM_BITS)),
                word.eq(Mux(sweep.command.update, saturate(raw, MOMENTUM_BITS), sweep.value[lane])),
                self.momentum.payload.words[lane].eq(word),
            ]
        m.d.comb += [
            self.momentum.payload.saturated.eq(sweep.command.update & over.any()),
            self.held.eq(sweep.command),
        ]
        return m
