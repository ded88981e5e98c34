"""Delay line of the cost between array and engine: it arrives some steps late.

See `golden.blocks.measure.delay_line`.
"""

from amaranth.hdl import Array, Module, Signal, signed
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.measure.calibration import LAGS
from ..lib.host_port import HostPort


class DelayLine(Component):
    """The last 16 costs, of which the one of `latency` steps ago comes out.

    Parameters
    ----------
    latency : int
        Steps, 1 .. 15.
    bits : int
        Width of C~.

    Members
    -------
    cost, delayed : C~ of this step, and that of `latency` steps ago, in the same clock.
    step : number of this step mod 16.
    write : the step ends: its cost is kept.
    clear : set all costs to zero.
    host : costs by the number of their step mod 16.
    """

    def __init__(self, latency: int, bits: int):
        self.latency = latency
        self.bits = bits
        super().__init__(
            {
                "cost": In(signed(bits)),
                "delayed": Out(signed(bits)),
                "step": In(range(LAGS)),
                "write": In(1),
                "clear": In(1),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        costs = Array(Signal(signed(self.bits), name=f"cost_{k}") for k in range(LAGS))
        host_index = Signal(range(LAGS), name="host_index")
        m.d.comb += self.delayed.eq(costs[(self.step - self.latency)[:4]])
        with m.If(self.write):
            m.d.sync += costs[self.step].eq(self.cost)
        with m.If(self.host.select):
            m.d.sync += host_index.eq(self.host.index)
            with m.If(self.host.write):
                m.d.sync += costs[self.host.index[:4]].eq(self.host.data)
        m.d.comb += self.host.value.eq(costs[host_index])
        with m.If(self.clear):
            m.d.sync += [cost.eq(0) for cost in costs]
        return m
