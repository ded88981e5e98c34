"""A chip's host on a bus: the same requests as through the native port, and what its telemetry says."""

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiStreamBus, AxiStreamSink

from ohmgrad.cocotb_tests.bus_masters import MASTERS
from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.memory_map import Region
from ohmgrad.golden.link.bus_map import Access, BusRegister, address_of, bus_map
from ohmgrad.rtl.bus.axi_stream import telemetry_bus_layout


class BusHost:
    """The host of a chip whose top has a bus, `Host` in all else.

    What the native port ignores is not written, and reads 0: a register or a memory that the chip has not got.

    Parameters
    ----------
    bench : Bench
    chip : Chip
    """

    def __init__(self, bench: Bench, chip: Chip):
        prefix, bus = f"{bench.name}__" if bench.name else "", bench.block.bus
        self.clock, self._map = bench.clock, bus_map(chip)
        self.master = MASTERS[bus](bench.dut, prefix, bench.clock, bench.rng)

    async def wait(self) -> None:
        """Until the chip is idle."""
        while (await self.master.read(address_of(BusRegister.STATUS)))[1] & 1:
            await ClockCycles(self.clock, 5)

    async def write(self, region: Region, values, first: int = 0) -> None:
        """Write entries of a region from `first` on."""
        for index, value in enumerate(values, first):
            place, access = self._map.place(region, index)
            if place is not None and access in (Access.BOTH, Access.WRITE):
                error = await self.master.write(place, int(value))
                assert not error, f"{value} at {place:#x} is an error"

    async def read(self, region: Region, count: int, first: int = 0) -> np.ndarray:
        """Read `count` entries of a region from `first` on."""
        values = []
        for index in range(first, first + count):
            place, access = self._map.place(region, index)
            error, word = await self.master.read(place) if place is not None else (False, 0)
            assert not error, f"to read {place:#x} is an error"
            values.append(word - (word >> 31 << 32))
        return np.array(values)


def listen(bench: Bench, chip: Chip, heard: list[list[int]]) -> AxiStreamSink:
    """Gather what the stream of telemetry says: step, C~ and totals of each step.

    The sink that takes it may be told to pause.
    """
    prefix, layout = f"{bench.name}__" if bench.name else "", telemetry_bus_layout(chip.cost)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(bench.dut, f"{prefix}m_axis_telemetry"), bench.clock)
    sink.log.setLevel("WARNING")

    async def gather() -> None:
        while True:
            told = layout.from_bits(int.from_bytes((await sink.recv()).tdata, "little"))
            heard.append([told.step, told.cost, told.total0, told.total1])

    cocotb.start_soon(gather())
    return sink
