"""Registers and memories on each bus do what the map says, and what it does not say is an error and changes nothing.

The same tests for all buses, in the manner of a test suite for control and status registers: reset values, bits that
read back what was written, read only, write one to clear, aliases, holes.
"""

from importlib.resources import files

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

from ohmgrad.cocotb_tests.bus_masters import MASTERS, WHOLE
from ohmgrad.cocotb_tests.drivers import STALLS, Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.host import contents
from ohmgrad.fpga.host.chip_in_loop import records
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import EVALUATE, START, STOP, Region
from ohmgrad.golden.chip.registers import registers
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine as Golden
from ohmgrad.golden.link.bus_map import WORD, Access, BusMap, Entry, Range, bus_map
from ohmgrad.rtl.bus.slave import BUSES
from ohmgrad.rtl.top import Top

COARSE = {"array.adc_bits": 7, "array.output_bits": 9}
# name, which begins with that of the bus: example, overrides
GRID = {
    "axi": ("xor.toml", {**COARSE, "cost.mode": "analog", "data.order": "cyclic", "perturbation.tau_x": 4}),
    "wishbone": ("xor_tiki_taka.toml", {**COARSE, "fast.zero_shift": 10}),
    "apb": ("xor_filtered.toml", {**COARSE, "cost.mode": "forward", "engine.settings": "constants"}),
}
ILLEGAL = 3400
"""Illegal accesses on each bus."""
LONG = 2**32 - 1


def chip_of(name: str) -> Chip:
    """The chip of one configuration."""
    example, overrides = GRID[name]
    return Chip(load(files("ohmgrad.examples") / example).with_(**overrides))


def make(name: str) -> Top:
    """The block of one configuration."""
    return Top(chip_of(name), bus=name)


def test_bus():
    run(__file__, make, GRID)


class Bus:
    """A master, and what the map lets one expect: bad answers end the test."""

    def __init__(self, dut, name: str):
        self.name, self.bench = name, Bench(dut, name, make(name))
        self.rng, self.chip = self.bench.rng, self.bench.block.chip
        self.clock, self.reset = (self.bench.signal(getattr(BUSES[name], port)) for port in ("clock", "reset"))
        self.master, self.map = MASTERS[name](dut, f"{name}__", self.clock, self.rng), bus_map(self.chip)
        self.at = {entry.name: entry for entry in self.map.registers}

    async def start(self) -> None:
        """Reset, and wait until memories are cleared."""
        self.reset.value = not BUSES[self.name].low
        Clock(self.clock, 2, "ns").start()
        await ClockCycles(self.clock, 2)
        self.reset.value = BUSES[self.name].low
        await ClockCycles(self.clock, 2)
        while await self.get("STATUS") & 1:
            pass
        self.master.stall(float(self.rng.choice(STALLS)))

    async def put(self, place: int | str, word: int) -> None:
        """Write a word, which is no error."""
        place = self.at[place].address if isinstance(place, str) else place
        assert not await self.master.write(place, word), f"{self.name}: {word} at {place:#x} is an error"

    async def get(self, place: int | str) -> int:
        """Read a word, which is no error."""
        place = self.at[place].address if isinstance(place, str) else place
        error, word = await self.master.read(place)
        assert not error, f"{self.name}: to read {place:#x} is an error"
        return word

    async def refused(self, place: int, word: int | None = None, strobe: int = WHOLE) -> None:
        """Write a word, or read one, which is an error."""
        if word is None:
            error, got = await self.master.read(place, expected=True)
            assert error and not got, f"{self.name}: to read {place:#x} is no error: {got}"
        else:
            error = await self.master.write(place, word, strobe, expected=True)
            assert error, f"{self.name}: {word:#x} at {place:#x}, strobes {strobe:#x}, is no error"

    def memory(self, region: Region) -> Range:
        """Where a memory stands."""
        return next(item for item in self.map.ranges if item.memory.region == region)

    async def restore(self, state, samples: np.ndarray) -> None:
        """Write samples, and all that a run goes on from."""
        memories = {memory.region: values for memory, values in contents(self.chip, state)}
        for region, values in {**memories, Region.SAMPLES: samples}.items():
            for place, word in zip(words(self.memory(region)), values, strict=True):
                await self.put(place, int(word))
        for register, value in registers(self.chip, state).items():
            entry = self.at.get(register.name)
            if entry and entry.access == Access.BOTH:
                await self.put(entry.address, value)

    async def contents(self) -> dict[int, int]:
        """All that can be read and that does not change by itself."""
        places = [entry.address for entry in self.map.registers]
        places += [place for item in self.map.ranges if Access.READ in item.access for place in words(item)]
        return {place: await self.get(place) for place in places}

    async def wait(self) -> None:
        """Until the chip is idle."""
        while await self.get("STATUS") & 1:
            await ClockCycles(self.clock, 5)


