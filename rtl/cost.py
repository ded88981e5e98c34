"""Cost unit: S of both rails from outputs and targets, means over readings, and C~; see `golden.cost`."""

from amaranth.hdl import Array, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.cost import ANALOG, ANTITHETIC, AVERAGE, DECAY_BITS, FORWARD, FRACTION, MSE, Cost
from ..golden.memory_map import SAMPLE_WORD, Register, record_words
from .fixed import exceeds, round_shift, round_shift_by, saturate
from .neuron import rails
from .settings import LAYOUT

MEMORY = (Register.MEMORY_0_LOW, Register.MEMORY_0_HIGH, Register.MEMORY_1_LOW, Register.MEMORY_1_HIGH)
"""Registers of the cost unit's memory."""
READING = data.StructLayout({"take0": 1, "take1": 1, "last": 1, "refresh": 1, "changed": 1, "drop": 1})
"""What a reading is for: counts for rail 0, for rail 1; is the step's last, refreshes C0, sees another
sample than the last step did; or is of no step at all."""


def result_layout(cost: Cost) -> data.StructLayout:
    """Payload of a measurement: C~ and whether it saturated, S of both rails, the class right, of no step."""
    return data.StructLayout(
        {
            "cost": signed(cost.bits), "saturated": 1, "sum0": cost.sum_bits, "sum1": cost.sum_bits,
            "right": 1, "drop": 1,
        }
    )  # fmt: skip


