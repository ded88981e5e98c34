"""Cost unit: S of both rails from outputs and targets, means over readings, and C~.

See `golden.blocks.measure.cost`.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, Signature

from ...golden.blocks.lib.kinds import require_listed, unlisted
from ...golden.blocks.measure.cost import (
    ANALOG,
    ANTITHETIC,
    AVERAGE,
    DECAY_BITS,
    FORWARD,
    FRACTION,
    FUNCTIONS,
    L1,
    MODES,
    MSE,
    Cost,
)
from ...golden.chip.memory_map import SAMPLE_WORD, Register, record_words
from ..lib.fixed import exceeds, round_shift, round_shift_by, saturate
from ..lib.settings_layout import LAYOUT
from ..lib.signals import signals
from ..lib.streams import transfer
from .neuron import rails

MEMORY = (Register.MEMORY_0_LOW, Register.MEMORY_0_HIGH, Register.MEMORY_1_LOW, Register.MEMORY_1_HIGH)
"""Registers of the cost unit's memory."""
READING = data.StructLayout({"take0": 1, "take1": 1, "last": 1, "refresh": 1, "changed": 1, "drop": 1})
"""What a reading is for: counts for rail 0, for rail 1; is the step's last, refreshes C0, sees another
sample than the last step did; or is of no step at all."""


def sum_shape(cost: Cost, more: int = 0) -> Shape:
    """Shape of S, and of sums that need some bits more."""
    return Shape(cost.sum_bits + more, cost.word is not None and cost.word.signed)


def output_layout(cost: Cost) -> data.StructLayout:
    """Payload of what S is made of: an output on both rails, or with a word S of both rails."""
    if cost.word is None:
        return rails(cost.output_bits)
    return data.StructLayout({"rail0": sum_shape(cost), "rail1": sum_shape(cost)})


def result_layout(cost: Cost) -> data.StructLayout:
    """Payload of a measurement: C~ and whether it saturated, S of both rails, the class right, of no step."""
    return data.StructLayout(
        {
            "cost": signed(cost.bits), "saturated": 1, "sum0": sum_shape(cost), "sum1": sum_shape(cost),
            "right": 1, "drop": 1,
        }
    )  # fmt: skip


def telemetry_layout(cost: Cost) -> data.StructLayout:
    """Payload of `Telemetry`."""
    total = sum_shape(cost, AVERAGE)
    return data.StructLayout({"step": 32, "cost": signed(cost.bits), "total0": total, "total1": total})


class Telemetry(Signature):
    """What was measured, for whoever listens; there is no ready.

    Members
    -------
    valid : high for one clock a step of a run.
    payload : number of the step, C~ of its pattern, and the sums of S over its readings that count, of both rails: what
        `golden.recorded.Readings` has.

    Parameters
    ----------
    cost : golden.blocks.measure.cost.Cost
    """

    def __init__(self, cost: Cost):
        super().__init__({"valid": Out(1), "payload": Out(telemetry_layout(cost))})


