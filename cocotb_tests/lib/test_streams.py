"""A fork hands every transfer to each sink once, and takes the next one when all have it; registers lose none."""

import cocotb
from amaranth.hdl import Module
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out
from cocotb.triggers import RisingEdge, gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.rtl.lib.streams import decouple, fork, portion, precede, skid, transfer

# Sinks, bits of the payload.
GRID = {"one": (1, 3), "two": (2, 8), "three": (3, 13), "five": (5, 4)}
# What connects two streams, words that it holds while the sink is not ready, clocks that it takes.
REGISTERS = {"decouple": (decouple, 2, 1), "skid": (skid, 1, 0)}
# Words a request.
PORTIONS = {"portion_1": 1, "portion_7": 7}
PRECEDED = ("preceded",)
BITS = 9
BATCHES, TRANSFERS = 8, 60


class Fork(Component):
    """`fork` of one stream to several; `taken` is high in the clocks in which the source transfers."""

    def __init__(self, sinks: int, bits: int):
        self.sinks = [f"sink{k}" for k in range(sinks)]
        self.bits = bits
        outputs = {name: Out(stream.Signature(bits)) for name in self.sinks}
        super().__init__({"source": In(stream.Signature(bits)), "taken": Out(1), **outputs})

    def elaborate(self, platform):
        m = Module()
        sinks = [getattr(self, name) for name in self.sinks]
        fork(m, self.source, *sinks)
        m.d.comb += [sink.payload.eq(self.source.payload) for sink in sinks]
        m.d.comb += self.taken.eq(transfer(self.source))
        return m


class Connected(Component):
    """Two streams that one of `REGISTERS` connects."""

    def __init__(self, connect):
        self.connect = connect
        super().__init__({"source": In(stream.Signature(BITS)), "sink": Out(stream.Signature(BITS))})

    def elaborate(self, platform):
        m = Module()
        self.connect(m, self.source, self.sink)
        return m


class Portions(Component):
    """`portion` of a stream for each request."""

    def __init__(self, words: int):
        self.words = words
        streams = {"source": In(stream.Signature(BITS)), "sink": Out(stream.Signature(BITS))}
        super().__init__({"request": In(stream.Signature(1)), **streams})

    def elaborate(self, platform):
        m = Module()
        portion(m, self.request, self.source, self.sink, self.words)
        return m


class Preceded(Component):
    """`precede` of two streams."""

    def __init__(self):
        streams = {name: Out(stream.Signature(BITS)) for name in ("first", "sink")}
        super().__init__({"source": In(stream.Signature(BITS)), "asked": In(1), **streams})

    def elaborate(self, platform):
        m = Module()
        precede(m, self.source, self.first, self.sink, self.asked)
        m.d.comb += [self.first.payload.eq(self.source.payload), self.sink.payload.eq(self.source.payload)]
        return m


def make(name: str) -> Fork | Connected | Portions | Preceded:
    """The block of one configuration."""
    if name in PRECEDED:
        return Preceded()
    if name in PORTIONS:
        return Portions(PORTIONS[name])
    return Fork(*GRID[name]) if name in GRID else Connected(REGISTERS[name][0])


def test_streams():
    run(__file__, make, [*GRID, *REGISTERS, *PORTIONS, *PRECEDED])


@cocotb.test()
@over(GRID)
async def every_sink_gets_each_transfer_once(dut, name):
    block = Fork(*GRID[name])
    bench = Bench(dut, name, block)
    source, sinks = bench.source("source"), [bench.sink(sink) for sink in block.sinks]
    handles = [tuple(bench.signal(f"{sink}.{end}") for end in ("valid", "ready")) for sink in block.sinks]
    taken = bench.signal("taken")
    await bench.start()
    transfers, received = 0, [0] * len(sinks)

    async def count():
        nonlocal transfers
        edge = RisingEdge(dut.clk)
        while True:
            await edge
            transfers += int(taken.value)
            for k, (valid, ready) in enumerate(handles):
                received[k] += int(valid.value) & int(ready.value)
            # A sink runs ahead of the source by the transfer on offer at most.
            ahead = [sink - transfers for sink in received]
            where = f"fork {name}: after {transfers} transfers of the source"
            assert set(ahead) <= {0, 1}, f"{where} sinks are ahead by {ahead}"

    cocotb.start_soon(count())
    for batch in range(BATCHES):
        if batch:
            bench.stall()
        sent = bench.rng.integers(0, 1 << block.bits, TRANSFERS)
        _, *got = await gather(source.send(sent), *(sink.receive(TRANSFERS) for sink in sinks))
        await gather(*(sink.silent() for sink in sinks))
        for sink, payloads in zip(block.sinks, got, strict=True):
            check(f"fork {name} {sink}", batch, sent, payloads)
    check(f"fork {name} transfers of the source", BATCHES, BATCHES * TRANSFERS, transfers)


