"""An array behind converters: a DAC for each parameter, one channel of an ADC for the cost, and a driver for pulses.

With digital weights DACs have the codes w + p a s; with pulsed ones p a s, and pulses go to the devices one by one.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .parallel_rail import ParallelRail
from .pulse_driver import PulseDriver
from .spi_rail import SpiRail


class ConverterArray(NamedTuple):
    """Configuration of the front end.

    Attributes
    ----------
    rail : SpiRail or ParallelRail
        With an output for each parameter, and one input.
    driver : PulseDriver, optional
        With a device for each parameter.
    level : int
        Amplitude of its pulses.
    """

    rail: SpiRail | ParallelRail
    driver: PulseDriver | None = None
    level: int = 1

    @property
    def adc_bits(self) -> int:
        """Width of a code of the cost."""
        return self.rail.adc.bits

    def code(self, word: int, signed: bool) -> int:
        """Code of the ADC that is this word of the cost, signed or not."""
        if not signed:
            return word
        half = 1 << (self.adc_bits - 1)
        return (word + half) ^ (half if isinstance(self.rail, ParallelRail) and self.rail.adc.twos else 0)

    def commands(self, pulses: Sequence[int]) -> list[tuple[int, int]]:
        """Device and amplitude of each pulse of an update, in their order; `pulses` are -1, 0, +1 for each device."""
        return [(device, self.level * int(pulse)) for device, pulse in enumerate(pulses) if pulse]
