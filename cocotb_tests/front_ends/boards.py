"""A rail's converters on a board: models of the parts at its pins, and an array between them, in Python."""

from collections.abc import Callable, Iterator

import cocotb
from cocotb.triggers import FallingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.front_ends.converters import Ad5391, Ads7950
from ohmgrad.cocotb_tests.front_ends.parallel_converters import Ad7865, Dac7624
from ohmgrad.golden.blocks.front_ends.parallel_rail import ParallelRail
from ohmgrad.golden.blocks.front_ends.spi import places
from ohmgrad.golden.blocks.front_ends.spi_rail import SpiRail

Array = Callable[[list[list[int]], int, int], int]
"""Codes of all channels of all DACs, as the outputs have them, to a code of the ADC of a part and channel."""
IDLE = 16
"""Clocks after which models are told of levels that have not changed."""


class Board:
    """Models at the pins of a `rtl.front_ends.rail.RailConverters`.

    Parameters
    ----------
    bench : Bench
    rail : SpiRail or ParallelRail
    hz : int
        Clock that the rail is made for.
    array : callable
        See `Array`.
    pins : str
        Where the pins are in the block's signature: "", or "pins.".

    Attributes
    ----------
    dacs, adcs : list
        The models.
    clock : int
        Clocks since the start.
    applied : list of int
        The pin `applied`, clock by clock.
    updates : list of list
        Codes of all DACs at each falling edge of LDAC.
    """

    NAMES: tuple[str, ...]
    """Pins that go out, but `applied`; LDAC first."""

    def __init__(self, bench: Bench, rail: SpiRail | ParallelRail, hz: int, array: Array, pins: str = ""):
        self._bench, self._rail, self._pins, self._array = bench, rail, pins, array
        self.period = 1e9 / hz
        self.clock, self.applied, self.updates = 0, [], []
        self.dacs, self.adcs = [], []

    def outputs(self) -> list[list[int]]:
        """Codes that the outputs of all DACs have."""
        return [list(dac.output) for dac in self.dacs]

    async def start(self) -> None:
        """Reset, and begin."""
        await self._bench.start()
        cocotb.start_soon(self._run())

    def _pin(self, name: str):
        return self._bench.signal(self._pins + name)

    async def _run(self) -> None:
        handles, edge = [self._pin(name) for name in (*self.NAMES, "applied")], FallingEdge(self._bench.clock)
        before, told = None, self._tell()
        next(told)
        while True:
            await edge
            self.clock += 1
            levels = [int(handle.value) for handle in handles]
            self.applied.append(levels.pop())
            told.send((levels, levels == before and self.clock % IDLE != 0))
            if before and before[0] and not levels[0]:
                self.updates.append(self.outputs())
            before = levels

    def _tell(self) -> Iterator[None]:
        """Tell the models of levels, and whether they are as before, clock by clock."""
        raise NotImplementedError


class SpiBoard(Board):
    """Models of AD5391 and ADS7950."""

    NAMES = ("dac.ldac", "dac.select", "dac.sclk", "dac.mosi", "adc.select", "adc.sclk", "adc.mosi")

    def __init__(self, bench: Bench, rail: SpiRail, hz: int, array: Array, pins: str = ""):
        super().__init__(bench, rail, hz, array, pins)
        self.dacs = [Ad5391(self.period) for _ in range(rail.dac.bank.parts)]
        self.adcs = [Ads7950(self.period, lambda channel, part=part: array(self.outputs(), part, channel))
                     for part in range(rail.adc.parts)]  # fmt: skip
        self._pin("adc.miso").value = 0
        self._busy = self._pin("dac.busy") if rail.dac.bank.waits else None

    def _tell(self) -> Iterator[None]:
        miso = self._pin("adc.miso")
        of_dac, of_adc = ([bus for bus, _ in places(unit.buses)] for unit in (self._rail.dac, self._rail.adc))
        quiet = (1 << len(self.adcs)) - 1
        while True:
            levels, same = yield
            ldac, sync, sclk, mosi, select, adc_sclk, adc_mosi = levels
            for part, dac in enumerate(self.dacs):
                if same:
                    dac.now += dac.period
                else:
                    dac.clock(sync >> part & 1, sclk >> of_dac[part] & 1, mosi >> of_dac[part] & 1, ldac)
            if self._busy is not None:
                self._busy.value = int(all(dac.busy for dac in self.dacs))
            if same and select == quiet:  # else SDO becomes valid some time after its edge
                for adc in self.adcs:
                    adc.now += adc.period
                continue
            bits = 0
            for part, adc in enumerate(self.adcs):
                chosen, bus = not select >> part & 1, of_adc[part]
                bit = adc.clock(not chosen, chosen and adc_sclk >> bus & 1, chosen and adc_mosi >> bus & 1)
                bits |= (bit if chosen else 0) << bus
            miso.value = bits


class ParallelBoard(Board):
    """Models of DAC7624 and AD7865."""

    NAMES = ("dac.ldac", "dac.address", "dac.word", "dac.write", "adc.convert", "adc.read")

    def __init__(self, bench: Bench, rail: ParallelRail, hz: int, array: Array, pins: str = ""):
        super().__init__(bench, rail, hz, array, pins)
        self.dacs = [Dac7624(self.period) for _ in range(rail.dac.bank.parts)]
        self.adcs = [Ad7865(self.period, rail.adc.channels, lambda channel: array(self.outputs(), 0, channel))]
        self._pin("adc.busy").value = self._pin("adc.word").value = 0

    def _tell(self) -> Iterator[None]:
        busy, word, (adc,) = self._pin("adc.busy"), self._pin("adc.word"), self.adcs
        while True:
            levels, same = yield
            ldac, address, code, write, convert, read = levels
            for part, dac in enumerate(self.dacs):
                if same:
                    dac.now += dac.period
                else:
                    dac.clock(write >> part & 1, address, code, ldac)
            busy.value, word.value = adc.clock(convert, read)


BOARDS = {SpiRail: SpiBoard, ParallelRail: ParallelBoard}


def board_of(bench: Bench, rail: SpiRail | ParallelRail, hz: int, array: Array, pins: str = "") -> Board:
    """The board of a rail."""
    return BOARDS[type(rail)](bench, rail, hz, array, pins)
