"""Outer products are those of `golden.blocks.perturb.outer`, with the lines of the sweep before, and cost no pause;
and coordinates.
"""

from typing import NamedTuple

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.golden.blocks.lib.fixed import limit
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.perturb import outer as golden
from ohmgrad.golden.blocks.perturb.codes import RANDOM, Codes
from ohmgrad.golden.blocks.perturb.outer import LAYER, NODE, RANK_ONE, Outer
from ohmgrad.golden.chip.memory_map import SAMPLE_WORD, record_words
from ohmgrad.rtl.perturb.outer import OuterProducts
from ohmgrad.rtl.perturb.outer_coordinates import CellCoordinates

BATCHES, PASSES = 6, 5
FIRST_LINE = 5


class Case(NamedTuple):
    """One configuration: sizes, method, largest value, width of lines (0: perturbations)."""

    layers: tuple[int, ...]
    lanes: int
    method: int
    peak: int = 1
    line_bits: int = 0
    groups: tuple[tuple[int, int], ...] = ()


GRID = {
    "rank_one_lanes1": Case((2, 2, 1), 1, RANK_ONE),
    "rank_one_lanes1_more_values_than_parameters": Case((1, 1), 1, RANK_ONE),
    "rank_one_lanes4": Case((7, 5, 3), 4, RANK_ONE),
    "rank_one_lanes16": Case((49, 4, 4), 16, RANK_ONE),
    "rank_one_lanes64_one_word": Case((3, 2, 2, 1, 1), 64, RANK_ONE),
    "node_lanes1": Case((2, 2, 1), 1, NODE),
    "node_lanes4": Case((7, 5, 3), 4, NODE, 90),
    "node_lanes16": Case((1, 40, 2), 16, NODE),
    "layer_lanes4": Case((3, 2, 2), 4, LAYER),
    "layer_lanes16_one_layer": Case((20, 3), 16, LAYER),
    "node_lines_lanes1": Case((2, 2, 1), 1, NODE, 1, 8),
    "node_lines_lanes1_single": Case((1, 1), 1, NODE, 1, 2),
    "node_lines_lanes2": Case((1, 1, 1, 3, 1), 2, NODE, 7, 5),
    "node_lines_lanes4": Case((7, 5, 3, 2), 4, NODE, 90, 8),
    "node_lines_lanes4_one_layer": Case((17, 5), 4, NODE, 1, 12),
    "node_lines_lanes16": Case((49, 4, 4), 16, NODE, 1, 8),
    "node_lines_lanes16_one_word": Case((2, 1, 1, 2), 16, NODE, 2, 3),
    "node_lines_lanes8": Case((9, 7, 4), 8, NODE, 2047, 10),
    "layer_lines_lanes4": Case((7, 5, 3, 2), 4, LAYER, 1, 8),
    "layer_lines_lanes8": Case((3, 4, 9, 9), 8, LAYER, 3, 6),
    "node_lines_lanes1_groups": Case((), 1, NODE, 1, 2, ((1, 1), (2, 4))),
    "node_lines_lanes8_groups": Case((), 8, NODE, 90, 8, ((7, 3), (2, 17), (3, 1))),
    "layer_lines_lanes16_groups": Case((), 16, LAYER, 1, 12, ((2, 9), (5, 2))),
}
LAYERS = [(1, 1), (2, 2, 1), (7, 4), (3, 1, 1, 1, 9), (49, 4, 4), (1, 40)]
LANES = (1, 16, 4, 8, 16, 4)
COORDINATES = {
    f"coordinates{k}_lanes{n}": Layout(layers, n) for k, (layers, n) in enumerate(zip(LAYERS, LANES, strict=True))
}


def make(name: str) -> OuterProducts | CellCoordinates:
    """The block of one configuration."""
    if name in COORDINATES:
        return CellCoordinates(COORDINATES[name], FIRST_LINE)
    case = GRID[name]
    layout = Layout(case.layers, case.lanes, case.groups)
    size = layout.neurons + (golden.lines(layout) if case.method == RANK_ONE else 0)
    codes = Codes(RANDOM, 1, size, case.peak)
    return OuterProducts(Outer(case.method, codes.bits, case.line_bits), layout, codes, bool(case.line_bits))


def test_outer():
    run(__file__, make, [*GRID, *COORDINATES])


class Pass(NamedTuple):
    """What goes into one pass, and into one sweep: values, layer, and line codes of the inputs and hidden neurons."""

    values: np.ndarray
    turn: int
    inputs: np.ndarray
    hidden: np.ndarray


def draw(block: OuterProducts, rng: np.random.Generator, sign: int) -> Pass:
    """A pass at random; or one with all values at their largest, and all lines at theirs with this sign."""
    layout, bits = block.layout, block.outer.line_bits or 2
    sizes = layout.layers[0] if layout.layers else golden.lines(layout), (sum(layout.layers[1:-1]), 2)
    peak = block.codes.peak
    if sign:
        lines = (np.full(size, sign * limit(bits)) for size in sizes)
        return Pass(np.full(block.codes.size, peak), int(rng.integers(len(layout.rows))), *lines)
    values = rng.choice([-peak, peak], block.codes.size)
    if block.outer.method != RANK_ONE:
        values = np.where(rng.random(values.size) < 0.3, values, rng.integers(-peak, peak + 1, values.size))
    lines = (extremes(rng, bits, size) for size in sizes)
    return Pass(values, int(rng.integers(len(layout.rows))), *lines)


