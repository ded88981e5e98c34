"""Coincidences are those of `golden.blocks.array.coincidence`, without a pause between vectors."""

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run, words
from ohmgrad.golden.blocks.array.coincidence import coincide
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.perturb import outer
from ohmgrad.rtl.array.coincidence import Coincidences

# Layers, lanes.
GRID = {
    "lanes1": ((2, 2, 1), 1),
    "lanes1_single": ((1, 1), 1),
    "lanes2": ((1, 1, 1, 3, 1), 2),
    "lanes4": ((7, 5, 3), 4),
    "lanes4_one_layer": ((17, 5), 4),
    "lanes16": ((49, 4, 4), 16),
    "lanes16_wide": ((1, 40, 2), 16),
    "lanes8": ((20, 9, 4), 8),
    "lanes64_one_word": ((3, 2, 2, 1, 1), 64),
}
BATCHES, VECTORS = 6, 6


def make(name: str) -> Coincidences:
    """The block of one configuration."""
    return Coincidences(Layout(*GRID[name]))


def test_coincidence():
    run(__file__, make, GRID)


def pulses(layout: Layout, fired: np.ndarray) -> np.ndarray:
    """What golden pulses each cell by, and by matrices layer by layer: devices of unit steps, far from their bounds."""
    shape = np.array(list(zip(layout.layers, layout.rows, layout.offsets, strict=False)))
    devices = np.tile(np.array([1, 1, 0, 0, 9, 9]), (layout.parameters, 1))
    states = np.zeros(layout.parameters, np.int32)
    coincide(0, 0, 0, shape, fired, devices, states)
    neurons = np.split(fired[: layout.neurons], np.cumsum(layout.rows)[:-1])
    lines = np.split(fired[layout.neurons :], np.cumsum(layout.columns)[:-1])
    blocks = [np.outer(d, x).ravel() for d, x in zip(neurons, lines, strict=True)]
    check("golden.blocks.array.coincidence", 0, np.concatenate(blocks), states)
    return states


@cocotb.test()
@over(GRID)
async def pulses_of_cells(dut, name):
    """Vectors of all densities, one after the other; what padding holds is of no matter."""
    block = make(name)
    layout, bench = block.layout, Bench(dut, name, block)
    train, cells, rng = bench.source("train"), bench.sink("pulses"), bench.rng
    size = layout.neurons + outer.lines(layout)
    await bench.start()
    for batch in range(BATCHES):
        bench.stall(None if batch else 0.0)
        density = [[0], [1], *rng.random((VECTORS - 2, 1))]
        signs = np.where(rng.random((VECTORS, size)) < density, rng.choice([-1, 1], (VECTORS, size)), 0)
        vectors = [words(fired, layout.lanes) for fired in signs]
        for vector in vectors:
            vector.ravel()[size:] = rng.integers(-1, 2, vector.size - size)
        _, got = await gather(train.send(np.vstack(vectors)), cells.receive(VECTORS * layout.words))
        await cells.silent()
        for k, row in enumerate(np.reshape(got, (VECTORS, -1))):
            expected = words(pulses(layout, signs[k].astype(np.int32)), layout.lanes)
            check(f"coincidences {name}", batch * VECTORS + k, expected, row)
        if batch == 0:
            first = -(-size // layout.lanes)
            clocks = first + 3 + (VECTORS - 1) * max(layout.words, first) + layout.words
            assert cells.clocks <= clocks, f"{name}: {VECTORS} vectors took {cells.clocks} clocks, not {clocks}"
