"""The bridge answers any request as golden does, hands the host what is its, and raises events and the interrupt."""

from importlib.resources import files

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import FAULT, START
from ohmgrad.golden.link.bridge import WHOLE, Bridge, Request
from ohmgrad.golden.link.bus_map import EVENTS, OWN, WORD, Entry, bus_map
from ohmgrad.rtl.bus.bridge import CLOCKS, BusBridge

GRID = {
    "digital": ("xor.toml", {"engine.inference": True, "cost.mode": "analog", "perturbation.tau_x": 4}),
    "tiki_taka": ("xor_tiki_taka.toml", {"transfer.chopper": 0.1, "engine.calibration": False}),
    "outside": ("external.toml", {"engine.bring_up": True, "parameters.count": 37, "cost.mode": "forward"}),
    "constants": ("xor_filtered.toml", {"engine.settings": "constants"}),
}
REQUESTS = 3000


def chip_of(name: str) -> Chip:
    """The chip of one configuration."""
    example, overrides = GRID[name]
    return Chip(load(str(files("ohmgrad.examples") / example)).with_(**overrides))


def make(name: str) -> BusBridge:
    """The block of one configuration."""
    return BusBridge(chip_of(name))


def test_bridge():
    run(__file__, make, GRID)


class Chance:
    """Random requests: to what there is and beside it, of values at the ends of their ranges and any."""

    def __init__(self, chip: Chip, rng: np.random.Generator):
        self.map, self.rng = bus_map(chip), rng
        self.items = [*self.map.registers, *self.map.ranges]

    def request(self) -> Request:
        """One of them."""
        rng, item = self.rng, self.items[self.rng.integers(len(self.items))]
        index = 0 if isinstance(item, Entry) else int(rng.integers(item.memory.words))
        place = item.address if isinstance(item, Entry) else item.base + WORD * index
        low, high = (item.low, item.high) if isinstance(item, Entry) else item.values(index)
        values = [low, high, low - 1, high + 1, 0, 1 << int(rng.integers(6)), int(rng.integers(low, high + 1))]
        word = values[rng.integers(len(values))] if rng.random() < 0.9 else int(rng.integers(2**32))
        if rng.random() < 0.15:
            place = int(
                rng.choice([place + 1, place + WORD, place ^ OWN, place + (1 << self.map.bits), rng.integers(2**32)])
            )
        strobe = WHOLE if rng.random() < 0.9 else int(rng.integers(16))
        return Request(place % 2**32, bool(rng.integers(2)), word % 2**32, strobe)


class HostModel:
    """The other side of the host's port: takes a request, refuses it or not, and answers a read after a while."""

    def __init__(self, bench: Bench):
        self.bench, self.asked = bench, []
        self.ready, self.refused, self.reply = True, False, 0
        for port in ("host_ready", "refused", "reply_valid", "reply_data"):
            bench.signal(port).value = 0

    async def serve(self) -> None:
        """Serve for ever."""
        valid, ready, refused, reply = (
            self.bench.signal(f"{p}") for p in ("host_valid", "host_ready", "refused", "reply_valid")
        )
        while True:
            ready.value, refused.value, reply.value = self.ready, 0, 0
            await RisingEdge(self.bench.clock)
            if not (valid.value and self.ready):
                continue
            self.asked.append((int(self.bench.signal("host_address").value), int(self.bench.signal("host_data").value)))
            write = bool(self.bench.signal("host_write").value)
            ready.value, refused.value = 0, self.refused
            await RisingEdge(self.bench.clock)
            refused.value = 0
            if not (write or self.refused):
                await ClockCycles(self.bench.clock, int(self.bench.rng.integers(1, 4)))
                reply.value, self.bench.signal("reply_data").value = 1, self.reply
                await RisingEdge(self.bench.clock)
                reply.value = 0


async def show(bench: Bench, golden: Bridge, lost: bool = False, **what: int) -> None:
    """Let the chip show something else for some clocks."""
    for name, value in {**what, "lost": lost}.items():
        bench.signal(name).value = value
    await RisingEdge(bench.clock)
    bench.signal("lost").value = 0
    await ClockCycles(bench.clock, 3)
    golden.change(bool(what["busy"]), bool(what["learning"]), what["flags"], lost)