def products(block: OuterProducts, now: Pass, before: Pass | None) -> np.ndarray:
    """Products layer by layer, as matrices, by their definition; `before` has the lines of the sweep before."""
    layout, method, parts = block.layout, block.outer.method, []
    neuron = hidden = 0
    values, line_values = np.split(now.values, [layout.neurons])
    for k, (columns, rows) in enumerate(zip(layout.columns, layout.rows, strict=True)):
        u = values[neuron : neuron + rows] * (method != LAYER or k == now.turn)
        if method == RANK_ONE:
            v, line_values = np.split(line_values, [columns])
        elif not block.lined:
            v = np.arange(columns) == columns - 1
        elif not layout.layers:
            first = sum(layout.columns[:k])
            v = (before.inputs if before else 0 * now.inputs)[first : first + columns]
        else:
            inputs = np.zeros(columns - 1, int)
            if before:
                inputs = before.hidden[hidden : hidden + columns - 1, 1] if k else before.inputs
            v = np.append(inputs, limit(block.outer.line_bits))
        parts.append(np.outer(u, v).ravel())
        neuron, hidden = neuron + rows, hidden + (columns - 1 if k else 0)
    return np.concatenate(parts)


@cocotb.test()
@over(GRID)
async def multiplies(dut, name):
    """Pass k has the lines of sweep k - 1; the sweeps come at most one ahead of their pass, as those of a run."""
    block = make(name)
    layout, lined = block.layout, block.lined
    bench = Bench(dut, name, block)
    values, product = bench.source("values"), bench.sink("product")
    turn = bench.source("turn") if block.outer.method == LAYER else None
    line = bench.source("line") if lined else None
    hidden = bench.source("hidden") if lined and layout.layers else None
    await bench.start()
    before = None
    for batch in range(BATCHES):
        bench.stall(None if batch else 0.0)
        passes = [draw(block, bench.rng, (1, -1, 0, 0, 0)[k] if batch < 2 else 0) for k in range(PASSES)]
        streams = [
            values.send(np.vstack([words(p.values, layout.lanes) for p in passes])),
            product.receive(PASSES * layout.words),
        ]
        if turn:
            streams.append(turn.send(p.turn for p in passes))
        if line:
            streams.append(line.send(np.vstack([words(p.inputs, SAMPLE_WORD) for p in passes])))
        if hidden:
            rails = ("rail0", "rail1")
            streams.append(hidden.send(dict(zip(rails, h.tolist(), strict=True)) for p in passes for h in p.hidden))
        _, got, *_ = await gather(*streams)
        await product.silent()
        rows = np.reshape(got, (PASSES, -1))
        for k, now in enumerate(passes):
            expected = products(block, now, before)
            check(f"outer {name}", batch * PASSES + k, words(expected, layout.lanes), rows[k])
            before = now
        if batch == 0:
            first = -(-block.codes.size // layout.lanes)
            each = max(layout.words, first)
            if lined:
                sample, behind = record_words(len(before.inputs)), sum(layout.layers[1:-1])
                each = max(each, sample, behind)
            clocks = first + 3 + (PASSES - 1) * each + layout.words
            assert product.clocks <= clocks, f"{name}: {PASSES} passes took {product.clocks} clocks, not {clocks}"


@cocotb.test()
@over([name for name, case in GRID.items() if case.line_bits and len(case.layers) > 2])
async def lets_go_of_the_inputs(dut, name):
    """Once all words of layer 0 are given, the inputs' codes of the sweep after the next are taken."""
    block = make(name)
    layout, bench = block.layout, Bench(dut, name, block)
    values, line, product = bench.source("values"), bench.source("line"), bench.sink("product")
    turn = bench.source("turn") if block.outer.method == LAYER else None
    await bench.start()
    now = draw(block, bench.rng, 0)
    streams = [values.send(words(now.values, layout.lanes)), product.receive(-(-layout.offsets[1] // layout.lanes))]
    await gather(*streams, line.send([[0] * SAMPLE_WORD] * (2 * record_words(layout.layers[0]))),
                 *([turn.send([now.turn])] if turn else []))  # fmt: skip


@cocotb.test()
@over(COORDINATES)
async def walks(dut, name):
    """The coordinates are those of golden.blocks.perturb.outer, which are the ones of matrices layer by layer."""
    layout, bench = COORDINATES[name], Bench(dut, name, make(name))
    following = bench.signal("next")
    fields = {f: bench.signal(f) for f in ("neuron", "line", "layer", "bias", "padding", "word", "last")}
    block = make(name)
    expected = golden.coordinates(layout)
    sizes = np.multiply(layout.rows, layout.columns)
    layer = np.repeat(np.arange(len(sizes)), sizes)
    last_line = np.cumsum(layout.columns)[layer] - 1
    edge = RisingEdge(dut.clk)
    await bench.start()
    for sweep in range(3):
        for word in range(layout.words):
            following.value = 0
            while bench.rng.random() < 0.3 * sweep:
                await edge
            following.value = 1
            await edge
            got = {field: int(handle.value) for field, handle in fields.items()}
            assert (got["word"], got["last"]) == (word, word == layout.words - 1), f"{name}: word {word}: {got}"
            for lane in range(layout.lanes):
                i = word * layout.lanes + lane
                assert got["padding"] >> lane & 1 == (i >= layout.parameters), f"{name}: padding of {i}"
                if i >= layout.parameters:
                    continue
                neuron, line, k = (
                    got[field] >> (lane * width) & ((1 << width) - 1)
                    for field in ("neuron", "line", "layer")
                    for width in [getattr(block, field).shape().elem_shape]
                )
                place = (neuron, line - FIRST_LINE, k, got["bias"] >> lane & 1)
                check(f"{name} coordinates", i, [*expected[i], layer[i], expected[i][1] == last_line[i]], place)
    following.value = 0
