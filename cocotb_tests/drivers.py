"""Drivers of all ports of one block inside a simulated grid."""

from collections.abc import Iterable
from operator import attrgetter
from zlib import crc32

import cocotb
import numpy as np
from amaranth.lib import wiring
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

from ohmgrad.cocotb_tests.harness import number
from ohmgrad.cocotb_tests.streams import Sink, Source
from ohmgrad.rtl.bus.slave import BUSES, NATIVE

STALLS = (0.0, 0.3, 0.8)
"""Probabilities with which a stream's driver lets a clock pass."""


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
        await self._leave()

    async def read(self, count: int, first: int = 0) -> np.ndarray:
        """Read `count` entries from `first` on."""
        values = []
        self._select.value = 1
        for index in range(first, first + count):
            self._index.value = index
            for _ in range(3):
                await self._edge
            values.append(self._value.value.to_signed())
        await self._leave()
        return np.array(values)

    async def _leave(self) -> None:
        """Leave the memory to the block, which then reads its first word again."""
        self._select.value = 0
        await self._edge


class Bench:
    """One block of the grid: its drivers, and random numbers of its own.

    Parameters
    ----------
    dut : handle of the grid
    name : str
        Name of the configuration; empty where the block is the top itself.
    block : Component
        What `make` gives for that name; its ports tell the shapes of the payloads.

    Attributes
    ----------
    rng : numpy.random.Generator
        Seeded by the seed of the run and the configuration's name.
    clock : handle
        The clock of the block, if it has one.
    """

    def __init__(self, dut, name: str, block: wiring.Component):
        self.name, self.block, self.dut = name, block, dut
        self.rng = np.random.default_rng([cocotb.RANDOM_SEED, crc32(name.encode())])
        self._streams: list[Source | Sink] = []
        kind = BUSES.get(getattr(block, "bus", NATIVE))
        ports = (self.signal(kind.clock), self.signal(kind.reset)) if kind else (None, None)
        self.clock, self._reset = ports if kind else (getattr(dut, name, None) for name in ("clk", "rst"))
        self._active = 0 if kind and kind.low else 1
        if name:
            dut.chosen.value = number(name)

    async def start(self) -> None:
        """Start the clock, and reset all blocks; or the block alone where it is on a bus, with that bus's clock."""
        Clock(self.clock, 2, "ns").start()
        self._reset.value = self._active
        await ClockCycles(self.clock, 2)
        self._reset.value = 1 - self._active
        await ClockCycles(self.clock, 1)  # see `Grid`

    def signal(self, path: str):
        """Handle of a port by its place in the block's signature, as in "saturated"."""
        return getattr(self.dut, self._prefix(path))

    def source(self, path: str) -> Source:
        """Driver of a stream that the block takes, by its place in the block's signature."""
        self._streams.append(source := Source(*self._stream(path)))
        return source

    def sink(self, path: str, flag: str | None = None) -> Sink:
        """Driver of a stream that the block gives; see `Sink`."""
        self._streams.append(sink := Sink(*self._stream(path), flag=self.signal(flag) if flag else None))
        return sink

    def host(self, path: str = "host") -> HostAccess:
        """Access to the memory behind a host port."""
        return HostAccess(self.dut, self._prefix(path))

    def stall(self, probability: float | None = None) -> None:
        """Set the probability of stalls of all streams; without one, draw one from `STALLS` for each."""
        for port in self._streams:
            port.stall = float(self.rng.choice(STALLS)) if probability is None else probability

    def _prefix(self, path: str) -> str:
        return "__".join(filter(None, [self.name, *path.split(".")]))

    def _stream(self, path: str):
        return self.dut, self._prefix(path), attrgetter(path)(self.block), self.clock, self.rng
