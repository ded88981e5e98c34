"""A bank of serial DACs: Analog Devices AD5390 and AD5391.

A frame of 24 bits writes the input register of a channel (AD5390/AD5391/AD5392 data sheet, Rev. E, tables 10, 11 and
14: data left-aligned in 14 bits)::

    23   22   21 20   19 .. 16   15 14       13 .. 14 - bits   0 to 2 lowest
    A/B  R/W  0  0    channel    REG1 REG0   code              0

A/B and R/W are 0: register A, write; REG1 and REG0 are 1: input data register.
"""

from typing import NamedTuple

from .dac_bank import DacBank
from .spi import Spi, clocks

FRAME = 24
CHANNELS = 16
REGISTER_BITS = 14
INPUT_DATA = 0b11
"""REG1 and REG0 of the input data register."""


class SpiDac(NamedTuple):
    """Configuration of a bank of serial DACs.

    Attributes
    ----------
    bank : DacBank
        Its codes are of 12 bits (AD5391) or 14 (AD5390).
    buses : tuple of int
        Parts on each bus, see `places`.
    spi : Spi
        Frames of every bus.
    """

    bank: DacBank
    buses: tuple[int, ...]
    spi: Spi

    @property
    def clocks(self) -> int:
        """Clocks from one write to the next on a bus."""
        return self.spi.clocks

    def frame(self, channel: int, code: int) -> int:
        """The 24 bits that write a code to a channel's input register."""
        return channel << 16 | INPUT_DATA << REGISTER_BITS | code << (REGISTER_BITS - self.bank.bits)


def ad5391(hz: int, buses: tuple[int, ...], safe: int = 0, divider: int = 1, waits: bool = False) -> SpiDac:
    """A bank of AD5391 at the times of its data sheet (Rev. E, table 6), as fast as a clock allows.

    Parameters
    ----------
    hz : int
        Clock.
    buses, safe
        As in `SpiDac` and `DacBank`; code 0 is 0 V.
    divider : int
        Factor by which the serial clock is slower than it may be, for long wires.
    waits : bool
        As in `DacBank`; else LDAC waits for the longest time that BUSY may be low.
    """
    high = clocks(13, hz) * divider  # t2
    low = max(clocks(13, hz), clocks(33, hz) - high) * divider  # t3, t1
    lag = clocks(5, hz)  # t21
    gap = max(clocks(10, hz), clocks(13, hz) - lag)  # t7 and t22, t5
    lead = max(1, clocks(13, hz) - high, low - lag - gap)  # t4, t3
    # t10 (Rev. F has 36 ns) and three clocks of a synchroniser, or t10 and t11; both are longer than t12 and t23.
    busy = max(0, clocks(36, hz) - lag - gap) + 3 if waits else max(1, clocks(30 + 670, hz) - lag - gap)
    pulse = clocks(20, hz)  # t13
    settle = clocks(100 + 6000, hz)  # t16 and t17
    bank = DacBank(sum(buses), CHANNELS, 12, busy, pulse, settle, safe, waits)
    return SpiDac(bank, buses, Spi(FRAME, high, low, lead, lag, gap, trailing=True))
