"""Models of converters, written from their data sheets: what they do with the levels of their pins, clock by clock.

Pins change just after a rising edge of the clock; models are told at the falling edge, and what they answer is there
at the next rising edge.

Each checks the times of its data sheet, in nanoseconds, and raises AssertionError where one is not kept.
"""

from collections.abc import Callable

NEVER = -1e9
"""Time of an edge that has not been."""


class Pins:
    """Levels of pins, when they changed, and the time now.

    Parameters
    ----------
    period : float
        Nanoseconds a clock.
    levels : int
        Levels before the first clock, by the names of the pins.
    """

    def __init__(self, period: float, **levels: int):
        self.now, self.period = 0.0, period
        self.level = dict(levels)
        self.rose = dict.fromkeys(levels, NEVER)
        self.fell = dict.fromkeys(levels, NEVER)

    def edges(self, **levels: int) -> set[str]:
        """Pins that have changed, after one more clock."""
        self.now += self.period
        changed = {name for name, level in levels.items() if level != self.level[name]}
        self.level |= levels
        return changed

    def note(self, changed: set[str]) -> None:
        """Keep the times of the edges."""
        for name in changed:
            (self.rose if self.level[name] else self.fell)[name] = self.now

    def since(self, time: float, least: float, what: str) -> None:
        """Check that so much time has passed since an edge."""
        assert self.now - time >= least - 1e-6, f"{what}: {self.now - time:g} ns, at least {least:g} ns"


class Ad5391(Pins):
    """AD5391: AD5390/AD5391/AD5392 data sheet, Rev. E, table 6 and figures 2 to 5 for times.

    Attributes
    ----------
    input, output : list of int
        Codes of the input registers, and those that the outputs have.
    frames : list of int
        All frames it got.
    stays : float
        Nanoseconds for which BUSY is low after a frame.
    """

    def __init__(self, period: float):
        self.stays = 670.0
        super().__init__(period, sync=1, sclk=0, din=0, ldac=1)
        self.input, self.output = [0] * 16, [0] * 16
        self.frames: list[int] = []
        self._bits: list[int] = []
        self._last, self._busy = NEVER, NEVER

    def clock(self, sync: int, sclk: int, din: int, ldac: int) -> None:
        """One clock with these levels."""
        changed = self.edges(sync=sync, sclk=sclk, din=din, ldac=ldac)
        if "din" in changed and not sync:
            self.since(self.fell["sclk"], 4.5, "t9, data hold")
        if "sclk" in changed:
            self._sclk(sync, sclk, "sync" in changed)
        if "ldac" in changed:
            self._ldac(ldac)
        if "sync" in changed:
            self._sync(sync)
        self.note(changed)

    @property
    def busy(self) -> int:
        """The pin BUSY when the next clock comes."""
        return int(not self._last + 30 <= self.now + self.period < self._busy)

    def _sclk(self, sync: int, sclk: int, selected: bool) -> None:
        if sclk:
            self.since(self.rose["sclk"], 33, "t1, SCLK cycle")
            self.since(self.fell["sclk"], 13, "t3, SCLK low")
            self.since(self.rose["sync"], 8, "t22, SYNC rising to SCLK rising")
            return
        self.since(self.rose["sclk"], 13, "t2, SCLK high")
        if sync:
            return
        assert not selected, "SYNC and SCLK fall together"
        self.since(self.fell["sync"], 13, "t4, SYNC falling to SCLK falling")
        self.since(max(self.rose["din"], self.fell["din"]), 5, "t8, data setup")
        self._bits.append(self.level["din"])
        if len(self._bits) == 24:
            self._last, self._busy = self.now, self.now + 30 + self.stays  # t10, t11

    def _sync(self, sync: int) -> None:
        if not sync:
            self.since(self.rose["sync"], 10, "t7, SYNC high")
            self.since(self._last, 13, "t5, 24th SCLK falling to SYNC falling")
            self._bits = []
            return
        self.since(self.fell["sclk"], 5, "t21, SCLK falling to SYNC rising")
        self.since(self.fell["sync"], 33, "t6, SYNC low")
        assert len(self._bits) == 24, f"{len(self._bits)} bits"
        frame = int("".join(map(str, self._bits)), 2)
        assert frame >> 20 == 0, f"frame {frame:06x}: A/B, R/W and two zeros"
        assert frame >> 14 & 3 == 3, f"frame {frame:06x}: not for the input data register"
        self.input[frame >> 16 & 15] = frame >> 2 & 0xFFF
        self.frames.append(frame)

    def _ldac(self, ldac: int) -> None:
        if ldac:
            self.since(self.fell["ldac"], 20, "t13, LDAC low")
            return
        assert self.level["sync"], "LDAC falls within a frame"
        self.since(self.rose["sync"], 20, "t23, SYNC rising to LDAC falling")
        self.since(self._busy, 0, "t15, BUSY rising to LDAC falling")
        self.output = list(self.input)


