"""Models of parallel converters, written from their data sheets, as those of `converters`."""

from collections.abc import Callable

from .converters import NEVER, Pins


class Dac7624(Pins):
    """DAC7624: data sheet, table II; LDAC is high while it is written.

    Attributes
    ----------
    input, output : list of int
        Codes of the input registers, and those that the outputs have.
    """

    def __init__(self, period: float):
        super().__init__(period, cs=1, ldac=1)
        self.input, self.output = [0] * 4, [0] * 4
        self._bus, self._written = (0, 0), None

    def clock(self, cs: int, address: int, word: int, ldac: int) -> None:
        """One clock with these levels."""
        changed = self.edges(cs=cs, ldac=ldac)
        bus = (address, word)
        if not cs or "cs" in changed:
            assert bus == self._bus, "tAS, tDS, tAH, tDH: address or data change in or at an edge of a write"
        if "cs" in changed and cs:
            self.since(self.fell["cs"], 50, "tWCS, CS low")
            self.input[address] = word
        if not ldac:
            assert cs, "CS is low while LDAC is"
        if "ldac" in changed and not ldac:
            self.output = list(self.input)
        if "ldac" in changed and ldac:
            self.since(self.fell["ldac"], 50, "tLWD, LDAC low")
        self._bus = bus
        self.note(changed)


class Ad7865(Pins):
    """AD7865: data sheet, Rev. B, timing characteristics, supply of its outputs 3 V.

    Parameters
    ----------
    period : float
        Nanoseconds a clock.
    channels : int
        Channels that are selected.
    analog : callable
        Code of what a channel's input shows now.

    Attributes
    ----------
    samples : list of list
        Codes of all channels of each conversion.
    rises, stays : float
        Nanoseconds from the sampling instant to busy, and of a conversion of one channel.
    """

    def __init__(self, period: float, channels: int, analog: Callable[[int], int]):
        super().__init__(period, convst=1, rd=1)
        self.samples: list[list[int]] = []
        self.rises, self.stays = 70.0, 2400.0
        self._channels, self._analog, self._next = channels, analog, 0
        self._ended = NEVER

    def clock(self, convst: int, rd: int) -> tuple[int, int]:
        """One clock with these levels; BUSY and the data lines as they are when the next clock comes."""
        changed = self.edges(convst=convst, rd=rd)
        if "convst" in changed and not convst:
            self.since(self._ended, 350, "tACQ")
            self.since(self.rose["rd"], 100, "quiet time")
        if "convst" in changed and convst:
            self.since(self.fell["convst"], 35, "t1, CONVST low")
            self.samples.append([self._analog(channel) for channel in range(self._channels)])
            self._next, self._ended = 0, self.now + self.rises + self.stays * self._channels
        if "rd" in changed and not rd:
            self.since(self._ended, 0, "RD while BUSY")
            self.since(self.rose["rd"], 15, "t8, RD high")
        if "rd" in changed and rd:
            self.since(self.fell["rd"], 35, "t5, RD low")
            self._next = (self._next + 1) % self._channels
        self.note(changed)
        looked = self.now + self.period
        busy = self.rose["convst"] + self.rises <= looked < self._ended
        valid = not rd and looked - self.fell["rd"] >= 40  # t6
        word = self.samples[-1][self._next] if self.samples else 0
        return int(busy), word if valid else ~word & 0x3FFF
