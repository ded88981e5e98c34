"""A chip on a board, as its host sees it."""

import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle
from math import ceil

import numpy as np
import serial
from numpy.typing import NDArray
from serial.tools.list_ports import comports

from ...golden.chip.chip import Chip
from ...golden.chip.memory_map import LinkRegister, Region
from ...golden.link.frames import BAUDS, FIRED, VERSION, identity
from ..errors import BoardError, BoardSilent
from .host import Host
from .serial_link import SerialLink

FIRST_PATIENCE, TURN = 8.0, 0.5
"""Seconds for which an answer is asked for in all, and at each of them in turn."""
TICK, WRITE = 0.02, 1.0
"""Seconds for which a read of the port waits for a byte, and a write for room."""
WATCHDOG_CLOCKS = 1 << 16
"""Clocks that the watchdog counts as one."""


class Board(Host):
    """A board on a serial port that was programmed with a chip.

    Parameters
    ----------
    chip : Chip
    port : str
        Name of the serial port, as "/dev/ttyUSB1" or "COM3".
    bauds : sequence of int
        Bits a second that are tried in turn.

    Raises
    ------
    BoardError
        The port cannot be opened, nobody answers there, or the board holds another chip.
    """

    name = "board"

    def __init__(self, chip: Chip, port: str, bauds: Sequence[int] = BAUDS):
        self.port, self._bauds = port, tuple(bauds)
        self._channel = _open(port)
        self.link = SerialLink(self._channel, port)
        super().__init__(chip, self.link)
        try:
            self.connect()
        except BaseException:
            self.close()
            raise

    def connect(self) -> None:
        """Open a session, also after a `BoardReset`; then `load` is due."""
        entries = self._hello()
        if (version := int(entries[LinkRegister.VERSION])) != VERSION:
            raise BoardError(f"{self.port}: the board speaks version {version} of the link instead of {VERSION}.")
        found = int(entries[LinkRegister.CHIP_HIGH]) << 32 | int(entries[LinkRegister.CHIP_LOW])
        if found != identity(self.chip):
            raise BoardError(
                f"{self.port}: the board holds another chip than {self.chip.config.name}; "
                "ohmgrad build and ohmgrad program put this one on it."
            )
        self.clock_hz = int(entries[LinkRegister.CLOCK_HZ])

    def _hello(self) -> NDArray[np.uint32]:
        """Find the rate at which the board answers, and keep it."""
        began = time.monotonic()
        for baud in cycle(self._bauds):
            if self._channel.baudrate != baud:
                self._channel.baudrate = baud
            self._channel.reset_input_buffer()
            try:
                entries = self.link.hello(TURN)
            except BoardSilent:
                if time.monotonic() - began < FIRST_PATIENCE:
                    continue
                break
            self._bauds = (baud,)
            return entries
        bauds = " or ".join(f"{baud:,}" for baud in self._bauds)
        raise BoardSilent(f"{self.port}: no board answers, at {bauds} bits a second.")

    def watchdog(self, seconds: float) -> None:
        """Have the engine stopped when no request has come for so long; 0: never.

        Raises
        ------
        BoardError
            The board cannot count that far.
        """
        most = 0xFFFF * WATCHDOG_CLOCKS / self.clock_hz
        if not 0 <= seconds <= most:
            raise BoardError(f"{self.port}: the watchdog cannot be {seconds:g} seconds, but 0 to {int(most)}.")
        count = ceil(seconds * self.clock_hz / WATCHDOG_CLOCKS)
        self.link.write(Region.LINK, LinkRegister.WATCHDOG, np.array([count]))

    @property
    def watchdog_fired(self) -> bool:
        """Whether the watchdog has stopped the engine since `watchdog` was called."""
        return bool(self.link.read(Region.LINK, LinkRegister.WATCHDOG, 1)[0] & FIRED)

    @property
    def dropped(self) -> int:
        """Frames that the board has dropped since reset, up to 65535."""
        return int(self.link.read(Region.LINK, LinkRegister.DROPPED, 1)[0])

    def close(self) -> None:
        """Close the port; the engine goes on with what it does."""
        self._channel.close()

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open(port: str) -> serial.Serial:
    try:
        channel = serial.Serial(port, BAUDS[0], timeout=TICK, write_timeout=WRITE, exclusive=True)
    except (serial.SerialException, OSError, ValueError) as error:
        if getattr(error, "errno", None) == 2:
            others = ", ".join(sorted(found.device for found in comports())) or "none"
            raise BoardError(f"{port}: there is no such serial port; found: {others}.") from None
        if "exclusively lock" in str(error):
            raise BoardError(f"{port}: another program has this serial port open.") from None
        raise BoardError(f"{port}: the serial port cannot be opened ({error}).") from None
    with suppress(AttributeError, NotImplementedError, OSError, ValueError):  # what has no such mode needs none
        channel.set_low_latency_mode(True)  # FTDI's chips keep bytes back for 16 ms else
    return channel
