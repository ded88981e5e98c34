"""Average: V <- V + (w 2**f - V) / 2**k, or a sum of iterates, a word of lanes a clock.

See `golden.blocks.update.average`.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.update.average import SHIFT_MOST, Average
from ..lib.fixed import round_shift_by
from ..lib.host_port import HostPort
from ..lib.layout import lane_words
from ..lib.read_modify_write import ReadModifyWrite


def command_layout(average: Average) -> data.StructLayout:
    """Payload of a command, see `AverageMemory`."""
    shift = {} if average.cumulative else {"shift": range(SHIFT_MOST + 1)}
    return data.StructLayout({"use": 1, "first": 1} | shift)


class AverageMemory(Component):
    """The words of V, and one pass of weights over them for every sweep.

    It only listens: a word is taken in the clock in which it comes, once the pass has its command, so that weights
    forked to it wait for nothing else.

    Parameters
    ----------
    average : golden.blocks.update.average.Average
    layout : golden.blocks.lib.layout.Layout

    Members
    -------
    command : stream in, one a pass: whether the pass is an iterate (`use`; else its words are dropped), whether it is
        the first one (`first`), and k (`shift`, of an exponential average), 0 .. 20.
    weight : stream in, `layout.words` words of weights a pass, lanes of signed(weight_bits).
    saturated : high for one clock, the one after a word was taken, when it saturates; only a cumulative average does.
    host : words of V by parameter index.
    """

    def __init__(self, average: Average, layout: Layout):
        self.average = average
        self.layout = layout
        super().__init__(
            {
                "command": In(stream.Signature(command_layout(average))),
                "weight": In(stream.Signature(lane_words(average.weight_bits, layout.lanes))),
                "saturated": Out(1),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        taken = stream.Signature(0).create(path=("taken",))
        m.d.comb += taken.ready.eq(1)
        sweep = ReadModifyWrite(
            m, self.layout, self.average.bits, host=self.host, words=self.weight, command=self.command, result=taken,
            selective=True,
        )  # fmt: skip
        over = Signal(self.layout.lanes, name="over")
        take = self._add if self.average.cumulative else self._follow
        for lane in range(self.layout.lanes):
            word, flag = take(m, sweep.value[lane], sweep.words[lane], sweep.command)
            m.d.comb += [sweep.data[lane].eq(word), over[lane].eq(flag)]
        m.d.comb += self.saturated.eq(sweep.commit & sweep.command.use & over.any())
        return m

    def _follow(self, m: Module, v: Value, w: Value, command) -> tuple[Value, Value | int]:
        """V moved towards w; k = 0 loads it. It stays between the two, see `golden.blocks.update.average`, so
        nothing is cut off.
        """
        # No narrower than the largest k, so that the half that rounds has its place.
        distance = Signal(signed(max(self.average.bits, SHIFT_MOST) + 1), name="distance")
        m.d.comb += distance.eq((w << self.average.fraction) - v)
        return v + round_shift_by(m, distance, Mux(command.first, 0, command.shift)), 0

    def _add(self, m: Module, v: Value, w: Value, command) -> tuple[Value, Value | int]:
        """V plus w, saturating at the ends of the words, and whether it does."""
        bits = self.average.bits
        total = Signal(signed(bits + 1), name="total")
        m.d.comb += total.eq(Mux(command.first, 0, v) + w)
        beyond = total[-1] != total[-2]
        end = Cat((~total[-1]).replicate(bits - 1), total[-1])
        return Mux(beyond, end, total[:bits]).as_signed(), beyond
