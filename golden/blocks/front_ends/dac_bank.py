"""A bank of DACs with input registers, whose outputs change together, and which have a safe code.

Codes are unsigned and 0 is the lowest voltage; a falling edge of LDAC moves all input registers to the outputs.
"""

from typing import NamedTuple


class DacBank(NamedTuple):
    """Configuration of a bank.

    Attributes
    ----------
    parts, channels : int
        Parts, and channels of each.
    bits : int
        Width of a code.
    busy : int
        Clocks, from 1, from the end of the last write to the falling edge of LDAC; with `waits`, until the pin BUSY is
        low if it will be, three for its synchroniser among them.
    pulse : int
        Clocks, from 1, for which LDAC is low.
    settle : int
        Clocks from the falling edge of LDAC until the outputs have settled; more than `pulse`.
    safe : int
        Code of every channel after reset and whenever the bank is made safe.
    waits : bool
        LDAC waits until the pin BUSY of all parts is high.
    """

    parts: int
    channels: int
    bits: int
    busy: int
    pulse: int
    settle: int
    safe: int
    waits: bool = False

    def places(self) -> list[tuple[int, int]]:
        """Part and channel of the safe codes, in the order in which they are written: part by part in a channel."""
        return [(part, channel) for channel in range(self.channels) for part in range(self.parts)]
