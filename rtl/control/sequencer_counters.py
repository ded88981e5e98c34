"""Counters of a run: steps done, and what step, pattern and sample are shown; see `golden.blocks.control.sequencer`.

The number of what lasts tau steps, step // tau, and its phase, step mod tau, are bits of the step where tau is a
constant and a power of two, and counters of their own elsewhere. They are there for the step shown, which is ahead
of those done by one while a cost is awaited, and (`lag`) for the step of the cost that arrives next.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.measure.cost import FORWARD
from ...golden.blocks.measure.samples import CYCLIC
from ...golden.blocks.perturb.codes import SEQUENTIAL
from ...golden.blocks.perturb.outer import LAYER
from ...golden.chip.chip import Chip
from ...golden.chip.memory_map import Register
from ...golden.chip.registers import constants
from ..lib.settings_layout import LAYOUT, TAU_BITS
from .settings import known, shift

COUNTER = 32
RESTORABLE = tuple(Register(k).name.lower() for k in range(Register.STEP, Register.LAG_PHASE_X + 1))
"""Names of all counters that the host may write."""


def places(chip: Chip) -> data.StructLayout:
    """Shapes of what is shown: pattern and sample, and `last_`, what the next cost is correlated with."""
    position, turn = range(max(2, chip.codes.size)), range(max(2, len(chip.layout.rows)))
    return data.StructLayout(
        {
            "pattern": COUNTER, "position": position, "turn": turn,
            "last_pattern": COUNTER, "last_position": position, "last_turn": turn,
            "sample": COUNTER, "index": range(max(2, chip.samples.size)),
        }
    )  # fmt: skip


def kept(chip: Chip) -> dict:
    """Name and shape of the counters that are registers of a chip, of `RESTORABLE`."""
    shapes, number, phase = places(chip).members, COUNTER, TAU_BITS
    there = {"step": number}
    if shift(chip, "tau_p") is None:
        there |= {"pattern": number, "phase_p": phase, "lag_pattern": number, "lag_phase_p": phase}
    if shift(chip, "tau_x") is None:
        there |= {"sample": number, "phase_x": phase, "lag_phase_x": phase}
    if shift(chip, "tau_theta") is None:
        there["phase_theta"] = phase
    if chip.cost.mode == FORWARD and shift(chip, "refresh") is None and constants(chip).get("refresh") != 0:
        there["phase_refresh"] = phase
    if chip.codes.kind == SEQUENTIAL:
        there |= {"position": shapes["position"], "lag_position": shapes["position"]}
    if chip.outer and chip.outer.method == LAYER:
        there["turn"] = shapes["turn"]
    if chip.samples.order == CYCLIC:
        there["sample_index"] = shapes["index"]
    return there


def lags(chip: Chip) -> bool:
    """Whether the pattern correlated with may be another than that of the last step."""
    return constants(chip).get("delay") != 0


def told(chip: Chip) -> dict:
    """Ports that tell all counters: those kept, and `lag`, the step of the cost that arrives next, where it may lag."""
    return kept(chip) | ({"lag": COUNTER} if lags(chip) else {})


def shown_as(chip: Chip, name: str) -> tuple[str, int, int] | None:
    """Port and bits, from and to, that a counter reads while nothing runs; None if it reads 0."""
    registers = kept(chip)
    if name in registers:
        return name, 0, COUNTER
    source = "lag" if name.startswith("lag") and lags(chip) else "step"
    what = name.removeprefix("lag_")
    tau = {"pattern": "tau_p", "sample": "tau_x", "phase_refresh": "refresh"}.get(what, what.replace("phase", "tau"))
    cut = shift(chip, tau) if tau in LAYOUT.members else None
    if cut is None or (what == "phase_refresh" and chip.cost.mode != FORWARD):
        return None
    return (source, 0, cut) if what.startswith("phase") else (source, cut, COUNTER)


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
    advance : with `applied`: what is shown next is another step, else another reading of this one, or none.
    ahead : the step shown is that behind those done, and `applied` will count.
    shown : number of the step shown.
    place : what is shown, see `places`.
    changed, refresh : the step shown is the first of its sample; takes C0.
    used, update, group_ends : the cost that arrives next is correlated; its step ends a window of tau_theta, or the
        patterns of a window of the correlator.
    load, load_register, load_value : the host writes a counter; only while idle.
    step, ... : those of `RESTORABLE` that the chip has as registers, see `kept`.
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
                "shown": Out(COUNTER),
                "place": Out(places(chip)),
                **dict.fromkeys(flags, Out(1)),
                "load": In(1),
                "load_register": In(Register),
                "load_value": In(COUNTER),
                **{name: Out(shape) for name, shape in told(chip).items()},
            }
        )

    def elaborate(self, platform):
        m = Module()
        chip, registers = self.chip, kept(self.chip)
        settings = known(chip, self.settings)
        count, move = Signal(), Signal()  # a step is done; another one is shown
        m.d.comb += [count.eq(self.applied & self.ahead), move.eq(self.applied & self.advance)]
        m.d.sync += self.shown.eq(self.step + self.ahead)
        with m.If(self.applied):
            m.d.sync += self.ahead.eq(self.advance)
        with m.If(count):
            m.d.sync += self.step.eq(self.shown)
        lag, lagging = self._lag(m, settings)

        place, drag = self.place, count & lagging
        pattern, _, pattern_ends = self._pace(m, "pattern", "phase_p", "tau_p", self.shown, move)
        sample, phase_x, sample_ends = self._pace(m, "sample", "phase_x", "tau_x", self.shown, move)
        behind, _, lag_ends = self._pace(m, "lag_pattern", "lag_phase_p", "tau_p", lag, drag)
        _, lag_phase_x, _ = self._pace(m, "", "lag_phase_x", "tau_x", lag, drag)
        _, phase_theta, _ = self._pace(m, "", "phase_theta", "tau_theta", self.shown, move)
        m.d.comb += [place.pattern.eq(pattern), place.sample.eq(sample), place.last_pattern.eq(behind)]
        if "position" in registers:
            step_modulo(m, self.position, chip.codes.stride, chip.codes.size, move & pattern_ends)
            step_modulo(m, self.lag_position, chip.codes.stride, chip.codes.size, drag & lag_ends)
            m.d.comb += [place.position.eq(self.position), place.last_position.eq(self.lag_position)]
        if "turn" in registers:
            with m.If(move):
                m.d.sync += place.last_turn.eq(self.turn)
            step_modulo(m, self.turn, 1, len(chip.layout.rows), move & pattern_ends)
            m.d.comb += place.turn.eq(self.turn)
        if "sample_index" in registers:
            step_modulo(m, self.sample_index, 1, chip.samples.size, move & sample_ends)
            m.d.comb += place.index.eq(self.sample_index)

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
            _, phase, _ = self._pace(m, "", "phase_refresh", "refresh", self.shown, move)
            m.d.sync += self.refresh.eq(Mux(settings.refresh == 0, fresh, phase == 0))
        with m.If(self.load):
            with m.Switch(self.load_register):
                for name in registers:
                    with m.Case(Register[name.upper()]):
                        m.d.sync += getattr(self, name).eq(self.load_value)
        return m

    def _lag(self, m: Module, settings) -> tuple[Value, Value]:
        """Step that the cost which arrives next is of, or 0, and whether there is such a step yet."""
        if not lags(self.chip):
            return self.step, Const(1)
        lagging, behind = Signal(), Signal(signed(COUNTER + 1))
        m.d.comb += behind.eq(self.step - settings.delay)
        m.d.sync += [lagging.eq(behind >= 0), self.lag.eq(Mux(behind >= 0, behind, 0))]
        return self.lag, lagging

    def _pace(self, m: Module, number: str, phase: str, tau: str, step: Value, move: Value) -> tuple[Value, ...]:
        """Number and phase of what lasts tau steps, and whether the phase is the last."""
        cut = shift(self.chip, tau)
        if cut is not None:
            return step[cut:], Cat(step[:cut], Const(0, 1)), step[:cut].all() if cut else Const(1)
        setting = known(self.chip, self.settings).__dict__[tau]
        if phase not in kept(self.chip):
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