class Ads7950(Pins):
    """ADS7950: data sheet SLAS605, digital supply of 3 V, manual mode.

    Parameters
    ----------
    period : float
        Nanoseconds a clock.
    analog : callable
        Code of what a channel's input shows now.

    Attributes
    ----------
    named : list of int
        Words of all frames it got.
    samples : list of tuple
        Channel and code that were sampled for each frame.
    """

    def __init__(self, period: float, analog: Callable[[int], int]):
        super().__init__(period, cs=1, sclk=0, sdi=0)
        self.named: list[int] = []
        self.samples: list[tuple[int, int]] = []
        self._analog, self._mux, self._next = analog, 0, 0
        self._bits: list[int] = []
        self._falls, self._word, self._before = 0, 0, 0
        self._acquiring, self._released, self._launched = NEVER, NEVER, NEVER

    def clock(self, cs: int, sclk: int, sdi: int) -> int:
        """One clock with these levels; SDO as it is when the next clock comes: inverted while it is not valid."""
        changed = self.edges(cs=cs, sclk=sclk, sdi=sdi)
        if "sdi" in changed and not cs and "cs" not in changed:
            self.since(self.rose["sclk"], 10, "th2, SDI hold")
        if "cs" in changed:
            self._cs(cs)
        if "sclk" in changed:
            self._sclk(sclk, cs)
        self.note(changed)
        bit = self._word >> (15 - min(self._falls, 15)) & 1
        valid = not cs and self.now + self.period - self._launched >= 27  # td1, td2
        return bit if valid else 1 - bit

    def _cs(self, cs: int) -> None:
        if cs:
            assert len(self._bits) == 16, f"{len(self._bits)} bits"
            word = int("".join(map(str, self._bits)), 2)
            self.named.append(word)
            if word >> 12 == 1:
                self._next = word >> 7 & 15
                assert self._next < 4, f"word {word:04x}: channel {self._next}"
            else:
                assert word == 0, f"word {word:04x}: not of manual mode"
            return
        self.since(self.rose["cs"], 20, "tw1, CS high")
        self.since(self._released, 40, "tq, quiet time")
        self.since(self._acquiring, 325, "acquisition")
        self.since(self.fell["cs"], 1000, "1 MSPS")
        self.samples.append((self._mux, self._analog(self._mux)))
        self._word = self._mux << 12 | self.samples[-1][1]
        self._bits, self._falls, self._launched = [], 0, self.now

    def _sclk(self, sclk: int, cs: int) -> None:
        assert not cs, "SCLK with CS high"
        if sclk:
            self.since(self.rose["sclk"], 50, "SCLK, 20 MHz")
            self.since(self.fell["sclk"], 20, "twL, SCLK low")
            self.since(self.fell["cs"], 6, "tsu1, CS low to SCLK rising")
            self.since(max(self.rose["sdi"], self.fell["sdi"]), 3, "tsu2, SDI setup")
            self._bits.append(self.level["sdi"])
            if len(self._bits) == 14:
                self._acquiring = self.now
            return
        self.since(self.rose["sclk"], 20, "twH, SCLK high")
        self._falls += 1
        self._launched = self.now
        if self._falls == 2:
            self._mux = self._next
        if self._falls == 16:
            self._released = self.now + 22  # td3
