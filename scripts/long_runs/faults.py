"""A serial line that goes wrong: what stands between a host and a board to try out their link.

Faults come after a random number of bytes, geometrically distributed:

flip     one bit of a byte is inverted
drop     a byte is lost
repeat   a byte comes twice
cut      from the middle of a frame on, all bytes are lost for up to `LONGEST_CUT` seconds, both ways
"""

import os
import pty
import select
import threading
import time
import tty
from collections.abc import Callable

import numpy as np

from ...golden.link.frames import END

KINDS = ("flip", "drop", "repeat", "cut")
LONGEST_CUT = 0.1
"""Seconds."""
CHUNK = 4096


class Cable:
    """Two lines of bytes with faults of one kind.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    every : float
        Bytes between two faults, mean over both lines.
    seed : int
    clock : callable
        Seconds, rising.

    Attributes
    ----------
    faults : int
        Faults so far.
    carried : int
        Bytes that came in so far, both lines.
    """

    def __init__(self, kind: str, every: float, seed: int, clock: Callable[[], float] = time.monotonic):
        if kind not in KINDS:
            raise ValueError(f"Kind of fault must be one of {', '.join(KINDS)}, not {kind!r}.")
        if not every >= 1:
            raise ValueError(f"Bytes between two faults must be at least 1, not {every}.")
        self.kind, self.faults, self.carried = kind, 0, 0
        self._every, self._random, self._clock = every, np.random.default_rng(seed), clock
        self._until = 0.0
        self._wait = self._draw()

    def carry(self, data: bytes) -> bytes:
        """What comes out at the end of the line that these bytes went into."""
        out = bytearray()
        for byte in data:
            self.carried += 1
            if self._clock() < self._until:
                continue
            self._wait -= 1
            # A cut between two frames would be none: it waits for the next byte.
            if self._wait > 0 or (self.kind == "cut" and byte == END):
                out.append(byte)
                continue
            self.faults += 1
            self._wait = self._draw()
            if self.kind == "flip":
                out.append(byte ^ 1 << int(self._random.integers(8)))
            elif self.kind == "repeat":
                out += bytes([byte, byte])
            elif self.kind == "cut":
                self._until = self._clock() + self._random.uniform(0, LONGEST_CUT)
        return bytes(out)

    def _draw(self) -> int:
        return int(self._random.geometric(1 / self._every))


class Proxy:
    """A pseudo-terminal whose bytes go to a board and back over a `Cable`, in a thread.

    Parameters
    ----------
    board : str
        Name of the board's serial port or pseudo-terminal.
    cable : Cable

    Attributes
    ----------
    port : str
        Name of the port that a host opens in place of the board's.
    """

    def __init__(self, board: str, cable: Cable):
        self.cable = cable
        self._board = os.open(board, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        # The host's end is held open here too: the pseudo-terminal outlives hosts that come and go.
        self._host, self._held = pty.openpty()
        self.port = os.ttyname(self._held)
        for end in (self._board, self._held):
            tty.setraw(end)
        os.set_blocking(self._host, False)
        self._wake, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and close all ports."""
        os.write(self._stop, b"x")
        self._thread.join()
        for end in (self._board, self._host, self._held, self._wake, self._stop):
            os.close(end)

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _carry(self) -> None:
        across = {self._board: self._host, self._host: self._board}
        while True:
            ready, _, _ = select.select([*across, self._wake], [], [])
            if self._wake in ready:
                return
            for end in ready:
                try:
                    out = self.cable.carry(os.read(end, CHUNK))
                    if out:
                        os.write(across[end], out)
                except BlockingIOError:
                    pass  # nobody takes them; bytes that find no room are lost, as in a UART
                except OSError:
                    return  # the board's end is gone
