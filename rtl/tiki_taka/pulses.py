"""Pulse trains: from values of neurons and lines to one word of pulses a clock.

See `golden.blocks.tiki_taka.pulses`.
"""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.lib.mixer import TRAIN
from ...golden.blocks.tiki_taka.pulses import PROBABILITY_BITS, RATE_BITS, Pulses
from ...golden.chip.memory_map import SAMPLE_WORD
from ..lib.layout import lane_words
from ..lib.mixer import half_key, mix
from ..lib.signals import signals
from ..measure.neuron import rails
from .pulses_probabilities import Probabilities
from .pulses_vector import UpdateVector


class PulseTrains(Component):
    """One train of pulses for every element of an update, (d, x): slot by slot, a word of lanes a clock.

    Element i of the vector, rows first, is in word i // lanes, lane i % lanes. An update uses the values and the
    line codes of the sweep before: those of a sweep are taken once the sweep's command was.

    Parameters
    ----------
    pulses : golden.blocks.tiki_taka.pulses.Pulses
        Its `rate` is a port here.
    layout : golden.blocks.lib.layout.Layout
        Of the parameters; `pulses.rows` are its neurons, `pulses.lines` its lines with those of the biases.
    lined : bool
        Lines carry the codes of `line` and `hidden`, and those of biases full scale; else `values` has them.
    chopped : {"lines", "rows"}, optional
        What has choppers.
    seed : Value, optional
        In place of that of `pulses`.

    Members
    -------
    values : stream in, ceil(elements / lanes) words a command, also of one without `use`, lanes of
        signed(row_bits): d but for its sign, and x if not `lined`. What is beyond counts 0.
    line : stream in (lined), words of 8 line codes, `record_words(inputs)` a sweep; of groups the codes of all their
        lines, `record_words(lines)` a sweep.
    hidden : stream in (lined, layers), line codes of the hidden neurons in order, both rails, of which rail 1 is used.
        Those of sweep k are taken after command k, and before command k + 1. Zeros before the first ones.
    command : stream in, one a sweep, taken after its last word of pulses was read: cost, whose sign d goes
        against and whose magnitude counts; number of the update, which seeds the trains; without `use` it has none.
    rate : setting, see `golden.blocks.tiki_taka.pulses`; may change between commands.
    chopper : setting (chopped), one bit a line or a row: 1 inverts its sign; may change between commands.
    train : stream out, `words` words a slot, `pulses.slots` slots a command, one word a clock, lanes of
        signed(2). Lanes beyond the last element are 0. Two clocks before each slot of random pulses make its key;
        those before the first are in `rtl.tiki_taka.pulses_probabilities`.
    """

    def __init__(
        self, pulses: Pulses, layout: Layout, lined: bool, chopped: str | None = None, seed: Value | None = None
    ):
        self.seed = pulses.seed if seed is None else seed
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
            if layout.layers:
                members["hidden"] = In(stream.Signature(rails(pulses.line_bits)))
        if chopped:
            members["chopper"] = In(pulses.rows if chopped == "rows" else pulses.lines)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        pulses, lanes = self.pulses, self.layout.lanes
        command = self.command.payload
        vector = UpdateVector(m, self)

        # A word of numbers is read in the clock in which its draws are made.
        word, slot = Signal(range(max(2, self.words)), name="word"), Signal(range(max(2, pulses.slots)), name="slot")
        sending, valid, move, last, final = signals("sending valid move last final")
        ready, start, skip, done = signals("ready start skip done")
        probabilities = Probabilities(m, self, vector, start)
        m.d.comb += [
            move.eq(~valid | self.train.ready),
            last.eq(sending & move & (word == self.words - 1)),
            final.eq(slot == pulses.slots - 1),
            done.eq(last & final),
            ready.eq(self.command.valid & vector.full),
            self.command.ready.eq(done | skip),
            self.train.valid.eq(valid),
            vector.freed.eq(self.command.ready),
            vector.move.eq(move),
            vector.word.eq(Mux(sending, word, probabilities.row >> (lanes - 1).bit_length())),
        ]
        with m.If(move):
            m.d.sync += valid.eq(sending)
            with m.If(sending):
                m.d.sync += word.eq(Mux(last, 0, word + 1))
        with m.If(last):
            m.d.sync += slot.eq(Mux(final, 0, slot + 1))

        turn, key = Signal(32, name="turn"), Signal(64, name="key")
        keying, half = signals("keying half")
        begin = "SEND" if pulses.deterministic else "KEY"
        with m.FSM():
            with m.State("WAIT"):
                m.d.sync += turn.eq(command.number * pulses.slots)
                m.d.comb += [skip.eq(ready & ~command.use), start.eq(ready & command.use & move)]
                with m.If(start):
                    m.next = "PREPARE"
            with m.State("PREPARE"):
                with m.If(probabilities.done):
                    m.next = begin
            if not pulses.deterministic:
                with m.State("KEY"):
                    m.d.comb += keying.eq(1)
                    m.d.sync += half.eq(~half)
                    with m.If(half):
                        m.d.sync += turn.eq(turn + 1)
                        m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += sending.eq(1)
                with m.If(done):
                    m.next = "WAIT"
                with m.Elif(last):
                    m.next = begin

        if pulses.deterministic:
            draws = self._thresholds(m, slot, move)
        else:
            draws = self._random(m, turn, key, keying, half, word, move)
        for lane, (row_draw, line_draw) in enumerate(draws):
            size, fires, minus = vector.sizes[lane], Signal(name=f"fires_{lane}"), Signal(name=f"minus_{lane}")
            is_row, turned = Signal(name=f"is_row_{lane}"), Signal(name=f"turned_{lane}")
            if lane < pulses.rows:
                row = word < -(-(pulses.rows - lane) // lanes)
                with m.If(move):
                    m.d.sync += is_row.eq(row)
                turns = (row & (command.cost > 0)) ^ self._chopped(word, lane)
                by_row = probabilities.row_fires(lane, row_draw, size)
            else:
                turns, by_row = self._chopped(word, lane), Const(0)
            with m.If(move):
                m.d.sync += turned.eq(turns)
            line = probabilities.line_fires(line_draw, size[: pulses.line_bits - 1])
            m.d.comb += [
                fires.eq(Mux(is_row, by_row, line)),
                minus.eq(fires & (vector.signs[lane] ^ turned)),
                self.train.payload[lane].eq(Cat(fires, minus).as_signed()),
            ]
        return m

    def _thresholds(self, m: Module, slot: Signal, move: Value) -> list[tuple[Value, Value]]:
        """What a row, and a line, is held against in each lane of a deterministic train, a clock after its word."""
        drawn = []
        for name, thresholds in zip(("row_draw", "line_draw"), self.pulses.order().tolist(), strict=True):
            drawn.append(Signal(PROBABILITY_BITS, name=name))
            with m.If(move):
                m.d.sync += drawn[-1].eq(Array(Const(t, PROBABILITY_BITS) for t in thresholds)[slot])
        return [(drawn[0], drawn[1])] * self.layout.lanes

    def _random(self, m: Module, turn: Value, key: Signal, keying: Value, half: Value, word: Value, move: Value):
        """Draws of each lane, a clock after its word: two elements share 32 bits, by the parity of their index.

        What makes those of the first pair also makes the key of a slot, in two clocks before its words.
        """
        lanes, fixed = self.layout.lanes, half_key(half, self.seed, TRAIN)
        draws: list[Value] = []
        for pair in range(-(-lanes // 2)):
            counter = Signal(32, name=f"counter_{pair}")
            m.d.comb += counter.eq(word >> 1 if lanes == 1 else word * (lanes // 2) + pair)
            if pair:
                bits = mix(m, key, counter)
            else:
                bits = mix(m, Mux(keying, fixed, key), Mux(keying, turn, counter))
                with m.If(keying):
                    m.d.sync += key.word_select(half, 32).eq(bits)
            draws.extend([bits.word_select(word[0], 16)] if lanes == 1 else [bits[:16], bits[16:]])
        held = [Signal(16, name=f"draw_{lane}") for lane in range(lanes)]
        with m.If(move):
            m.d.sync += Cat(held).eq(Cat(draws))
        return [(draw, draw) for draw in held]

    def _chopped(self, word: Signal, lane: int) -> Value:
        """Whether the element of a lane has its sign inverted by its chopper."""
        if self.chopped is None:
            return Const(0)
        first, bits = 0 if self.chopped == "rows" else self.pulses.rows, []
        for k in range(self.words):
            number = k * self.layout.lanes + lane - first
            bits.append(self.chopper[number] if 0 <= number < len(self.chopper) else Const(0))
        return Array(bits)[word]