def words(item: Range) -> range:
    """Addresses of the entries of a memory."""
    return range(item.base, item.base + WORD * item.memory.words, WORD)


def some(rng: np.random.Generator, low: int, high: int) -> int:
    """A value from a range, often one of its ends."""
    return int(rng.choice([low, high, rng.integers(low, high, endpoint=True)]))


def storage(map_: BusMap) -> list[Entry]:
    """Registers that read back what was written, whatever that is."""
    return [item for item in map_.registers if item.access == Access.BOTH and item.name not in ("CONTROL", "SEED")]


@cocotb.test()
@over(GRID)
async def registers_keep_what_they_take(dut, name):
    bus = Bus(dut, name)
    await bus.start()
    for entry in bus.map.registers:
        if entry.reset is not None:
            check(f"{name} {entry.name} after reset", 0, entry.reset & 0xFFFFFFFF, await bus.get(entry.address))
    for entry in storage(bus.map):
        bits = {1 << bit for bit in range(32)} | {0, entry.low, entry.high}
        for word in sorted(word for word in bits if entry.low <= word <= entry.high):
            await bus.put(entry.address, word)
            check(f"{name} {entry.name}", 0, word & 0xFFFFFFFF, await bus.get(entry.address))
    values = {entry.address: some(bus.rng, entry.low, entry.high) for entry in storage(bus.map)}
    for place, word in values.items():
        await bus.put(place, word)
    for place, word in values.items():
        check(f"{name} at {place:#x}, after all", 0, word & 0xFFFFFFFF, await bus.get(place))


