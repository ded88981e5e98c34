"""A simulated board, driven at its pins rx and tx from this process: time passes only while an answer is waited for."""

import ctypes
from collections import deque
from pathlib import Path

from ..host.serial_link import SerialLink

DIVISOR = 8
"""Clocks a bit, those of the iCEBreaker."""
END = 0xC0
"""Byte behind each frame of the link."""
QUIET = 40_000
"""Clocks without an answer after which there is none: any request takes less."""
STRIDE = 100_000
"""Clocks between two polls of a running engine."""


class Pins:
    """A board's pins as a serial port; time passes for it only while an answer is waited for.

    Parameters
    ----------
    library : Path
        What `verilate.netlist_pins` made.
    divisor : int
        Clocks a bit.
    """

    def __init__(self, library: Path, divisor: int = DIVISOR):
        self._library = _bind(library)
        self._board = self._library.pins_new(divisor)
        self._to, self._from = bytearray(), deque[int]()

    def __del__(self) -> None:
        if board := getattr(self, "_board", None):
            self._library.pins_delete(board)
            self._board = None

    def write(self, data: bytes) -> int:
        """Keep bytes for the next `read`."""
        self._to += data
        return len(data)

    def read(self, size: int = 1) -> bytes:
        """Bytes received; if there are none, sends what is kept, and waits for a frame."""
        if not self._from:
            self._library.pins_send(self._board, bytes(self._to), len(self._to))
            self._to.clear()
            byte = ctypes.c_uint8()
            while self._library.pins_receive(self._board, ctypes.byref(byte), 1, QUIET):
                self._from.append(byte.value)
                if byte.value == END and len(self._from) > 1:
                    break
        return bytes(self._from.popleft() for _ in range(min(size, len(self._from))))

    @property
    def in_waiting(self) -> int:
        """Bytes that were received and not read."""
        return len(self._from)

    def run(self, clocks: int) -> None:
        """Let time pass while the engine runs, at most so many clocks."""
        self._library.pins_run(self._board, clocks)

    @property
    def clocks(self) -> int:
        """Clocks since reset."""
        return self._library.pins_clocks(self._board)


class PinLink(SerialLink):
    """The link over pins, whose time is counted in clocks."""

    def __init__(self, pins: Pins):
        super().__init__(pins, "netlist")
        self.pins = pins

    def wait(self, seconds: float) -> None:
        """Let the engine run on, for `STRIDE` clocks at most."""
        self.pins.run(STRIDE)


def _bind(path: Path) -> ctypes.CDLL:
    """Load the library and declare its functions; see `pins.cpp`."""
    library = ctypes.CDLL(str(path.resolve()))
    board, long = ctypes.c_void_p, ctypes.c_uint64
    for name, result, arguments in (
        ("pins_new", board, [ctypes.c_int]),
        ("pins_delete", None, [board]),
        ("pins_clocks", long, [board]),
        ("pins_send", None, [board, ctypes.c_char_p, ctypes.c_uint32]),
        ("pins_receive", ctypes.c_uint32, [board, ctypes.POINTER(ctypes.c_uint8), ctypes.c_uint32, long]),
        ("pins_run", long, [board, long]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
