"""AXI4-Stream with random back-pressure: telemetry comes whole and in order or is said to be lost; samples arrive."""

from importlib.resources import files

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from ohmgrad.cocotb_tests.bus_host import BusHost, listen
from ohmgrad.cocotb_tests.bus_masters import pauses
from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.cocotb_tests.host import restore, start
from ohmgrad.cocotb_tests.outside import outside_of
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import SAMPLE_WORD, START
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.rtl.bus.axi_stream import DEPTH, TelemetryStream, sample_bus_layout, telemetry_bus_layout
from ohmgrad.rtl.measure.cost import telemetry_layout
from ohmgrad.rtl.top import EngineTop

SMALL = {"parameters.count": 6, "engine.lanes": 2}
CHIPS = {
    "signed": {**SMALL, "cost.signed": True, "cost.word_bits": 24},
    "wide": {**SMALL, "cost.word_bits": 5, "cost.bits": 9},
    "samples": {**SMALL, "stream": {"inputs": 9, "targets": 3}, "array.input_bits": 8, "array.output_bits": 11},
}
WORDS, STEPS = 300, 12


def chip_of(name: str) -> Chip:
    """The chip of one configuration."""
    return Chip(load(str(files("ohmgrad.examples") / "external.toml")).with_(**CHIPS[name]))


def make(name: str) -> TelemetryStream | EngineTop:
    """The block of one configuration."""
    return EngineTop(chip_of(name), "axi") if name == "samples" else TelemetryStream(chip_of(name).cost)


@pytest.mark.parametrize("part", ["telemetry", "samples"])  # an engine on a bus brings its own clock
def test_axi_stream(part):
    run(__file__, make, [name for name in CHIPS if (name == "samples") == (part == "samples")], part=part)


@cocotb.test()
@over(name for name in CHIPS if name != "samples")
async def telemetry_comes_in_order_or_is_said_to_be_lost(dut, name):
    bench, cost = Bench(dut, name, make(name)), chip_of(name).cost
    layout, wide = telemetry_layout(cost), telemetry_bus_layout(cost)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, f"{name}__m_axis_telemetry"), bench.clock)
    sink.log.setLevel("WARNING")
    bench.signal("telemetry.valid").value = 0
    await bench.start()
    for busy, stall in ((0.3, 0.0), (0.3, 0.6), (0.9, 0.8)):
        sink.set_pause_generator(pauses(bench.rng, stall))
        sent, lost = [], []
        for _ in range(WORDS):
            valid = bench.rng.random() < busy
            told = layout.from_bits(int.from_bytes(bench.rng.bytes(layout.size // 8 + 1), "little") % 2**layout.size)
            bench.signal("telemetry.valid").value = int(valid)
            bench.signal("telemetry.payload").value = told.as_bits()
            await RisingEdge(bench.clock)
            if valid and bench.signal("lost").value:
                lost.append(told)
            elif valid:
                sent.append([getattr(told, field) for field in layout.members])
        bench.signal("telemetry.valid").value = 0
        await ClockCycles(bench.clock, 20 * DEPTH)
        got = [wide.from_bits(int.from_bytes(sink.recv_nowait().tdata, "little")) for _ in range(sink.count())]
        check(f"{name} words", WORDS, sent, [[getattr(told, field) for field in layout.members] for told in got])
        assert bool(lost) == (busy > 0.5), f"{name}: {len(lost)} of {len(sent)} lost"


@cocotb.test()
@over(["samples"])
async def samples_arrive_and_telemetry_tells_every_step(dut, name):
    bench, chip, heard = Bench(dut, name, make(name)), chip_of(name), []
    host, outside, state = BusHost(bench, chip), outside_of(bench, chip), RecordedEngine(chip).initial()
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, f"{name}__s_axis_samples"), bench.clock)
    source.log.setLevel("WARNING")
    source.set_pause_generator(pauses(bench.rng, 0.5))
    for signal in ("busy", "saturated"):
        bench.signal(f"array.{signal}").value = 0
    bench.stall()
    await bench.start()
    listen(bench, chip, heard).set_pause_generator(pauses(bench.rng, 0.7))
    await host.wait()
    await restore(host, chip, state)
    codes = extremes(bench.rng, 8, (STEPS + 1, 3, SAMPLE_WORD))
    layout = sample_bus_layout(chip)
    width = layout.size // SAMPLE_WORD // 8
    for word in codes.reshape(-1, SAMPLE_WORD):
        data = b"".join(int(code).to_bytes(width, "little", signed=True) for code in word)
        await source.send(AxiStreamFrame(data))
    running = cocotb.start_soon(start(host, START, STEPS))
    for step in range(STEPS + 1):
        sent = await outside.take(*outside.streams)
        check(f"{name} inputs", step, codes[step, :2], sent["line"])
        check(f"{name} targets", step, codes[step, 2], sent["target"])
        await outside.cost.send([{"rail0": int(bench.rng.integers(999)), "rail1": int(bench.rng.integers(999))}])
    await running
    await ClockCycles(bench.clock, 50)
    check(f"{name} steps told", STEPS, range(STEPS), [step for step, *_ in heard])
    assert len({cost for _, cost, *_ in heard}) > STEPS // 2
