"""Address map of the host port, which golden, RTL, simulator and board share.

An address has 28 bits: a 4-bit region above a 24-bit index. Memories are addressed one entry at a
time, sign-extended to 32 bits; they answer while the engine is idle, registers always.
"""

from enum import IntEnum

INDEX_BITS = 24
ADDRESS_BITS = 28
DATA_BITS = 32


class Region(IntEnum):
    """Upper four bits of an address, and what the index counts."""

    REGISTERS = 0
    """`Register`s."""
    THETA = 1
    """Parameters: words of theta, or states of the devices in the `filtered` path."""
    GRADIENT = 2
    """Parameters: words of G."""
    FILTER = 3
    """Parameters: words of H (`filtered`; else absent, reads 0)."""
    SAMPLES = 4
    """Codes of the sample memory, written only: sample s, code c at (s * record) * 8 + c
    with the inputs' codes first; targets start at the next multiple of 8."""


class Register(IntEnum):
    """Index in `Region.REGISTERS`. "Restorable" registers are written to resume a run."""

    CONTROL = 0
    """Write 1 to start, or 2 to stop at the earliest step possible; reads 1 while the engine runs."""
    TARGET = 1
    """The engine stops before step TARGET."""
    FLAGS = 2
    """Sticky flags (`golden.engine.FLAGS`); restorable."""
    CYCLES_LOW = 3
    """Clocks spent running, low half; read only."""
    CYCLES_HIGH = 4
    """High half."""
    STEP = 5
    """Steps done; restorable, as all that follow up to PHASE_THETA."""
    PATTERN = 6
    """Number of the pattern in force."""
    POSITION = 7
    """Sequential code: (PATTERN * stride) mod P."""
    SAMPLE = 8
    """Number of the sample presented."""
    SAMPLE_INDEX = 9
    """Cyclic order: SAMPLE mod size."""
    PHASE_P = 10
    """STEP mod tau_p."""
    PHASE_X = 11
    """STEP mod tau_x."""
    PHASE_THETA = 12
    """STEP mod tau_theta."""
    COST = 13
    """C~ of the last step; read only."""
    SUM_0 = 14
    """S of rail 0; read only."""
    SUM_1 = 15
    """S of rail 1; read only."""


SAMPLE_WORD = 8
"""Codes in one word of the sample memory, and on the line stream."""


def address(region: Region, index: int) -> int:
    """Host address of an entry."""
    return region << INDEX_BITS | index


def record_words(codes: int) -> int:
    """Words of the sample memory that hold so many codes."""
    return -(-codes // SAMPLE_WORD)
