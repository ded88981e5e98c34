"""The emulated array's ADC codes follow the equation of the product, and so does `golden.blocks.array.crossbar`."""

from typing import NamedTuple

import cocotb
import numpy as np
from cocotb.queue import Queue
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.golden.blocks.array.crossbar import Crossbar, convert_all, multiply
from ohmgrad.golden.blocks.lib.fixed import bits_for, limit
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.chip.memory_map import SAMPLE_WORD, record_words
from ohmgrad.rtl.array.crossbar import CrossbarArray

# Layers, lanes, polarity of rail 1; bits of weights, lines and ADC, its shift, amplitude; bits of the code if wide.
GRID = {
    "lanes1": ((2, 2, 1), 1, -1, 6, 5, 6, 4, 3),
    "lanes1_smallest": ((1, 1), 1, -1, 2, 2, 2, 0, 1),
    "lanes4": ((7, 5, 3, 2), 4, -1, 8, 6, 8, 5, 127),
    "lanes16_forward": ((64, 16, 10), 16, 0, 12, 8, 9, 11, 13),
    "lanes4_multiple": ((3, 2), 4, 0, 16, 10, 14, 10, 5),
    "lanes8_one_word": ((2, 1, 1), 8, -1, 12, 8, 10, 9, 2047),
    "lanes4_deep": ((49, 4, 4), 4, -1, 12, 8, 10, 10, 26),
    "lanes16": ((7, 5, 3, 2), 16, -1, 10, 8, 8, 8, 40),
    "lanes16_one_word": ((2, 2, 1), 16, 0, 3, 4, 4, 2, 1),
    "lanes64_one_word": ((7, 3, 2), 64, -1, 4, 3, 4, 2, 3),
    "wide_lanes1_forward": ((2, 2, 1), 1, 0, 6, 5, 6, 4, 1, 3),
    "wide_lanes4": ((7, 5, 3, 2), 4, -1, 8, 6, 8, 5, 1, 8),
    "wide_lanes16": ((7, 5, 3, 2), 16, -1, 4, 8, 8, 8, 1, 12),
}
BATCHES = 4


def make(name: str) -> CrossbarArray:
    """The block of one configuration."""
    layers, lanes, polarity, weight_bits, line_bits, adc_bits, shift, amplitude, *code = GRID[name]
    layout = Layout(layers, lanes)
    (code_bits,) = code or (2,)
    largest = max(layout.columns) * ((1 << (weight_bits - 1)) + amplitude * limit(code_bits)) * limit(line_bits)
    array = Crossbar(weight_bits, weight_bits, line_bits, adc_bits, shift, amplitude, bits_for(largest))
    return CrossbarArray(array, layout, polarity, code_bits)


def test_crossbar():
    run(__file__, make, GRID)


class Sweep(NamedTuple):
    """What goes into one sweep; `inputs` fill whole words of the line stream, those too many at random."""

    weights: np.ndarray
    signs: np.ndarray
    inputs: np.ndarray
    hidden: np.ndarray


def draw(block: CrossbarArray, rng: np.random.Generator, sign: int) -> Sweep:
    """A sweep at random, or one with all weights, perturbations and lines at their ends, of this sign."""
    layout, bits = block.layout, block.crossbar.weight_bits
    lowest = -(1 << (bits - 1))
    shapes = record_words(layout.layers[0]) * SAMPLE_WORD, (sum(layout.layers[1:-1]), 2)
    if sign:
        weights = np.full(layout.parameters, -1 - lowest if sign > 0 else lowest)
        lines = (np.full(shape, block.crossbar.one) for shape in shapes)
        return Sweep(weights, np.full_like(weights, sign * limit(block.code_bits)), *lines)
    weights = extremes(rng, bits, layout.parameters)
    weights[rng.random(weights.size) < 0.1] = lowest
    lines = (extremes(rng, block.crossbar.line_bits, shape) for shape in shapes)
    return Sweep(weights, extremes(rng, block.code_bits, weights.size), *lines)


