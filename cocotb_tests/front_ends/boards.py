"""A rail's converters on a board: models of AD5391 and ADS7950 at its pins, and an array between them, in Python."""

from collections.abc import Callable

import cocotb
from cocotb.triggers import FallingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.front_ends.converters import Ad5391, Ads7950
from ohmgrad.golden.blocks.front_ends.spi import places
from ohmgrad.golden.blocks.front_ends.spi_rail import SpiRail


class Board:
    """Models at the pins of a `SpiRailConverters`.

    Parameters
    ----------
    bench : Bench
    rail : SpiRail
    hz : int
        Clock that the rail is made for.
    pins : str
        Where the pins are in the block's signature: "", or "pins.".
    array : callable
        Codes of all channels of all DACs, as the outputs have them, to a code of the ADC of a part and channel.

    Attributes
    ----------
    dacs, adcs : list
        The models.
    clock : int
        Clocks since the start.
    applied : list of int
        The pin `applied`, clock by clock.
    """

    def __init__(
        self, bench: Bench, rail: SpiRail, hz: int, array: Callable[[list[list[int]], int, int], int], pins: str = ""
    ):
        self._bench, self._rail, self._pins = bench, rail, pins
        self.dacs = [Ad5391(1e9 / hz) for _ in range(rail.dac.bank.parts)]
        self.adcs = [Ads7950(1e9 / hz, lambda channel, part=part: array(self.outputs(), part, channel))
                     for part in range(rail.adc.parts)]  # fmt: skip
        self.clock, self.applied = 0, []
        bench.signal(f"{pins}adc.miso").value = 0

    def outputs(self) -> list[list[int]]:
        """Codes that the outputs of all DACs have."""
        return [dac.output for dac in self.dacs]

    async def start(self) -> None:
        """Reset, and begin."""
        await self._bench.start()
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        names = ("dac.select", "dac.sclk", "dac.mosi", "dac.ldac", "adc.select", "adc.sclk", "adc.mosi", "applied")
        handles = [self._bench.signal(self._pins + name) for name in names]
        miso, edge = self._bench.signal(f"{self._pins}adc.miso"), FallingEdge(self._bench.dut.clk)
        of_dac, of_adc = ([bus for bus, _ in places(unit.buses)] for unit in (self._rail.dac, self._rail.adc))
        before = None
        while True:
            await edge
            self.clock += 1
            levels = [int(handle.value) for handle in handles]
            self.applied.append(levels[-1])
            if levels == before and self.clock % 16:
                for model in (*self.dacs, *self.adcs):
                    model.now += model.period
                continue
            before = levels
            sync, sclk, mosi, ldac, select, adc_sclk, adc_mosi, _ = levels
            for part, dac in enumerate(self.dacs):
                dac.clock(sync >> part & 1, sclk >> of_dac[part] & 1, mosi >> of_dac[part] & 1, ldac)
            bits = 0
            for part, adc in enumerate(self.adcs):
                chosen, bus = not select >> part & 1, of_adc[part]
                bit = adc.clock(not chosen, chosen and adc_sclk >> bus & 1, chosen and adc_mosi >> bus & 1)
                bits |= (bit if chosen else 0) << bus
            miso.value = bits