@cocotb.test()
@over(GRID)
async def memories_keep_what_they_take(dut, name):
    bus, values = Bus(dut, name), {}
    await bus.start()
    for item in bus.map.ranges:
        for place in words(item):
            values[place] = some(bus.rng, *item.values((place - item.base) // WORD))
            await bus.put(place, values[place])
    for item in bus.map.ranges:
        if Access.READ in item.access:
            for place in words(item):
                check(f"{name} {item.memory.name}", place, values[place] & 0xFFFFFFFF, await bus.get(place))


@cocotb.test()
@over(GRID)
async def what_is_not_in_the_map_is_an_error_and_changes_nothing(dut, name):
    bus = Bus(dut, name)
    await bus.start()
    before, illegal = await bus.contents(), kinds(bus)
    for count in range(ILLEGAL):
        await bus.refused(*illegal[count % len(illegal)]())
    check(f"{name}: {ILLEGAL} illegal accesses", 0, list(before.values()), list((await bus.contents()).values()))


@cocotb.test()
@over(name for name in GRID if name == "axi")
async def no_access_waits_over_16_clocks_where_both_kinds_come_at_once(dut, name):
    bus = Bus(dut, name)
    await bus.start()
    bus.master.stall(0)
    worst = {"ar": 0, "aw": 0}
    watches = [cocotb.start_soon(waits(bus, worst, *pair)) for pair in (("ar", "r"), ("aw", "b"))]
    for _ in range(50):
        reads = cocotb.start_soon(bus.get("STEP"))
        await ClockCycles(bus.clock, int(bus.rng.integers(12)))
        await bus.put("SCRATCH", 1)
        await reads
    for watch in watches:
        watch.cancel()
    assert 10 < max(worst.values()) <= 16, worst


async def waits(bus: Bus, worst: dict[str, int], request: str, response: str) -> None:
    """Count the clocks from a request to its response, both included, at most."""
    asked, answered = (bus.bench.signal(f"s_axi_{channel}valid") for channel in (request, response))
    count = 0
    while True:
        await RisingEdge(bus.clock)
        count = count + 1 if asked.value or count else 0
        if answered.value:
            worst[request], count = max(worst[request], count), 0


def kinds(bus: Bus) -> list:
    """Functions that give an illegal access each: place, word or None, strobes."""
    rng, registers, ranges = bus.rng, bus.map.registers, bus.map.ranges
    known = {entry.address for entry in registers} | {place for item in ranges for place in words(item)}
    holes = np.array([place for place in range(0, 1 << bus.map.bits, WORD) if place not in known])
    writable = [item for item in registers if item.access != Access.READ] + list(ranges)

    def place_of(item: Entry | Range) -> int:
        return item.address if isinstance(item, Entry) else int(rng.choice(words(item)))

    def drawn(items):
        return items[rng.integers(len(items))]

    def outside() -> tuple[int, int]:
        place, (low, high) = 0, (0, 2**32 - 1)
        while high - low == 2**32 - 1:
            item = drawn(writable)
            place = place_of(item)
            low, high = (item.low, item.high) if isinstance(item, Entry) else item.values((place - item.base) // WORD)
        return place, int(rng.choice([high + 1, low - 1, rng.integers(high + 1, low + 2**32)]))

    def command() -> tuple[int, int]:
        word = int(rng.integers(16))
        return bus.at["CONTROL"].address, 0 if bus.map.commands >> max(0, word.bit_length() - 1) & 1 else word

    read_only = [entry for entry in registers if entry.access == Access.READ]
    write_only = [item for item in ranges if item.access == Access.WRITE]
    return [
        lambda: (int(rng.choice(holes)),),
        lambda: (int(rng.choice(holes)), int(rng.integers(2**32))),
        lambda: (drawn(read_only).address, int(rng.integers(2**32))),
        lambda: (place_of(drawn(write_only)),),
        outside,
        command,
        lambda: (place_of(drawn(writable)), 0, int(rng.choice([1, 2, 4, 8, 3, 12, 7, 14]))),
    ]


@cocotb.test()
@over(GRID)
async def a_run_is_goldens_and_meanwhile_memories_and_settings_are_refused(dut, name):
    bus = Bus(dut, name)
    data = bus.chip.config.dataset
    golden = Golden(bus.chip, datasets.load(data.set, data.train, data.test, bus.chip.config.seed))
    state = golden.initial()
    await bus.start()
    await bus.restore(state, records(golden.inputs, golden.targets).ravel())
    await bus.put("TARGET", LONG)
    await bus.put("ENABLE", 1)
    await bus.put("CONTROL", START)
    busy = [entry for entry in storage(bus.map) if entry.idle]
    for _ in range(100):
        assert await bus.get("CONTROL") == 1
        item = bus.map.ranges[bus.rng.integers(len(bus.map.ranges))]
        await bus.refused(int(bus.rng.choice(words(item))), 0)
        if Access.READ in item.access:
            await bus.refused(int(bus.rng.choice(words(item))))
        entry = busy[bus.rng.integers(len(busy))]
        await bus.refused(entry.address, some(bus.rng, entry.low, entry.high))
        await bus.refused(bus.at["CONTROL"].address, int(bus.rng.choice([START, EVALUATE])))
        await bus.get("COST")
    interrupt = bus.bench.signal("irq")
    assert not interrupt.value
    await bus.put("CONTROL", STOP)
    await bus.wait()
    assert interrupt.value and await bus.get("INTERRUPT") & 1
    await bus.put("INTERRUPT", 1)
    await RisingEdge(bus.clock)
    assert not interrupt.value and not await bus.get("INTERRUPT") & 1
    steps = await bus.get("STEP")
    assert steps > 20
    golden.run(state, steps)
    for memory, values in contents(bus.chip, state):
        item = bus.memory(memory.region)
        got = [await bus.get(place) for place in words(item)]
        check(f"{name} {memory.symbol}", steps, np.int64(values) & 0xFFFFFFFF, got)
    samples = len(golden.inputs)
    await bus.put("TARGET", samples)
    await bus.put("CONTROL", EVALUATE)
    await bus.wait()
    total, right = golden.evaluate(state, samples)
    got = [await bus.get(register) for register in ("TOTAL_LOW", "TOTAL_HIGH", "RIGHT")]
    check(f"{name} evaluation", samples, [total & 0xFFFFFFFF, total >> 32, right], got)
