"""The way of the cost from the array to the engine: it arrives some steps late; see `golden.step`."""

from amaranth.hdl import Array, Module, Signal, signed
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.measure.calibration import LAGS
from ..lib.host_port import HostPort


class Channel(Component):
    """The last 16 costs, of which the one of `latency` steps ago comes out.

    Parameters
    ----------
    latency : int
        Steps, 1 .. 15.
    bits : int
        Width of C~.

    Members
    -------
    cost, late : C~ of this step, and that of `latency` steps ago, in the same clock.
    place : number of this step mod 16.
    take : the step ends: its cost is kept.
    clear : forget all costs.
    host : costs by the number of their step mod 16.
    """

    def __init__(self, latency: int, bits: int):
        self.latency = latency
        self.bits = bits
        super().__init__(
            {
                "cost": In(signed(bits)),
                "late": Out(signed(bits)),
                "place": In(range(LAGS)),
                "take": In(1),
                "clear": In(1),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        costs = Array(Signal(signed(self.bits), name=f"cost_{k}") for k in range(LAGS))
        held = Signal(range(LAGS))
        m.d.comb += self.late.eq(costs[(self.place - self.latency)[:4]])
        with m.If(self.take):
            m.d.sync += costs[self.place].eq(self.cost)
        with m.If(self.host.select):
            m.d.sync += held.eq(self.host.index)
            with m.If(self.host.write):
                m.d.sync += costs[self.host.index[:4]].eq(self.host.data)
        m.d.comb += self.host.value.eq(costs[held])
        with m.If(self.clear):
            m.d.sync += [cost.eq(0) for cost in costs]
        return m
