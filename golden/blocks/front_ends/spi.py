"""Frames of a serial bus with a clock, a data line each way, and a select line for each part, active low.

Times come from data sheets, in nanoseconds; hardware counts clocks. `clocks` turns one into the other, upwards.
"""

from fractions import Fraction
from math import ceil
from typing import NamedTuple

import numpy as np


def clocks(nanoseconds: float, hz: int) -> int:
    """Least number of clocks that last so long at a clock of `hz`; exact."""
    return ceil(Fraction(nanoseconds) * hz / 10**9)


def places(buses: tuple[int, ...]) -> list[tuple[int, int]]:
    """Bus of each part, and its number there: parts are numbered through, bus by bus, `buses[k]` on bus k."""
    return [(bus, local) for bus, size in enumerate(buses) for local in range(size)]


class Spi(NamedTuple):
    """Shape of a frame on one bus; the clock line is low between frames, the first bit is the highest.

    Attributes
    ----------
    bits : int
        Bits of a frame.
    high, low : int
        Clocks for which the clock line is high and low, from 1; their sum is the divider of the clock.
    lead : int
        Clocks from the falling edge of select to the first rising edge of the clock line, from 1.
    lag : int
        Clocks from the last falling edge of the clock line to the rising edge of select, from 1.
    gap : int
        Least clocks for which select is high between two frames, from 1.
    trailing : bool
        Parts take a bit at the falling edge of the clock line (mode 1), and it changes at the rising one; else the
        other way round (mode 0), and the first bit stands when select falls.
    """

    bits: int
    high: int
    low: int
    lead: int
    lag: int
    gap: int
    trailing: bool

    @property
    def clocks(self) -> int:
        """Clocks of a frame, from the falling edge of select to that of the next frame, if that is waiting."""
        return self.lead + self.bits * (self.high + self.low) - self.low + self.lag + self.gap

    def wave(self, word: int) -> np.ndarray:
        """Levels of the pins while a frame is sent.

        Returns
        -------
        numpy.ndarray
            int8, shape (clocks, 3): select, clock line and data line for each clock; the data line is low with select
            high.
        """
        pins = np.zeros((self.clocks, 3), np.int8)
        pins[:, 0] = 1
        end = self.clocks - self.gap
        pins[:end, 0] = 0
        for bit in range(self.bits):
            rise = self.lead + bit * (self.high + self.low)
            pins[rise : rise + self.high, 1] = 1
            change = 0 if bit == 0 else rise if self.trailing else rise - self.low
            pins[change:end, 2] = word >> (self.bits - 1 - bit) & 1
        return pins
