"""One rail of an array behind parallel converters; see `golden.blocks.front_ends.parallel_rail`."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data

from ...golden.blocks.front_ends.parallel_rail import ParallelRail
from ...golden.blocks.front_ends.rail import Place
from .parallel import ParallelAdcReader, ParallelDacBank
from .rail import RailConverters


class ParallelRailConverters(RailConverters):
    """A rail with a bank of parallel DACs, and one parallel ADC.

    Parameters
    ----------
    rail : golden.blocks.front_ends.parallel_rail.ParallelRail

    Members
    -------
    code, ..., fault : as in `rtl.front_ends.rail.RailConverters`.
    dac, adc : pins of `ParallelDacBank` and of `ParallelAdcReader`.
    """

    SILENT = True
    rail: ParallelRail

    def __init__(self, rail: ParallelRail):
        super().__init__(rail, ParallelDacBank(rail.dac), ParallelAdcReader(rail.adc), rail.adc.channels)

    def ask(self, m: Module, asking: Signal) -> Value:
        """One conversion of all channels."""
        m.d.comb += self.adcs.start.eq(asking)
        return asking & self.adcs.idle

    def of(self, reading: data.View, place: Place) -> Value:
        """Whether a reading is of a channel."""
        return reading.channel == place[1]

    def signed(self, code: Value) -> Value:
        """A code in two's complement as it is."""
        return code if self.rail.adc.twos else super().signed(code)
