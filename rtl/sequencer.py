"""Sequencer: counts steps, presents patterns and samples, applies costs; see `golden.sequencer`.

A run from step s to step T takes T - s + 1 sweeps. Sweep n applies the cost of step n - 1 and measures
step n; the last one only applies, and what it measures is dropped. Patterns and samples of a sweep
are presented ahead of it, as they do not depend on the cost.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.codes import Codes
from ..golden.cost import Cost
from ..golden.memory_map import Register
from ..golden.samples import Samples
from ..golden.sequencer import Sequencer
from .cost import result_layout

COUNTER = 32


class StepSequencer(Component):
    """Counters of a run and the commands of each sweep.

    Parameters
    ----------
    sequencer : golden.sequencer.Sequencer
    codes : golden.codes.Codes
    samples : golden.samples.Samples
    cost : golden.cost.Cost

    Members
    -------
    start : begins a run to step `target`, which is latched; ignored while `busy`.
    stop : ends the run at the earliest step possible, instead of `target`.
    present : stream out, one a sweep: this sweep's and the last sweep's pattern, the sample.
    result : stream in, one measurement a sweep.
    apply : stream out, one a sweep: C~ of the last step, whether it ends a window, and its number.
    saturated : high for one clock when the C~ of a step saturated.
    load, load_register, load_value : the host writes a restorable register; only while idle.
    step, pattern, ... : the counters, as in `golden.memory_map.Register`.
    """

    def __init__(self, sequencer: Sequencer, codes: Codes, samples: Samples, cost: Cost):
        self.sequencer = sequencer
        self.codes = codes
        self.samples = samples
        self.cost = cost
        position, index = range(max(2, codes.size)), range(max(2, samples.size))
        present = data.StructLayout(
            {
                "pattern": COUNTER, "position": position,
                "last_pattern": COUNTER, "last_position": position,
                "sample": COUNTER, "index": index,
            }
        )  # fmt: skip
        apply = data.StructLayout({"cost": signed(cost.bits), "update": 1, "step": COUNTER})
        super().__init__(
            {
                "start": In(1),
                "stop": In(1),
                "target": In(COUNTER),
                "busy": Out(1),
                "present": Out(stream.Signature(present)),
                "result": In(stream.Signature(result_layout(cost))),
                "apply": Out(stream.Signature(apply)),
                "saturated": Out(1),
                "load": In(1),
                "load_register": In(Register),
                "load_value": In(COUNTER),
                "step": Out(COUNTER),
                "pattern": Out(COUNTER),
                "position": Out(position),
                "sample": Out(COUNTER),
                "sample_index": Out(index),
                "phase_p": Out(range(max(2, sequencer.tau_p))),
                "phase_x": Out(range(max(2, sequencer.tau_x))),
                "phase_theta": Out(range(max(2, sequencer.tau_theta))),
                "last": Out(result_layout(cost)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        target = Signal(COUNTER)
        presented = Signal(COUNTER)
        presenting, draining = Signal(), Signal()
        ahead = Signal(COUNTER)
        last_pattern, last_position = Signal.like(self.pattern), Signal.like(self.position)

        payload = self.present.payload
        m.d.comb += [
            payload.pattern.eq(self.pattern),
            payload.position.eq(self.position),
            payload.last_pattern.eq(last_pattern),
            payload.last_position.eq(last_position),
            payload.sample.eq(self.sample),
            payload.index.eq(self.sample_index),
            self.present.valid.eq(presenting),
        ]
        m.d.comb += ahead.eq(presented)
        with m.If(self.stop):
            m.d.sync += target.eq(ahead)
        with m.If(presenting & self.present.ready):
            m.d.sync += [last_pattern.eq(self.pattern), last_position.eq(self.position)]
            with m.If(presented == target):
                m.d.sync += presenting.eq(0)
            with m.Else():
                m.d.comb += ahead.eq(presented + 1)
                m.d.sync += presented.eq(ahead)
                self._advance(m)

        with m.If(self.apply.valid & self.apply.ready):
            m.d.sync += self.apply.valid.eq(0)
        m.d.comb += self.result.ready.eq(self.busy & ~self.apply.valid)
        # The sweep at the target measures nothing that counts.
        m.d.comb += draining.eq(self.step == target)
        with m.If(self.result.valid & self.result.ready):
            with m.If(draining):
                m.d.sync += self.busy.eq(0)
            with m.Else():
                m.d.comb += self.saturated.eq(self.result.payload.saturated)
                ends = self.phase_theta == self.sequencer.tau_theta - 1
                m.d.sync += [
                    self.last.eq(self.result.payload),
                    self.apply.valid.eq(1),
                    self.apply.payload.cost.eq(self.result.payload.cost),
                    self.apply.payload.update.eq(ends),
                    self.apply.payload.step.eq(self.step),
                    self.phase_theta.eq(Mux(ends, 0, self.phase_theta + 1)),
                    self.step.eq(self.step + 1),
                ]

        with m.If(~self.busy):
            with m.If(self.start):
                m.d.sync += [
                    self.busy.eq(1),
                    target.eq(self.target),
                    presented.eq(self.step),
                    presenting.eq(1),
                    self.apply.valid.eq(1),
                    self.apply.payload.cost.eq(0),
                    self.apply.payload.update.eq(0),
                ]
            with m.Elif(self.load):
                with m.Switch(self.load_register):
                    for register in Register:
                        if register.name.lower() in RESTORABLE:
                            with m.Case(register):
                                m.d.sync += getattr(self, register.name.lower()).eq(self.load_value)
        return m

    def _advance(self, m: Module) -> None:
        """Counters of the next step's pattern and sample."""
        pattern_ends = self.phase_p == self.sequencer.tau_p - 1
        m.d.sync += self.phase_p.eq(Mux(pattern_ends, 0, self.phase_p + 1))
        with m.If(pattern_ends):
            position = self.position + self.codes.stride
            m.d.sync += self.pattern.eq(self.pattern + 1)
            m.d.sync += self.position.eq(Mux(position >= self.codes.size, position - self.codes.size, position))
        sample_ends = self.phase_x == self.sequencer.tau_x - 1
        m.d.sync += self.phase_x.eq(Mux(sample_ends, 0, self.phase_x + 1))
        with m.If(sample_ends):
            wraps = self.sample_index == self.samples.size - 1
            m.d.sync += self.sample.eq(self.sample + 1)
            m.d.sync += self.sample_index.eq(Mux(wraps, 0, self.sample_index + 1))


RESTORABLE = ("step", "pattern", "position", "sample", "sample_index", "phase_p", "phase_x", "phase_theta")
"""Counters that the host may write."""
