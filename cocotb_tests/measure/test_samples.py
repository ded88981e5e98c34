"""The sample memory presents the records that the host wrote, in the order that was configured."""

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.golden.blocks.lib.mixer import SAMPLE, key, mix
from ohmgrad.golden.blocks.measure.samples import CYCLIC, RANDOM, Samples, sample_index, stream
from ohmgrad.golden.chip.memory_map import SAMPLE_WORD, record_words
from ohmgrad.rtl.measure.samples import SampleMemory

# Order, seed, samples, inputs, outputs; bits of lines and of outputs; levels of both, where a bit a code is kept.
GRID = {
    "cyclic": ((CYCLIC, 0, 4, 2, 1), 8, 10),
    "cyclic_one": ((CYCLIC, 0, 1, 8, 8), 6, 6),
    "cyclic_long": ((CYCLIC, 1, 5, 49, 4), 8, 10),
    "random": ((RANDOM, 7, 3, 7, 3), 5, 4),
    "random_one": ((RANDOM, 0xFFFFFFFF, 1, 1, 1), 2, 2),
    "random_many": ((RANDOM, 0xDEADBEEF, 117, 9, 10), 12, 7),
    "random_long": ((RANDOM, 3, 11, 64, 17), 8, 14),
    "bits": ((RANDOM, 9, 37, 49, 4), 8, 10, ((0, 127), (0, 511))),
    "bits_signs": ((CYCLIC, 0, 4, 2, 1), 5, 6, ((-15, 15), (-31, 31))),
    "bits_of_one_code": ((CYCLIC, 0, 5, 8, 9), 2, 4, ((-1, 1), (-3, 7))),
    "random_power": ((RANDOM, 5, 16, 4, 2), 8, 8),
}
BATCHES, REQUESTS = 6, 12


def make(name: str) -> SampleMemory:
    """The block of one configuration."""
    samples, line_bits, output_bits, *levels = GRID[name]
    return SampleMemory(Samples(*samples), line_bits, output_bits, *levels)


def test_samples():
    run(__file__, make, GRID)


def index_of(samples: Samples, number: int) -> int:
    """number mod size, or (r size) >> 32."""
    size = samples.size
    if samples.order == CYCLIC:
        index = number % size
    else:
        index = int(mix(*key(samples.seed, SAMPLE, 0), number)) * size >> 32
    got = sample_index(samples.order, size, stream(samples.seed), number)
    check("golden.blocks.measure.samples index", number, index, got)
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

    def draw(part: int, count: int) -> np.ndarray:
        if block.levels:
            return rng.choice(block.levels[part], count)
        return extremes(rng, (block.line_bits, block.output_bits)[part], count)

    for batch in range(BATCHES):
        # All samples, and later some of them anew.
        for s in np.flatnonzero(rng.random(size) < (1 if batch == 0 else 0.3)):
            x[s], t[s] = draw(0, inputs), draw(1, outputs)
            # A word is written with its last code.
            record = np.concatenate([words(codes, SAMPLE_WORD).ravel() for codes in (x[s], t[s])])
            await host.write(record, int(s) * record.size)
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
