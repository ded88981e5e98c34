"""What a rail of an array behind converters of any kind has: places of its codes and readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .parallel import ParallelAdc, ParallelDac
from .spi_adc import SpiAdc
from .spi_dac import SpiDac

Place = tuple[int, int]
"""Part and channel."""
Dac = TypeVar("Dac", SpiDac, ParallelDac)
Adc = TypeVar("Adc", SpiAdc, ParallelAdc)


@dataclass(frozen=True)
class Rail(Generic[Dac, Adc]):
    """Configuration of a rail.

    Codes and readings are signed and have their zero in the middle of the converters' ranges: a DAC's code is that of
    the rail with its highest bit inverted (offset binary).

    Attributes
    ----------
    dac, adc : SpiDac and SpiAdc, or ParallelDac and ParallelAdc
    lanes : int
        Codes a word.
    outputs : tuple of Place
        DAC of each code, in the order of the words.
    inputs : tuple of Place
        ADC of each reading.
    """

    dac: Dac
    adc: Adc
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
