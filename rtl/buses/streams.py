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
    done = Signal(len(sinks))
    accepted = Signal(len(sinks))
    m.d.comb += accepted.eq(Cat(d | s.ready for d, s in zip(done, sinks, strict=True)))
    m.d.comb += source.ready.eq(accepted.all())
    for d, sink in zip(done, sinks, strict=True):
        m.d.comb += sink.valid.eq(source.valid & ~d)
    with m.If(source.valid):
        m.d.sync += done.eq(Mux(source.ready, 0, accepted))


def transfer(stream) -> Signal:
    """Whether the stream transfers in this clock."""
    return stream.valid & stream.ready


def join(m: Module, source, sink, drop: int = 0) -> None:
    """Connect two streams of words of lanes whose lanes may differ in width; `drop` low bits are cut off."""
    m.d.comb += [sink.valid.eq(source.valid), source.ready.eq(sink.ready)]
    for lane in range(len(sink.payload)):
        m.d.comb += sink.payload[lane].eq(source.payload[lane] >> drop)
