"""What the tests of the link share: a chip behind its host port, and frames, good and bad."""

from collections.abc import Callable

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.golden.chip.memory_map import INDEX_BITS, LinkRegister, Region, address
from ohmgrad.golden.link.frames import (
    END,
    ESC,
    ESC_END,
    ESC_ESC,
    MOST_DATA,
    WIDTHS,
    Kind,
    Request,
    encode,
    sealed,
    stuff,
)

SPECIAL = np.array([0xC0, 0xDB, 0xDC, 0xDD, 0x00, 0xFF, 0x7F, 0x80])
REPLY_CLOCKS = 3


class Memories:
    """Entries of a chip, read and written through its host port, which is ready at random.

    Attributes
    ----------
    regions : dict of Region to list of int
    writes : list of (int, int)
        Address and value of all writes, in order.
    """

    def __init__(self, bench: Bench, regions: dict[Region, list[int]]):
        self.regions, self.writes = regions, []
        self._bench, self._edge = bench, RisingEdge(bench.dut.clk)
        for name in ("ready", "valid", "write", "address", "data"):
            setattr(self, name, bench.signal(f"host_{name}"))
        self.reply_valid, self.reply_data = bench.signal("reply_valid"), bench.signal("reply_data")
        self.ready.value = self.reply_valid.value = self.reply_data.value = 0
        cocotb.start_soon(self._answer())

    async def _answer(self) -> None:
        while True:
            if not int(self.valid.value):
                await RisingEdge(self.valid)
            ready = bool(self._bench.rng.random() < 0.7)
            self.ready.value = ready
            await self._edge
            self.ready.value = 0
            if ready and int(self.valid.value):
                await self._access(int(self.address.value), bool(int(self.write.value)))

    async def _access(self, place: int, write: bool) -> None:
        entries, index = self.regions[Region(place >> INDEX_BITS)], place & (1 << INDEX_BITS) - 1
        if write:
            entries[index] = self.data.value.to_signed()
            self.writes.append((place, entries[index]))
            return
        for _ in range(REPLY_CLOCKS - 1):
            await self._edge
        self.reply_valid.value, self.reply_data.value = 1, entries[index] & 0xFFFFFFFF
        await self._edge
        self.reply_valid.value = 0


