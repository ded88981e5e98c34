"""Drivers of the ports of one block inside a simulated grid: streams with random stalls, host port."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any
from zlib import crc32

import cocotb
import numpy as np
from amaranth.hdl import Const
from amaranth.lib import data, wiring
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

STALLS = (0.0, 0.3, 0.8)
"""Probabilities with which a stream's driver lets a clock pass."""
PATIENCE = 2000
"""Clocks without a transfer after which a stream counts as stuck."""


def pack(shape, value) -> int:
    """Bits of a payload: of lanes from a sequence, of a struct from a mapping, or of a number."""
    if isinstance(shape, data.ArrayLayout):
        width = shape.elem_shape.width
        mask, bits = (1 << width) - 1, 0
        for number in reversed(value):
            bits = bits << width | (int(number) & mask)
        return bits
    if isinstance(shape, data.StructLayout):
        return shape.const(value).as_value().value
    return int(value) & ((1 << shape.width) - 1)


def unpack(shape, bits: int):
    """Payload of its bits: lanes as a list, a struct as `data.Const`, or a number."""
    if isinstance(shape, data.ArrayLayout):
        width = shape.elem_shape.width
        mask, sign = (1 << width) - 1, shape.elem_shape.signed << (width - 1)
        return [((bits >> (width * lane) & mask) ^ sign) - sign for lane in range(shape.length)]
    if isinstance(shape, data.StructLayout):
        return shape.from_bits(bits)
    return Const(bits, shape).value


class _Port:
    """One stream of a block, its handles and the shape of its payload.

    Parameters
    ----------
    dut : handle of the grid
    prefix : str
        Name of the port in the grid, as in "lanes4__signs".
    stream : the component's stream, for its shape
    rng : numpy.random.Generator
    """

    def __init__(self, dut, prefix: str, stream, rng: np.random.Generator):
        self.name = prefix
        self.shape = stream.payload.shape()
        self.stall = 0.0
        self._random = rng.random
        self._edge = RisingEdge(dut.clk)
        self._valid, self._ready, self._payload = (
            getattr(dut, f"{prefix}__{member}") for member in ("valid", "ready", "payload")
        )

    def _patience(self, clocks: int, done: int) -> None:
        assert clocks < PATIENCE, f"{self.name}: stuck for {clocks} clocks after {done} transfers"


class Source(_Port):
    """Drives a stream into a block; `stall` is the probability of an idle clock before a payload."""

    def __init__(self, *args):
        super().__init__(*args)
        self._valid.value = 0

    async def send(self, payloads: Iterable[Any]) -> None:
        """Send payloads (see `pack`); return when the last has been taken."""
        for done, payload in enumerate(payloads):
            while self._random() < self.stall:
                self._valid.value = 0
                await self._edge
            self._payload.value = pack(self.shape, payload)
            self._valid.value = 1
            await self._edge
            clocks = 0
            while not int(self._ready.value):
                self._patience(clocks := clocks + 1, done)
                await self._edge
        self._valid.value = 0


class Sink(_Port):
    """Takes a stream from a block, and checks that a payload, once valid, stays until it is taken.

    `stall` is the probability of a clock that is not ready.

    Parameters
    ----------
    flag : handle, optional
        Signal that may be high only while a payload is taken; `flags` holds it for each payload.

    Attributes
    ----------
    clocks : int
        Clocks that the last `receive` took.
    """

    def __init__(self, *args, flag=None):
        super().__init__(*args)
        self._flag = flag
        self._held: int | None = None
        self.flags: list[bool] = []
        self.clocks = 0
        self._ready.value = 0

    async def receive(self, count: int) -> list[Any]:
        """The next `count` payloads (see `unpack`)."""
        payloads: list[Any] = []
        clocks = self.clocks = 0
        while len(payloads) < count:
            ready = self._random() >= self.stall
            taken = await self._clock(ready)
            self.clocks += 1
            if taken is not None:
                payloads.append(unpack(self.shape, taken))
            clocks = 0 if taken is not None else clocks + 1
            self._patience(clocks, len(payloads))
        self._ready.value = 0
        return payloads

    async def silent(self, clocks: int = 4) -> None:
        """Check that no more payloads come."""
        for _ in range(clocks):
            await self._clock(False)
            assert self._held is None, f"{self.name}: a payload too many"

    async def _clock(self, ready: bool) -> int | None:
        """Let a clock pass; the bits that were taken in it, if any."""
        self._ready.value = ready
        await self._edge
        valid = bool(int(self._valid.value))
        bits = int(self._payload.value) if valid else None
        assert self._held in (None, bits), f"{self.name}: a payload changed before it was taken"
        taken = valid and ready
        self._held = None if taken else bits
        if self._flag is not None:
            flag = bool(int(self._flag.value))
            assert taken or not flag, f"{self.name}: flag without a transfer"
            if taken:
                self.flags.append(flag)
        return bits if taken else None


