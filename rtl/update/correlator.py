"""Correlator: G += C~ s, a word of lanes a clock; see `golden.blocks.update.correlator`."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.update.correlator import LEAK_BITS, Correlator
from ..lib.fixed import exceeds, round_shift, saturate
from ..lib.host_port import HostPort
from ..lib.layout import lane_words
from ..lib.read_modify_write import ReadModifyWrite


class CorrelatorMemory(Component):
    """The words of G, and one pass over them for every cost, or for every window of costs.

    Parameters
    ----------
    correlator : golden.blocks.update.correlator.Correlator
    layout : golden.blocks.lib.layout.Layout
    product_bits : int
        With a window, width of its sums.

    Members
    -------
    cost : stream in, one a pass: C~, and whether G is cleared after this pass (`clear`) or, if it is leaky, leaks
        in it (`step`). With a window: whether the pass is of use, and whether G is cleared; without `use` the
        memory is left alone.
    factors : stream in (without a window), `layout.words` words a pass, lanes of signed(factor_bits).
    products : stream in (with one), `layout.words` words a pass, lanes of signed(product_bits): what is added.
    leak : setting (leaky), see `golden.blocks.update.correlator`; may change between passes.
    gradient : stream out, `layout.words` words a pass: G after the addition, or 0 without `use`. One clock
        after the factors, one word a clock.
    saturated : high for one clock when a word saturates.
    host : words of G by parameter index.
    """

    def __init__(self, correlator: Correlator, layout: Layout, product_bits: int = 0):
        self.correlator = correlator
        self.layout = layout
        self.product_bits = product_bits
        self.windowed = correlator.window > 1
        if self.windowed:
            command, source, bits = data.StructLayout({"use": 1, "clear": 1}), "products", product_bits
        else:
            kind = "step" if correlator.leaky else "clear"
            command = data.StructLayout({"cost": signed(correlator.cost_bits), kind: 1})
            source, bits = "factors", correlator.factor_bits
        members = {
            "cost": In(stream.Signature(command)),
            source: In(stream.Signature(lane_words(bits, layout.lanes))),
            "gradient": Out(stream.Signature(lane_words(correlator.bits, layout.lanes))),
            "saturated": Out(1),
            "host": In(HostPort()),
        }
        if correlator.leaky:
            members["leak"] = In(LEAK_BITS)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        bits, leaky = self.correlator.bits, self.correlator.leaky
        sweep = ReadModifyWrite(
            m, self.layout, bits, host=self.host, words=self.products if self.windowed else self._products(m),
            command=self.cost, result=self.gradient, selective=self.windowed,
        )  # fmt: skip
        clear = Const(0) if leaky else sweep.command.clear
        over = Signal(self.layout.lanes, name="over")
        for lane in range(self.layout.lanes):
            total = self._sum(m, sweep.value[lane], sweep.words[lane], sweep.command)
            raw = Signal(signed(len(total)), name=f"raw_{lane}")
            m.d.comb += raw.eq(Mux(sweep.command.use, total, 0) if self.windowed else total)
            m.d.comb += over[lane].eq(exceeds(raw, bits))
            m.d.comb += self.gradient.payload[lane].eq(saturate(raw, bits))
            m.d.comb += sweep.data[lane].eq(Mux(clear, 0, self.gradient.payload[lane]))
        m.d.comb += self.saturated.eq(sweep.commit & over.any())
        return m

    def _products(self, m: Module):
        """C~ times the factors: they stand in the registers that hold a word until it is added."""
        bits, signs = self.correlator.cost_bits, self.correlator.factor_bits == 2
        words = lane_words(bits if signs else bits + self.correlator.factor_bits, self.layout.lanes)
        products = stream.Signature(words).create(path=("products",))
        m.d.comb += [products.valid.eq(self.factors.valid), self.factors.ready.eq(products.ready)]
        cost, opposite = self.cost.payload.cost, Signal(signed(bits), name="opposite")
        m.d.comb += opposite.eq(-cost)  # C~ is never the number that has no opposite
        for factor, product in zip(self.factors.payload, products.payload, strict=True):
            signed_cost = Mux(factor == 0, 0, Mux(factor[-1], opposite, cost))
            m.d.comb += product.eq(signed_cost if signs else cost * factor)
        return products

    def _sum(self, m: Module, g: Value, product: Value, command) -> Value:
        """G after the leak, plus a product."""
        if self.correlator.leaky:
            rest = Signal(signed(self.correlator.bits), name="rest")
            m.d.comb += rest.eq(Mux(command.step, g - round_shift(g * self.leak, LEAK_BITS), g))
            g = rest
        return g + product
