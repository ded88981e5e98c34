"""`mix` over clocks gives the bits of `golden.blocks.lib.mixer`, and draws of samples those of
`golden.blocks.measure.samples`.
"""

import cocotb
from amaranth.hdl import Const
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.golden.blocks.lib.mixer import BLOCK, PATTERN, ROUNDING, SAMPLE, key, mix
from ohmgrad.golden.blocks.measure.samples import RANDOM, Samples
from ohmgrad.rtl.lib.mixer import FixedMixer
from ohmgrad.rtl.lib.mixer_words import SERIAL, KeyedWords
from ohmgrad.rtl.measure.samples_draw import SampleDraw

SEED = 0x9E3779B9
# Bits a word and words an item: one block and more, of less than a block's words, and of just as many; a block of
# several units; both ways to share the rounds, and each number of stages.
WORDS = {
    "serial1_1": (1, 1), "serial1_9": (1, 9), "serial1_64": (1, 64), "serial1_65": (1, 65), "serial1_220": (1, 220),
    "serial2_37": (2, 37), "serial4_8": (4, 8), "serial4_55": (4, 55),
    "stages8_3": (8, 3), "stages8_31": (8, 31), "stages16_2": (16, 2), "stages16_76": (16, 76), "stages16_77": (16, 77),
    "stages32_1": (32, 1), "stages32_5": (32, 5), "stages32_40": (32, 40),
    "units64_7": (64, 7), "units128_21": (128, 21),
}  # fmt: skip
KEYS = {
    "one_key": [(1, 0xFFFF, 0x8000, 77)],
    "two_keys": [(half, SEED & 0xFFFF, SEED >> 16, PATTERN) for half in range(2)],
    "three_keys": [(k,) * 4 for k in range(3)],
}
SIZES = {f"draw_{size}": size for size in (1, 2, 3, 16, 117, 1437, 65535, 65536)}
BATCHES, ITEMS = 4, 6
LARGEST = 2**32 - 1


def make(name: str) -> FixedMixer | KeyedWords | SampleDraw:
    """The block of one configuration."""
    if name in SIZES:
        return SampleDraw(Samples(RANDOM, SEED, SIZES[name], 1, 1))
    if name in KEYS:
        return FixedMixer([[Const(word, 16) for word in key] for key in KEYS[name]])
    return KeyedWords(SEED, ROUNDING, *WORDS[name])


def test_mixer():
    run(__file__, make, [*KEYS, *WORDS, *SIZES])


@cocotb.test()
@over(KEYS)
async def mixes(dut, name):
    """Counters at both ends of their range and anywhere; a result every 8 clocks a key and two more."""
    keys = KEYS[name]
    bench = Bench(dut, name, make(name))
    counters, mixed = bench.source("counter"), bench.sink("mixed")
    await bench.start()
    for batch in range(BATCHES):
        bench.stall(None if batch else 0.0)
        values = [0, 1, LARGEST, *(int(n) for n in bench.rng.integers(2**32, size=ITEMS))]
        _, got = await gather(counters.send(values), mixed.receive(len(values)))
        if batch == 0:
            clocks = len(values) * (8 * len(keys) + 2)
            assert mixed.clocks == clocks, f"{name}: {len(values)} values took {mixed.clocks} clocks, not {clocks}"
        await mixed.silent()
        for value, bits in zip(values, got, strict=True):
            for k, (k0, k1, k2, k3) in enumerate(keys):
                check(f"mix {name} {k}", value, mix(k0, k1, k2, k3, value), bits >> (32 * k) & LARGEST)


@cocotb.test()
@over(WORDS)
async def words_of_items(dut, name):
    """Each item's words, the last of them marked; clocks as stated."""
    width, count = WORDS[name]
    block = KeyedWords(SEED, ROUNDING, width, count)
    bench = Bench(dut, name, block)
    numbers, words = bench.source("number"), bench.sink("words")
    await bench.start()
    for batch in range(BATCHES):
        bench.stall(None if batch else 0.0)
        items = [0, LARGEST, *(int(n) for n in bench.rng.integers(2**32, size=ITEMS))]
        _, got = await gather(numbers.send(items), words.receive(len(items) * count))
        if batch == 0:
            clocks = block.latency + (len(items) - 1) * block.period + count
            late = words.clocks - clocks
            most = 0 if width <= SERIAL or width >= BLOCK else BLOCK // width - 1
            assert 0 <= late <= most, f"{name}: {len(items)} items took {words.clocks} clocks, not {clocks}"
        await words.silent(40)
        for place, item in enumerate(items):
            own = key(SEED, ROUNDING, item)
            bits = sum(int(mix(*own, b)) << (BLOCK * b) for b in range(-(-width * count // BLOCK)))
            expected = [(bits >> (width * k)) & ((1 << width) - 1) for k in range(count)]
            rows = got[place * count : (place + 1) * count]
            check(f"words {name}", item, expected, [row.bits for row in rows])
            check(f"words {name} last", item, [0] * (count - 1) + [1], [row.last for row in rows])


@cocotb.test()
@over(SIZES)
async def draws(dut, name):
    """Indices of drawn samples, (r size) >> 32, between direct ones; clocks as stated."""
    size = SIZES[name]
    bench = Bench(dut, name, make(name))
    requests, index = bench.source("request"), bench.sink("index")
    own = key(SEED, SAMPLE, 0)
    await bench.start()
    for batch in range(BATCHES):
        bench.stall(None if batch else 0.0)
        numbers = [0, LARGEST, *(int(n) for n in bench.rng.integers(2**32, size=20))]
        direct = [int(bench.rng.random() < 0.4) for _ in numbers]
        given = [int(bench.rng.integers(size)) for _ in numbers]
        rows = zip(numbers, direct, given, strict=True)
        _, got = await gather(
            requests.send({"number": n, "direct": d, "index": i} for n, d, i in rows), index.receive(len(numbers))
        )
        if batch == 0:
            clocks = sum(1 if d else 10 if size & (size - 1) == 0 else 13 for d in direct)
            assert index.clocks == clocks, f"{name}: {len(numbers)} draws took {index.clocks} clocks, not {clocks}"
        await index.silent()
        drawn = [int(mix(*own, n)) * size >> 32 for n in numbers]
        check(name, batch, [i if d else k for d, i, k in zip(direct, given, drawn, strict=True)], got)