class HostAccess:
    """Reads and writes the memory behind a `HostPort` of a block, which must be idle.

    Parameters
    ----------
    dut : handle of the grid
    prefix : str
        Name of the port in the grid, as in "lanes4__host".
    """

    def __init__(self, dut, prefix: str):
        self._edge = RisingEdge(dut.clk)
        self._select, self._write, self._index, self._data, self._value = (
            getattr(dut, f"{prefix}__{member}") for member in ("select", "write", "index", "data", "value")
        )

    async def write(self, values: Iterable[int], first: int = 0) -> None:
        """Write entries from `first` on."""
        self._select.value = 1
        self._write.value = 1
        for index, value in enumerate(values, first):
            self._index.value = index
            self._data.value = int(value)
            await self._edge
        self._write.value = 0
        self._select.value = 0

    async def read(self, count: int, first: int = 0) -> np.ndarray:
        """Read `count` entries from `first` on."""
        values = []
        self._select.value = 1
        for index in range(first, first + count):
            self._index.value = index
            await self._edge
            await self._edge
            values.append(self._value.value.to_signed())
        self._select.value = 0
        return np.array(values)


class Bench:
    """One block of the grid: its drivers, and random numbers of its own.

    Parameters
    ----------
    dut : handle of the grid
    name : str
        Name of the configuration.
    block : Component
        What `make` gives for that name; its ports tell the shapes of the payloads.

    Attributes
    ----------
    rng : numpy.random.Generator
        Seeded by the seed of the run and the configuration's name.
    """

    def __init__(self, dut, name: str, block: wiring.Component):
        self.name, self.block, self.dut = name, block, dut
        self.rng = np.random.default_rng([cocotb.RANDOM_SEED, crc32(name.encode())])
        self._ports: list[_Port] = []

    async def start(self) -> None:
        """Start the clock, and reset all blocks."""
        Clock(self.dut.clk, 2, "ns").start()
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 2)
        self.dut.rst.value = 0

    def signal(self, path: str):
        """Handle of a port by its place in the block's signature, as in "saturated"."""
        return getattr(self.dut, self._prefix(path))

    def source(self, path: str) -> Source:
        """Driver of a stream that the block takes, by its place in the block's signature."""
        self._ports.append(source := Source(*self._stream(path)))
        return source

    def sink(self, path: str, flag: str | None = None) -> Sink:
        """Driver of a stream that the block gives; see `Sink`."""
        self._ports.append(sink := Sink(*self._stream(path), flag=self.signal(flag) if flag else None))
        return sink

    def host(self, path: str = "host") -> HostAccess:
        """Access to the memory behind a host port."""
        return HostAccess(self.dut, self._prefix(path))

    def stall(self, probability: float | None = None) -> None:
        """Set the probability of stalls of all streams; without one, draw one from `STALLS` for each."""
        for port in self._ports:
            port.stall = float(self.rng.choice(STALLS)) if probability is None else probability

    def _prefix(self, path: str) -> str:
        return "__".join([self.name, *path.split(".")])

    def _stream(self, path: str):
        return self.dut, self._prefix(path), attrgetter(path)(self.block), self.rng
