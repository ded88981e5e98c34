"""One rail of an array behind serial converters; see `golden.blocks.front_ends.spi_rail`."""

from amaranth.hdl import Array, Module, Mux, Signal, Value
from amaranth.lib import data

from ...golden.blocks.front_ends.rail import Place
from ...golden.blocks.front_ends.spi_rail import SpiRail
from ..lib.streams import transfer
from .rail import RailConverters
from .spi_adc import SpiAdcs
from .spi_dac import SpiDacBank


class SpiRailConverters(RailConverters):
    """A rail with a bank of serial DACs, and serial ADCs.

    Parameters
    ----------
    rail : golden.blocks.front_ends.spi_rail.SpiRail

    Members
    -------
    code, ..., fault : as in `rtl.front_ends.rail.RailConverters`.
    dac, adc : pins of `SpiDacBank` and of `SpiAdcs`.
    """

    rail: SpiRail

    def __init__(self, rail: SpiRail):
        super().__init__(rail, SpiDacBank(rail.dac), SpiAdcs(rail.adc), len(rail.inputs))

    def ask(self, m: Module, asking: Signal) -> Value:
        """Commands for all readings, one after the other."""
        rail, command = self.rail, self.adcs.command
        places = [rail.inputs[k] for k in rail.asked]
        index, last = Signal(range(max(2, len(places))), name="index"), Signal(name="last")
        m.d.comb += [
            last.eq(index == len(places) - 1),
            command.valid.eq(asking),
            command.payload.part.eq(Array(part for part, _ in places)[index]),
            command.payload.channel.eq(Array(channel for _, channel in places)[index]),
        ]
        with m.If(transfer(command)):
            m.d.sync += index.eq(Mux(last, 0, index + 1))
        return transfer(command) & last

    def of(self, reading: data.View, place: Place) -> Value:
        """Whether a reading is of a part and channel."""
        part, channel = place
        return (reading.part == part) & (reading.channel == channel)
