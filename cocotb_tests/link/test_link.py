"""The link answers frames, good and bad, byte for byte as `golden.link.link`, and writes the same to the chip."""

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.link.link_model import Memories, Traffic
from ohmgrad.fpga.link.link import Link
from ohmgrad.golden.chip.memory_map import STOP, LinkRegister, Region, Register, address
from ohmgrad.golden.link.frames import (
    END,
    FIRED,
    MOST_REPLY,
    VERSION,
    Kind,
    Reply,
    Request,
    Status,
    Unstuffer,
    decode,
    encode,
)
from ohmgrad.golden.link.link import Device

GRID = {
    "small": {Region.REGISTERS: 40, Region.THETA: 9, Region.GRADIENT: 9, Region.SAMPLES: 64, Region.DELAY_LINE: 16},
    "even": {Region.REGISTERS: 40, Region.THETA: 256, Region.FILTER: 512, Region.SAMPLES: 65536, Region.AVERAGE: 1},
    "odd": {Region.REGISTERS: 40, Region.THETA: 257, Region.SAMPLES: 70001, Region.RATES: 3, Region.CURSOR: 4},
}
"""Entries of the regions."""
IDENTITY, CLOCK_HZ = 0xC0DB_DCDD_8000_7FFF, 24_000_000
BYTE_CLOCKS = 12
"""Clocks from one byte to the next, at least."""
FRAMES = 200
LIMIT = 2
"""Of the watchdog."""


def make(name: str) -> Link:
    """The block of one configuration."""
    return Link(GRID[name] | {Region.LINK: len(LinkRegister)}, IDENTITY, CLOCK_HZ)


def test_link():
    run(__file__, make, GRID)


class Entries(list):
    """Entries of a region of the model; notes what is written, as `Memories.writes`."""

    def __init__(self, region: Region, values: list[int], writes: list[tuple[int, int]]):
        super().__init__(values)
        self._region, self._writes = region, writes

    def __setitem__(self, index, value):
        super().__setitem__(index, value)
        self._writes.append((address(self._region, index), value))


class Pair:
    """The link and its model, fed with the same bytes."""

    def __init__(self, dut, name: str):
        self.bench = bench = Bench(dut, name, make(name))
        self.name, self.clock, self.edge = name, dut.clk, RisingEdge(dut.clk)
        for port in ("valid", "data", "broken", "busy"):
            setattr(self, port, bench.signal(port))
            getattr(self, port).value = 0
        self.send = bench.sink("send")
        self.send.stall = 0.2
        contents = {region: bench.rng.integers(-(2**31), 2**31, size).tolist() for region, size in GRID[name].items()}
        self.chip = Memories(bench, {region: list(values) for region, values in contents.items()})
        self.writes: list[tuple[int, int]] = []
        entries = {region: Entries(region, values, self.writes) for region, values in contents.items()}
        self.device = Device(entries, IDENTITY, CLOCK_HZ)
        self.replies = 0

    async def feed(self, data: bytes) -> bytes:
        """Bytes to both, and what both answer to them."""
        answers = b""
        for byte in data:
            await self.shift_in(bytes([byte]))
            expected = self.device.feed(bytes([byte]))
            if expected:
                got = bytes(await self.send.receive(len(expected)))
                assert got == expected, (
                    f"link {self.name}: reply {self.replies}: expected {expected.hex(' ')}, got {got.hex(' ')}"
                )
                self.replies += 1
                await ClockCycles(self.clock, 3)
                answers += got
        return answers

    async def shift_in(self, data: bytes) -> None:
        """Bytes to the link alone."""
        for byte in data:
            self.valid.value, self.data.value = 1, byte
            await self.edge
            self.valid.value = 0
            await ClockCycles(self.clock, BYTE_CLOCKS - 1)

    async def spoil(self) -> None:
        """A byte whose stop bit is wrong."""
        self.device.spoil()
        self.broken.value = 1
        await self.edge
        self.broken.value = 0
        await ClockCycles(self.clock, BYTE_CLOCKS)

    def set_busy(self, busy: bool) -> None:
        """Let the engine run, or not."""
        self.device.busy = busy
        self.busy.value = busy

    async def ask(self, request: Request) -> Reply:
        """What both answer to a request."""
        (frame,) = Unstuffer(MOST_REPLY).feed(await self.feed(encode(request)))
        reply = decode(frame)
        assert reply is not None
        return reply

    def compare(self) -> None:
        """Compare all writes that the chip got."""
        assert len(self.writes) == len(self.chip.writes), (
            f"link {self.name}: expected {len(self.writes)} writes, got {len(self.chip.writes)}"
        )
        for which, pair in enumerate(("addresses", "values")):
            expected, got = ([write[which] for write in writes] for writes in (self.writes, self.chip.writes))
            check(f"link {self.name} {pair} of writes", self.replies, expected, got)


