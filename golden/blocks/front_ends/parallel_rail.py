"""One rail of an array behind converters with a word of data lines; as `golden.blocks.front_ends.spi_rail` is serially.

Codes of an ADC in straight binary are those of the readings with their highest bit inverted.
"""

from .parallel import ParallelAdc, ParallelDac, ad7865, dac7624
from .rail import Rail

SETTLE = 10_000
"""Nanoseconds that outputs of a DAC7624 take to 0.012 % (data sheet, electrical characteristics)."""


class ParallelRail(Rail[ParallelDac, ParallelAdc]):
    """Configuration of a rail, see `Rail`; the part of an input is 0."""

    def write_clocks(self) -> int:
        """Clocks from the first code until all are written."""
        return len(self.outputs) * self.dac.clocks

    def read_clocks(self, busy: int) -> int:
        """Clocks from the start of a conversion until the last code is in; busy is high for so many clocks."""
        adc = self.adc
        return adc.start + adc.appear + busy + adc.channels * adc.access + (adc.channels - 1) * adc.recover

    def clocks(self, busy: int) -> int:
        """Clocks of a rail by this account: writing, update, settling and reading, without the steps between them."""
        return self.write_clocks() + self.dac.bank.busy + self.dac.bank.settle + self.read_clocks(busy)


def parallel_dac_per_cell(
    hz: int, cells: int, lanes: int = 16, safe: int = 1 << 11, twos: bool = False
) -> ParallelRail:
    """A DAC of its own for each of some cells, on DAC7624, and one channel of an AD7865 for the cost.

    With `twos` that is an AD7865-1 or -3, whose codes are two's complement, else an AD7865-2.
    """
    dac = dac7624(hz, -(-cells // 4), SETTLE, safe)
    outputs = tuple(divmod(cell, dac.bank.channels) for cell in range(cells))
    return ParallelRail(dac, ad7865(hz, 1, twos), lanes, outputs, ((0, 0),))
