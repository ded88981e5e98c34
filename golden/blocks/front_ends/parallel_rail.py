"""One rail of an array behind converters with a word of data lines; as `golden.blocks.front_ends.spi_rail` is serially.

Codes and readings are signed and have their zero in the middle of the converters' ranges: DACs get them with their
highest bit inverted, and so do codes of an ADC in straight binary.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .parallel import ParallelAdc, ParallelDac, ad7865, dac7624
from .spi_rail import Place

SETTLE = 10_000
"""Nanoseconds that outputs of a DAC7624 take to 0.012 % (data sheet, electrical characteristics)."""


class ParallelRail(NamedTuple):
    """Configuration of a rail.

    Attributes
    ----------
    dac : ParallelDac
    adc : ParallelAdc
    lanes : int
        Codes a word.
    outputs : tuple of Place
        DAC of each code, in the order of the words.
    inputs : tuple of Place
        Channel of the ADC of each reading; the part is 0.
    """

    dac: ParallelDac
    adc: ParallelAdc
    lanes: int
    outputs: tuple[Place, ...]
    inputs: tuple[Place, ...]

    @property
    def words(self) -> int:
        """Words of codes of a rail."""
        return -(-len(self.outputs) // self.lanes)

    def applied(self, codes: Sequence[int]) -> dict[Place, int]:
        """Code that each DAC gets for the codes of a rail."""
        half = 1 << (self.dac.bank.bits - 1)
        return {place: int(code) + half for place, code in zip(self.outputs, codes, strict=True)}

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