class Traffic:
    """Requests to a board, and what becomes of them on the way.

    Parameters
    ----------
    rng : numpy.random.Generator
    sizes : dict of Region to int
        Entries of the board's regions.

    Attributes
    ----------
    last : int
        Seq of the last request that the board took; to be kept up by the user.
    """

    def __init__(self, rng: np.random.Generator, sizes: dict[Region, int]):
        self.rng, self.sizes, self.last = rng, sizes, 0
        self.damages: list[Callable[[bytes], bytes]] = [
            self.flipped, self.dropped, self.repeated, self.cut, self.noise, self.escape, self.pair, self.short,
            self.long, self.resized, self.operation,
        ]  # fmt: skip
        self._before = encode(Request(0, Kind.READ, 1, 0, 1))

    def request(self) -> Request:
        """Any request: most are right, others are beyond the ends of a region, or have no next seq."""
        rng = self.rng
        kind = Kind(rng.choice(3, p=[0.05, 0.4, 0.55]))
        width = int(rng.choice(WIDTHS))
        most = MOST_DATA // width
        entries = int(rng.choice([1, 2, most, int(rng.integers(1, most + 1)), min(256, most + 1)]))
        region = Region(rng.choice([*self.sizes, *self.sizes, *Region]))
        size = self.sizes.get(region, 300)
        if rng.random() < 0.7:
            entries = min(entries, size)
        ends = [0, size - entries, size - entries + 1, int(rng.integers(size)), 2**24 - entries, 2**23, 2**17]
        index = max(0, int(rng.choice(ends, p=[0.3, 0.2, 0.1, 0.3, 0.04, 0.03, 0.03])))
        place = address(region, index) | int(rng.integers(16) << 28 if rng.random() < 0.03 else 0)
        if region == Region.LINK and rng.random() < 0.6:
            entries, place = 1, address(region, LinkRegister.WATCHDOG)
        seq = int(rng.choice([self.last + 1, self.last, int(rng.integers(256))], p=[0.85, 0.07, 0.08])) % 256
        return Request(seq, kind, width, place, entries, self.data(entries * width) if kind == Kind.WRITE else b"")

    def data(self, size: int) -> bytes:
        """Bytes, among them many that are special."""
        rng = self.rng
        special = rng.random(size) < rng.choice([0, 0.3, 1])
        return bytes(np.where(special, rng.choice(SPECIAL, size), rng.integers(256, size=size)).astype(np.uint8))

    def frame(self) -> bytes:
        """A frame on the wire, its damages included."""
        if self.rng.random() < 0.1:
            return self._before
        wire = encode(self.request())
        if self.rng.random() < 0.4:
            wire = self.damages[int(self.rng.integers(len(self.damages)))](wire)
        self._before = wire
        return wire

    def _place(self, wire: bytes) -> int:
        return int(self.rng.integers(len(wire)))

    def flipped(self, wire: bytes) -> bytes:
        """A bit is wrong."""
        k = self._place(wire)
        return wire[:k] + bytes([wire[k] ^ 1 << int(self.rng.integers(8))]) + wire[k + 1 :]

    def dropped(self, wire: bytes) -> bytes:
        """A byte is lost."""
        k = self._place(wire)
        return wire[:k] + wire[k + 1 :]

    def repeated(self, wire: bytes) -> bytes:
        """A byte comes twice."""
        k = self._place(wire)
        return wire[: k + 1] + wire[k:]

    def cut(self, wire: bytes) -> bytes:
        """The end is lost."""
        return wire[: self._place(wire)]

    def noise(self, wire: bytes) -> bytes:
        """Bytes, and empty frames, in front."""
        return self.data(int(self.rng.integers(1, 30))) + bytes([END] * int(self.rng.integers(3))) + wire

    def escape(self, wire: bytes) -> bytes:
        """An ESC too many, anywhere or before the last END."""
        k = int(self.rng.choice([self._place(wire), len(wire) - 1]))
        return wire[:k] + bytes([ESC]) + wire[k:]

    def pair(self, wire: bytes) -> bytes:
        """An ESC before a byte that makes no pair with it, in a frame that would be right if it stood for ESC."""
        place = address(Region.THETA, 0)
        wire = encode(Request((self.last + 1) % 256, Kind.WRITE, 1, place, 4, bytes([ESC] * 4)))
        other = int(self.rng.choice([0, ESC, ESC_ESC + 1, ESC_END - 1]))
        return wire.replace(bytes([ESC, ESC_ESC]), bytes([ESC, other]), 1)

    def short(self, wire: bytes) -> bytes:
        """Less than a request, with a good CRC."""
        return stuff(sealed(self.data(int(self.rng.integers(7)))))

    def long(self, wire: bytes) -> bytes:
        """More than a request can be, with a good CRC."""
        content = bytes([(self.last + 1) % 256, 2, 0, 0, 0, 1, 255])
        return stuff(sealed(content + self.data(MOST_DATA + int(self.rng.choice([1, 2, 245, 300])))))

    def resized(self, wire: bytes) -> bytes:
        """Data of another length than the count says, with a good CRC."""
        seq, kind, width, place, entries, data = self.request()
        size = int(self.rng.choice([0, max(0, len(data) - 1), min(MOST_DATA, len(data) + 1), MOST_DATA]))
        return encode(Request(seq, kind, width, place, entries, self.data(size)))

    def operation(self, wire: bytes) -> bytes:
        """Any op, with a good CRC."""
        seq, _, _, place, entries, data = self.request()
        op = int(self.rng.integers(256))
        return stuff(sealed(bytes([seq, op, *place.to_bytes(4, "little"), entries - 1, *data])))
