"""The sample memory presents the records that the host wrote, in the order that was configured."""

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.golden.codes import SAMPLE, key, mix
from ohmgrad.golden.memory_map import SAMPLE_WORD, record_words
from ohmgrad.golden.samples import CYCLIC, RANDOM, Samples, sample_index, stream
from ohmgrad.rtl.samples import SampleMemory

# Order, seed, samples, inputs, outputs; bits of lines and of outputs.
GRID = {
    "cyclic": ((CYCLIC, 0, 4, 2, 1), 8, 10),
    "cyclic_one": ((CYCLIC, 0, 1, 8, 8), 6, 6),
    "cyclic_long": ((CYCLIC, 1, 5, 49, 4), 8, 10),
    "random": ((RANDOM, 7, 3, 7, 3), 5, 4),
    "random_one": ((RANDOM, 0xFFFFFFFF, 1, 1, 1), 2, 2),
    "random_many": ((RANDOM, 0xDEADBEEF, 117, 9, 10), 12, 7),
    "random_long": ((RANDOM, 3, 11, 64, 17), 8, 14),
}
BATCHES, REQUESTS = 6, 12


def make(name: str) -> SampleMemory:
    """The block of one configuration."""
    samples, line_bits, output_bits = GRID[name]
    return SampleMemory(Samples(*samples), line_bits, output_bits)


def test_samples():
    run(__file__, make, GRID)


def index_of(samples: Samples, number: int) -> int:
    """number mod size, or (r size) >> 32."""
    size = samples.size
    if samples.order == CYCLIC:
        index = number % size
    else:
        index = int(mix(*key(samples.seed, SAMPLE, 0), number)) * size >> 32
    check("golden.samples index", number, index, sample_index(samples.order, size, stream(samples.seed), number))
    return index


@cocotb.test()
@over(GRID)
async def records_come_in_order(dut, name):
    block = make(name)
    samples = block.samples
    bench = Bench(dut, name, block)
    request, line, target = bench.source("request"), bench.sink("line"), bench.sink("target")
    host, rng = bench.host(), bench.rng
    await bench.start()
    size, inputs, outputs = samples[2:]
    line_words, target_words = record_words(inputs), record_words(outputs)
    x, t = np.zeros((size, inputs), int), np.zeros((size, outputs), int)
    number = int(rng.integers(2**31))
    for batch in range(BATCHES):
        # All samples, and later some of them anew.
        for s in np.flatnonzero(rng.random(size) < (1 if batch == 0 else 0.3)):
            x[s], t[s] = extremes(rng, block.line_bits, inputs), extremes(rng, block.output_bits, outputs)
            first = int(s) * (line_words + target_words) * SAMPLE_WORD
            await host.write(x[s], first)
            await host.write(t[s], first + line_words * SAMPLE_WORD)
        if batch:
            bench.stall()
        numbers = [number + k for k in range(REQUESTS)] if batch % 2 else rng.integers(0, 2**32, REQUESTS).tolist()
        # Only the cyclic order may use the index of the request.
        unused = rng.integers(0, size, REQUESTS).tolist()
        indices = [n % size for n in numbers] if samples.order == CYCLIC else unused
        _, *got = await gather(
            request.send([{"number": n, "index": i} for n, i in zip(numbers, indices, strict=True)]),
            line.receive(REQUESTS * line_words),
            target.receive(REQUESTS * target_words),
        )
        await gather(line.silent(8), target.silent(8))
        lines, targets = (np.reshape(codes, (REQUESTS, -1)) for codes in got)
        for place, n in enumerate(numbers):
            index = index_of(samples, n)
            step = batch * REQUESTS + place
            check(f"samples {name} number {n} line", step, x[index], lines[place, :inputs])
            check(f"samples {name} number {n} target", step, t[index], targets[place, :outputs])
        number += REQUESTS
