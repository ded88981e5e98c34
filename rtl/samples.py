"""Sample memory: the record of the sample asked for, a word of 8 codes a clock; see `golden.samples`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ..golden.codes import SAMPLE
from ..golden.memory_map import SAMPLE_WORD, record_words
from ..golden.samples import RANDOM, Samples
from .buses.host import HostPort
from .codes import mix, stream_key


class SampleMemory(Component):
    """Samples and targets, presented on request.

    Parameters
    ----------
    samples : golden.samples.Samples
    line_bits, output_bits : int
        Widths of input and of target codes.

    Members
    -------
    request : stream in: number of the sample, and number mod size (used in cyclic order, or if `direct`).
    line, target : streams out, words of 8 codes: all of a sample's inputs, then all its targets. First
        word three clocks after the request, then one a clock.
    host : codes as in `Region.SAMPLES`; written only.
    """

    def __init__(self, samples: Samples, line_bits: int, output_bits: int):
        self.samples = samples
        self.line_bits = line_bits
        self.output_bits = output_bits
        request = data.StructLayout({"number": 32, "index": range(max(2, samples.size)), "direct": 1})
        super().__init__(
            {
                "request": In(stream.Signature(request)),
                "line": Out(stream.Signature(data.ArrayLayout(signed(line_bits), SAMPLE_WORD))),
                "target": Out(stream.Signature(data.ArrayLayout(signed(output_bits), SAMPLE_WORD))),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits = max(self.line_bits, self.output_bits)
        input_words = record_words(self.samples.inputs)
        record = input_words + record_words(self.samples.outputs)
        depth = max(2, self.samples.size * record)

        index = Signal(range(max(2, self.samples.size)))
        address = Signal(range(depth))
        place = Signal(range(record))
        shown = Signal(range(record))
        m.d.comb += self.host.value.eq(0)

        drawn = Signal.like(index)
        if self.samples.order == RANDOM:
            key = stream_key(m, self.samples.seed, SAMPLE, Const(0, 32))
            random = (mix(m, key, self.request.payload.number) * self.samples.size) >> 32
            m.d.comb += drawn.eq(Mux(self.request.payload.direct, self.request.payload.index, random))
        else:
            m.d.comb += drawn.eq(self.request.payload.index)

        reading, full, step = Signal(), Signal(), Signal()
        is_target = shown >= input_words
        taken = Mux(is_target, self.target.ready, self.line.ready)
        m.d.comb += [
            step.eq(reading & (~full | taken)),
            self.line.valid.eq(full & ~is_target),
            self.target.valid.eq(full & is_target),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.request.ready.eq(1)
                m.d.sync += [index.eq(drawn), place.eq(0)]
                with m.If(self.request.valid):
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
        m.d.sync += full.eq(step | (full & ~taken))

        host_word = Signal(range(depth))
        host_code = Signal(range(SAMPLE_WORD))
        m.d.comb += Cat(host_code, host_word).eq(self.host.index)
        for code in range(SAMPLE_WORD):
            m.submodules[f"code{code}"] = memory = Memory(shape=signed(bits), depth=depth, init=[])
            read, write = memory.read_port(), memory.write_port()
            m.d.comb += [
                read.en.eq(step),
                read.addr.eq(address),
                self.line.payload[code].eq(read.data),
                self.target.payload[code].eq(read.data),
                write.en.eq(self.host.select & self.host.write & (host_code == code)),
                write.addr.eq(host_word),
                write.data.eq(self.host.data),
            ]
        return m