@cocotb.test()
@over(GRID)
async def frames_good_and_bad(dut, name):
    pair = Pair(dut, name)
    rng, traffic = pair.bench.rng, Traffic(pair.bench.rng, GRID[name] | {Region.LINK: len(LinkRegister)})
    await pair.bench.start()
    frames = Unstuffer(MOST_REPLY)
    unasked = await pair.ask(Request(0, Kind.READ, 4, address(Region.REGISTERS, 0), 1))
    replies = dict.fromkeys(Status, 0) | {Status(unasked.status): 1}
    for number in range(FRAMES):
        if rng.random() < 0.1:
            pair.set_busy(bool(rng.random() < 0.3))
        if number == 20:
            await pair.ask(Request(7, Kind.HELLO, 4, address(Region.LINK, 0), 6))
            traffic.last = 7
        if rng.random() < 0.03:
            await pair.spoil()
        for frame in frames.feed(await pair.feed(traffic.frame())):
            reply = decode(frame)
            assert reply is not None
            replies[reply.status] += 1
            if reply.status not in (Status.SEQUENCE, Status.SESSION):
                traffic.last = reply.seq
    pair.compare()
    print(f"link {name}: {replies}, {pair.device.link[LinkRegister.DROPPED]} dropped, {len(pair.writes)} writes")
    assert min(replies.values()) > 0, f"link {name}: statuses {replies}"
    assert pair.device.link[LinkRegister.DROPPED] > FRAMES // 20
    await pair.feed(bytes([END]))
    reply = await pair.ask(Request(8, Kind.HELLO, 4, address(Region.LINK, 0), 6))
    dropped = int.from_bytes(reply.data[20:24], "little")
    check(f"link {name} dropped", FRAMES, pair.device.link[LinkRegister.DROPPED], dropped)
    await pair.send.silent(100)


@cocotb.test()
@over(GRID)
async def regions_end_where_they_do(dut, name):
    """Up to the last entry, and not one beyond it, alone or as the end of a block."""
    pair = Pair(dut, name)
    await pair.bench.start()
    await hello(pair, 0)
    seq = 0
    for region in Region:
        size = GRID[name].get(region, 0)
        for kind in (Kind.READ, Kind.WRITE):
            for first, entries in ((size - 1, 1), (size, 1), (size - 1, 2), (size - 3, 3), (size - 3, 4)):
                if first < 0:
                    continue
                seq = (seq + 1) % 256
                data = bytes([entries] * entries) if kind == Kind.WRITE else b""
                reply = await pair.ask(Request(seq, kind, 1, address(region, first), entries, data))
                if region != Region.LINK:
                    right = first + entries <= size and (region, kind) != (Region.SAMPLES, Kind.READ)
                    status = Status.OK if right else Status.ADDRESS
                    check(f"link {name} {region.name} {kind.name} of {entries}", first, status, reply.status)
    pair.compare()


async def hello(pair: Pair, seq: int) -> None:
    """Open a session."""
    reply = await pair.ask(Request(seq, Kind.HELLO, 4, address(Region.LINK, 0), len(LinkRegister)))
    words = [int.from_bytes(reply.data[k : k + 4], "little") for k in range(0, len(reply.data), 4)]
    check(f"link {pair.name} hello", seq, [VERSION, IDENTITY & 0xFFFFFFFF, IDENTITY >> 32, CLOCK_HZ], words[:4])


