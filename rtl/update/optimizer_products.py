"""Changes of theta or of M: G times the rates, rounded; see `golden.blocks.update.optimizer`."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.update.optimizer import RATE_BITS
from ..lib.fixed import round_shift
from ..lib.layout import lane_words
from ..lib.signals import signals

LOW = 16
"""Bits of G's lower part: multipliers of FPGAs take 16 or 18, and a wider product is a sum, made a clock later."""


class RateProducts(Component):
    """round(G rate / 2**shift) with the rate of the parameter's layer, or 0 in a pass without an update.

    Parameters
    ----------
    layout : golden.blocks.lib.layout.Layout
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
    product : stream out, `layout.words` words a pass and the command that they belong to. Three clocks after the
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
        word = Signal(range(max(2, layout.words)), name="word")
        last, take, move = signals("last take move")
        full, multiplied = signals("full multiplied")
        command = Signal.like(self.command.payload, name="command")
        later = Signal.like(self.command.payload, name="later")
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
            m.d.sync += [multiplied.eq(full), product.valid.eq(multiplied)]
            m.d.sync += [later.eq(command), product.payload.command.eq(later)]

        # Factors, products of G's parts and their sum stand in registers; multipliers may be far away.
        for lane, chosen in enumerate(self._rates(m, word, last, take)):
            g = Signal(signed(self.bits), name=f"g_{lane}", reset_less=True)
            rate = Signal(RATE_BITS, name=f"rate_{lane}", reset_less=True)
            with m.If(take):
                m.d.sync += g.eq(self.gradient.payload[lane])
            # Yosys makes one register of equal ones, which lies far from half of the multipliers. Every second lane's
            # may change without a word, and so there are two.
            with m.If(~full | move if lane % 2 else take):
                m.d.sync += rate.eq(Mux(self.command.payload.update, chosen, 0))
            low = min(LOW, self.bits - 1)
            lower = Signal(low + RATE_BITS, name=f"lower_{lane}", reset_less=True)
            upper = Signal(signed(self.bits - low + RATE_BITS), name=f"upper_{lane}", reset_less=True)
            whole = Signal(signed(self.bits + RATE_BITS), name=f"product_{lane}", reset_less=True)
            with m.If(move):
                m.d.sync += [lower.eq(g[:low] * rate), upper.eq(g[low:].as_signed() * rate)]
                m.d.sync += whole.eq(Cat(lower[:low], upper + lower[low:]))
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
