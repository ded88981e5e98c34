"""Samples that come by a stream: each is presented as often as it is asked for, word by word, and none is lost."""

from functools import partial
from itertools import count

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.golden.blocks.measure.samples import CYCLIC, Samples
from ohmgrad.golden.chip.memory_map import SAMPLE_WORD, record_words
from ohmgrad.rtl.measure.sample_stream import SampleStream

GRID = {
    "one_word": (3, 0, 8, 10),
    "with_targets": (9, 3, 5, 9),
    "wide_lines": (24, 17, 12, 2),
}
"""Inputs, targets, widths of their codes."""
REQUESTS = 40
LARGEST = 2**32 - 1
"""Number of a sample."""


def make(name: str) -> SampleStream:
    """The block of one configuration."""
    inputs, targets, line_bits, output_bits = GRID[name]
    return SampleStream(Samples(CYCLIC, 1, 1, inputs, targets), line_bits, output_bits)


def test_sample_stream():
    run(__file__, make, GRID)


class Feed:
    """A block, numbers of samples that are asked for, and the records that come: a new one for each change of number.

    Attributes
    ----------
    expected : dict of str to array
        Words of lines and of targets, in their order.
    """

    def __init__(self, dut, name: str, numbers: list[int]):
        self.bench, (inputs, targets, *widths) = Bench(dut, name, make(name)), GRID[name]
        counts = [record_words(inputs), record_words(targets)]
        rng, records, self.expected = self.bench.rng, [], {"line": [], "target": []}
        for before, number in zip([None, *numbers], numbers, strict=False):
            if number != before:
                records.append([extremes(rng, bits, (n, SAMPLE_WORD)) for bits, n in zip(widths, counts, strict=True)])
            for sink, words in zip(self.expected, records[-1], strict=True):
                self.expected[sink] += list(words)
        self.numbers, self.records = numbers, [word for record in records for part in record for word in part]
        self.request, self.record = self.bench.source("request"), self.bench.source("record")
        self.sinks = {sink: self.bench.sink(sink) for sink in self.expected}

    async def run(self) -> None:
        """All requests and records, and what comes of them."""
        taken = [partial(sink.receive, len(self.expected[name])) for name, sink in self.sinks.items()]
        got = await gather(self.request.send(self.numbers), self.record.send(self.records), *(take() for take in taken))
        for (name, words), found in zip(self.expected.items(), got[2:], strict=True):
            check(f"sample_stream {self.bench.name} {name}", 0, np.array(words), np.array(found))
        await gather(*(sink.silent() for sink in self.sinks.values()))


@cocotb.test()
@over(GRID)
async def records_are_presented_as_often_as_they_are_asked_for(dut, name):
    """The first may have any number; one that comes back after another is a new record; streams stall at random."""
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    numbers = [int(n) for n in rng.choice([0, 1, 7, LARGEST - 1, LARGEST], REQUESTS)]
    feed = Feed(dut, name, numbers)
    feed.bench.stall()
    await feed.bench.start()
    await feed.run()


@cocotb.test()
@over(GRID)
async def a_new_record_passes_in_the_clocks_in_which_it_comes(dut, name):
    """Nothing stalls: two clocks a sample besides its words; presented again a word takes two clocks."""
    feed = Feed(dut, name, list(range(5)) + [4] * 5)
    words = len(feed.records) // 5
    await feed.bench.start()
    clocks = cocotb.start_soon(passed(dut, feed))
    await feed.run()
    clocks.cancel()
    new, again = 5 * (words + 1), 5 * (2 * words + 1)
    total = feed.clocks
    assert new + again <= total <= new + again + 10, f"sample_stream {name}: {total} clocks, {new + again} expected"


async def passed(dut, feed: Feed) -> None:
    """Count clocks until the last word was taken."""
    for feed.clocks in count():
        await RisingEdge(dut.clk)


@cocotb.test()
@over(GRID)
async def no_record_is_taken_before_it_is_asked_for(dut, name):
    """Nor is a further one where the same sample is asked for again."""
    feed = Feed(dut, name, [3, 3])
    await feed.bench.start()
    ready, valid = feed.bench.signal("record.ready"), feed.bench.signal("record.valid")
    await feed.run()
    feed.bench.signal("record.payload").value = 0
    valid.value = 1
    for _ in range(20):
        await RisingEdge(dut.clk)
        assert not int(ready.value), f"sample_stream {name}: a record is taken that nobody asked for"
