"""Samples that come by a stream: each is presented as often as it is asked for, and the next is taken then."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Member, Out

from ...golden.blocks.measure.samples import Samples
from ...golden.chip.chip import Chip
from ...golden.chip.memory_map import SAMPLE_WORD, record_words
from ..lib.signals import read_port, signals, write_port
from ..lib.streams import transfer


def record_layout(chip: Chip) -> data.ArrayLayout:
    """Word of a stream of samples: 8 codes, of inputs or of targets, as wide as the wider of them."""
    return data.ArrayLayout(signed(max(chip.crossbar.line_bits, chip.config.array.output_bits)), SAMPLE_WORD)


def stream_members(chip: Chip) -> dict[str, Member]:
    """The engine's member that takes samples, if they come by a stream."""
    return {"samples": In(stream.Signature(record_layout(chip)))} if chip.config.stream else {}


class SampleStream(Component):
    """Samples and targets, presented on request.

    Parameters
    ----------
    samples : golden.blocks.measure.samples.Samples
        Inputs and outputs count.
    line_bits, output_bits : int
        Widths of input and of target codes.

    Members
    -------
    request : stream in: number of the sample.
    record : stream in, words of 8 codes: a sample's inputs, then its targets, which begin at a word. A sample is taken
        when a number is asked for that is not the last one; then a word is passed on in the clock in which it comes.
    line, target : streams out, words of 8 codes: all of a sample's inputs, then all its targets; of one that is
        presented again every second clock.
    """

    def __init__(self, samples: Samples, line_bits: int, output_bits: int):
        self.samples, self.bits = samples, max(line_bits, output_bits)
        widths = {"line": line_bits, "target": output_bits}
        super().__init__(
            {
                "request": In(stream.Signature(32)),
                "record": In(stream.Signature(data.ArrayLayout(signed(self.bits), SAMPLE_WORD))),
                **{
                    name: Out(stream.Signature(data.ArrayLayout(signed(bits), SAMPLE_WORD)))
                    for name, bits in widths.items()
                },
            }
        )

    def elaborate(self, platform):
        m = Module()
        inputs, targets = record_words(self.samples.inputs), record_words(self.samples.outputs)
        record = inputs + targets
        shape = self.record.payload.shape()
        m.submodules.kept = memory = Memory(shape=shape, depth=max(2, record), init=[])
        read, write = read_port(memory), write_port(memory)
        number = Signal(32, name="number")
        known, fresh = signals("known fresh")
        place, word = Signal(range(max(2, record)), name="place"), self.record.payload
        valid, ready, move = signals("valid ready move")
        is_target = place >= inputs
        m.d.comb += [
            ready.eq(Mux(is_target, self.target.ready, self.line.ready)),
            move.eq(valid & ready),
            self.line.valid.eq(valid & ~is_target),
            self.target.valid.eq(valid & is_target),
            read.addr.eq(place),
            write.addr.eq(place),
            write.data.eq(word),
            write.en.eq(transfer(self.record)),
        ]
        for sink in (self.line, self.target):
            for lane in range(SAMPLE_WORD):
                m.d.comb += sink.payload[lane].eq(Mux(fresh, word[lane], read.data[lane]))
        with m.If(move):
            m.d.sync += place.eq(Mux(place == record - 1, 0, place + 1))
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.request.ready.eq(1)
                asked = self.request.payload
                m.d.sync += [fresh.eq(~known | (asked != number))]
                with m.If(self.request.valid):
                    m.d.sync += [number.eq(asked), known.eq(1)]
                    m.next = "FETCH"
            with m.State("FETCH"):  # the word kept at a place is there in the clock after
                with m.If(fresh):
                    m.d.comb += [valid.eq(self.record.valid), self.record.ready.eq(ready)]
                    with m.If(move & (place == record - 1)):
                        m.next = "IDLE"
                with m.Else():
                    m.next = "AGAIN"
            with m.State("AGAIN"):
                m.d.comb += valid.eq(1)
                with m.If(move):
                    m.next = "FETCH"
                    with m.If(place == record - 1):
                        m.next = "IDLE"
        return m
