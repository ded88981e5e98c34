"""Serial ADCs with several channels each: Texas Instruments ADS7950 and its family, in manual mode.

A frame of 16 bits goes in and one comes out at the same time (ADS7950 data sheet, SLAS605, operation in manual mode)::

    in    15 .. 12   11   10 .. 7   6       5    4    3 .. 0
          0001       1    channel   range   0    0    0         or all 0: go on with the same channel
    out   15 .. 12   11 .. 0
          channel    code

The channel that frame n names is switched to in frame n + 1, sampled as select falls for frame n + 2, and answered in
frame n + 2. Codes are unsigned.
"""

from typing import NamedTuple

from .spi import Spi, clocks

FRAME = 16
CHANNELS = 4
CODE_BITS = 12
MANUAL = 0b0001
LATENCY = 2
"""Frames of a part from that which names a channel to that which has its code."""


class SpiAdc(NamedTuple):
    """Configuration of the converters.

    Attributes
    ----------
    spi : Spi
        Frames of every bus.
    buses : tuple of int
        Parts on each bus, see `places`.
    double : bool
        Range from 0 to twice the reference, else to the reference.
    """

    spi: Spi
    buses: tuple[int, ...]
    double: bool

    @property
    def parts(self) -> int:
        """Parts on all buses."""
        return sum(self.buses)

    @property
    def bits(self) -> int:
        """Width of a code."""
        return CODE_BITS

    def frame(self, channel: int) -> int:
        """The 16 bits that name a channel."""
        return MANUAL << 12 | 1 << 11 | channel << 7 | self.double << 6


def ads7950(hz: int, buses: tuple[int, ...], double: bool = True, divider: int = 1) -> SpiAdc:
    """ADS7950 with a digital supply of 3 V, as fast as a clock allows; of its times see `docs/front_ends.md`.

    Parameters
    ----------
    hz : int
        Clock.
    buses, double
        As in `SpiAdc`.
    divider : int
        Factor by which the serial clock is slower than it may be, for long wires.
    """
    high = clocks(20, hz) * divider  # twH, which is longer than the hold time of data in
    low = max(clocks(20, hz), clocks(50, hz) - high) * divider  # twL; 20 MHz at most
    lead = max(clocks(6, hz), clocks(27 + 13, hz) - high)  # tsu1; td1, and 13 ns for wires and pads
    lag = 1
    end = lead + FRAME * (high + low) - low
    # Select is high for 20 ns (tw1); the bus is quiet for 40 ns (tq) when the data line has been let go, 22 ns after
    # the last falling edge (td3); acquisition lasts 325 ns from the 14th rising edge; a million samples a second.
    gap = max(
        clocks(20, hz), clocks(22 + 40, hz) - lag, clocks(325, hz) - 2 * (high + low) - high - lag,
        clocks(1000, hz) - end - lag,
    )  # fmt: skip
    return SpiAdc(Spi(FRAME, high, low, lead, lag, gap, trailing=False), buses, double)
