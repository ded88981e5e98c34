"""Inference: inputs by AXI4-Stream, outputs by another, both with random back-pressure; what was learnt stays."""

from importlib.resources import files

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from ohmgrad.cocotb_tests.bus_host import BusHost
from ohmgrad.cocotb_tests.bus_masters import pauses
from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.cocotb_tests.host import contents, restore, start
from ohmgrad.fpga.host.chip_in_loop import records
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import INFER, SAMPLE_WORD, START, Region
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine as Golden
from ohmgrad.rtl.bus.axi_stream import input_bus_layout
from ohmgrad.rtl.top import Top

COARSE = {"array.adc_bits": 7, "array.output_bits": 9, "engine.inference": True}
CHIPS = {
    "xor": ("xor.toml", {**COARSE, "array.input_bits": 7, "array.output_bits": 7}),
    "letters": ("nist7x7.toml", {**COARSE, "data.train": 3, "data.test": 0, "network.layers": [49, 3, 4]}),
}
STEPS, SAMPLES = 20, 40


def chip_of(name: str) -> Chip:
    """The chip of one configuration."""
    example, overrides = CHIPS[name]
    return Chip(load(str(files("ohmgrad.examples") / example)).with_(**overrides))


def make(name: str) -> Top:
    """The block of one configuration."""
    return Top(chip_of(name), bus="axi")


def test_inference():
    run(__file__, make, CHIPS)


@cocotb.test()
@over(CHIPS)
async def outputs_are_goldens_and_learning_goes_on_as_if_nothing_had_been(dut, name):
    bench, chip = Bench(dut, name, make(name)), chip_of(name)
    host, data = BusHost(bench, chip), chip.config.dataset
    golden = Golden(chip, datasets.load(data.set, data.train, data.test, chip.config.seed))
    state = golden.initial()
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, f"{name}__s_axis_inputs"), bench.clock)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, f"{name}__m_axis_outputs"), bench.clock)
    source.log.setLevel("WARNING")
    sink.log.setLevel("WARNING")
    bench.signal("m_axis_telemetry_tready").value = 1
    await bench.start()
    await host.wait()
    await host.write(Region.SAMPLES, records(golden.inputs, golden.targets).ravel())
    await restore(host, chip, state)
    for piece, (inward, outward) in enumerate(((0.0, 0.0), (0.6, 0.2), (0.2, 0.8))):
        golden.run(state, STEPS)
        await start(host, START, state.step)
        source.set_pause_generator(pauses(bench.rng, inward))
        sink.set_pause_generator(pauses(bench.rng, outward))
        codes = extremes(bench.rng, chip.crossbar.line_bits, (SAMPLES, chip.samples.inputs))
        running = cocotb.start_soon(start(host, INFER, SAMPLES))
        for sample in codes:
            padded = np.pad(sample, (0, -len(sample) % SAMPLE_WORD))
            width = input_bus_layout(chip).size // SAMPLE_WORD // 8
            data = b"".join(int(code).to_bytes(width, "little", signed=True) for code in padded)
            await source.send(AxiStreamFrame(data))
        await running
        await ClockCycles(bench.clock, 50)
        assert sink.count() == SAMPLES and source.empty(), f"{name}: {sink.count()} samples came out"
        size = len(bench.signal("m_axis_outputs_tdata")) // 8
        got = [np.frombuffer(bytes(sink.recv_nowait().tdata), f"<i{size}") for _ in range(SAMPLES)]
        check(f"{name} outputs", piece, golden.infer(state, codes), got)
        for memory, values in contents(chip, state):
            check(f"{name} {memory.symbol}", piece, values, await host.read(memory.region, memory.words))
