"""Which sample is presented, drawn with replacement over clocks; see `golden.blocks.measure.samples`."""

from amaranth.hdl import Const, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.mixer import SAMPLE
from ...golden.blocks.measure.samples import Samples
from ...golden.blocks.measure.samples import stream as stream_key
from ..lib.mixer import WORDS, FixedMixer, Seed, halves

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
    seed : rtl.lib.mixer.Seed, optional
        In place of that of `samples`; the key is made of it when it is renewed.

    Members
    -------
    request : stream in; taken with its index.
    index : stream out: the request's own at once if `direct`, else what is drawn: nine clocks after the request,
        three more where the size is no power of two.
    """

    def __init__(self, samples: Samples, seed: Seed | None = None):
        self.samples = samples
        self.seed = seed
        super().__init__(
            {
                "request": In(stream.Signature(request_layout(samples))),
                "index": Out(stream.Signature(range(max(2, samples.size)))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        request, index, size = self.request, self.index, self.samples.size
        key, known = self._key(m)
        m.submodules.mixer = mixer = FixedMixer([key])
        word = mixer.mixed
        if size & (size - 1):
            drawn, valid = self._scaled(m, word)
        else:
            drawn, valid = (word.payload * size) >> 2 * HALF, word.valid
        direct = request.payload.direct
        m.d.comb += [
            mixer.counter.valid.eq(request.valid & ~direct & known),
            mixer.counter.payload.eq(request.payload.number),
            index.valid.eq(Mux(direct, request.valid, valid)),
            index.payload.eq(Mux(direct, request.payload.index, drawn)),
            request.ready.eq(index.valid & index.ready),
            word.ready.eq(request.ready),
        ]
        return m

    def _key(self, m: Module) -> tuple[list[Value], Value]:
        """Words of the key of all draws, and whether they are there."""
        if self.seed is None or isinstance(self.seed.value, Const):
            constant = self.samples.seed if self.seed is None else self.seed.value.value
            return [Const(int(word), HALF) for word in stream_key(constant)], Const(1)
        maker = FixedMixer(halves(self.seed.value, SAMPLE))
        m.submodules.key = ResetInserter(self.seed.renewed)(maker)
        m.d.comb += [maker.counter.valid.eq(1), maker.counter.payload.eq(0)]
        return [maker.mixed.payload.word_select(k, HALF) for k in range(WORDS)], maker.mixed.valid

    def _scaled(self, m: Module, word) -> tuple[Signal, Signal]:
        """(word size) >> 32 from one product of half a word after the other, and whether it is there."""
        size = self.samples.size
        product, carried = Signal(HALF + size.bit_length(), name="product"), Signal(size.bit_length(), name="carried")
        drawn = Signal.like(self.index.payload, name="drawn")
        turn = Signal(range(3), name="turn")
        valid = Signal(name="valid")
        m.d.sync += product.eq(Mux(turn == 0, word.payload[:HALF], word.payload[HALF:]) * size)
        with m.If(~word.valid | word.ready):
            m.d.sync += [turn.eq(0), valid.eq(0)]
        with m.Elif(turn != 2):
            m.d.sync += [turn.eq(turn + 1), carried.eq(product >> HALF)]
        with m.Else():
            m.d.sync += [drawn.eq((product + carried) >> HALF), valid.eq(1)]
        return drawn, valid
