"""A bank of DACs updates its outputs after the last code, when it should, and is safe after reset and when asked."""

import cocotb
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.streams import unpack
from ohmgrad.golden.blocks.front_ends.dac_bank import DacBank
from ohmgrad.rtl.front_ends.dac_bank import DacBankUpdate

GRID = {
    "smallest": DacBank(1, 1, 1, 1, 1, 2, 0),
    "several": DacBank(3, 5, 8, 7, 2, 30, 0x80),
    "long_pulse": DacBank(2, 4, 12, 1, 9, 10, 0xABC),
    "long_busy": DacBank(1, 16, 14, 40, 3, 12, 0x3FFF),
}
SAFE = 0.01
"""Probability of a strobe of `safe` in a clock."""


def make(name: str) -> DacBankUpdate:
    """The block of one configuration."""
    return DacBankUpdate(GRID[name])


def test_dac_bank():
    run(__file__, make, GRID)


class Monitor:
    """Writes what comes, and notes when the outputs change.

    Attributes
    ----------
    writes : list
        Part, channel and code; None where LDAC falls.
    """

    def __init__(self, bench: Bench):
        self.bench, self.bank, self.edge = bench, GRID[bench.name], RisingEdge(bench.dut.clk)
        self.writes: list[tuple[int, int, int] | None] = []
        self.settles, self.falls, self.rises = [], [], []
        bench.signal("safe").value = 0

    async def start(self) -> None:
        await self.bench.start()
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        """A write takes some clocks, in which no other begins; LDAC waits for it."""
        names = ("ldac", "settled", "idle", "write.valid", "write.ready", "write.payload")
        ldac, settled, idle, valid, ready, payload = (self.bench.signal(name) for name in names)
        clock, before, left, ended = 0, 1, 0, 0
        layout = self.bench.block.write.payload.shape()
        while True:
            idle.value = ready.value = left == 0
            await self.edge
            clock += 1
            if left == 0 and int(valid.value):
                write = unpack(layout, int(payload.value))
                self.writes.append((int(write.part), int(write.channel), int(write.code)))
                left = int(self.bench.rng.integers(1, 6))
                ended = clock + left
            elif left:
                left -= 1
            if before and not int(ldac.value):
                self.falls.append(clock)
                self.writes.append(None)
                assert clock - ended > self.bank.busy, "LDAC falls while a write is under way"
            if not before and int(ldac.value):
                self.rises.append(clock)
            if int(settled.value):
                self.settles.append(clock)
            before = int(ldac.value)

    def secure(self) -> list:
        """Writes that make all channels safe."""
        return [(*place, self.bank.safe) for place in self.bank.places()] + [None]

    def check(self) -> None:
        """Pulses and settling times."""
        name, bank = self.bench.name, self.bank
        count = len(self.settles)
        check(f"dac_bank {name} pulse", 0, [f + bank.pulse for f in self.falls[:count]], self.rises[:count])
        check(f"dac_bank {name} settled", 0, [f + bank.settle for f in self.falls[:count]], self.settles)


def codes(bench: Bench, count: int) -> list[dict[str, int]]:
    """Random codes, none of them the safe one, the last of them `last`."""
    bank, rng = GRID[bench.name], bench.rng
    return [{"part": int(rng.integers(bank.parts)), "channel": int(rng.integers(bank.channels)),
             "code": bank.safe ^ int(rng.integers(1, 1 << bank.bits)), "last": int(k == count - 1)}
            for k in range(count)]  # fmt: skip


def written(sent: list[dict[str, int]]) -> list:
    """What is written for codes that are sent."""
    return [(c["part"], c["channel"], c["code"]) for c in sent] + [None]


@cocotb.test()
@over(GRID)
async def codes_are_written_and_updated_in_order(dut, name):
    bench = Bench(dut, name, make(name))
    monitor, code = Monitor(bench), bench.source("code")
    await monitor.start()
    expected = monitor.secure()
    for turn in range(12):
        if turn:
            bench.stall()
        sent = codes(bench, int(bench.rng.integers(1, 6)))
        await code.send(sent)
        expected += written(sent)
    while len(monitor.settles) < 13:
        await monitor.edge
    assert monitor.writes == expected, f"dac_bank {name}: {monitor.writes} instead of {expected}"
    monitor.check()


@cocotb.test()
@over(GRID)
async def any_strobe_of_safe_is_followed_by_safe_codes(dut, name):
    """Codes may be cut by safe codes anywhere, but come all and in order; each strobe is answered after it."""
    bench = Bench(dut, name, make(name))
    monitor, code, safe = Monitor(bench), bench.source("code"), bench.signal("safe")
    await monitor.start()
    strobes, sent = [], []

    async def feed():
        bench.stall()
        code.patience = 10**9
        for _ in range(40):
            part = codes(bench, int(bench.rng.integers(1, 6)))
            sent.extend(part)
            await code.send(part)

    feeding = cocotb.start_soon(feed())
    while not feeding.done():
        strobe = bench.rng.random() < SAFE
        if strobe:
            strobes.append(len(monitor.writes))
        safe.value = int(strobe)
        await monitor.edge
    safe.value = 0
    for _ in range(40 * len(monitor.secure()) + 4 * (monitor.bank.busy + monitor.bank.settle)):
        await monitor.edge
    assert strobes, f"dac_bank {name}: no strobe was drawn"
    secure, others, blocks, place = monitor.secure(), [], [], 0
    while place < len(monitor.writes):
        if monitor.writes[place : place + len(secure)] == secure:
            blocks.append((place, place + len(secure)))
            place += len(secure)
        else:
            others.append(monitor.writes[place])
            place += 1
    assert [w for w in others if w] == [(c["part"], c["channel"], c["code"]) for c in sent]
    # Before the safe codes there may be what was written in the strobe's clock, and the end of an update.
    for strobe in strobes:
        answered = any(begin <= strobe + 2 and strobe <= end for begin, end in blocks)
        assert answered, f"dac_bank {name}: strobe at {strobe} is not answered"
    monitor.check()


@cocotb.test()
@over(GRID)
async def nothing_is_taken_while_safe_is_high(dut, name):
    bench = Bench(dut, name, make(name))
    monitor, code, safe = Monitor(bench), bench.source("code"), bench.signal("safe")
    secured = bench.signal("secured")
    await monitor.start()
    safe.value = 1
    sending = cocotb.start_soon(code.send(codes(bench, 1)))
    code.patience = 10**9
    while not int(secured.value):
        await monitor.edge
    assert monitor.writes[-1] is None and monitor.writes[-len(monitor.secure()) :] == monitor.secure()
    count = len(monitor.writes)
    for _ in range(100):
        await monitor.edge
        assert int(secured.value)
    assert len(monitor.writes) == count and not sending.done()
    safe.value = 0
    await sending
    await monitor.edge
    assert not int(secured.value)
