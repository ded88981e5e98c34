"""Counters of a run: steps done, and the step, pattern and sample presented; see `golden.blocks.control.sequencer`.

Which they are says `golden.chip.counters`. They exist for the step presented, which is ahead of those done by one
while a cost is awaited, and (`lag`) for the step of the cost that arrives next.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.measure.cost import FORWARD
from ...golden.chip.chip import Chip
from ...golden.chip.counters import (
    COUNTER,
    constant_log2,
    counters,
    has_lag,
    position_bits,
    sample_bits,
    turn_bits,
)
from ...golden.chip.memory_map import Register
from ...golden.chip.registers import constants
from ..lib.settings_layout import LAYOUT
from ..lib.signals import signals
from .settings import effective_settings


def presented_layout(chip: Chip) -> data.StructLayout:
    """Shapes of what is presented: pattern and sample, and `last_`, what the next cost is correlated with."""
    position, turn = position_bits(chip), turn_bits(chip)
    return data.StructLayout(
        {
            "pattern": COUNTER, "position": position, "turn": turn,
            "last_pattern": COUNTER, "last_position": position, "last_turn": turn,
            "sample": COUNTER, "index": sample_bits(chip),
        }
    )  # fmt: skip


def counter_ports(chip: Chip) -> dict[str, int]:
    """Ports of all counters: the registers, and `lag`, the step of the cost that arrives next, where it may lag."""
    return counters(chip) | ({"lag": COUNTER} if has_lag(chip) else {})


class RunCounters(Component):
    """Counters that a run moves on and the host may write.

    All that is not a counter follows from the counters within three clocks.

    Parameters
    ----------
    chip : golden.chip.chip.Chip

    Members
    -------
    settings : time constants, blanking and delay.
    applied : high for one clock when a reading has got its cost: the step before it is done, if this is its first.
    advance : with `applied`: what is presented next is another step, else another reading of this one, or none.
    ahead : the step presented is that behind those done, and `applied` will count.
    presented_step : number of the step presented.
    presented : what belongs to it, see `presented_layout`.
    changed, refresh : the step presented is the first of its sample; takes C0.
    used, update, group_ends : the cost that arrives next is correlated; its step ends an update period, tau_theta
        steps, or the patterns of a window.
    load, load_register, load_value : the host writes a counter; only while idle.
    step, ... : those of `RESTORABLE` that the chip has as registers, see `golden.chip.counters.counters`.
    lag : max(step - delay, 0), where there is a delay.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        flags = ("ahead", "changed", "refresh", "used", "update", "group_ends")
        super().__init__(
            {
                "settings": In(LAYOUT),
                "applied": In(1),
                "advance": In(1),
                "presented_step": Out(COUNTER),
                "presented": Out(presented_layout(chip)),
                **dict.fromkeys(flags, Out(1)),
                "load": In(1),
                "load_register": In(Register),
                "load_value": In(COUNTER),
                **{name: Out(shape) for name, shape in counter_ports(chip).items()},
            }
        )

    def elaborate(self, platform):
        m = Module()
        chip, registers = self.chip, counters(self.chip)
        settings = effective_settings(chip, self.settings)
        count, move = signals("count move")  # a step is done; another one is presented
        m.d.comb += [count.eq(self.applied & self.ahead), move.eq(self.applied & self.advance)]
        m.d.sync += self.presented_step.eq(self.step + self.ahead)
        with m.If(self.applied):
            m.d.sync += self.ahead.eq(self.advance)
        with m.If(count):
            m.d.sync += self.step.eq(self.presented_step)
        lag, lagging = self._lag(m, settings)

        presented, lag_move = self.presented, count & lagging
        pattern, _, pattern_ends = self._pace(m, "pattern", "phase_p", "tau_p", self.presented_step, move)
        sample, phase_x, sample_ends = self._pace(m, "sample", "phase_x", "tau_x", self.presented_step, move)
        behind, _, lag_ends = self._pace(m, "lag_pattern", "lag_phase_p", "tau_p", lag, lag_move)
        _, lag_phase_x, _ = self._pace(m, "", "lag_phase_x", "tau_x", lag, lag_move)
        _, phase_theta, _ = self._pace(m, "", "phase_theta", "tau_theta", self.presented_step, move)
        m.d.comb += [presented.pattern.eq(pattern), presented.sample.eq(sample), presented.last_pattern.eq(behind)]
        if "position" in registers:
            step_modulo(m, self.position, chip.codes.stride, chip.codes.size, move & pattern_ends)
            step_modulo(m, self.lag_position, chip.codes.stride, chip.codes.size, lag_move & lag_ends)
            m.d.comb += [presented.position.eq(self.position), presented.last_position.eq(self.lag_position)]
        if "turn" in registers:
            with m.If(move):
                m.d.sync += presented.last_turn.eq(self.turn)
            step_modulo(m, self.turn, 1, len(chip.layout.rows), move & pattern_ends)
            m.d.comb += presented.turn.eq(self.turn)
        if "sample_index" in registers:
            step_modulo(m, self.sample_index, 1, chip.samples.size, move & sample_ends)
            m.d.comb += presented.index.eq(self.sample_index)

        slots = chip.correlator.window - 1
        blanked = lag_phase_x < settings.blanking if constants(chip).get("blanking") != 0 else Const(0)
        fresh = (phase_x == 0) | (phase_theta == 0)
        m.d.sync += [
            self.changed.eq(phase_x == 0),
            self.used.eq(lagging & ~blanked),
            # The cost that arrives is that of the step before.
            self.update.eq((phase_theta == 0) | chip.correlator.leaky),
            self.group_ends.eq(((behind & slots) == slots) & lag_ends & lagging),
        ]
        if chip.cost.mode == FORWARD:
            _, phase, _ = self._pace(m, "", "phase_refresh", "refresh", self.presented_step, move)
            m.d.sync += self.refresh.eq(Mux(settings.refresh == 0, fresh, phase == 0))
        with m.If(self.load):
            with m.Switch(self.load_register):
                for name in registers:
                    with m.Case(Register[name.upper()]):
                        m.d.sync += getattr(self, name).eq(self.load_value)
        return m

    def _lag(self, m: Module, settings) -> tuple[Value, Value]:
        """Step that the cost which arrives next is of, or 0, and whether there is such a step yet."""
        if not has_lag(self.chip):
            return self.step, Const(1)
        lagging, behind = Signal(name="lagging"), Signal(signed(COUNTER + 1), name="behind")
        m.d.comb += behind.eq(self.step - settings.delay)
        m.d.sync += [lagging.eq(behind >= 0), self.lag.eq(Mux(behind >= 0, behind, 0))]
        return self.lag, lagging

    def _pace(self, m: Module, number: str, phase: str, tau: str, step: Value, move: Value) -> tuple[Value, ...]:
        """Number and phase of what lasts tau steps, and whether the phase is the last."""
        cut = constant_log2(self.chip, tau)
        if cut is not None:
            return step[cut:], Cat(step[:cut], Const(0, 1)), step[:cut].all() if cut else Const(1)
        setting = effective_settings(self.chip, self.settings).__dict__[tau]
        if phase not in counters(self.chip):
            return Const(0), Const(0), Const(1)
        phase_, ends = getattr(self, phase), Signal(name=f"{phase}_ends")
        m.d.sync += ends.eq(phase_ + 1 >= setting)
        with m.If(move):
            m.d.sync += phase_.eq(Mux(ends, 0, phase_ + 1))
            if number:
                number_ = getattr(self, number)
                with m.If(ends):
                    m.d.sync += number_.eq(number_ + 1)
        return getattr(self, number) if number else Const(0), phase_, ends


def step_modulo(m: Module, counter: Signal, stride: int, size: int, move: Value) -> None:
    """Let a counter below `size` move on by `stride`, which is not more, modulo `size`."""
    later = counter + stride
    with m.If(move):
        m.d.sync += counter.eq(Mux(later >= size, later - size, later))
