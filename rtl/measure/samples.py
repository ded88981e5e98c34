"""Sample memory: the record of the sample asked for, a word of 8 codes a clock; see `golden.blocks.measure.samples`."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.lib.kinds import require_listed
from ...golden.blocks.measure.samples import ORDERS, RANDOM, Samples
from ...golden.chip.memory_map import SAMPLE_WORD, record_words
from ..lib.host_port import HostPort
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

    Members
    -------
    request : stream in: number of the sample, and number mod size (used in cyclic order, or if `direct`).
    line, target : streams out, words of 8 codes: all of a sample's inputs, then all its targets. First
        word five clocks after the request, later where a sample is drawn (see `SampleDraw`), then one a clock.
    host : codes as in `Region.SAMPLES`; written only. A word is written with its eighth code: the other seven are
        those that came last. The memory has one address, which the host has a clock later; then it shows nothing.
    """

    def __init__(
        self, samples: Samples, line_bits: int, output_bits: int, levels: tuple[tuple[int, int], ...] | None = None
    ):
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
        input_words = record_words(self.samples.inputs)
        record = input_words + record_words(self.samples.outputs)
        depth = max(2, self.samples.size * record)

        index = Signal(range(max(2, self.samples.size)))
        address = Signal(range(depth))
        place = Signal(range(record))
        shown = Signal(range(record))
        m.d.comb += self.host.value.eq(0)

        if self.samples.order == RANDOM:
            m.submodules.draw = draw = SampleDraw(self.samples)
            connect(m, flipped(self.request), draw.request)
            chosen = draw.index
        else:
            chosen = stream.Signature(index.shape()).create(path=("chosen",))
            m.d.comb += [chosen.valid.eq(self.request.valid), chosen.payload.eq(self.request.payload.index)]
            m.d.comb += self.request.ready.eq(chosen.ready)

        # Many block RAMs are slow, and far away: their word goes to a register, and is decoupled from what takes it.
        shape = data.ArrayLayout(bits, SAMPLE_WORD)
        fetched, words = (
            stream.Signature(data.StructLayout({"codes": shape, "is_target": 1})).create(path=(name,))
            for name in ("fetched", "given")
        )
        decouple(m, fetched, words)
        reading, full, step, move, is_target = Signal(), Signal(), Signal(), Signal(), words.payload.is_target
        m.d.comb += [
            move.eq(~fetched.valid | fetched.ready),
            step.eq(reading & (~full | move)),
            words.ready.eq(Mux(is_target, self.target.ready, self.line.ready)),
            self.line.valid.eq(words.valid & ~is_target),
            self.target.valid.eq(words.valid & is_target),
        ]
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
                    m.d.sync += [address.eq(address + 1), place.eq(place + 1), shown.eq(place)]
                    with m.If(place == record - 1):
                        m.next = "IDLE"
        m.d.sync += full.eq(step | (full & ~move))

        m.submodules.codes = memory = Memory(shape=shape, depth=depth, init=[])
        read, write = memory.read_port(), memory.write_port()
        host_word, host_code = Signal(range(depth)), Signal(range(SAMPLE_WORD))
        code = (self.host.data > 0) if self.levels else self.host.data[:bits]
        gathered, word = Signal(shape, reset_less=True), Signal(range(depth), reset_less=True)
        pending, late = Signal(), Signal()
        access = Mux(late, word, address)
        taking = self.host.select & self.host.write
        m.d.comb += [
            Cat(host_code, host_word).eq(self.host.index),
            read.en.eq(step & ~late),
            read.addr.eq(access),
            write.en.eq(pending & late),
            write.addr.eq(access),
            write.data.eq(gathered),
        ]
        with m.If(move):
            m.d.sync += [fetched.valid.eq(full), fetched.payload.codes.eq(read.data)]
            m.d.sync += fetched.payload.is_target.eq(shown >= input_words)
        # Many block RAMs take a while to reach: the host has them a clock later, and its word comes from registers.
        m.d.sync += [late.eq(self.host.select), pending.eq(taking & host_code.all()), word.eq(host_word)]
        with m.If(taking):
            m.d.sync += gathered[host_code].eq(code)
        for number, sink in enumerate((self.line, self.target)):
            for place in range(SAMPLE_WORD):
                kept = words.payload.codes[place]
                value = Mux(kept, *reversed(self.levels[number])) if self.levels else kept.as_signed()
                m.d.comb += sink.payload[place].eq(value)
        return m