@cocotb.test()
@over(GRID)
async def requests_are_answered_as_by_golden(dut, name):
    bench, golden = Bench(dut, name, make(name)), Bridge(chip_of(name))
    rng, chance, host = bench.rng, Chance(chip_of(name), bench.rng), HostModel(bench)
    source, sink = bench.source("bus.request"), bench.sink("bus.answer")
    shown = {"busy": 0, "learning": 0, "flags": 0}
    for port, value in {**shown, "lost": 0}.items():
        bench.signal(port).value = value
    await bench.start()
    cocotb.start_soon(host.serve())
    seen: set[tuple[bool, bool]] = set()
    for number in range(REQUESTS):
        request = chance.request()
        host.ready, host.refused = bool(rng.random() < 0.9), bool(rng.random() < 0.2)
        host.reply = int(rng.integers(2**32))
        if rng.random() < 0.2:
            shown = {"busy": int(rng.integers(2)), "learning": int(rng.integers(2)), "flags": int(rng.integers(16))}
            await show(bench, golden, bool(rng.integers(2)), **shown)
        await ClockCycles(bench.clock, 2)  # what the host's side is to do has arrived
        host.asked.clear()
        await source.send([request._asdict()])
        (got,) = await sink.receive(1)
        taken = golden.host(request) if host.ready else None
        expected = golden.answer(request, host.ready, host.refused, host.reply)
        where = f"{name} {request}"
        check(where, number, [expected.error, expected.data], [got.error, got.data])
        check(f"{where} host", number, [] if taken is None else list(taken[: 1 + request.write]),
              [] if not host.asked else list(host.asked[0][: 1 + request.write]))  # fmt: skip
        assert sink.clocks <= CLOCKS, f"{where}: answered after {sink.clocks} clocks"
        await FallingEdge(bench.clock)
        check(f"{where} irq", number, golden.irq, int(bench.signal("irq").value))
        seen.add((request.write, expected.error))
    assert len(seen) == 4


@cocotb.test()
@over(GRID)
async def every_event_raises_the_interrupt_where_it_is_enabled(dut, name):
    bench, golden, still = Bench(dut, name, make(name)), Bridge(chip_of(name)), {"busy": 0, "learning": 0, "flags": 0}
    host = HostModel(bench)
    for port, value in {**still, "lost": 0}.items():
        bench.signal(port).value = value
    source, sink = bench.source("bus.request"), bench.sink("bus.answer")
    await bench.start()
    cocotb.start_soon(host.serve())

    async def ask(register: str, word: int | None = None) -> int:
        (entry,) = (entry for entry in golden.map.registers if entry.name == register)
        await source.send([Request(entry.address, word is not None, word or 0)._asdict()])
        (got,) = await sink.receive(1)
        assert not got.error
        return got.data

    causes = [
        ("done", [{"busy": 1}, {"busy": 0}]), *(("saturated", [{"flags": 1 << flag}, {}]) for flag in range(FAULT)),
        ("fault", [{"flags": 1 << FAULT}, {}]), ("lost", [{"lost": True}]),
    ]  # fmt: skip
    assert {event for event, _ in causes} == set(EVENTS)
    for enabled in (0, 1):
        for event, changes in causes:
            bit = EVENTS.index(event)
            await ask("ENABLE", enabled << bit)
            if event == "done":
                await ask("CONTROL", START)
            for change in changes:
                await show(bench, golden, **{**still, **change})
            where = f"{name} {event}, {changes[0]}"
            check(f"{where} irq", bit, enabled, int(bench.signal("irq").value))
            check(where, bit, 1 << bit, await ask("INTERRUPT"))
            await ask("INTERRUPT", 15 ^ 1 << bit)
            check(f"{where} kept", bit, 1 << bit, await ask("INTERRUPT"))
            await ask("INTERRUPT", 1 << bit)
            check(f"{where} cleared", bit, [0, 0], [await ask("INTERRUPT"), int(bench.signal("irq").value)])
