"""Neurons look up every ADC code in the table of their layer, and route it to the next layer or the cost."""

from math import exp, tanh

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.measure.neuron import Neuron
from ohmgrad.rtl.measure.neuron import NeuronTable

# Layers, activations; bits of the ADC, its unit; bits of lines and of outputs.
GRID = {
    "one_layer": ((3, 4), ("tanh",), 6, 0.1, 8, 8),
    "smallest": ((1, 1), ("linear",), 4, 0.125, 2, 2),
    "two_layers": ((49, 4, 4), ("tanh", "sigmoid"), 10, 8 / 511, 8, 10),
    "wide_output": ((2, 3, 1), ("sigmoid", "linear"), 9, 2.0**-7, 4, 14),
    "wide_line": ((2, 1, 1, 5), ("relu", "linear", "tanh"), 8, 0.03, 12, 5),
    "four_layers": ((7, 5, 3, 2, 6), ("tanh", "relu", "sigmoid", "relu"), 7, 0.05, 7, 9),
}
ACTIVATIONS = {"tanh": tanh, "sigmoid": lambda z: 1 / (1 + exp(-z)), "relu": lambda z: max(z, 0), "linear": float}
BATCHES, SWEEPS = 5, 8


def make(name: str) -> NeuronTable:
    """The block of one configuration."""
    layers, activations, adc_bits, unit, line_bits, output_bits = GRID[name]
    return NeuronTable(Neuron(activations, adc_bits, unit, line_bits, output_bits), Layout(layers, 1))


def test_neuron():
    run(__file__, make, GRID)


def look_up(neuron: Neuron, layer: int, code: int) -> int:
    """round(activation(code * unit) * full scale), clipped to full scale."""
    last = layer == len(neuron.activations) - 1
    full = (1 << ((neuron.output_bits if last else neuron.line_bits) - 1)) - 1
    value = ACTIVATIONS[neuron.activations[layer]](code * neuron.adc_unit)
    return round(max(-1, min(1, value)) * full)


@cocotb.test()
@over(GRID)
async def codes_follow_the_activation(dut, name):
    block = make(name)
    neuron, rows = block.neuron, block.layout.rows
    bench = Bench(dut, name, block)
    adc, hidden, output = bench.source("adc"), bench.sink("hidden"), bench.sink("output")
    await bench.start()
    layers = np.repeat(np.arange(len(rows)), rows)
    inside = sum(rows[:-1])
    for batch in range(BATCHES):
        if batch:
            bench.stall()
        codes = extremes(bench.rng, neuron.adc_bits, (SWEEPS, layers.size, 2))
        _, *got = await gather(
            adc.send([{"rail0": int(r0), "rail1": int(r1)} for r0, r1 in codes.reshape(-1, 2)]),
            hidden.receive(SWEEPS * inside),
            output.receive(SWEEPS * rows[-1]),
        )
        await gather(hidden.silent(), output.silent())
        received = [np.reshape([[p.rail0, p.rail1] for p in port], (SWEEPS, -1, 2)) for port in got]
        for sweep in range(SWEEPS):
            expected = np.array([[look_up(neuron, k, int(c)) for c in pair]
                                 for k, pair in zip(layers, codes[sweep], strict=True)])  # fmt: skip
            for rail in range(2):
                step = batch * SWEEPS + sweep
                check(f"neuron {name} hidden rail{rail}", step, expected[:inside, rail], received[0][sweep, :, rail])
                check(f"neuron {name} output rail{rail}", step, expected[inside:, rail], received[1][sweep, :, rail])