class CostUnit(Component):
    """Accumulates the errors of the outputs, one a clock.

    Parameters
    ----------
    cost : golden.blocks.measure.cost.Cost
    single : bool
        Every cost is of one reading: `average` and `average_c0` are 0.
    alternates : bool
        Readings are of one rail, each: those of `take0` and of `take1` are others, and `last` is one of them. S of both
        rails are those measured last, S of rail 1 is 0 where the last reading is of rail 0. Not with `single`.

    Members
    -------
    settings : averages and decay are used.
    reading : stream in, one a reading.
    target : stream in, words of 8 target codes, `record_words(outputs)` a reading. Both are taken before
        the reading's first output. Not there with a word.
    output : stream in, codes of both rails, `outputs` a reading; with a word S of both rails, one a reading.
    result : stream out, one for each last reading, `latency` clocks after its last output.
    totals : with the result, sums of S over the readings that count, of both rails.
    load, load_register, load_value : the host writes a word of the memory that the mode has.
    memory : both words of the memory; 0 where the mode has none.

    Attributes
    ----------
    latency : int
        4 clocks, 6 in analog mode, which multiplies.
    """

    def __init__(self, cost: Cost, single: bool = False, alternates: bool = False):
        require_listed("cost function", cost.function, FUNCTIONS)
        require_listed("mode of the cost", cost.mode, MODES)
        self.cost = cost
        self.single, self.alternates = single, alternates
        self.latency = 4 + 2 * (cost.mode == ANALOG)
        self.width = cost.sum_bits + FRACTION + 2
        target = In(stream.Signature(data.ArrayLayout(signed(cost.output_bits), SAMPLE_WORD)))
        super().__init__(
            ({} if cost.word else {"target": target})
            | {
                "settings": In(LAYOUT),
                "reading": In(stream.Signature(READING)),
                "output": In(stream.Signature(output_layout(cost))),
                "result": Out(stream.Signature(result_layout(cost))),
                "totals": Out(data.ArrayLayout(sum_shape(cost, AVERAGE), 2)),
                "load": In(1),
                "load_register": In(Register),
                "load_value": In(32),
                "memory": Out(data.ArrayLayout(signed(64), 2)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        row, last_row = Signal(range(max(2, self.cost.outputs)), name="row"), max(1, self.cost.outputs) - 1
        take, final, loaded, closed, reading_valid = signals("take final loaded closed reading_valid")
        reading, next_reading = Signal(READING, name="reading"), Signal(READING, name="next_reading")
        m.d.comb += [
            self.output.ready.eq(loaded & reading_valid & ~closed),
            take.eq(transfer(self.output)),
            final.eq(take & (row == last_row)),
            # The next one is taken with the last output, for the sequencer presents it before it takes the result.
            self.reading.ready.eq(~reading_valid | final),
        ]
        with m.If(take):
            m.d.sync += row.eq(Mux(final, 0, row + 1))
        with m.If(final):
            m.d.sync += reading.eq(next_reading)
        with m.If(self.reading.ready):
            m.d.sync += [next_reading.eq(self.reading.payload), reading_valid.eq(self.reading.valid)]
        target = Const(0)
        if self.cost.word:
            m.d.comb += loaded.eq(1)
        else:
            target = self._targets(m, loaded, take, final)

        # A reading is closed from its last output on, and full when its cost stands, until it ends.
        pipeline = Signal(self.latency - 1, name="pipeline")
        full, end = signals("full end")
        m.d.comb += [
            self.result.valid.eq(full & reading.last),
            end.eq(full & (self.result.ready | ~reading.last)),
        ]
        m.d.sync += [
            pipeline.eq(Cat(final, pipeline)),
            full.eq(pipeline[-1] | (full & ~end)),
            closed.eq(final | (closed & ~end)),
        ]
        both = ("rail0", "rail1")
        if self.cost.word:
            sums = [self._held(m, rail, take) for rail in both]
        else:
            sums = [self._accumulate(m, rail, target, take, end) for rail in both]
        totals = sums if self.single else self._totals(m, sums, reading, end)
        m.d.comb += [self.totals[rail].eq(total) for rail, total in enumerate(totals)]
        difference = self._difference(m, totals, reading, end)
        payload = self.result.payload
        if self.alternates:
            sums = self._apart(m, sums, reading, end)
        m.d.comb += [
            payload.cost.eq(saturate(difference, self.cost.bits)),
            payload.saturated.eq(exceeds(difference, self.cost.bits)),
            payload.sum0.eq(sums[0]),
            payload.sum1.eq(sums[1]),
            payload.right.eq(0 if self.cost.word else self._right(m, target, row, take)),
            payload.drop.eq(reading.drop),
        ]
        return m

    def _targets(self, m: Module, loaded: Signal, take: Value, final: Value) -> Value:
        """Target of the output that comes next; the others move up with each."""
        bits, words = self.cost.output_bits, record_words(self.cost.outputs)
        targets = Signal(self.cost.outputs * bits, name="targets")
        word = Signal(range(max(2, words)), name="word")
        m.d.comb += self.target.ready.eq(~loaded)
        with m.If(self.target.valid & ~loaded):
            with m.Switch(word):
                for k in range(words):
                    with m.Case(k):
                        m.d.sync += targets[k * SAMPLE_WORD * bits :][: SAMPLE_WORD * bits].eq(self.target.payload)
            m.d.sync += word.eq(Mux(word == words - 1, 0, word + 1))
            m.d.sync += loaded.eq(word == words - 1)
        with m.If(take):
            m.d.sync += targets.eq(targets >> bits)
        with m.If(final):
            m.d.sync += loaded.eq(0)
        return targets[:bits].as_signed()

    def _held(self, m: Module, rail: str, take: Value) -> Signal:
        """S of one rail as it came."""
        word = Signal(sum_shape(self.cost), name=f"sum_{rail}")
        with m.If(take):
            m.d.sync += word.eq(self.output.payload[rail])
        return word

    def _accumulate(self, m: Module, rail: str, target: Value, take: Value, end: Value) -> Signal:
        """S of one rail, three clocks behind its outputs, until the reading ends."""
        bits = self.cost.output_bits + 1
        error, taken = Signal(signed(bits), name=f"error_{rail}"), Signal(2, name=f"taken_{rail}")
        loss, total = Signal(2 * bits, name=f"loss_{rail}"), Signal(self.cost.sum_bits, name=f"sum_{rail}")
        m.d.sync += [
            taken.eq(Cat(take, taken[0])),
            error.eq(self.output.payload[rail] - target),
            loss.eq(self._loss(error)),
        ]
        with m.If(end):
            m.d.sync += total.eq(0)
        with m.Elif(taken[1]):
            m.d.sync += total.eq(total + loss)
        return total

    def _loss(self, error: Value) -> Value:
        """An output's part of S."""
        if self.cost.function == MSE:
            return error * error
        if self.cost.function == L1:
            return abs(error) << 1
        raise unlisted("cost function", self.cost.function, FUNCTIONS)

    def _apart(self, m: Module, sums: list[Signal], reading, end: Value) -> list[Value]:
        """S of both rails, where a reading is of one."""
        before = Signal.like(sums[0], name="sum_before")
        with m.If(end & reading.take0):
            m.d.sync += before.eq(sums[0])
        return [Mux(reading.take0, sums[0], before), Mux(reading.take1, sums[1], 0)]

    def _totals(self, m: Module, sums: list[Signal], reading, end: Value) -> list[Value]:
        """Sums over the readings that count."""
        totals = []
        for name, add, used in zip(("total0", "total1"), sums, (reading.take0, reading.take1), strict=True):
            held = Signal(sum_shape(self.cost, AVERAGE), name=f"{name}_before")
            total = Signal.like(held, name=name)
            m.d.comb += total.eq(held + Mux(used, add, 0))
            with m.If(end):
                m.d.sync += held.eq(Mux(reading.last, 0, total))
            totals.append(total)
        return totals

    def _memory(self, m: Module, words: tuple[int, ...]) -> list[Signal]:
        """Words of the memory that the mode has, written by the host."""
        memory = [Signal(signed(self.width), name=f"memory_{k}") for k in words]
        m.d.comb += [self.memory[k].eq(memory[k]) for k in words]
        halves = [half for word in memory for half in (word[:32], word[32:])]
        with m.If(self.load), m.Switch(self.load_register):
            for register, half in zip(MEMORY, halves, strict=False):
                if len(half):
                    with m.Case(register):
                        m.d.sync += half.eq(self.load_value)
        return memory

    def _difference(self, m: Module, totals: list, reading, end: Value) -> Value:
        """C~ before it saturates; with its memory."""
        total0, total1 = totals
        modes = {ANTITHETIC: self._antithetic, FORWARD: self._forward, ANALOG: self._analog}
        return modes[self.cost.mode](m, total0, total1, reading, end & reading.last & ~reading.drop)

    def _registered(self, m: Module, bits: int) -> tuple[Signal, Signal]:
        """A difference of so many bits, and the same a clock later."""
        difference = Signal(signed(bits), name="difference")
        later = Signal.like(difference, name="difference_later")
        m.d.sync += later.eq(difference)
        return difference, later

    def _antithetic(self, m: Module, total0: Value, total1: Value, reading, step: Value) -> Value:
        """Mean of S_0 - S_1."""
        difference, later = self._registered(m, self.cost.sum_bits + AVERAGE + 1)
        m.d.comb += difference.eq((total0 - total1).as_signed())
        return later if self.single else round_shift_by(m, later, self.settings.average)

    def _forward(self, m: Module, total0: Value, total1: Value, reading, step: Value) -> Value:
        """Mean of S_0 less C0, which is kept."""
        settings = self.settings
        difference, later = self._registered(m, self.cost.sum_bits + 2 * AVERAGE + 1)
        (memory,) = self._memory(m, (0,))
        base = Signal(signed(self.width), name="base")
        m.d.comb += base.eq(Mux(reading.refresh, total1, memory))
        m.d.comb += difference.eq((total0 << settings.average_c0) - (base << settings.average))
        with m.If(step):
            m.d.sync += memory.eq(base)
        return later if self.single else round_shift_by(m, later, settings.average + settings.average_c0)

    def _analog(self, m: Module, total0: Value, total1: Value, reading, step: Value) -> Value:
        """High-pass of S_0, which keeps its input and its output."""
        width, settings = self.width, self.settings
        difference, later = self._registered(m, width + 2)
        memory = self._memory(m, (0, 1))
        level, passed = Signal(signed(width), name="level"), Signal(signed(width), name="passed")
        product = Signal(signed(width + 2 + DECAY_BITS), name="product")
        m.d.comb += level.eq(total0 << (FRACTION - settings.average)[:4])
        m.d.comb += difference.eq(memory[1] + level - memory[0])
        m.d.sync += product.eq(later * settings.decay)
        m.d.sync += passed.eq(Mux(reading.changed, 0, round_shift(product, DECAY_BITS)))
        with m.If(step):
            m.d.sync += [memory[0].eq(level), memory[1].eq(passed)]
        return round_shift(passed, FRACTION)

    def _right(self, m: Module, target: Value, row: Signal, take: Value) -> Value:
        """Whether rail 0's class is the target's."""
        right, output = Signal(name="right"), self.output.payload.rail0
        if self.cost.outputs == 1:
            with m.If(take):
                m.d.sync += right.eq((output > 0) == (target > 0))
            return right
        places = []
        for name, value in (("output", output), ("target", target)):
            largest, place = Signal.like(target, name=f"largest_{name}"), Signal.like(row, name=f"place_{name}")
            with m.If(take & ((row == 0) | (value > largest))):
                m.d.sync += [largest.eq(value), place.eq(row)]
            places.append(place)
        m.d.comb += right.eq(places[0] == places[1])
        return right
