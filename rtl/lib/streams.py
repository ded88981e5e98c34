"""Helpers for `amaranth.lib.stream`."""

from amaranth.hdl import Cat, Module, Mux, Signal


def fork(m: Module, source, *sinks) -> None:
    """Hand every transfer of `source` to each of `sinks`, which accept it independently.

    Parameters
    ----------
    source : stream
        Transfers once all sinks have accepted.
    sinks : streams
        Only valid is driven; the payload is the caller's to connect to the source's.
    """
    done = Signal(len(sinks), name="done")
    accepted = Signal(len(sinks), name="accepted")
    m.d.comb += accepted.eq(Cat(d | s.ready for d, s in zip(done, sinks, strict=True)))
    m.d.comb += source.ready.eq(accepted.all())
    for d, sink in zip(done, sinks, strict=True):
        m.d.comb += sink.valid.eq(source.valid & ~d)
    with m.If(source.valid):
        m.d.sync += done.eq(Mux(source.ready, 0, accepted))


def precede(m: Module, source, first, sink, asked) -> None:
    """Hand every transfer of `source` to `sink`; while `asked` is high, to `first` before or at once.

    Parameters
    ----------
    source : stream
    first, sink : streams
        Only valid is driven; the payload is the caller's to connect to the source's.
    asked : Value
        Does not change while a transfer is on offer.
    """
    done, free = Signal(name="first_done"), Signal(name="first_free")
    m.d.comb += [
        first.valid.eq(source.valid & asked & ~done),
        free.eq(~asked | done | first.ready),
        sink.valid.eq(source.valid & free),
        source.ready.eq(sink.ready & free),
    ]
    m.d.sync += done.eq((done | transfer(first)) & ~transfer(source))


def transfer(stream) -> Signal:
    """Whether the stream transfers in this clock."""
    return stream.valid & stream.ready


def join(m: Module, source, sink, drop: int = 0) -> None:
    """Connect two streams of words of lanes whose lanes may differ in width; `drop` low bits are cut off."""
    m.d.comb += [sink.valid.eq(source.valid), source.ready.eq(sink.ready)]
    for lane in range(len(sink.payload)):
        m.d.comb += sink.payload[lane].eq(source.payload[lane] >> drop)


def portion(m: Module, request, source, sink, words: int) -> None:
    """Pass on so many words of a source for each request; the next request is taken when they have been."""
    left = Signal(range(words + 1), name="left")
    m.d.comb += [
        request.ready.eq(left == 0),
        sink.valid.eq(source.valid & (left != 0)),
        source.ready.eq(sink.ready & (left != 0)),
        sink.payload.eq(source.payload),
    ]
    with m.If(transfer(request)):
        m.d.sync += left.eq(words)
    with m.Elif(transfer(sink)):
        m.d.sync += left.eq(left - 1)


def decouple(m: Module, source, sink) -> None:
    """Connect two streams by registers both ways: `source.ready` does not depend on `sink.ready` in the same clock.

    One clock later, and still a transfer a clock.
    """
    waiting, held = Signal(name="waiting"), Signal.like(source.payload, name="held")
    free = Signal(name="free")
    m.d.comb += [source.ready.eq(~waiting), free.eq(sink.ready | ~sink.valid)]
    with m.If(free):
        m.d.sync += [sink.valid.eq(source.valid | waiting), waiting.eq(0)]
        m.d.sync += sink.payload.eq(Mux(waiting, held, source.payload))
    with m.Elif(~waiting):
        m.d.sync += [waiting.eq(source.valid), held.eq(source.payload)]


def skid(m: Module, source, sink) -> None:
    """Connect two streams by a register that holds a word which the sink does not take; `source.ready` as `decouple`.

    No clock later.
    """
    waiting, held = Signal(name="waiting"), Signal.like(source.payload, name="held", reset_less=True)
    m.d.comb += [
        source.ready.eq(~waiting),
        sink.valid.eq(source.valid | waiting),
        sink.payload.eq(Mux(waiting, held, source.payload)),
    ]
    m.d.sync += waiting.eq(sink.valid & ~sink.ready)
    with m.If(~waiting):
        m.d.sync += held.eq(source.payload)