def adc_codes(block: CrossbarArray, sweep: Sweep) -> list[list[int]]:
    """ADC codes of both rails, all neurons: sum (w + p a s) x, over 2**shift, to nearest, clipped."""
    layout, array, polarities = block.layout, block.crossbar, (1, block.polarity)
    half, bound = (1 << array.adc_shift) // 2, limit(array.adc_bits)
    one = np.full((1, 2), limit(array.line_bits))
    codes, before = [], 0
    for k, inputs in enumerate(layout.layers[:-1]):
        if k:
            lines, before = sweep.hidden[before : before + inputs], before + inputs
        else:
            lines = np.repeat(sweep.inputs[:inputs, np.newaxis], 2, axis=1)
        lines = np.vstack([lines, one])
        for row in range(layout.rows[k]):
            first = layout.offsets[k] + row * len(lines)
            weights, signs = (v[first : first + len(lines)] for v in (sweep.weights, sweep.signs))
            cells = [[int(w) + p * array.amplitude * int(s) for p in polarities]
                     for w, s in zip(weights, signs, strict=True)]  # fmt: skip
            sums = [sum(c[rail] * int(x[rail]) for c, x in zip(cells, lines, strict=True)) for rail in range(2)]
            nearest = [(abs(total) + half >> array.adc_shift) * (-1 if total < 0 else 1) for total in sums]
            codes.append([max(-bound, min(bound, code)) for code in nearest])

            parts = multiply(0, *(np.int32(v) for v in (weights, signs, *lines.T)), k == 0)
            totals = [w + p * array.amplitude * s for p, w, s in zip(polarities, parts[::2], parts[1::2], strict=True)]
            golden = convert_all(array.adc_shift, bound, np.array(totals))
            check(f"golden.blocks.array.crossbar layer {k} row {row}", 0, codes[-1], golden)
    return codes


@cocotb.test()
@over(GRID)
async def adc_codes_follow_the_equation(dut, name):
    block = make(name)
    layout = block.layout
    bench = Bench(dut, name, block)
    line, weight, sign, hidden = (bench.source(port) for port in ("line", "weight", "sign", "hidden"))
    adc = bench.sink("adc")
    await bench.start()
    due: Queue = Queue()

    async def receive(sweeps):
        """ADC codes; a hidden neuron's line codes are due once its ADC codes are out."""
        codes = []
        for sweep in sweeps:
            for neuron in range(layout.neurons):
                codes += [[code.rail0, code.rail1] for code in await adc.receive(1)]
                if neuron < len(sweep.hidden):
                    due.put_nowait(dict(zip(("rail0", "rail1"), sweep.hidden[neuron].tolist(), strict=True)))
        return np.array(codes)

    async def answer(count):
        for _ in range(count):
            await hidden.send([await due.get()])

    for batch in range(BATCHES):
        if batch:
            bench.stall()
        sweeps = [draw(block, bench.rng, kind) for kind in ((1, -1, 0) if batch < 2 else (0, 0, 0))]
        got, *_ = await gather(
            receive(sweeps),
            answer(sum(len(sweep.hidden) for sweep in sweeps)),
            line.send(np.vstack([words(sweep.inputs, SAMPLE_WORD) for sweep in sweeps])),
            weight.send(np.vstack([words(sweep.weights, layout.lanes) for sweep in sweeps])),
            sign.send(np.vstack([words(sweep.signs, layout.lanes) for sweep in sweeps])),
        )
        await adc.silent()
        for place, sweep in enumerate(sweeps):
            part = got[place * layout.neurons :][: layout.neurons]
            for rail, expected in enumerate(np.transpose(adc_codes(block, sweep))):
                step = batch * len(sweeps) + place
                check(f"crossbar {name} adc rail{rail}, by neuron", step, expected, part[:, rail])
