"""Changes of theta or of M: G times the rates, rounded; see `golden.optimizer`."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.layout import Layout
from ..golden.optimizer import RATE_BITS
from .fixed import round_shift
from .layout import lane_words


class RateProducts(Component):
    """round(G rate / 2**shift) with the rate of the parameter's layer, or 0 in a pass without an update.

    Parameters
    ----------
    layout : golden.layout.Layout
    bits : int
        Width of G.
    shift : int
    firsts : list of int
        Index of the first parameter of each section of one rate.
    command : data.StructLayout
        With `update` and `rates`, one a section.

    Members
    -------
    command : stream in, one a pass.
    gradient : stream in, `layout.words` words of G a pass.
    product : stream out, `layout.words` words a pass and the command that they belong to. Two clocks after the
        gradient, one word a clock.
    """

    def __init__(self, layout: Layout, bits: int, shift: int, firsts: list[int], command: data.StructLayout):
        self.layout, self.bits, self.shift, self.firsts = layout, bits, shift, firsts
        # Rounding may need a bit more than the quotient.
        words = lane_words(max(2, bits + RATE_BITS - shift + (shift > 0)), layout.lanes)
        super().__init__(
            {
                "command": In(stream.Signature(command)),
                "gradient": In(stream.Signature(lane_words(bits, layout.lanes))),
                "product": Out(stream.Signature(data.StructLayout({"words": words, "command": command}))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layout, product = self.layout, self.product
        word, last, take, move = Signal(range(max(2, layout.words))), Signal(), Signal(), Signal()
        full, command = Signal(), Signal.like(self.command.payload)
        m.d.comb += [
            last.eq(word == layout.words - 1),
            move.eq(~product.valid | product.ready),
            take.eq(self.gradient.valid & self.command.valid & (~full | move)),
            self.gradient.ready.eq(take),
            self.command.ready.eq(take & last),
        ]
        m.d.sync += full.eq(take | (full & ~move))
        with m.If(take):
            m.d.sync += [word.eq(Mux(last, 0, word + 1)), command.eq(self.command.payload)]
        with m.If(move):
            m.d.sync += [product.valid.eq(full), product.payload.command.eq(command)]

        # Both factors stand in registers, and so does the product, which is rounded behind it.
        for lane, chosen in enumerate(self._rates(m, word, last, take)):
            g = Signal(signed(self.bits), name=f"g_{lane}", reset_less=True)
            rate = Signal(RATE_BITS, name=f"rate_{lane}", reset_less=True)
            with m.If(take):
                m.d.sync += [g.eq(self.gradient.payload[lane]), rate.eq(Mux(self.command.payload.update, chosen, 0))]
            whole = Signal(signed(self.bits + RATE_BITS), name=f"product_{lane}", reset_less=True)
            with m.If(move):
                m.d.sync += whole.eq(g * rate)
            m.d.comb += product.payload.words[lane].eq(round_shift(whole, self.shift))
        return m

    def _rates(self, m: Module, word: Signal, last: Signal, take: Signal) -> list:
        """Rate of each lane of the word that is taken."""
        lanes, rates = self.layout.lanes, self.command.payload.rates
        values = [rates[0]] * lanes
        for section, first in enumerate(self.firsts[1:], 1):
            place, lane = divmod(first, lanes)
            early, late = (self._reached(m, which, word, last, take) for which in (place, place + 1))
            values = [Mux(early if k >= lane else late, rates[section], value) for k, value in enumerate(values)]
        return values

    def _reached(self, m: Module, place: int, word: Signal, last: Signal, take: Signal):
        """Whether the word that is taken is this one or a later one."""
        if not 0 < place < self.layout.words:
            return int(place <= 0)
        reached = Signal(name=f"reached_{place}")
        with m.If(take & (last | (word == place - 1))):
            m.d.sync += reached.eq(~last)
        return reached