@cocotb.test()
@over(REGISTERS)
async def registers_pass_all_words_on(dut, name):
    """All words in order under stalls, one a clock without; and words are taken before the sink is ready."""
    bench = Bench(dut, name, make(name))
    source, sink, ready = bench.source("source"), bench.sink("sink"), bench.signal("source.ready")
    _, places, latency = REGISTERS[name]
    await bench.start()
    for batch in range(BATCHES):
        if batch:
            bench.stall()
        sent = bench.rng.integers(0, 1 << BITS, TRANSFERS)
        await source.send(sent[:places])  # while the sink is not ready
        await RisingEdge(dut.clk)
        assert not int(ready.value), f"{name}: takes more than {places} words ahead"
        _, got = await gather(source.send(sent[places:]), sink.receive(TRANSFERS))
        await sink.silent()
        check(name, batch, sent, got)
        if not batch:
            _, got = await gather(source.send(sent), sink.receive(TRANSFERS))
            check(f"{name} words a clock", batch, TRANSFERS + latency, sink.clocks)
            check(f"{name} without stalls", batch, sent, got)


@cocotb.test()
@over(PORTIONS)
async def each_request_lets_its_words_pass(dut, name):
    """All in order; and none beyond those that were asked for, however many are offered."""
    bench, words = Bench(dut, name, make(name)), PORTIONS[name]
    request, source, sink = bench.source("request"), bench.source("source"), bench.sink("sink")
    await bench.start()
    for batch in range(BATCHES):
        if batch:
            bench.stall()
        sent, requests = bench.rng.integers(0, 1 << BITS, TRANSFERS * words), int(bench.rng.integers(1, TRANSFERS))
        sending = cocotb.start_soon(source.send(sent))
        _, got = await gather(request.send([0] * requests), sink.receive(requests * words))
        await sink.silent()
        _, rest = await gather(request.send([0] * (TRANSFERS - requests)), sink.receive(len(sent) - len(got)))
        await sending
        check(name, batch, sent, [*got, *rest])


@cocotb.test()
@over(PRECEDED)
async def the_sink_gets_each_transfer_after_the_first_or_with_it(dut, name):
    bench = Bench(dut, name, make(name))
    source, first, sink, asked = bench.source("source"), bench.sink("first"), bench.sink("sink"), bench.signal("asked")
    asked.value, counts = 1, {"first": 0, "sink": 0}
    await bench.start()

    async def watch():
        while True:
            await RisingEdge(dut.clk)
            for stream_ in counts:
                ends = (int(bench.signal(f"{stream_}.{end}").value) for end in ("valid", "ready"))
                counts[stream_] += all(ends)
            assert 0 <= counts["first"] - counts["sink"] <= 1, counts

    watching = cocotb.start_soon(watch())
    for batch in range(BATCHES):
        if batch:
            bench.stall()
        sent = bench.rng.integers(0, 1 << BITS, TRANSFERS)
        _, *got = await gather(source.send(sent), first.receive(TRANSFERS), sink.receive(TRANSFERS))
        await gather(first.silent(), sink.silent())
        check(name, batch, [sent, sent], got)
    watching.cancel()
    asked.value = 0
    _, got = await gather(source.send(sent), sink.receive(TRANSFERS))
    await first.silent()
    check(f"{name} alone", BATCHES, sent, got)
