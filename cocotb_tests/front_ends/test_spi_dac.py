"""A bank of serial DACs brings codes to models of AD5391 at the times of their data sheet, and makes them safe."""

import cocotb
from cocotb.triggers import RisingEdge, with_timeout

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.front_ends.converters import Ad5391
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.golden.blocks.front_ends.spi import places
from ohmgrad.golden.blocks.front_ends.spi_dac import CHANNELS, ad5391
from ohmgrad.rtl.front_ends.spi_dac import SpiDacBank

GRID = {
    "one_bus": (100_000_000, (2,), 0x800, 1),
    "three_buses": (100_000_000, (1, 2, 1), 0, 1),
    "slow_clock": (12_000_000, (1, 1), 0xFFF, 1),
    "odd_clock": (62_500_000, (2, 1), 1, 1),
    "long_wires": (250_000_000, (1,), 0x123, 3),
    "busy_pin": (100_000_000, (2, 1), 0x456, 1, True),
    "busy_pin_fast": (250_000_000, (1,), 0, 1, True),
}
"""Clock, parts on each bus, safe code, divider; whether there is a pin BUSY."""
LATE = 4
"""Clocks from BUSY to LDAC: a synchroniser's, and the pin's."""
PATIENCE = 50_000
"""Clocks; safe codes take long."""


def make(name: str) -> SpiDacBank:
    """The block of one configuration."""
    return SpiDacBank(ad5391(*GRID[name]))


def test_spi_dac():
    run(__file__, make, GRID)


class Board:
    """A bank with a model for each part, and the clocks of what happens."""

    def __init__(self, dut, name: str):
        self.bench = Bench(dut, name, make(name))
        self.dac, self.edge = self.bench.block.dac, RisingEdge(dut.clk)
        self.code = self.bench.source("code")
        self.code.patience = PATIENCE
        self.safe, self.secured, self.settled = (self.bench.signal(n) for n in ("safe", "secured", "settled"))
        self.safe.value = 0
        self.models = [Ad5391(1e9 / GRID[name][0]) for _ in range(self.dac.bank.parts)]
        self.clock, self.fell, self.updates, self.settles = 0, [], 0, []
        self.busy = self.bench.signal("busy") if self.dac.bank.waits else None
        if self.busy is not None:
            self.busy.value = 1

    async def start(self) -> None:
        await self.bench.start()
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        pins = [self.bench.signal(n) for n in ("select", "sclk", "mosi", "ldac")]
        where, before, rose, busy = places(self.dac.buses), 1, 0, 1
        while True:
            await self.edge
            self.clock += 1
            select, sclk, mosi, ldac = (int(pin.value) for pin in pins)
            for part, (model, (bus, _)) in enumerate(zip(self.models, where, strict=True)):
                model.clock(select >> part & 1, sclk >> bus & 1, mosi >> bus & 1, ldac)
            if self.busy is not None:
                was, busy = busy, int(all(model.busy for model in self.models))
                self.busy.value, rose = busy, self.clock if busy > was else rose
            if before and not ldac:
                self.fell.append(self.clock)
                late = self.clock - rose
                assert self.busy is None or late <= LATE, f"{self.bench.name}: LDAC falls {late} clocks after BUSY"
            if int(self.settled.value):
                self.settles.append(self.clock)
            before = ldac

    async def update(self, number: int) -> None:
        """Wait until so many updates have settled; each settles when it should."""

        async def wait():
            while len(self.settles) < number:
                await self.edge

        await with_timeout(wait(), 2 * PATIENCE, "ns")
        check(f"{self.bench.name} settled", number, [f + self.dac.bank.settle for f in self.fell], self.settles)

    def outputs(self) -> list[list[int]]:
        """Codes of all channels of all parts."""
        return [model.output for model in self.models]

    def safe_outputs(self) -> list[list[int]]:
        """The same when they are safe."""
        return [[self.dac.bank.safe] * CHANNELS] * self.dac.bank.parts


@cocotb.test()
@over(GRID)
async def codes_reach_the_outputs_together(dut, name):
    board = Board(dut, name)
    rng, dac = board.bench.rng, board.dac
    await board.start()
    await board.update(1)
    assert board.outputs() == board.safe_outputs(), f"{name}: not safe after reset"
    expected, sent = board.safe_outputs(), [[] for _ in range(dac.bank.parts)]
    expected = [list(codes) for codes in expected]
    for model in board.models:
        model.frames.clear()
    for update in range(2, 5):
        count = int(rng.integers(1, 12))
        codes = [{"part": int(rng.integers(dac.bank.parts)), "channel": int(rng.integers(CHANNELS)),
                  "code": int(rng.choice([0, 0xFFF, rng.integers(4096)])), "last": k == count - 1}
                 for k in range(count)]  # fmt: skip
        before = board.outputs()
        for model in board.models if dac.bank.waits else []:
            model.stays = float(rng.choice([300, 670, 2000]))
        board.bench.stall(0.0 if update == 2 else 0.9)
        await board.code.send(codes)
        assert board.outputs() == before, f"{name}: an output changed before LDAC"
        for code in codes:
            expected[code["part"]][code["channel"]] = code["code"]
            sent[code["part"]].append(dac.frame(code["channel"], code["code"]))
        await board.update(update)
        assert board.outputs() == expected, f"{name}: update {update}"
    for part, model in enumerate(board.models):
        check(f"spi_dac {name} frames of part {part}", 0, sent[part], model.frames)


@cocotb.test()
@over(GRID)
async def outputs_are_made_safe(dut, name):
    """In the middle of the frame of a last code: update, then safe codes."""
    board = Board(dut, name)
    await board.start()
    await board.update(1)
    await board.code.send([{"part": board.dac.bank.parts - 1, "channel": 5, "code": 0x5A5, "last": 1}])
    board.safe.value = 1
    await board.edge
    board.safe.value = 0
    await board.update(2)
    assert board.models[-1].output[5] == 0x5A5
    await board.update(3)
    assert board.outputs() == board.safe_outputs()
