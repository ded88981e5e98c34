"""Passes that are to be silent carry zeros, all others what came in, under stalls and with one pass ahead."""

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.rtl.perturb.silencer import Silencer

# Layers, lanes, bits of a value.
GRID = {"one_word": ((2, 1), 4, 2), "lanes1": ((2, 2, 1), 1, 2), "lanes16": ((7, 5, 3), 16, 9)}
PASSES = 20


def make(name: str) -> Silencer:
    """The block of one configuration."""
    layers, lanes, bits = GRID[name]
    return Silencer(Layout(layers, lanes), bits)


def test_mute():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def silent_passes_are_zero(dut, name):
    block = make(name)
    bench = Bench(dut, name, block)
    silent, values, sign = bench.source("silent"), bench.source("values"), bench.sink("sign")
    await bench.start()
    for batch in range(3):
        bench.stall(None if batch else 0.0)
        flags = bench.rng.integers(0, 2, PASSES)
        words = extremes(bench.rng, block.bits, (PASSES, block.layout.words, block.layout.lanes))
        flat = words.reshape(-1, block.layout.lanes)
        _, _, got = await gather(silent.send([int(f) for f in flags]), values.send(flat), sign.receive(len(flat)))
        expected = np.where(flags[:, np.newaxis, np.newaxis], 0, words)
        check(f"silencer {name}", batch, expected.ravel(), np.ravel(got))
