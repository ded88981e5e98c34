"""Pulse trains: from values of neurons and lines to one word of pulses a clock; see `golden.pulses`."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..golden.codes import TRAIN
from ..golden.layout import Layout
from ..golden.memory_map import SAMPLE_WORD
from ..golden.pulses import PROBABILITY_BITS, RATE_BITS, WIDE_BITS, Pulses
from .codes import mix, stream_key
from .layout import lane_words
from .neuron import rails
from .update_vector import UpdateVector


class PulseTrains(Component):
    """One train of pulses for every element of an update, (d, x): slot by slot, a word of lanes a clock.

    Element i of the vector, rows first, is in word i // lanes, lane i % lanes. An update uses the values and the
    line codes of the sweep before: those of a sweep are taken once the sweep's command was.

    Parameters
    ----------
    pulses : golden.pulses.Pulses
        Its `rate` is a port here.
    layout : golden.layout.Layout
        Of the parameters; `pulses.rows` are its neurons, `pulses.lines` its lines with those of the biases.
    lined : bool
        Lines carry the codes of `line` and `hidden`, and those of biases full scale; else `values` has them.
    chopped : {"lines", "rows"}, optional
        What has choppers.

    Members
    -------
    values : stream in, ceil(elements / lanes) words a command, also of one without `use`, lanes of
        signed(row_bits): d but for its sign, and x if not `lined`. What is beyond counts 0.
    line : stream in (lined), words of 8 line codes, `record_words(inputs)` a sweep.
    hidden : stream in (lined), line codes of the hidden neurons in order, both rails, of which rail 1 is used.
        Those of sweep k are taken after command k, and before command k + 1. Zeros before the first ones.
    command : stream in, one a sweep, taken after its last word of pulses was read: cost, whose sign d goes
        against and whose magnitude counts; number of the update, which seeds the trains; without `use` it has none.
    rate : setting, see `golden.pulses`; may change between commands.
    chopper : setting (chopped), one bit a line or a row: 1 inverts its sign; may change between commands.
    train : stream out, `words` words a slot, `pulses.slots` slots a command, one word a clock, lanes of
        signed(2). Lanes beyond the last element are 0.
    """

    def __init__(self, pulses: Pulses, layout: Layout, lined: bool, chopped: str | None = None):
        self.pulses = pulses
        self.layout = layout
        self.lined = lined
        self.chopped = chopped
        self.size = pulses.rows + pulses.lines
        self.words = -(-self.size // layout.lanes)
        command = data.StructLayout({"use": 1, "cost": signed(pulses.magnitude_bits + 1), "number": 32})
        members = {
            "values": In(stream.Signature(lane_words(pulses.row_bits, layout.lanes))),
            "command": In(stream.Signature(command)),
            "rate": In(RATE_BITS),
            "train": Out(stream.Signature(lane_words(2, layout.lanes))),
        }
        if lined:
            members["line"] = In(stream.Signature(lane_words(pulses.line_bits, SAMPLE_WORD)))
            members["hidden"] = In(stream.Signature(rails(pulses.line_bits)))
        if chopped:
            members["chopper"] = In(pulses.rows if chopped == "rows" else pulses.lines)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        pulses, lanes = self.pulses, self.layout.lanes
        vector = UpdateVector(m, self)
        command = self.command.payload

        # A word of elements is read in the clock in which its draws are made.
        word, slot = Signal(range(max(2, self.words))), Signal(range(max(2, pulses.slots)))
        sending, valid, move, last, done = Signal(), Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            move.eq(~valid | self.train.ready),
            last.eq(word == self.words - 1),
            done.eq(sending & move & last & (slot == pulses.slots - 1)),
            self.train.valid.eq(valid),
        ]
        with m.If(move):
            m.d.sync += valid.eq(sending)
        with m.If(sending & move):
            m.d.sync += word.eq(Mux(last, 0, word + 1))
            with m.If(last):
                m.d.sync += slot.eq(Mux(slot == pulses.slots - 1, 0, slot + 1))

        skip = Signal()
        ready = Signal()
        m.d.comb += ready.eq(self.command.valid & vector.full)
        m.d.comb += [self.command.ready.eq(done | skip), vector.freed.eq(self.command.ready)]

        # What all elements share.
        prepared = Signal()
        scale, range_ = self._scale(m, vector, command)
        chance, shift = self._chances(m, scale, range_, prepared)
        turn, key = Signal(32), Signal(64)
        with m.FSM():
            with m.State("WAIT"):
                m.d.sync += turn.eq(command.number * pulses.slots)
                with m.If(ready & ~command.use):
                    m.d.comb += skip.eq(1)
                with m.Elif(ready):
                    m.next = "SCALE"
            with m.State("SCALE"):
                m.next = "RANGE"
            with m.State("RANGE"):
                m.next = "START"
            with m.State("START"):
                # The last word of the update before may not have been taken yet.
                with m.If(move):
                    m.d.comb += prepared.eq(1)
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += sending.eq(1)
                with m.If(done):
                    m.next = "WAIT"
        with m.If(prepared | (sending & move & last)):
            m.d.sync += [turn.eq(turn + 1), key.eq(stream_key(m, pulses.seed, TRAIN, turn))]

        elements = vector.read(word, move)
        draws = self._draws(m, key, word, slot, move)
        opposite = Signal()
        m.d.comb += opposite.eq(command.cost > 0)
        for lane in range(lanes):
            element, (row_draw, line_draw) = elements[lane], draws[lane]
            is_row = Signal(name=f"is_row_{lane}")
            turned = Signal(name=f"turned_{lane}")
            row = word < -(-(pulses.rows - lane) // lanes) if lane < pulses.rows else Const(0)
            with m.If(move):
                m.d.sync += [is_row.eq(row), turned.eq((row & opposite) ^ self._chopped(word, lane))]
            size = Signal(max(pulses.row_bits, pulses.line_bits), name=f"size_{lane}")
            fires = Signal(name=f"fires_{lane}")
            m.d.comb += [
                size.eq(abs(element)),
                fires.eq(Mux(is_row, (size != 0) & (row_draw < chance), (line_draw >> shift) < size)),
                self.train.payload[lane].eq(Mux(fires, Mux((element < 0) ^ turned, -1, 1), 0)),
            ]
        return m

    def _scale(self, m: Module, vector: UpdateVector, command) -> tuple[Signal, Signal]:
        """K, two clocks after the command, and m a clock later."""
        pulses = self.pulses
        most = (1 << WIDE_BITS) - 1
        largest = ((1 << pulses.magnitude_bits) * ((1 << RATE_BITS) - 1)) >> pulses.shift
        scale = Signal(range(max(2, min(largest, most) + 1)))
        raw = Signal(range(max(2, largest + 1)))
        m.d.comb += raw.eq((abs(command.cost) * self.rate) >> pulses.shift)
        m.d.sync += scale.eq(Mux(raw > most, most, raw) if largest > most else raw)
        range_ = Signal(signed(6))
        if pulses.management:
            of_d = Mux(vector.any_row, length(m, scale), 0)
            m.d.sync += range_.eq((vector.reach - of_d) >> 1)
        return scale, range_

    def _chances(self, m: Module, scale: Signal, range_: Signal, prepared: Signal) -> tuple[Signal, Signal]:
        """P of any row whose value is not 0, and log2 of the P of an LSB of x."""
        one = 1 << PROBABILITY_BITS
        chance, shift = Signal(PROBABILITY_BITS + 1), Signal(range(PROBABILITY_BITS + 1))
        up, wide, place = Signal(6), Signal(len(scale) + 8), Signal(signed(8))
        m.d.comb += [
            up.eq(Mux(range_ < 0, -range_, range_)),
            wide.eq(Mux(range_ < 0, scale >> up[:4], scale << up[:4])),
            place.eq(self.pulses.line_shift - range_),
        ]
        with m.If(prepared):
            m.d.sync += [
                chance.eq(Mux(wide > one, one, wide)),
                shift.eq(Mux(place > PROBABILITY_BITS, PROBABILITY_BITS, place)),
            ]
        return chance, shift

    def _draws(self, m: Module, key: Signal, word: Signal, slot: Signal, move: Value) -> list[tuple[Value, Value]]:
        """Draw of each lane, a clock after its word, if it is a row and if it is a line."""
        lanes = self.layout.lanes
        if self.pulses.deterministic:
            drawn = []
            for name, thresholds in zip(("row_draw", "line_draw"), self.pulses.order().tolist(), strict=True):
                drawn.append(Signal(PROBABILITY_BITS, name=name))
                with m.If(move):
                    m.d.sync += drawn[-1].eq(Array(Const(t, PROBABILITY_BITS) for t in thresholds)[slot])
            return [(drawn[0], drawn[1])] * lanes
        draws: list[Value] = []
        for pair in range(-(-lanes // 2)):
            # Two elements share 32 random bits, by the parity of their index.
            if lanes == 1:
                draws.append(mix(m, key, word >> 1).word_select(word[0], 16))
            else:
                bits = mix(m, key, word * (lanes // 2) + pair)
                draws += [bits[:16], bits[16:]]
        held = [Signal(16, name=f"draw_{lane}") for lane in range(lanes)]
        with m.If(move):
            m.d.sync += Cat(held).eq(Cat(draws))
        return [(draw, draw) for draw in held]

    def _chopped(self, word: Signal, lane: int) -> Value:
        """Whether the element of a lane has its sign inverted by its chopper."""
        if self.chopped is None:
            return Const(0)
        first = 0 if self.chopped == "rows" else self.pulses.rows
        bits = []
        for k in range(self.words):
            number = k * self.layout.lanes + lane - first
            bits.append(self.chopper[number] if 0 <= number < len(self.chopper) else Const(0))
        return Array(bits)[word]


def length(m: Module, value: Value) -> Signal:
    """Bit length of an unsigned number."""
    bits = Signal(range(len(value) + 1))
    for k in range(len(value)):
        with m.If(value[k]):
            m.d.comb += bits.eq(k + 1)
    return bits
