"""Sample memory: the record of the sample asked for, a word of 8 codes a clock; see `golden.blocks.measure.samples`."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.lib.kinds import require_listed
from ...golden.blocks.measure.samples import ORDERS, RANDOM, Samples
from ...golden.chip.memory_map import SAMPLE_WORD, record_words
from ..lib.host_port import HostPort
from ..lib.mixer import Seed
from ..lib.signals import read_port, signals, write_port
from ..lib.streams import decouple
from .samples_draw import SampleDraw, request_layout


class SampleMemory(Component):
    """Samples and targets, presented on request.

    Parameters
    ----------
    samples : golden.blocks.measure.samples.Samples
    line_bits, output_bits : int
        Widths of input and of target codes.
    levels : tuple of tuple of int, or None
        The lower and the upper code of inputs, and of targets, of which one bit a code is kept; see
        `golden.chip.chip.Chip.levels`. Without, codes are kept as they are.
    seed : rtl.lib.mixer.Seed, optional
        In place of that of `samples`.

    Members
    -------
    request : stream in: number of the sample, and number mod size (used in cyclic order, or if `direct`).
    line, target : streams out, words of 8 codes: all of a sample's inputs, then all its targets. First
        word five clocks after the request, later where a sample is drawn (see `SampleDraw`), then one a clock.
    host : codes as in `Region.SAMPLES`; written only. A word is written with its eighth code: the other seven are
        those that came last. The memory has one address, which the host has a clock later; then it shows nothing.
    """

    def __init__(
        self,
        samples: Samples,
        line_bits: int,
        output_bits: int,
        levels: tuple[tuple[int, int], ...] | None = None,
        seed: Seed | None = None,
    ):
        self.seed = seed
        require_listed("order of samples", samples.order, ORDERS)
        self.samples = samples
        self.levels = levels
        self.line_bits = line_bits
        self.output_bits = output_bits
        super().__init__(
            {
                "request": In(stream.Signature(request_layout(samples))),
                "line": Out(stream.Signature(data.ArrayLayout(signed(line_bits), SAMPLE_WORD))),
                "target": Out(stream.Signature(data.ArrayLayout(signed(output_bits), SAMPLE_WORD))),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits = 1 if self.levels else max(self.line_bits, self.output_bits)
        inputs, outputs = record_words(self.samples.inputs), record_words(self.samples.outputs)
        record, shape = inputs + outputs, data.ArrayLayout(bits, SAMPLE_WORD)
        m.submodules.codes = memory = Memory(shape=shape, depth=max(2, self.samples.size * record), init=[])

        # Many block RAMs are slow, and far away: their word goes to a register, and is decoupled from what takes it.
        fetched, words = (
            stream.Signature(data.StructLayout({"codes": shape, "is_target": 1})).create(path=(name,))
            for name in ("fetched", "given")
        )
        decouple(m, fetched, words)
        full, move, step = signals("full move step")
        m.d.comb += move.eq(~fetched.valid | fetched.ready)
        m.d.sync += full.eq(step | (full & ~move))
        address, place = self._walk(m, self._index(m), record, ~full | move, step)
        read = self._access(m, memory, address, step)
        word_place = Signal.like(place, name="word_place")  # of the word that the memory shows
        with m.If(step):
            m.d.sync += word_place.eq(place)
        with m.If(move):
            m.d.sync += [fetched.valid.eq(full), fetched.payload.codes.eq(read)]
            m.d.sync += fetched.payload.is_target.eq(word_place >= inputs)
        self._present(m, words)
        return m

    def _index(self, m: Module):
        """Stream of the index of the sample that is asked for."""
        if self.samples.order == RANDOM:
            m.submodules.draw = draw = SampleDraw(self.samples, self.seed)
            connect(m, flipped(self.request), draw.request)
            return draw.index
        index = stream.Signature(range(max(2, self.samples.size))).create(path=("chosen",))
        m.d.comb += [index.valid.eq(self.request.valid), index.payload.eq(self.request.payload.index)]
        m.d.comb += self.request.ready.eq(index.ready)
        return index

    def _walk(self, m: Module, chosen, record: int, free: Value, step: Signal) -> tuple[Signal, Signal]:
        """Address of a sample's words, one after the other, and the word's place in the record; `step`: it is read."""
        index, reading = Signal.like(chosen.payload, name="index"), Signal(name="reading")
        address = Signal(range(max(2, self.samples.size * record)), name="address")
        place = Signal(range(record), name="place")
        m.d.comb += step.eq(reading & free)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += chosen.ready.eq(1)
                m.d.sync += [index.eq(chosen.payload), place.eq(0)]
                with m.If(chosen.valid):
                    m.next = "LOCATE"
            with m.State("LOCATE"):
                m.d.sync += address.eq(index * record)
                m.next = "READ"
            with m.State("READ"):
                m.d.comb += reading.eq(1)
                with m.If(step):
                    m.d.sync += [address.eq(address + 1), place.eq(place + 1)]
                    with m.If(place == record - 1):
                        m.next = "IDLE"
        return address, place

    def _access(self, m: Module, memory: Memory, address: Signal, step: Signal) -> Value:
        """The memory's one address, for the words that are read and for those that the host writes; what is read."""
        read, write = read_port(memory), write_port(memory)
        host_word, host_code = Signal.like(address, name="host_word"), Signal(range(SAMPLE_WORD), name="host_code")
        gathered = Signal(memory.shape, reset_less=True, name="gathered")
        word = Signal.like(address, reset_less=True, name="word")
        code = (self.host.data > 0) if self.levels else self.host.data[: len(gathered[0])]
        pending, late = signals("pending late")
        access = Mux(late, word, address)
        taking = self.host.select & self.host.write
        m.d.comb += [
            Cat(host_code, host_word).eq(self.host.index),
            read.en.eq(step & ~late),
            read.addr.eq(access),
            write.en.eq(pending & late),
            write.addr.eq(access),
            write.data.eq(gathered),
            self.host.value.eq(0),
        ]
        # Many block RAMs take a while to reach: the host has them a clock later, and its word comes from registers.
        m.d.sync += [late.eq(self.host.select), pending.eq(taking & host_code.all()), word.eq(host_word)]
        with m.If(taking):
            m.d.sync += gathered[host_code].eq(code)
        return read.data

    def _present(self, m: Module, words) -> None:
        """Give each word to the stream that it belongs to."""
        is_target = words.payload.is_target
        m.d.comb += [
            words.ready.eq(Mux(is_target, self.target.ready, self.line.ready)),
            self.line.valid.eq(words.valid & ~is_target),
            self.target.valid.eq(words.valid & is_target),
        ]
        for number, sink in enumerate((self.line, self.target)):
            for place in range(SAMPLE_WORD):
                code = words.payload.codes[place]
                value = Mux(code, *reversed(self.levels[number])) if self.levels else code.as_signed()
                m.d.comb += sink.payload[place].eq(value)
