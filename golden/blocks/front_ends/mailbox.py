"""Macros that take commands for cells over Wishbone: BM Labs' Neuromorphic X1, 32 x 32 cells of ReRAM on Caravel.

One address takes commands and gives answers (behavioural model and its description in BMsemi/Neuromorphic_X1_32x32)::

    31 30   29 .. 25   24 .. 20   19 .. 8   7 .. 0
    mode    row        column     0         level     mode 3 programs a cell, mode 1 asks for it

The answer of a cell is a word of its own. Until it is there the macro holds its acknowledgement back, or gives a word
that stands for none.
"""

from typing import NamedTuple

PROGRAM, READ = 3, 1
NONE = 0xDEADC0DE
"""Word of a macro that has no answer yet."""


class Mailbox(NamedTuple):
    """Configuration of the front end.

    Attributes
    ----------
    address : int
        Of the mailbox, in bytes.
    limit : int
        Clocks that a command may take, with its answer.
    """

    address: int = 0x3000000C
    limit: int = 100_000

    def word(self, program: bool, row: int, column: int, level: int) -> int:
        """The command as a word."""
        return (PROGRAM if program else READ) << 30 | row << 25 | column << 20 | level
