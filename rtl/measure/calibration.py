"""Latency calibration: sums of |C~| over the lags behind a perturbation; see `golden.blocks.measure.calibration`."""

from amaranth.hdl import Array, Module, Mux, Signal, signed
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.measure.calibration import LAGS, PERIOD, PERTURBED, ROUNDS


class Calibration(Component):
    """Adds up costs by their lag, and finds the largest sum.

    Parameters
    ----------
    bits : int
        Width of C~.

    Members
    -------
    clear : start anew.
    valid, step, cost : a cost arrives at this step of a round.
    scan : all costs are there.
    done : high for one clock, `LAGS` clocks after `scan`.
    found, delay : with `done`: whether any sum is above 0, and the lag of the first largest one.
    """

    def __init__(self, bits: int):
        self.bits = bits
        super().__init__(
            {
                "clear": In(1),
                "valid": In(1),
                "step": In(range(PERIOD)),
                "cost": In(signed(bits)),
                "scan": In(1),
                "done": Out(1),
                "found": Out(1),
                "delay": Out(range(LAGS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = self.bits - 1 + (ROUNDS - 1).bit_length()
        sums = Array(Signal(width, name=f"sum_{k}") for k in range(LAGS))
        lag = Signal(range(PERIOD), name="lag")
        m.d.comb += lag.eq(self.step - PERTURBED)
        with m.If(self.valid & (self.step >= PERTURBED) & (lag < LAGS)):
            m.d.sync += sums[lag[:4]].eq(sums[lag[:4]] + abs(self.cost))
        with m.If(self.clear):
            m.d.sync += [word.eq(0) for word in sums]

        scanning = Signal(name="scanning")
        candidate = Signal(range(LAGS), name="candidate")
        largest = Signal(width, name="largest")
        best = Signal(range(LAGS), name="best")
        better = Signal(name="better")
        m.d.comb += [
            better.eq(sums[candidate] > largest),
            self.done.eq(scanning & (candidate == LAGS - 1)),
            self.found.eq(better | (largest != 0)),
            self.delay.eq(Mux(better, candidate, best)),
        ]
        with m.If(scanning):
            m.d.sync += candidate.eq(candidate + 1)
            with m.If(better):
                m.d.sync += [largest.eq(sums[candidate]), best.eq(candidate)]
            with m.If(self.done):
                m.d.sync += scanning.eq(0)
        with m.If(self.scan):
            m.d.sync += [scanning.eq(1), candidate.eq(0), largest.eq(0), best.eq(0)]
        return m
