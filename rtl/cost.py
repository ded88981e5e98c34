"""Cost unit: S of both rails from outputs and targets, and C~; see `golden.cost`."""

from amaranth.hdl import Array, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.cost import MSE, Cost
from ..golden.memory_map import SAMPLE_WORD, record_words
from .fixed import exceeds, saturate
from .neuron import rails


def result_layout(cost: Cost) -> data.StructLayout:
    """Payload of a measurement: C~, whether it saturated, S of both rails."""
    return data.StructLayout(
        {"cost": signed(cost.bits), "saturated": 1, "sum0": cost.sum_bits, "sum1": cost.sum_bits}
    )


class CostUnit(Component):
    """Accumulates the errors of the outputs, one a clock.

    Parameters
    ----------
    cost : golden.cost.Cost

    Members
    -------
    target : stream in, words of 8 target codes, `record_words(outputs)` a measurement; taken before
        the measurement's first output.
    output : stream in, codes of both rails, `outputs` a measurement.
    result : stream out, one a measurement, one clock after its last output.
    """

    def __init__(self, cost: Cost):
        self.cost = cost
        super().__init__(
            {
                "target": In(stream.Signature(data.ArrayLayout(signed(cost.output_bits), SAMPLE_WORD))),
                "output": In(stream.Signature(rails(cost.output_bits))),
                "result": Out(stream.Signature(result_layout(cost))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        words = record_words(self.cost.outputs)
        targets = Signal(data.ArrayLayout(signed(self.cost.output_bits), words * SAMPLE_WORD))
        word = Signal(range(max(2, words)))
        row = Signal(range(max(2, self.cost.outputs)))
        loaded, full, take = Signal(), Signal(), Signal()

        m.d.comb += self.target.ready.eq(~loaded)
        with m.If(self.target.valid & ~loaded):
            with m.Switch(word):
                for k in range(words):
                    with m.Case(k):
                        for c in range(SAMPLE_WORD):
                            m.d.sync += targets[k * SAMPLE_WORD + c].eq(self.target.payload[c])
            m.d.sync += word.eq(Mux(word == words - 1, 0, word + 1))
            m.d.sync += loaded.eq(word == words - 1)

        m.d.comb += [
            self.output.ready.eq(loaded & (~full | self.result.ready)),
            take.eq(self.output.valid & self.output.ready),
            self.result.valid.eq(full),
        ]
        with m.If(self.result.ready):
            m.d.sync += full.eq(0)
        with m.If(take):
            m.d.sync += row.eq(row + 1)
            with m.If(row == self.cost.outputs - 1):
                m.d.sync += [row.eq(0), loaded.eq(0), full.eq(1)]
        sums = [self._accumulate(m, rail, targets, row, take) for rail in ("rail0", "rail1")]

        difference = Signal(signed(self.cost.sum_bits + 1))
        payload = self.result.payload
        m.d.comb += [
            difference.eq(sums[0] - sums[1]),
            payload.cost.eq(saturate(difference, self.cost.bits)),
            payload.saturated.eq(exceeds(difference, self.cost.bits)),
            payload.sum0.eq(sums[0]),
            payload.sum1.eq(sums[1]),
        ]
        return m

    def _accumulate(self, m: Module, rail: str, targets, row: Signal, take: Signal) -> Signal:
        """S of one rail."""
        target = Signal(signed(self.cost.output_bits))
        error = Signal(signed(self.cost.output_bits + 1))
        part = Signal(self.cost.sum_bits)
        total = Signal(self.cost.sum_bits, name=f"sum_{rail}")
        m.d.comb += [
            target.eq(Array(targets[k] for k in range(self.cost.outputs))[row]),
            error.eq(self.output.payload[rail] - target),
            part.eq(error * error if self.cost.function == MSE else abs(error) << 1),
        ]
        with m.If(take):
            m.d.sync += total.eq(Mux(row == 0, 0, total) + part)
        return total
