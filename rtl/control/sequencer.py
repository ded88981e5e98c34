"""Sequencer: presents patterns and samples, and applies costs; see `golden.blocks.control.sequencer`.

A sweep is one reading of the array. A run from step s to step T takes the readings of all steps and one
more: the first reading of step n applies the cost of step n - 1, and the sweep behind the last step only
applies. Sweeps are presented ahead of that, as patterns and samples do not depend on the cost.

Of a network with one rail a reading takes a sweep for each rail that counts, rail 0 first.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.measure.calibration import PERIOD, PERTURBED, ROUNDS
from ...golden.blocks.measure.cost import ANALOG, ANTITHETIC, AVERAGE, FORWARD
from ...golden.chip.chip import Chip
from ...golden.chip.counters import COUNTER
from ...golden.chip.memory_map import Register
from ..lib.settings_layout import LAYOUT
from ..lib.signals import signals
from ..lib.streams import transfer
from ..measure.cost import READING, result_layout, sum_shape
from .sequencer_counters import RunCounters, counter_ports, presented_layout, step_modulo
from .settings import effective_settings, single_reading

UNFINISHED = 3
"""Most sweeps without learning that are under way at a time."""


class StepSequencer(Component):
    """Counters of a run and the commands of each sweep.

    Parameters
    ----------
    chip : golden.chip.chip.Chip

    Members
    -------
    settings : time constants and averages.
    start : begins a run to step `target`; ignored while `busy`, as the next two.
    evaluate : presents the first `target` samples without perturbation, and counts; at most those of the memory.
    calibrate : see `golden.blocks.measure.calibration`; `scan` is high for one clock when all costs are there, and
        `scanned` ends it.
    target : does not change while busy.
    stop : ends a run before the step that would be presented next.
    learning : a run is under way.
    present : stream out, one a sweep, three clocks after the last one was applied, or later: pattern, sample (`direct`:
        by index, whatever the order), the pattern of the cost to be applied, what it will be applied as (`step`,
        `update`: see `apply`), whether perturbations are off, and what the reading is for.
    result : stream in, one measurement a step; `arrived` is the C~ that arrives with it.
    measured, number : high for one clock when it is taken; its step mod 512.
    apply : stream out, one a sweep: C~ that arrived or 0 if it is not to be used, its pattern and step,
        whether the step ends an update period, tau_theta steps (`update`), or a window (`flush`).
    saturated : high for one clock when the C~ of a step saturated.
    load, load_register, load_value : the host writes a restorable register; only while idle.
    step, ..., lag : as of `rtl.control.sequencer_counters.RunCounters`.
    last : the last measurement of a run; total, right : counts of the last evaluation.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        flags = {"update": 1, "direct": 1, "unperturbed": 1}
        present = {**presented_layout(chip).members, "step": COUNTER, **flags, "reading": READING}
        apply = data.StructLayout(
            {"cost": signed(chip.cost.bits), "used": 1, "update": 1, "flush": 1, "pattern": COUNTER, "step": COUNTER}
        )
        count = chip.samples.size.bit_length()
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
                "learning": Out(1),
                "calibrating": Out(1),
                "present": Out(stream.Signature(data.StructLayout(present))),
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
                "total": Out(sum_shape(chip.cost, count)),
                "right": Out(count),
                **{name: Out(shape) for name, shape in counter_ports(chip).items()},
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.counters = counters = self._counters = RunCounters(self.chip)
        ports = ("settings", "load_register", "load_value")
        m.d.comb += [getattr(counters, port).eq(getattr(self, port)) for port in ports]
        m.d.comb += [getattr(self, port).eq(getattr(counters, port)) for port in counter_ports(self.chip)]
        m.d.comb += counters.load.eq(self.load & ~self.busy)

        self._evaluating, self._special, self._begin = signals("evaluating special begin")
        self._fire, self._taken, self._applied = signals("fire taken applied")
        # What was presented stands until it is applied; then all that follows from the counters settles.
        presented, settling = Signal(name="presented"), Signal(2, name="settling")
        m.d.comb += [
            self._special.eq(self._evaluating | self.calibrating),
            self._begin.eq(~self.busy & (self.start | self.evaluate | self.calibrate)),
            self._fire.eq(transfer(self.present)),
            self.learning.eq(self.busy & ~self._special),
        ]
        m.d.sync += [
            settling.eq(Mux(self._begin | self._applied, 3, settling >> 1)),
            presented.eq(self._fire | (presented & ~self._applied)),
        ]
        with m.If(self._begin):
            m.d.sync += [
                self.busy.eq(1), self._evaluating.eq(self.evaluate), self.calibrating.eq(self.calibrate)
            ]  # fmt: skip
        settled = ~presented & ~settling[0]
        offered, sweep, reading = self._run(m)
        also_offered, other, other_reading = self._without_learning(m, settled, reading["take0"])
        m.d.comb += self.present.valid.eq(settled & (offered | also_offered))
        payload = self.present.payload
        # No conditions, for a field that is a constant must not stand beside one that has some.
        for fields, run, special in ((payload, sweep, other), (payload.reading, reading, other_reading)):
            for name, value in run.items():
                m.d.comb += fields[name].eq(Mux(self._special, special[name], value) if name in special else value)
        self._apply(m, presented, reading["drop"])
        return m

    def _run(self, m: Module) -> tuple[Value, dict, dict]:
        """Whether a reading of a run is on offer, its fields of `present`, and those of `reading`."""
        counters = self._counters
        presenting, stopping, ended, drop = signals("presenting stopping ended drop")
        applied = self._applied & ~self._special
        take0, take1, last = self._readings(m, applied, drop)
        sweep = {name: counters.presented[name] for name in counters.presented.shape().members}
        sweep |= {"step": counters.step, "update": counters.ahead & counters.update, "direct": 0, "unperturbed": 0}
        fields = {"take0": take0, "take1": take1, "last": last, "drop": drop}
        fields |= {"refresh": counters.refresh, "changed": counters.changed}
        m.d.comb += [counters.applied.eq(applied), counters.advance.eq(last & ~drop)]
        m.d.sync += drop.eq((counters.presented_step == self.target) | ended)
        with m.If(applied & counters.advance):
            m.d.sync += ended.eq(stopping)
        with m.If(self.stop):
            m.d.sync += stopping.eq(1)
        with m.If(self._begin):
            m.d.sync += [presenting.eq(self.start), stopping.eq(0), ended.eq(0)]
        with m.Elif(self._fire & drop):
            m.d.sync += presenting.eq(0)
        return presenting, sweep, fields

    def _readings(self, m: Module, applied: Value, drop: Value) -> tuple[Value, Value, Value]:
        """Whether a sweep of a run counts for rail 0, for rail 1, and is its step's last."""
        counters, settings = self._counters, effective_settings(self.chip, self.settings)
        alternates, one = self.chip.alternates, Const(1)
        if single_reading(self.chip):
            return (*self._alternate(m, one, one, drop), ~self._more) if alternates else (one, one, one)
        reading, bits = Signal(AVERAGE, name="reading"), settings.average
        if self.chip.cost.mode == FORWARD:
            bits = Mux(counters.refresh & (settings.average_c0 > bits), settings.average_c0, bits)
            take1 = (reading >> settings.average_c0) == 0
        else:
            take1 = (reading >> settings.average) == 0
        take0 = (reading >> settings.average) == 0
        if alternates:
            take0, take1 = self._alternate(m, take0, take1, drop)
            applied &= ~self._more
        last = drop | Cat(bit | (bits <= k) for k, bit in enumerate(reading)).all()
        with m.If(applied):
            m.d.sync += reading.eq(Mux(last, 0, reading + 1))
        return take0, take1, last & ~self._more if alternates else last

    def _alternate(self, m: Module, take0: Value, take1: Value, drop: Value) -> tuple[Value, Value]:
        """Which rail a sweep shows; `_more` is whether its reading has a sweep of rail 1 still to come."""
        second, mode = Signal(name="second"), self.chip.cost.mode
        measured = {ANTITHETIC: Const(1), FORWARD: self._counters.refresh & take1, ANALOG: Const(0)}[mode]
        self._more, rail = signals("more rail")
        m.d.comb += [
            rail.eq(second | ~take0),
            self._more.eq(~rail & Mux(self._special, self.calibrating & (mode != ANALOG), measured & ~drop)),
        ]
        with m.If(self._applied):
            m.d.sync += second.eq(self._more)
        return ~rail, rail

    def _without_learning(self, m: Module, settled: Value, take0: Value) -> tuple[Value, dict, dict]:
        """The same of an evaluation or a calibration, whose costs are counted."""
        payload, samples = self.present.payload, self.chip.samples.size
        calibrates = self.chip.config.engine.calibration
        most = 2**COUNTER - 1 if self.chip.config.engine.inference else samples
        count = Signal(max(most, ROUNDS * PERIOD if calibrates else 0).bit_length(), name="count")
        index, position, turn = (Signal.like(payload[name], name=name) for name in ("index", "position", "turn"))
        more = Signal(name="more")
        unfinished = Signal(range(UNFINISHED + 1), name="unfinished")
        measured = Signal(range(ROUNDS * PERIOD), name="measured")
        place = (count | Const(0, 16))[: (PERIOD - 1).bit_length()]
        round_ends = place == PERIOD - 1
        if not calibrates:
            index = count
        sweep = {"index": index, "direct": 1, "unperturbed": self._evaluating | (place != PERTURBED)}
        if calibrates:
            sweep |= {"pattern": count >> len(place), "position": position, "turn": turn}
        fields = {"take0": 1, "take1": 1, "last": 1, "refresh": 1}
        fields |= {"changed": place == 0, "drop": self._evaluating}
        fired, applied = self._fire, self._applied
        if self.chip.alternates:
            fields |= {"take0": take0, "take1": ~take0 | self._evaluating, "last": ~self._more}
            fired, applied = fired & ~self._more, applied & ~self._more
        end = Mux(self.calibrating, ROUNDS * PERIOD, self.target)
        m.d.sync += more.eq(count != end[: len(count)])
        with m.If(self._special):
            m.d.sync += unfinished.eq(unfinished + fired - self._taken)
            with m.If(applied):
                m.d.sync += count.eq(count + 1)
                if calibrates:
                    step_modulo(m, index, 1, samples, self._evaluating | round_ends)
                    step_modulo(m, position, self.chip.codes.stride, self.chip.codes.size, round_ends)
                    step_modulo(m, turn, 1, len(self.chip.layout.rows), round_ends)
            with m.If(self._taken):
                m.d.sync += measured.eq(measured + 1)
        result = self.result.payload
        with m.If(self._evaluating):
            with m.If(self._taken):
                m.d.sync += [self.total.eq(self.total + result.sum0), self.right.eq(self.right + result.right)]
            with m.If(settled & ~more & (unfinished == 0)):
                m.d.sync += [self.busy.eq(0), self._evaluating.eq(0)]
        with m.If(self.scanned):
            m.d.sync += [self.busy.eq(0), self.calibrating.eq(0)]
        with m.If(self._begin):
            counts = (count, index, position, turn, unfinished, measured)
            m.d.sync += [counter.eq(0) for counter in counts]
            with m.If(self.evaluate):
                m.d.sync += [self.total.eq(0), self.right.eq(0)]
        m.d.comb += [
            self.scan.eq(self._taken & self.calibrating & measured.all()),
            self.number.eq(Mux(self.calibrating, measured, self.step)),
        ]
        return self._special & more & (unfinished != UNFINISHED), sweep, fields

    def _apply(self, m: Module, presented: Value, drop: Value) -> None:
        """Take measurements, and apply them."""
        result, payload, counters = self.result.payload, self.apply.payload, self._counters
        waits, due, used = signals("waits due used")
        m.d.comb += [
            waits.eq(presented & counters.ahead),
            due.eq(waits & ~self.apply.valid),
            used.eq(counters.ahead & counters.used),
            self.result.ready.eq(self.busy & (self._special | result.drop | due)),
            self._taken.eq(transfer(self.result)),
            self._applied.eq(presented & ~self.apply.valid & (~waits | (self._taken & ~result.drop))),
            self.measured.eq(self._taken & (~result.drop | self.calibrating)),
            self.saturated.eq(self._taken & result.saturated & ~self._special & ~result.drop),
        ]
        with m.If(transfer(self.apply)):
            m.d.sync += self.apply.valid.eq(0)
        with m.If(self._applied):
            m.d.sync += [
                self.apply.valid.eq(1),
                payload.cost.eq(Mux(used, self.arrived, 0)),
                payload.used.eq(used),
                payload.update.eq(counters.ahead & counters.update),
                payload.flush.eq(counters.ahead & (counters.update | counters.group_ends | drop)),
                payload.pattern.eq(counters.presented.last_pattern),
                payload.step.eq(self.step),
            ]
            with m.If(counters.ahead):
                m.d.sync += self.last.eq(result)
        with m.If(self._taken & result.drop & ~self._special):
            m.d.sync += self.busy.eq(0)
