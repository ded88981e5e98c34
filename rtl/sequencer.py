"""Sequencer: counts steps, presents patterns and samples, applies costs; see `golden.sequencer`.

A sweep is one reading of the array. A run from step s to step T takes the readings of all steps and one
more: the first reading of step n applies the cost of step n - 1, and the sweep behind the last step only
applies. Sweeps are presented ahead of that, as patterns and samples do not depend on the cost.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.calibration import PERIOD, PERTURBED, ROUNDS
from ..golden.chip import Chip
from ..golden.cost import AVERAGE, FORWARD
from ..golden.memory_map import Register
from .cost import READING, result_layout
from .settings import LAYOUT, TAU_BITS

COUNTER = 32
RESTORABLE = tuple(Register(k).name.lower() for k in range(Register.STEP, Register.LAG_PHASE_X + 1))
"""Counters that the host may write."""


class StepSequencer(Component):
    """Counters of a run and the commands of each sweep.

    Parameters
    ----------
    chip : golden.chip.Chip

    Members
    -------
    settings : time constants and averages.
    start : begins a run to step `target`, which is latched; ignored while `busy`, as the next two.
    evaluate : presents the first `target` samples without perturbation, and counts.
    calibrate : see `golden.calibration`; `scan` is high for one clock when all costs are there, and
        `scanned` ends it.
    stop : ends a run at the earliest step possible, instead of `target`.
    present : stream out, one a sweep: the pattern, that of the cost to be applied, the sample (`direct`:
        by index, whatever the order), whether perturbations are off, and what the reading is for.
    result : stream in, one measurement a step; `arrived` is the C~ that arrives with it.
    measured, number : high for one clock when it is taken; its step (of a calibration: mod 512).
    apply : stream out, one a sweep: C~ that arrived or 0 if it is not to be used, its pattern and step,
        whether the step ends a window of tau_theta (`update`) or of the correlator (`flush`).
    saturated : high for one clock when the C~ of a step saturated.
    load, load_register, load_value : the host writes a restorable register; only while idle.
    step, pattern, ... : the counters, as in `golden.memory_map.Register`.
    last : the last measurement of a run; total, right : counts of the last evaluation.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        self.codes, self.samples, self.cost = chip.codes, chip.samples, chip.cost
        position, index = range(max(2, chip.codes.size)), range(max(2, chip.samples.size))
        turn = range(max(2, len(chip.layout.rows)))
        present = data.StructLayout(
            {
                "pattern": COUNTER, "position": position, "turn": turn,
                "last_pattern": COUNTER, "last_position": position, "last_turn": turn,
                "sample": COUNTER, "index": index, "direct": 1, "still": 1, "reading": READING,
            }
        )  # fmt: skip
        apply = data.StructLayout(
            {"cost": signed(chip.cost.bits), "used": 1, "update": 1, "flush": 1, "pattern": COUNTER, "step": COUNTER}
        )
        counters = {
            "step": COUNTER, "pattern": COUNTER, "position": position, "turn": turn,
            "sample": COUNTER, "sample_index": index,
            "phase_p": TAU_BITS, "phase_x": TAU_BITS, "phase_theta": TAU_BITS, "phase_refresh": TAU_BITS,
            "lag_pattern": COUNTER, "lag_position": position, "lag_phase_p": TAU_BITS, "lag_phase_x": TAU_BITS,
        }  # fmt: skip
        super().__init__(
            {
                "settings": In(LAYOUT),
                "start": In(1),
                "stop": In(1),
                "evaluate": In(1),
                "calibrate": In(1),
                "scan": Out(1),
                "scanned": In(1),
                "target": In(COUNTER),
                "busy": Out(1),
                "calibrating": Out(1),
                "present": Out(stream.Signature(present)),
                "result": In(stream.Signature(result_layout(chip.cost))),
                "arrived": In(signed(chip.cost.bits)),
                "measured": Out(1),
                "number": Out(range(ROUNDS * PERIOD)),
                "apply": Out(stream.Signature(apply)),
                "saturated": Out(1),
                "load": In(1),
                "load_register": In(Register),
                "load_value": In(COUNTER),
                "last": Out(result_layout(chip.cost)),
                "total": Out(64),
                "right": Out(COUNTER),
                **{name: Out(shape) for name, shape in counters.items()},
            }
        )

    def elaborate(self, platform):
        m = Module()
        target, self._presented = Signal(COUNTER), Signal(COUNTER)
        self._presenting, self._evaluating = Signal(), Signal()
        # What the next first reading applies: filled when it is presented, emptied when it is applied.
        follow = Signal(data.StructLayout({"wait": 1, "used": 1, "update": 1, "flush": 1, "pattern": COUNTER}))
        follow_valid = Signal()
        m.d.comb += self.present.valid.eq(self._presenting & ~follow_valid)
        fire = Signal()
        m.d.comb += fire.eq(self.present.valid & self.present.ready)
        with m.If(fire):
            m.d.sync += follow_valid.eq(1)
        special, begin = Signal(), Signal()
        m.d.comb += special.eq(self._evaluating | self.calibrating)
        m.d.comb += begin.eq(~self.busy & (self.start | self.evaluate | self.calibrate))
        measured = self._special(m, special, fire, follow, target, begin)
        with m.If(~special):
            self._run(m, fire, follow, target, begin)
        self._apply(m, follow, follow_valid, special, measured, target)

        with m.If(begin):
            m.d.sync += [
                self.busy.eq(~self.evaluate | (self.target != 0)),
                self._presenting.eq(~self.evaluate | (self.target != 0)),
                self._evaluating.eq(self.evaluate & (self.target != 0)),
                self.calibrating.eq(self.calibrate),
                target.eq(Mux(self.calibrate, ROUNDS * PERIOD, self.target)),
                self._presented.eq(Mux(self.start, self.step, 0)),
            ]
            with m.If(self.evaluate):
                m.d.sync += [self.total.eq(0), self.right.eq(0)]
        with m.Elif(self.load & ~self.busy):
            with m.Switch(self.load_register):
                for name in RESTORABLE:
                    with m.Case(Register[name.upper()]):
                        m.d.sync += getattr(self, name).eq(self.load_value)
        return m

    def _run(self, m: Module, fire: Signal, follow, target: Signal, begin: Signal) -> None:
        """Present the readings of a run."""
        settings, payload = self.settings, self.present.payload
        forward, leaky = self.cost.mode == FORWARD, self.chip.correlator.leaky
        reading, readings = Signal(AVERAGE + 1), Signal(AVERAGE + 1)
        first, drop, refresh, last, theta_ends = Signal(), Signal(), Signal(), Signal(), Signal()
        update, used, group_ends = Signal(), Signal(), Signal()
        last_pattern, last_position, last_turn = (
            Signal.like(counter, name=f"last_{counter.name}") for counter in (self.pattern, self.position, self.turn)
        )
        average_1 = settings.average_c0 if forward else settings.average
        both = forward & refresh & (settings.average_c0 > settings.average)
        changed = (self.phase_x == 0) | (self.phase_theta == 0)
        m.d.comb += [
            drop.eq(self._presented == target),
            refresh.eq(Mux(settings.refresh == 0, changed, self.phase_refresh == 0)),
            readings.eq(1 << Mux(drop, 0, Mux(both, settings.average_c0, settings.average))),
            last.eq(reading == readings - 1),
            theta_ends.eq(self.phase_theta == settings.tau_theta - 1),
            payload.pattern.eq(self.pattern),
            payload.position.eq(self.position),
            payload.turn.eq(self.turn),
            payload.last_pattern.eq(last_pattern),
            payload.last_position.eq(last_position),
            payload.last_turn.eq(last_turn),
            payload.sample.eq(self.sample),
            payload.index.eq(self.sample_index),
            payload.reading.take0.eq(reading < (1 << settings.average)),
            payload.reading.take1.eq(reading < (1 << average_1)),
            payload.reading.last.eq(last),
            payload.reading.refresh.eq(refresh),
            payload.reading.changed.eq(self.phase_x == 0),
            payload.reading.drop.eq(drop),
        ]
        with m.If(begin):
            m.d.sync += [first.eq(1), reading.eq(0)]
        with m.If(fire):
            m.d.sync += [
                first.eq(0),
                reading.eq(Mux(last, 0, reading + 1)),
                follow.wait.eq((reading == 0) & ~first),
                follow.used.eq(used),
                follow.update.eq(update),
                follow.flush.eq(update | group_ends | drop),
                follow.pattern.eq(last_pattern),
            ]
            with m.If(drop):
                m.d.sync += self._presenting.eq(0)
            with m.Elif(last):
                lagging = self._presented >= settings.delay
                slots = self.chip.correlator.window - 1
                m.d.sync += [
                    self._presented.eq(self._presented + 1),
                    last_pattern.eq(self.lag_pattern),
                    last_position.eq(self.lag_position),
                    last_turn.eq(self.turn),
                    update.eq(theta_ends | leaky),
                    used.eq(lagging & (self.lag_phase_x >= settings.blanking)),
                    group_ends.eq(
                        ((self.lag_pattern & slots) == slots) & (self.lag_phase_p == settings.tau_p - 1) & lagging
                    ),
                ]
                self._advance_pattern(m, self.phase_p, self.pattern, self.position, self.turn)
                with m.If(lagging):
                    self._advance_pattern(m, self.lag_phase_p, self.lag_pattern, self.lag_position)
                    ends = self.lag_phase_x == settings.tau_x - 1
                    m.d.sync += self.lag_phase_x.eq(Mux(ends, 0, self.lag_phase_x + 1))
                ends = self.phase_x == settings.tau_x - 1
                m.d.sync += self.phase_x.eq(Mux(ends, 0, self.phase_x + 1))
                with m.If(ends):
                    m.d.sync += self.sample.eq(self.sample + 1)
                    self._count(m, self.sample_index, self.samples.size)
                m.d.sync += self.phase_theta.eq(Mux(theta_ends, 0, self.phase_theta + 1))
                ends = self.phase_refresh + 1 >= settings.refresh
                m.d.sync += self.phase_refresh.eq(Mux(ends, 0, self.phase_refresh + 1))
        # What is on offer cannot be withdrawn, so its step is done.
        with m.If(self.stop & self._presenting & ~drop):
            m.d.sync += target.eq(self._presented + 1)

    def _special(self, m: Module, special: Signal, fire: Signal, follow, target: Signal, begin: Signal) -> Signal:
        """Present the readings of an evaluation or a calibration; returns the counter of measurements."""
        payload, presented = self.present.payload, self._presented
        index, position, turn = Signal.like(self.sample_index), Signal.like(self.position), Signal.like(self.turn)
        measured = Signal(COUNTER)
        place = presented[: (PERIOD - 1).bit_length()]
        with m.If(special):
            m.d.comb += [
                payload.pattern.eq(presented >> len(place)),
                payload.position.eq(position),
                payload.turn.eq(turn),
                payload.index.eq(index),
                payload.direct.eq(1),
                payload.still.eq(self._evaluating | (place != PERTURBED)),
                payload.reading.take0.eq(1),
                payload.reading.take1.eq(1),
                payload.reading.last.eq(1),
                payload.reading.refresh.eq(1),
                payload.reading.changed.eq(place == 0),
                payload.reading.drop.eq(self._evaluating),
            ]
            with m.If(fire):
                m.d.sync += [follow.eq(0), presented.eq(presented + 1), self._presenting.eq(presented + 1 != target)]
                with m.If(self._evaluating | (place == PERIOD - 1)):
                    self._count(m, index, self.samples.size)
                with m.If(place == PERIOD - 1):
                    self._stride(m, position)
                    self._count(m, turn, len(self.chip.layout.rows))
        with m.If(begin):
            m.d.sync += [index.eq(0), position.eq(0), turn.eq(0), measured.eq(0)]
        return measured

    def _apply(self, m: Module, follow, follow_valid, special, measured, target) -> None:
        """Take measurements, and apply them."""
        result, payload = self.result.payload, self.apply.payload
        taken = Signal()
        with m.If(self.apply.valid & self.apply.ready):
            m.d.sync += self.apply.valid.eq(0)
        due = Signal()
        m.d.comb += [
            due.eq(follow_valid & follow.wait & ~self.apply.valid),
            self.result.ready.eq(self.busy & (special | result.drop | due)),
            taken.eq(self.result.valid & self.result.ready),
            self.measured.eq(taken & (~result.drop | self.calibrating)),
            self.number.eq(Mux(special, measured, self.step)),
            self.saturated.eq(taken & result.saturated & ~special & ~result.drop),
        ]
        with m.If(follow_valid & ~self.apply.valid & (~follow.wait | (taken & ~result.drop))):
            cost = Mux(follow.wait & follow.used, self.arrived, 0)
            m.d.sync += [
                follow_valid.eq(0),
                self.apply.valid.eq(1),
                payload.cost.eq(cost),
                payload.used.eq(follow.wait & follow.used),
                payload.update.eq(follow.wait & follow.update),
                payload.flush.eq(follow.wait & follow.flush),
                payload.pattern.eq(follow.pattern),
                payload.step.eq(self.step),
            ]
            with m.If(follow.wait):
                m.d.sync += [self.step.eq(self.step + 1), self.last.eq(result)]
        m.d.comb += self.scan.eq(taken & self.calibrating & (measured == target - 1))
        with m.If(taken & special):
            m.d.sync += measured.eq(measured + 1)
            with m.If(self._evaluating):
                m.d.sync += [self.total.eq(self.total + result.sum0), self.right.eq(self.right + result.right)]
                with m.If(measured == target - 1):
                    m.d.sync += [self.busy.eq(0), self._evaluating.eq(0)]
        with m.If(taken & result.drop & ~special):
            m.d.sync += self.busy.eq(0)
        with m.If(self.scanned):
            m.d.sync += [self.busy.eq(0), self.calibrating.eq(0)]

    def _advance_pattern(self, m: Module, phase, pattern, position, turn=None) -> None:
        """Count one step: where a pattern ends, the next one."""
        ends = phase == self.settings.tau_p - 1
        m.d.sync += phase.eq(Mux(ends, 0, phase + 1))
        with m.If(ends):
            m.d.sync += pattern.eq(pattern + 1)
            self._stride(m, position)
            if turn is not None:
                self._count(m, turn, len(self.chip.layout.rows))

    def _stride(self, m: Module, position: Signal) -> None:
        """Position of the next pattern of the sequential code."""
        later, size = position + self.codes.stride, self.codes.size
        m.d.sync += position.eq(Mux(later >= size, later - size, later))

    @staticmethod
    def _count(m: Module, counter: Signal, size: int) -> None:
        """Count up modulo `size`."""
        m.d.sync += counter.eq(Mux(counter == size - 1, 0, counter + 1))
