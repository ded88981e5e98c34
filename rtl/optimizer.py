"""Optimizer: theta -= round(G rate / 2**shift), a word of lanes a clock; see `golden.optimizer`."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.layout import Layout
from ..golden.optimizer import RATE_BITS, Optimizer
from .buses.host import HostPort
from .fixed import exceeds, round_shift, saturate
from .layout import ReadModifyWrite, lane_words


def scheduled(schedule: tuple[tuple[int, int], ...], step: Value) -> Value:
    """Value of a schedule in force at a step, combinational."""
    value = Value.cast(schedule[0][1])
    for start, later in schedule[1:]:
        value = Mux(step >= start, later, value)
    return value


class OptimizerMemory(Component):
    """The words of theta, and one pass over them for every sweep.

    Parameters
    ----------
    optimizer : golden.optimizer.Optimizer
    layout : golden.layout.Layout

    Members
    -------
    command : stream in, one a pass: whether theta is updated, and the rate.
    gradient : stream in, `layout.words` words of G a pass.
    parameters : stream out, `layout.words` words of theta a pass, after the update. One clock after
        the gradient, one word a clock.
    saturated : high for one clock when a word saturates.
    host : words of theta by parameter index.
    """

    def __init__(self, optimizer: Optimizer, layout: Layout):
        self.optimizer = optimizer
        self.layout = layout
        command = data.StructLayout({"update": 1, "value": RATE_BITS})
        super().__init__(
            {
                "command": In(stream.Signature(command)),
                "gradient": In(stream.Signature(lane_words(optimizer.gradient_bits, layout.lanes))),
                "parameters": Out(stream.Signature(lane_words(optimizer.bits, layout.lanes))),
                "saturated": Out(1),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits = self.optimizer.bits
        sweep = ReadModifyWrite(
            m, self.layout, bits, host=self.host, words=self.gradient, command=self.command, result=self.parameters
        )
        over = Signal(self.layout.lanes)
        for lane in range(self.layout.lanes):
            product = Signal(signed(self.optimizer.gradient_bits + RATE_BITS))
            raw = Signal(signed(max(bits, len(product)) + 1))
            m.d.comb += [
                product.eq(Mux(sweep.command.update, sweep.words[lane] * sweep.command.value, 0)),
                raw.eq(sweep.value[lane] - round_shift(product, self.optimizer.shift)),
                over[lane].eq(exceeds(raw, bits)),
                self.parameters.payload[lane].eq(saturate(raw, bits)),
                sweep.data[lane].eq(self.parameters.payload[lane]),
            ]
        m.d.comb += self.saturated.eq(sweep.give & over.any())
        return m
