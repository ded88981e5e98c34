"""The FPGA's top level, Verilated, behind a pseudo-terminal: `ohmgrad virtual`."""

import os
import signal
import subprocess
from pathlib import Path
from typing import NoReturn

from ...golden.chip.chip import Chip
from ...rtl.top import verilog
from ..board.top import BoardTop
from ..errors import SimulationError
from .verilate import FAST, virtual_board

DIVISOR = 8
"""Clocks a bit, those of the iCEBreaker."""
CLOCK_HZ = 24_000_000
"""What the board says of its clock, which runs as fast as it can."""


def build(chip: Chip, divisor: int, folder: Path, optimize: str = FAST) -> Path:
    """Program that is the board of a chip; see `virtual_board.cpp`.

    Parameters
    ----------
    chip : Chip
    divisor : int
        Clocks a bit on the pins rx and tx.
    folder : Path
        Cache of builds.
    optimize : str
        As in `verilate.build`.

    Raises
    ------
    SimulationError
        It does not build.
    """
    return virtual_board(verilog(BoardTop(chip, divisor, CLOCK_HZ)), folder, optimize)


def become(program: Path, divisor: int, link: Path | None) -> NoReturn:
    """Run a program of `build` in place of this process, until a signal ends it."""
    where = ["--link", str(link)] if link else []
    os.execv(program, [str(program), str(divisor), *where])


class VirtualBoard:
    """A running virtual board, which ends with `close`, or with this process.

    Parameters
    ----------
    chip : Chip
    folder : Path
        Cache of builds.
    divisor : int

    Attributes
    ----------
    port : str
        Name of the pseudo-terminal.
    """

    def __init__(self, chip: Chip, folder: Path, divisor: int = DIVISOR):
        program = build(chip, divisor, folder)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([program, str(divisor), "--with-parent"], stdin=pipe, stdout=pipe, text=True)
        self.port = self._line()

    def press_reset(self) -> None:
        """Press the button reset."""
        self.process.send_signal(signal.SIGUSR1)

    def close(self) -> str:
        """End it, and return what it says of its clocks; nothing if it had ended."""
        if self.process.stdin:
            self.process.stdin.close()
        said = self.process.stdout.read() if self.process.stdout else ""
        self.process.wait()
        return said.strip()

    def _line(self) -> str:
        line = self.process.stdout.readline().strip() if self.process.stdout else ""
        if not line:
            raise SimulationError("The virtual board does not start: this system gives it no pseudo-terminal.")
        return line

    def __enter__(self) -> "VirtualBoard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
