"""Parallel converters: models of DAC7624 and AD7865 get and give codes at the times of their data sheets."""

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.front_ends.parallel_converters import Ad7865, Dac7624
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.golden.blocks.front_ends.parallel import ParallelAdc, ParallelDac, ad7865, dac7624
from ohmgrad.rtl.front_ends.parallel import ParallelAdcReader, ParallelDacBank

DACS = {"dac_one": (100_000_000, 1, 400, 0), "dac_three": (37_000_000, 3, 200, 0x800), "dac_slow": (8_000_000, 2, 1, 1)}
"""Clock, parts, settling time, safe code."""
ADCS = {"adc_four": (100_000_000, 4), "adc_one": (37_000_000, 1), "adc_slow": (8_000_000, 3)}
"""Clock, channels."""
UPDATES, CONVERSIONS = 5, 6


def make(name: str) -> ParallelDacBank | ParallelAdcReader:
    """The block of one configuration."""
    return ParallelDacBank(dac7624(*DACS[name])) if name in DACS else ParallelAdcReader(ad7865(*ADCS[name]))


def test_parallel():
    run(__file__, make, [*DACS, *ADCS])


@cocotb.test()
@over(DACS)
async def codes_reach_the_outputs_together(dut, name):
    bench = Bench(dut, name, make(name))
    dac: ParallelDac = bench.block.dac
    models = [Dac7624(1e9 / DACS[name][0]) for _ in range(dac.bank.parts)]
    code, settled, updates, writes = bench.source("code"), bench.signal("settled"), [], []
    bench.signal("safe").value = 0

    async def watch():
        pins = [bench.signal(n) for n in ("write", "address", "word", "ldac")]
        clock, before = 0, (1 << dac.bank.parts) - 1
        while True:
            await RisingEdge(dut.clk)
            clock += 1
            write, address, word, ldac = (int(pin.value) for pin in pins)
            for part, model in enumerate(models):
                model.clock(write >> part & 1, address, word, ldac)
            if write < before:
                writes.append(clock)
            before = write
            if int(settled.value):
                updates.append([list(model.output) for model in models])

    await bench.start()
    cocotb.start_soon(watch())
    expected = [[dac.bank.safe] * 4 for _ in models]
    for update in range(UPDATES):
        while len(updates) <= update:
            await RisingEdge(dut.clk)
        assert updates[update] == expected, f"parallel {name}: update {update}"
        bench.stall()
        count = int(bench.rng.integers(1, 12))
        for k in range(count):
            part, channel, value = (int(bench.rng.integers(n)) for n in (dac.bank.parts, 4, 4096))
            expected[part][channel] = value
            await code.send([{"part": part, "channel": channel, "code": value, "last": k == count - 1}])
    apart = min(later - earlier for earlier, later in zip(writes, writes[1:], strict=False))
    check(f"parallel {name} clocks of a write", 0, dac.clocks, apart)


class Converter:
    """A reader with a model, whose inputs change all the time."""

    def __init__(self, dut, name: str):
        self.bench, self.edge, self.clock, self.faults = Bench(dut, name, make(name)), RisingEdge(dut.clk), 0, 0
        self.adc: ParallelAdc = self.bench.block.adc
        self.model = Ad7865(1e9 / ADCS[name][0], self.adc.channels, lambda c: (self.clock * 37 + c * 5000) % 16384)
        self.start, self.idle = self.bench.signal("start"), self.bench.signal("idle")
        self.reading = self.bench.sink("reading")
        self.start.value = self.bench.signal("busy").value = self.bench.signal("word").value = 0

    async def begin(self) -> None:
        await self.bench.start()
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        convert, read, busy, word, fault = (self.bench.signal(n) for n in ("convert", "read", "busy", "word", "fault"))
        while True:
            await FallingEdge(self.bench.dut.clk)
            self.clock += 1
            busy.value, word.value = self.model.clock(int(convert.value), int(read.value))
            self.faults += int(fault.value)

    async def convert(self) -> None:
        """Start a conversion as soon as that is allowed."""
        while not int(self.idle.value):
            await self.edge
        self.start.value = 1
        await self.edge
        self.start.value = 0
        await self.edge


@cocotb.test()
@over(ADCS)
async def codes_are_those_of_the_sampling_instant(dut, name):
    converter = Converter(dut, name)
    await converter.begin()
    channels = range(converter.adc.channels)
    for turn in range(CONVERSIONS):
        if turn:
            converter.bench.stall()
        await converter.convert()
        if turn == 1:  # what is not taken waits
            await ClockCycles(dut.clk, 2 * converter.adc.limit)
        readings = await converter.reading.receive(converter.adc.channels)
        expected = list(zip(channels, converter.model.samples[-1], strict=True))
        check(f"parallel {name}", turn, expected, [(int(r.channel), int(r.code)) for r in readings])
    assert len(converter.model.samples) == CONVERSIONS and not converter.faults


@cocotb.test()
@over(ADCS)
async def a_part_that_is_not_there_or_hangs_is_a_fault(dut, name):
    converter = Converter(dut, name)
    await converter.begin()
    for turn, (rises, stays) in enumerate([(1e9, 2400.0), (70.0, 1e6)], 1):
        converter.model.rises, converter.model.stays = rises, stays
        await converter.convert()
        await converter.reading.silent(3 * converter.adc.limit)
        assert converter.faults == turn, f"parallel {name}: {converter.faults} faults"
        converter.model._ended = -1e9
    converter.model.rises, converter.model.stays = 70.0, 2400.0
    await converter.convert()
    await converter.reading.receive(converter.adc.channels)