@cocotb.test()
@over(["even"])
async def watchdog_stops_the_engine(dut, name):
    """After so many times 2**16 clocks without a good frame, to the clock but for a few; bad frames do not help."""
    pair = Pair(dut, name)
    await pair.bench.start()
    await hello(pair, 3)
    place, fired = address(Region.LINK, LinkRegister.WATCHDOG), pair.bench.signal("fired")
    await pair.ask(Request(4, Kind.WRITE, 2, place, 1, LIMIT.to_bytes(2, "little")))
    assert not int(fired.value) and not pair.chip.writes
    await ClockCycles(dut.clk, 3 * LIMIT << 14)
    await pair.ask(Request(5, Kind.READ, 1, address(Region.REGISTERS, 0), 1))  # its time begins again
    begin = get_sim_time()
    await ClockCycles(dut.clk, LIMIT << 15)
    # A frame that is damaged, and half of one, which the stop costs.
    await pair.feed(b"\xc0Z\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xc0")
    cut = encode(Request(9, Kind.READ, 1, 5, 1))
    await pair.feed(cut[:6])
    assert not int(fired.value), f"link {name}: fired too early"
    await RisingEdge(fired)
    clocks = (get_sim_time() - begin) // 2
    # From the end of the frame: its last byte, counting it through, the reply of 8 bytes.
    assert 0 <= (LIMIT << 16) - clocks < 600, f"link {name}: fired after {clocks} clocks"
    await ClockCycles(dut.clk, 20)
    check(f"link {name} stop", LIMIT, [address(Region.REGISTERS, Register.CONTROL), STOP], pair.chip.writes)
    pair.device.spoil()
    await pair.feed(cut[6:])
    pair.device.link[LinkRegister.WATCHDOG] |= FIRED
    reply = await pair.ask(Request(6, Kind.READ, 4, place, 1))
    check(f"link {name} watchdog", LIMIT, LIMIT | FIRED, int.from_bytes(reply.data, "little"))
    await pair.ask(Request(7, Kind.WRITE, 2, place, 1, b"\x01\x00"))
    assert not int(fired.value) and len(pair.chip.writes) == 1
    reply = await pair.ask(Request(8, Kind.READ, 4, place, 1))
    check(f"link {name} watchdog", 1, 1, int.from_bytes(reply.data, "little"))
    reply = await pair.ask(Request(9, Kind.READ, 4, address(Region.LINK, LinkRegister.DROPPED), 1))
    check(f"link {name} dropped", 0, 2, int.from_bytes(reply.data, "little"))


@cocotb.test()
@over(["small"])
async def requests_during_a_reply_are_lost(dut, name):
    """And only they: the next one is taken; nothing is written."""
    pair = Pair(dut, name)
    await pair.bench.start()
    await hello(pair, 3)
    write = encode(Request(5, Kind.WRITE, 1, address(Region.THETA, 0), 9, bytes(range(9))))
    pair.send.stall = 0.9  # hence a reply takes longer than the frame that comes meanwhile
    for seq in range(4, 14):
        wire = encode(Request(seq, Kind.READ, 4, address(Region.DELAY_LINE, 0), 16))
        await pair.feed(wire[:-1])
        expected = pair.device.feed(wire[-1:])
        intruder = cocotb.start_soon(pair.shift_in(wire[-1:] + write))
        got = bytes(await pair.send.receive(len(expected)))
        assert intruder.done() and got == expected, f"link {name}: {seq}: expected {expected.hex()}, got {got.hex()}"
        pair.device.spoil()
        await ClockCycles(dut.clk, 3)
    reply = await pair.ask(Request(14, Kind.READ, 2, address(Region.LINK, LinkRegister.DROPPED), 1))
    check(f"link {name} dropped", 10, 10, int.from_bytes(reply.data, "little"))
    pair.compare()
