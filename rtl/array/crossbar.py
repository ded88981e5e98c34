"""The emulated array: products through converters; see `golden.blocks.array.crossbar`."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.array.crossbar import Crossbar
from ...golden.blocks.lib.layout import Layout
from ...golden.chip.memory_map import SAMPLE_WORD
from ..lib.fixed import round_shift, saturate
from ..lib.layout import lane_words
from ..lib.signals import signals
from ..measure.neuron import rails
from .crossbar_line_codes import LineCodes
from .crossbar_operations import Operations


class CrossbarArray(Component):
    """Multiplies one word of cells a clock with the lines of both rails.

    Parameters
    ----------
    crossbar : golden.blocks.array.crossbar.Crossbar
    layout : golden.blocks.lib.layout.Layout
    polarity : int
        Polarity of rail 1: 0 or -1; rail 0 has +1.
    code_bits : int
        Width of a perturbation: 2 for signs, which the amplitude scales; wider ones are in weight LSBs.

    Members
    -------
    line : stream in, words of 8 line codes, `record_words(inputs)` a sweep; two sweeps at most ahead of
        their use.
    hidden : stream in, line codes of the hidden neurons in order, both rails.
    weight, sign : streams in, `layout.words` words of weight codes and of perturbations a sweep.
        A word that holds the ends of several neurons takes a clock for each.
    adc : stream out, codes of all neurons in order, both rails; 4 + floor(log2(lanes) / 2) clocks after a
        neuron's last word: operands, products, partial sums of 4 lanes each, the sum, and its code.
    """

    def __init__(self, crossbar: Crossbar, layout: Layout, polarity: int, code_bits: int = 2):
        self.crossbar = crossbar
        self.layout = layout
        self.polarity = polarity
        self.code_bits = code_bits
        super().__init__(
            {
                "line": In(stream.Signature(data.ArrayLayout(signed(crossbar.line_bits), SAMPLE_WORD))),
                "hidden": In(stream.Signature(rails(crossbar.line_bits))),
                "weight": In(stream.Signature(lane_words(crossbar.weight_bits, layout.lanes))),
                "sign": In(stream.Signature(lane_words(code_bits, layout.lanes))),
                "adc": Out(stream.Signature(rails(crossbar.adc_bits))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        array, lanes = self.crossbar, self.layout.lanes
        m.submodules.operations = operation = Operations(self.layout)
        lines = LineCodes(
            m, self.layout, array.line_bits, array.one, operation=operation, line=self.line, hidden=self.hidden
        )
        take, move = signals("take move")
        m.d.comb += [
            take.eq(self.weight.valid & self.sign.valid & operation.valid & lines.complete & move),
            operation.next.eq(take),
            self.weight.ready.eq(take & operation.advance),
            self.sign.ready.eq(take & operation.advance),
        ]

        # What the operation is goes along with its operands, its products, and their partial sums.
        stage = data.StructLayout({"full": 1, "closing": 1, "carrying": 1, "own": lanes, "tail": lanes})
        stages = [Signal(stage, name=f"stage_{k}") for k in range(2 + (lanes - 1).bit_length() // 2)]
        with m.If(move):
            m.d.sync += [
                stages[0].full.eq(take),
                stages[0].closing.eq(operation.close),
                stages[0].carrying.eq(operation.carry),
                stages[0].own.eq(operation.own),
                stages[0].tail.eq(operation.tail),
            ]
            m.d.sync += [late.eq(early) for early, late in zip(stages, stages[1:], strict=False)]

        closes, codes = Signal(name="closes"), Signal.like(self.adc.payload, name="codes")
        with m.If(move):
            m.d.sync += closes.eq(stages[-1].full & stages[-1].closing)
        for number, polarity in enumerate((1, self.polarity)):
            products = self._products(m, number, polarity, lines.codes[number], take, move)
            total = self._total(m, number, products, stages, move)
            code = saturate(round_shift(total, array.adc_shift), array.adc_bits)
            m.d.comb += codes[f"rail{number}"].eq(code)
        self._give(m, closes, codes, move)
        return m

    def _products(self, m: Module, rail: int, polarity: int, lines: list[Signal], take: Signal, move: Signal):
        """Registers with (w + p a s) x of the lanes of a rail; the cells are registers too."""
        bits, amplitude = self.crossbar.weight_bits, self.crossbar.amplitude
        signs = self.code_bits == 2
        width = max(bits, amplitude.bit_length() + 1 if signs else self.code_bits) + 1
        products = []
        for lane, line in enumerate(lines):
            cell = Signal(signed(width), name=f"cell_{rail}_{lane}", reset_less=True)
            product = Signal(signed(width + self.crossbar.line_bits), name=f"product_{rail}_{lane}", reset_less=True)
            change: Value = self.sign.payload[lane]
            if signs:
                change = Mux(change == 0, 0, Mux(change < 0, -amplitude, amplitude))
            with m.If(take):
                m.d.sync += cell.eq(self.weight.payload[lane] + polarity * change)
            with m.If(move):
                m.d.sync += product.eq(cell * line)
            products.append(product)
        return products

    def _total(self, m: Module, rail: int, products: list[Signal], stages: list[Signal], move: Signal) -> Signal:
        """Register with the sum of a rail, of a neuron that closes."""
        here, last, none = stages[1], stages[-1], Const(0, signed(1))
        own, tail = (
            [Mux(mask[lane], product, none) for lane, product in enumerate(products)] for mask in (here.own, here.tail)
        )
        if len(products) == 1:  # a neuron ends with a word
            own, tail = [*products], [none]
        total, held, carried = (
            Signal(signed(self.crossbar.sum_bits), name=f"{name}_{rail}") for name in ("total", "held", "carried")
        )
        present = Signal.like(total, name=f"present_{rail}")
        m.d.comb += [
            present.eq(held + self._sum(m, own, move, f"own_{rail}")),
            carried.eq(self._sum(m, tail, move, f"tail_{rail}")),
        ]
        with m.If(move):
            m.d.sync += total.eq(present)
            with m.If(last.full):
                m.d.sync += held.eq(Mux(last.closing, Mux(last.carrying, carried, 0), present))
        return total

    def _sum(self, m: Module, values: list[Value], move: Signal, name: str) -> Value:
        """Sum of values, with registers behind every two additions."""
        level = 0
        while len(values) > 1:
            values = [a + b for a, b in zip(values[::2], values[1::2], strict=True)]
            level += 1
            if level % 2 == 0:
                sums = [Signal(v.shape(), name=f"{name}_{level}_{k}", reset_less=True) for k, v in enumerate(values)]
                with m.If(move):
                    m.d.sync += [register.eq(value) for register, value in zip(sums, values, strict=True)]
                values = [*sums]
        return values[0]

    def _give(self, m: Module, closes: Signal, codes, move: Signal) -> None:
        """Give the codes of a neuron from two places in turn; if both are full, the array stands."""
        full = Signal(2, name="full")
        write, read = signals("write read")
        places = [Signal.like(codes, name=f"codes_{k}", reset_less=True) for k in range(2)]
        m.d.comb += [
            move.eq(~full.bit_select(write, 1)),
            self.adc.valid.eq(full.bit_select(read, 1)),
            self.adc.payload.eq(Mux(read, places[1], places[0])),
        ]
        with m.If(self.adc.valid & self.adc.ready):
            m.d.sync += [full.bit_select(read, 1).eq(0), read.eq(~read)]
        with m.If(move & closes):
            m.d.sync += [full.bit_select(write, 1).eq(1), write.eq(~write)]
        for k, place in enumerate(places):
            with m.If(~full[k] & (write == k)):  # whatever comes, until a neuron closes
                m.d.sync += place.eq(codes)
