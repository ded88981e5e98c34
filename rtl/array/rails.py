"""One rail after the other, for an array that has one copy of itself; see `golden.blocks.array.rails`.

It stands between the engine, which has two rails at once, and the array. Words of a sweep are shown as they come and
kept; where the second rail's cost is used too, they are shown once more with the other polarity. The engine has both
costs then, and knows of nothing but the time that passed.

Of a network each sweep shows one rail, and no word is kept: the engine's neurons take one code after the other, so the
engine sends a sweep for each rail (`rtl.control.sequencer`).
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.chip.chip import Chip
from ...golden.chip.memories import memories
from ...golden.chip.memory_map import record_words
from ...golden.chip.paths import TikiTaka
from ..lib.signals import signals
from ..lib.streams import transfer
from .port import ArrayPort, sample_members
from .rails_port import RailPort
from .rails_words import RailWords


class RailSequence(Component):
    """Presentations, settling and conversions of each sweep.

    A presentation takes one clock, one a word, and the latency of `rtl.array.rails_words.RailWords`; where it is
    measured, the settling time, and two clocks a reading. A sweep takes two clocks more, and samples and pulses one a
    word. Of a network a sweep is one presentation, whose measurement takes the settling time, a clock, and one a
    neuron; it takes one clock more. Streams that stall come on top.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
        With `array.rails = 1`.

    Members
    -------
    array : the engine, see `rtl.array.port.ArrayPort`; its strobes are not used.
    outer : the array, see `rtl.array.rails_port.RailPort`.
    clocks : settling time of a presentation; does not change in a run.
    """

    def __init__(self, chip: Chip):
        assert chip.rail is not None
        self.chip, self.rail = chip, chip.rail
        super().__init__({"array": In(ArrayPort(chip)), "outer": Out(RailPort(chip)), "clocks": In(16)})

    def elaborate(self, platform):
        m = Module()
        chip, array, outer = self.chip, self.array, self.outer
        pulsed = chip.path.pulsed
        m.submodules.words = words = RailWords(self.rail, chip.layout, pulsed, not chip.alternates)
        connect(m, flipped(array.sign), words.sign)
        if pulsed:
            connect(m, words.out, flipped(outer.sign))
            for name in [name for name in ("transfer", "read") if name in chip.path.streams]:
                connect(m, flipped(getattr(array, name)), flipped(getattr(outer, name)))
            if "reading" in chip.path.streams:
                connect(m, flipped(outer.reading), flipped(array.reading))
        else:
            connect(m, flipped(array.weight), words.weight)
            connect(m, words.out, flipped(outer.code))
        for memory in memories(chip):
            if memory.owner == "rails":
                connect(m, flipped(getattr(array, memory.port)), getattr(words, memory.port))
        if chip.lined and not chip.alternates:
            connect(m, flipped(outer.activity), flipped(array.activity))
        m.d.comb += array.busy.eq(outer.busy)
        if not chip.alternates:
            m.d.comb += [
                outer.sample.payload.number.eq(array.sample.payload.number),
                outer.sample.payload.next.eq(array.sample.payload.next),
            ]
        self._sweep(m, words)
        return m

    def _sweep(self, m: Module, words: RailWords) -> None:
        """What a sweep goes through: its sample, pulses, and a presentation and conversions of each of its rails."""
        array, outer, how = self.array, self.outer, words.how
        rails, rail = Signal.like(array.sample.payload.rails, name="used"), Signal(name="rail")
        clocks = Signal.like(self.clocks, name="clocks")
        totals = []
        if not self.chip.alternates:
            totals = [Signal.like(array.cost.payload[name], name=f"total_{name}") for name in ("rail0", "rail1")]
        m.d.comb += [
            # What is shown behind a run's last step is of no step.
            array.saturated.eq(outer.saturated | (words.saturated & rails.any())),
            how.again.eq(rail & rails[0]),
            how.negative.eq(rail & (self.rail.second < 0)),
            how.silent.eq(~rails.any() | (rail & (self.rail.second == 0))),
            *(array.cost.payload[f"rail{k}"].eq(total) for k, total in enumerate(totals)),
        ]
        before, vectors = self._before(), "train" in self.chip.path.streams
        states = [*(name.upper() for name, _ in before), *["VECTORS"] * vectors, "BEGIN"]
        with m.FSM():
            with m.State("SAMPLE"):
                if self.chip.alternates:
                    m.d.comb += array.sample.ready.eq(1)
                else:
                    m.d.comb += [outer.sample.valid.eq(array.sample.valid), array.sample.ready.eq(outer.sample.ready)]
                m.d.sync += [rails.eq(array.sample.payload.rails), rail.eq(array.sample.payload.rails == 0b10)]
                m.d.sync += [total.eq(0) for total in totals]
                with m.If(transfer(array.sample if self.chip.alternates else outer.sample)):
                    m.next = states[0]
            for (name, count), following in zip(before, states[1:], strict=False):
                self._pass(m, name, count, following)
            if vectors:
                self._vectors(m)
            with m.State("BEGIN"):
                m.d.comb += words.begin.eq(1)
                m.next = "SHOW"
            with m.State("SHOW"):
                m.d.sync += clocks.eq(self.clocks)
                with m.If(words.done):
                    m.next = "SETTLE"
                    self._skip(m, rails)
            with m.State("SETTLE"):
                m.d.comb += [outer.settle.eq(clocks != 0), outer.convert.eq(clocks == 0)]
                m.d.sync += clocks.eq(clocks - 1)
                with m.If(outer.convert):
                    m.d.sync += clocks.eq(0)  # it has settled for further readings too
                    m.next = "READ"
            if self.chip.alternates:
                self._answered(m)
            else:
                self._measured(m, rails, rail, totals)

    def _skip(self, m: Module, rails: Signal) -> None:
        """A sweep whose cost nobody uses is given zeros at once; neurons need their codes nevertheless."""
        if not self.chip.alternates:
            with m.If(~rails.any()):
                m.next = "GIVE"

    def _answered(self, m: Module) -> None:
        """The state in which a network's neurons get their codes, each of them on both rails."""
        array, outer, last = self.array, self.outer, self.chip.layout.neurons - 1
        neuron = Signal(range(max(2, last + 1)), name="neuron")
        m.d.comb += [
            outer.hidden.valid.eq(array.hidden.valid),
            outer.hidden.payload.eq(array.hidden.payload.rail0),
            array.hidden.ready.eq(outer.hidden.ready),
            *(array.adc.payload[name].eq(outer.adc.payload) for name in ("rail0", "rail1")),
        ]
        with m.State("READ"):
            m.d.comb += [array.adc.valid.eq(outer.adc.valid), outer.adc.ready.eq(array.adc.ready)]
            with m.If(transfer(array.adc)):
                m.d.sync += neuron.eq(Mux(neuron == last, 0, neuron + 1))
                with m.If(neuron == last):
                    m.next = "SAMPLE"

    def _measured(self, m: Module, rails: Signal, rail: Signal, totals: list[Signal]) -> None:
        """The states in which conversions are summed up, and S of both rails is given."""
        array, outer = self.array, self.outer
        with m.State("READ"):
            m.d.comb += outer.cost.ready.eq(1)
            with m.If(outer.cost.valid):
                m.d.sync += [total.eq(total + Mux(rail == k, outer.cost.payload, 0)) for k, total in enumerate(totals)]
                self._go_on(m, rails, rail)
        with m.State("GIVE"):
            m.d.comb += array.cost.valid.eq(1)
            with m.If(array.cost.ready):
                m.next = "SAMPLE"

    def _before(self) -> list[tuple[str, int]]:
        """Streams that pass before the words, with which they settle, and their words a sweep."""
        samples, pulsed = self.chip.samples, "pulses" in self.chip.path.streams
        sampled = {"line": record_words(samples.inputs), "target": record_words(samples.outputs)}
        found = [(name, sampled[name]) for name in sample_members(self.chip)]
        return found + [("pulses", self.chip.layout.words)] * pulsed

    def _pass(self, m: Module, name: str, words: int, following: str) -> None:
        """The state in which a stream passes."""
        source, sink = getattr(self.array, name), getattr(self.outer, name)
        place = Signal(range(max(2, words)), name=f"{name}_place")
        m.d.comb += sink.payload.eq(source.payload)
        with m.State(name.upper()):
            m.d.comb += [sink.valid.eq(source.valid), source.ready.eq(sink.ready)]
            with m.If(transfer(sink)):
                m.d.sync += place.eq(Mux(place == words - 1, 0, place + 1))
                with m.If(place == words - 1):
                    m.next = following

    def _vectors(self, m: Module) -> None:
        """The state in which vectors of pulses pass, up to the one onto C: both its command and its last word."""
        chip = self.chip
        assert isinstance(chip.path, TikiTaka)
        length = -(-chip.path.elements // chip.layout.lanes)
        word, pulse, train = Signal(range(max(2, length)), name="word"), self.outer.pulse, self.outer.train
        named, sent, slow, last, command, done = signals("named sent slow last command done")
        m.d.comb += [pulse.payload.eq(self.array.pulse.payload), train.payload.eq(self.array.train.payload)]
        with m.State("VECTORS"):
            for sink, source in ((pulse, self.array.pulse), (train, self.array.train)):
                m.d.comb += [sink.valid.eq(source.valid), source.ready.eq(sink.ready)]
            m.d.comb += [
                last.eq(transfer(train) & (word == length - 1)),
                command.eq(transfer(pulse)),
                done.eq((named | command) & (sent | last)),
            ]
            m.d.sync += [named.eq((named | command) & ~done), sent.eq((sent | last) & ~done)]
            with m.If(command):
                m.d.sync += slow.eq(pulse.payload.slow)
            with m.If(transfer(train)):
                m.d.sync += word.eq(Mux(last, 0, word + 1))
            with m.If(done & Mux(command, pulse.payload.slow, slow)):
                m.next = "BEGIN"

    def _go_on(self, m: Module, rails: Signal, rail: Signal) -> None:
        """What follows a conversion: the next, the other rail, or the engine."""
        reading, last = Signal(range(max(2, 1 << self.rail.readings)), name="reading"), (1 << self.rail.readings) - 1
        m.d.sync += reading.eq(Mux(reading == last, 0, reading + 1))
        with m.If(reading != last):
            m.next = "SETTLE"
        with m.Elif(rails[1] & ~rail):
            m.d.sync += rail.eq(1)
            m.next = "BEGIN"
        with m.Else():
            m.next = "GIVE"
