"""Which sample is presented, drawn with replacement over clocks; see `golden.blocks.measure.samples`."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.measure.samples import Samples
from ...golden.blocks.measure.samples import stream as stream_key
from ..lib.mixer import FixedMixer

HALF = 16


def request_layout(samples: Samples) -> data.StructLayout:
    """Payload of a request: number of the sample, and its index, used in cyclic order or if `direct`."""
    return data.StructLayout({"number": 32, "index": range(max(2, samples.size)), "direct": 1})


class SampleDraw(Component):
    """(r size) >> 32 with r = `mix` of the sample's number.

    Parameters
    ----------
    samples : golden.blocks.measure.samples.Samples
        Of random order.

    Members
    -------
    request : stream in; taken with its index.
    index : stream out: the request's own at once if `direct`, else what is drawn: nine clocks after the request,
        three more where the size is no power of two.
    """

    def __init__(self, samples: Samples):
        self.samples = samples
        super().__init__(
            {
                "request": In(stream.Signature(request_layout(samples))),
                "index": Out(stream.Signature(range(max(2, samples.size)))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        request, index, size = self.request, self.index, self.samples.size
        m.submodules.mixer = mixer = FixedMixer([[int(word) for word in stream_key(self.samples.seed)]])
        word = mixer.mixed
        if size & (size - 1):
            drawn, valid = self._scaled(m, word)
        else:
            drawn, valid = (word.payload * size) >> 2 * HALF, word.valid
        direct = request.payload.direct
        m.d.comb += [
            mixer.counter.valid.eq(request.valid & ~direct),
            mixer.counter.payload.eq(request.payload.number),
            index.valid.eq(Mux(direct, request.valid, valid)),
            index.payload.eq(Mux(direct, request.payload.index, drawn)),
            request.ready.eq(index.valid & index.ready),
            word.ready.eq(request.ready),
        ]
        return m

    def _scaled(self, m: Module, word) -> tuple[Signal, Signal]:
        """(word size) >> 32 from one product of half a word after the other, and whether it is there."""
        size = self.samples.size
        product, carried = Signal(HALF + size.bit_length()), Signal(size.bit_length())
        drawn, turn, valid = Signal.like(self.index.payload, name="drawn"), Signal(range(3)), Signal()
        m.d.sync += product.eq(Mux(turn == 0, word.payload[:HALF], word.payload[HALF:]) * size)
        with m.If(~word.valid | word.ready):
            m.d.sync += [turn.eq(0), valid.eq(0)]
        with m.Elif(turn != 2):
            m.d.sync += [turn.eq(turn + 1), carried.eq(product >> HALF)]
        with m.Else():
            m.d.sync += [drawn.eq((product + carried) >> HALF), valid.eq(1)]
        return drawn, valid