class CostUnit(Component):
    """Accumulates the errors of the outputs, one a clock.

    Parameters
    ----------
    cost : golden.cost.Cost

    Members
    -------
    settings : averages and decay are used.
    reading : stream in, one a reading.
    target : stream in, words of 8 target codes, `record_words(outputs)` a reading. Both are taken before
        the reading's first output.
    output : stream in, codes of both rails, `outputs` a reading.
    result : stream out, one for each last reading, one clock after its last output.
    load, load_register, load_value : the host writes a word of the memory.
    memory : both words of the memory.
    """

    def __init__(self, cost: Cost):
        self.cost = cost
        self.width = cost.sum_bits + FRACTION + 2
        super().__init__(
            {
                "settings": In(LAYOUT),
                "reading": In(stream.Signature(READING)),
                "target": In(stream.Signature(data.ArrayLayout(signed(cost.output_bits), SAMPLE_WORD))),
                "output": In(stream.Signature(rails(cost.output_bits))),
                "result": Out(stream.Signature(result_layout(cost))),
                "load": In(1),
                "load_register": In(Register),
                "load_value": In(32),
                "memory": Out(data.ArrayLayout(signed(64), 2)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        words = record_words(self.cost.outputs)
        targets = Signal(data.ArrayLayout(signed(self.cost.output_bits), words * SAMPLE_WORD))
        word = Signal(range(max(2, words)))
        row = Signal(range(max(2, self.cost.outputs)))
        loaded, full, take, begun = Signal(), Signal(), Signal(), Signal()
        reading, coming = Signal(READING), Signal(READING)

        m.d.comb += self.target.ready.eq(~loaded)
        with m.If(self.target.valid & ~loaded):
            with m.Switch(word):
                for k in range(words):
                    with m.Case(k):
                        for c in range(SAMPLE_WORD):
                            m.d.sync += targets[k * SAMPLE_WORD + c].eq(self.target.payload[c])
            m.d.sync += word.eq(Mux(word == words - 1, 0, word + 1))
            m.d.sync += loaded.eq(word == words - 1)
        # The next one is taken with the last output, for the sequencer presents it before it takes the result.
        final = Signal()
        m.d.comb += self.reading.ready.eq(~begun | final)

        end = Signal()  # a reading is complete, and goes
        m.d.comb += [
            self.output.ready.eq(loaded & begun & ~full),
            take.eq(self.output.valid & self.output.ready),
            self.result.valid.eq(full & reading.last),
            end.eq(full & (self.result.ready | ~reading.last)),
        ]
        with m.If(end):
            m.d.sync += full.eq(0)
        m.d.comb += final.eq(take & (row == self.cost.outputs - 1))
        with m.If(take):
            m.d.sync += row.eq(Mux(final, 0, row + 1))
        with m.If(final):
            m.d.sync += [loaded.eq(0), full.eq(1), reading.eq(coming)]
        with m.If(self.reading.ready):
            m.d.sync += [coming.eq(self.reading.payload), begun.eq(self.reading.valid)]
        target = Signal(signed(self.cost.output_bits))
        m.d.comb += target.eq(Array(targets[k] for k in range(self.cost.outputs))[row])
        sums = [self._accumulate(m, rail, target, row, take) for rail in ("rail0", "rail1")]

        totals = []
        for name, add, used in zip(("total0", "total1"), sums, (reading.take0, reading.take1), strict=True):
            held = Signal(self.cost.sum_bits + AVERAGE, name=f"{name}_before")
            total = Signal.like(held, name=name)
            m.d.comb += total.eq(held + Mux(used, add, 0))
            with m.If(end):
                m.d.sync += held.eq(Mux(reading.last, 0, total))
            totals.append(total)
        difference = self._difference(m, totals, reading, end)
        payload = self.result.payload
        m.d.comb += [
            payload.cost.eq(saturate(difference, self.cost.bits)),
            payload.saturated.eq(exceeds(difference, self.cost.bits)),
            payload.sum0.eq(sums[0]),
            payload.sum1.eq(sums[1]),
            payload.right.eq(self._right(m, target, row, take)),
            payload.drop.eq(reading.drop),
        ]
        return m

    def _accumulate(self, m: Module, rail: str, target: Signal, row: Signal, take: Signal) -> Signal:
        """S of one rail."""
        error = Signal(signed(self.cost.output_bits + 1))
        part = Signal(self.cost.sum_bits)
        total = Signal(self.cost.sum_bits, name=f"sum_{rail}")
        m.d.comb += [
            error.eq(self.output.payload[rail] - target),
            part.eq(error * error if self.cost.function == MSE else abs(error) << 1),
        ]
        with m.If(take):
            m.d.sync += total.eq(Mux(row == 0, 0, total) + part)
        return total

    def _difference(self, m: Module, totals: list[Signal], reading, end: Signal) -> Signal:
        """C~ before it saturates; with its memory."""
        width, settings = self.width, self.settings
        memory = [Signal(signed(width), name=f"memory_{k}") for k in range(2)]
        m.d.comb += [word.eq(value) for word, value in zip(self.memory, memory, strict=True)]
        with m.If(self.load):
            with m.Switch(self.load_register):
                for number, register in enumerate(MEMORY):
                    half = memory[number // 2][32:] if number % 2 else memory[number // 2][:32]
                    if len(half):
                        with m.Case(register):
                            m.d.sync += half.eq(self.load_value)
        step = end & reading.last & ~reading.drop
        difference = Signal(signed(width + AVERAGE + 1))
        total0, total1 = totals
        if self.cost.mode == ANTITHETIC:
            m.d.comb += difference.eq(round_shift_by(m, (total0 - total1).as_signed(), settings.average))
        elif self.cost.mode == FORWARD:
            base = Signal(signed(width))
            apart = Signal(signed(self.cost.sum_bits + 2 * AVERAGE + 1))
            m.d.comb += base.eq(Mux(reading.refresh, total1, memory[0]))
            m.d.comb += apart.eq((total0 << settings.average_c0) - (base << settings.average))
            both = settings.average + settings.average_c0
            m.d.comb += difference.eq(round_shift_by(m, apart, both))
            with m.If(step):
                m.d.sync += memory[0].eq(base)
        else:
            assert self.cost.mode == ANALOG
            level, passed = Signal(signed(width)), Signal(signed(width))
            product = Signal(signed(width + 2 + DECAY_BITS))
            m.d.comb += [
                level.eq(total0 << (FRACTION - settings.average)[:4]),
                product.eq((memory[1] + level - memory[0]) * settings.decay),
                passed.eq(Mux(reading.changed, 0, round_shift(product, DECAY_BITS))),
                difference.eq(round_shift(passed, FRACTION)),
            ]
            with m.If(step):
                m.d.sync += [memory[0].eq(level), memory[1].eq(passed)]
        return difference

    def _right(self, m: Module, target: Signal, row: Signal, take: Signal) -> Signal:
        """Whether rail 0's class is the target's."""
        right, output = Signal(), self.output.payload.rail0
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
