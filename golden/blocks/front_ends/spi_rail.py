"""One rail of an array behind serial converters: all codes to DACs, an update, settling, then readings of ADCs.

Codes of the ADCs too are those of the readings with their highest bit inverted.
"""

from .rail import Rail
from .spi import places
from .spi_adc import CHANNELS as ADC_CHANNELS
from .spi_adc import LATENCY, SpiAdc, ads7950
from .spi_dac import CHANNELS as DAC_CHANNELS
from .spi_dac import SpiDac, ad5391


class SpiRail(Rail[SpiDac, SpiAdc]):
    """Configuration of a rail, see `Rail`."""

    @property
    def asked(self) -> list[int]:
        """Readings in the order in which they are asked for: part by part within a channel, so that all buses work."""
        return sorted(range(len(self.inputs)), key=lambda k: self.inputs[k][::-1])

    def write_clocks(self) -> int:
        """Clocks from the first code until all buses have sent theirs; a code comes each clock."""
        where = places(self.dac.buses)
        free = [0] * len(self.dac.buses)
        for index, (part, _) in enumerate(self.outputs):
            bus = where[part][0]
            free[bus] = max(free[bus], index) + self.dac.spi.clocks
        return max(free)

    def read_clocks(self) -> int:
        """Clocks from the first command until the last code is in; the longest bus's, its last gap not counted."""
        where, spi = places(self.adc.buses), self.adc.spi
        frames = []
        for bus in range(len(self.adc.buses)):
            parts = [part for part, _ in self.inputs if where[part][0] == bus]
            frames.append(len(parts) + LATENCY * len(set(parts)))
        return max(frames) * spi.clocks - spi.gap - spi.lag

    def clocks(self) -> int:
        """Clocks of a rail by this account: writing, update, settling and reading, without the steps between them.

        With a pin BUSY they are the fewest: as if it never were low.
        """
        return self.write_clocks() + self.dac.bank.busy + self.dac.bank.settle + self.read_clocks()


def dac_per_cell(
    hz: int, cells: int, buses: int, lanes: int = 16, safe: int = 1 << 11, divider: int = 1, waits: bool = False
) -> SpiRail:
    """A DAC of its own for each of some cells, on AD5391 on one bus or several, and one ADC for the cost.

    Parts are spread evenly over the buses, and cell after cell goes to the next bus that has a channel left. The
    serial clocks are slower than they may be by the divider.
    """
    parts = -(-cells // DAC_CHANNELS)
    sizes = tuple(len(range(bus, parts, buses)) for bus in range(buses))
    turns = [(turn, bus) for turn in range(DAC_CHANNELS * max(sizes)) for bus in range(buses)]
    outputs = [(sum(sizes[:bus]) + turn // DAC_CHANNELS, turn % DAC_CHANNELS)
               for turn, bus in turns if turn < DAC_CHANNELS * sizes[bus]]  # fmt: skip
    dac, adc = ad5391(hz, sizes, safe, divider, waits), ads7950(hz, (1,), divider=divider)
    return SpiRail(dac, adc, lanes, tuple(outputs[:cells]), ((0, 0),))


def daffodil(hz: int, dac_buses: int, adc_buses: int, lanes: int = 16) -> SpiRail:
    """NIST's Daffodil board: 25 rows on two of its 5 AD5391, 25 columns on its 7 ADS7950 (daffodil-lib, controller.py).

    Row k is channel k of the first DAC, or channel k - 16 of the second; column k is channel k mod 4 of ADC k // 4.
    """
    outputs = tuple(divmod(row, DAC_CHANNELS) for row in range(25))
    inputs = tuple(divmod(column, ADC_CHANNELS) for column in range(25))
    sizes = [tuple(len(range(bus, parts, buses)) for bus in range(buses))
             for parts, buses in ((5, dac_buses), (7, adc_buses))]  # fmt: skip
    return SpiRail(ad5391(hz, sizes[0], 1 << 11), ads7950(hz, sizes[1]), lanes, outputs, inputs)
