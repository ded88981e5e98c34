"""What a bus sees of a chip: byte addresses of its registers and memories, and which accesses are answered by an error.

The one table of the bus: RTL (`rtl.bus`), the register description (`ohmgrad generate`), host software and tests read
it. Registers of the native port stand at four times their number; each memory has a range of its own, sized to the
chip.
"""

import ast
import inspect
from enum import IntEnum, StrEnum
from functools import cache
from typing import NamedTuple

from ..blocks.array.bring_up import PATTERN
from ..blocks.lib.fixed import limit
from ..blocks.measure.cost import ANALOG, ANTITHETIC, FORWARD, FRACTION
from ..chip.chip import Chip
from ..chip.counters import COUNTER, RESTORABLE, counter_source, counters
from ..chip.memories import Memory, memories
from ..chip.memory_map import CALIBRATE, EVALUATE, FLAGS, INFER, START, STOP, Region, Register
from ..chip.registers import constants, limits, settings
from .frames import identity

WORD = 4
"""Bytes of a word; all accesses are of whole words."""
OWN = 0x200
"""First byte of the bus's own registers."""
MEMORIES = 0x400
"""Memories stand from here on, each at a multiple of its size."""
MAGIC = 0x4F484D47
"""`BusRegister.ID`: OHMG in ASCII."""
MAP = 1
"""`BusRegister.VERSION`: of this map."""
ANY = (0, 2**32 - 1)


class BusRegister(IntEnum):
    """Registers that only a bus has, by their place behind `OWN`."""

    ID = 0
    """0x4F484D47, OHMG in ASCII."""
    VERSION = 1
    """Version of this register map."""
    CHIP_LOW = 2
    """Hash of the chip description, 64 bits, low half."""
    CHIP_HIGH = 3
    """High half."""
    SCRATCH = 4
    """Keeps what is written; nothing depends on it."""
    STATUS = 5
    """Bit 0: busy, 1: a run learns, 2 to 5: sticky flags as in FLAGS. Answers always, also while memories are cleared
    after reset."""
    INTERRUPT = 6
    """What has happened: bit 0 done, 1 a flag of saturation was raised, 2 the flag of a fault was, 3 telemetry was
    lost. Writing 1 to a bit clears it."""
    ENABLE = 7
    """Bits of INTERRUPT that raise the interrupt line."""


EVENTS = ("done", "saturated", "fault", "lost")
"""Bits of `BusRegister.INTERRUPT`."""
FIELDS = {
    Register.CONTROL.name: ("start", "stop", "evaluate", "calibrate", "infer"),
    Register.FLAGS.name: FLAGS,
    BusRegister.STATUS.name: ("busy", "learning", *FLAGS),
    BusRegister.INTERRUPT.name: EVENTS,
    BusRegister.ENABLE.name: EVENTS,
}
"""Bits that have names."""


def address_of(register: BusRegister) -> int:
    """Byte address of a register of the bus's own."""
    return OWN + WORD * register


class Access(StrEnum):
    """What a register or a memory can be asked for; anything else is answered by an error."""

    READ = "r"
    WRITE = "w"
    BOTH = "rw"
    CLEAR = "w1c"


class Entry(NamedTuple):
    """One register on the bus.

    Attributes
    ----------
    name, text : str
        What it is called, and what it holds.
    address : int
        In bytes.
    access : Access
    low, high : int
        Values that can be written, as signed or as unsigned numbers; others are answered by an error.
    reset : int or None
        Value after reset; None: what the chip does sets it.
    idle : bool
        Written while the engine is idle only; else that is an error.
    fields : tuple of str
        Its bits from 0 on, where each has a name of its own.
    """

    name: str
    text: str
    address: int
    access: Access
    low: int = 0
    high: int = 2**32 - 1
    reset: int | None = None
    idle: bool = False
    fields: tuple[str, ...] = ()


class Range(NamedTuple):
    """One memory on the bus: an entry a word, from `base` to below `base + size`; those behind `memory.words` are none.

    Answers while the engine is idle only.
    """

    memory: Memory
    base: int
    size: int
    access: Access

    def values(self, index: int = 0) -> tuple[int, int]:
        """Smallest and largest value of an entry."""
        memory = self.memory
        if memory.bounds:
            return 0, memory.bounds[index]
        most = min(memory.bound, limit(memory.bits + 1 - memory.signed))
        return max(-memory.bound, -limit(memory.bits) - 1) if memory.signed else 0, most


class BusMap(NamedTuple):
    """Registers and memories of a chip on a bus.

    Attributes
    ----------
    registers : tuple of Entry
    ranges : tuple of Range
    bits : int
        Of a byte address; above them all bits are 0.
    commands : int
        Values of `Register.CONTROL` that the chip knows, each a bit.
    """

    registers: tuple[Entry, ...]
    ranges: tuple[Range, ...]
    bits: int
    commands: int

    def place(self, region: Region, index: int) -> tuple[int | None, Access]:
        """Address of an entry of a region, and what it can be asked for; None where the chip has no such entry."""
        if region == Region.REGISTERS:
            found = [entry for entry in self.registers if entry.address == WORD * index]
            return (found[0].address, found[0].access) if found else (None, Access.READ)
        for item in self.ranges:
            if item.memory.region == region and index < item.memory.words:
                return item.base + WORD * index, item.access
        return None, Access.READ


def bus_map(chip: Chip) -> BusMap:
    """The map of a chip, in the order of addresses."""
    engine = chip.config.engine
    more = CALIBRATE * engine.calibration | INFER * engine.inference
    ranges, base = [], MEMORIES
    for memory in memories(chip):
        if memory.region is not None:
            size = 1 << (memory.words * WORD - 1).bit_length()
            base = -(-base // size) * size
            access = Access.WRITE if memory.region == Region.SAMPLES else Access.BOTH
            ranges.append(Range(memory, base, size, access))
            base += size
    registers = (entry._replace(fields=FIELDS.get(entry.name, ())) for entry in (*_native(chip), *_own(chip)))
    return BusMap(tuple(registers), tuple(ranges), (base - 1).bit_length(), START | STOP | EVALUATE | more)


def _native(chip: Chip) -> list[Entry]:
    """Registers of the native port that the chip has a use for."""
    found, fixed, initial, ranges = [], constants(chip), settings(chip), limits(chip)
    own, text = counters(chip), described(Register)
    free = {
        Register.CONTROL: (START, INFER, None), Register.TARGET: (*ANY, 0),
        Register.FLAGS: (0, 15 if not chip.emulated else 7, 0),
    }  # fmt: skip
    if not chip.emulated and chip.path.pulsed:
        free[Register.PULSES] = 0, 1, 0
    if chip.config.engine.bring_up:
        free[Register.BRING_UP] = 0, PATTERN, 0
    memory = _cost_memory(chip)
    for register in Register:
        name, read, write = register.name.lower(), False, None
        if register in free:
            write = free[register]
        elif register in initial:
            read, used = True, chip.cost.mode == ANALOG or register not in (Register.DECAY, Register.LEAK)
            write = (*ranges[register], initial[register]) if used and name not in fixed else None
        elif name in own:
            write = 0, 2 ** own[name] - 1, 0
        elif name in RESTORABLE:
            read = counter_source(chip, name) is not None
        elif register in memory:
            read, write = True, memory[register]
        else:
            read = not name.startswith("memory") and register not in (Register.PULSES, Register.BRING_UP)
        if write:
            idle = register not in (Register.CONTROL, Register.FLAGS, Register.PULSES)
            low, high, reset = write
            entry = Entry(register.name, text[register.name], WORD * register, Access.BOTH, low, high, reset, idle)
            found.append(entry)
        elif read:
            reset = initial.get(register, 0)
            found.append(Entry(register.name, text[register.name], WORD * register, Access.READ, reset=reset))
    return found


def _cost_memory(chip: Chip) -> dict[Register, tuple[int, int, int] | None]:
    """Registers of the cost unit's memory, with the values that can be written; None: what another one says."""
    width = chip.cost.sum_bits + FRACTION + 2
    found: dict[Register, tuple[int, int, int] | None] = {}
    for word in range({ANTITHETIC: 0, FORWARD: 1, ANALOG: 2}[chip.cost.mode]):
        low = Register.MEMORY_0_LOW + 2 * word
        found[Register(low)] = (-limit(width) - 1, limit(width), 0) if width < COUNTER else (*ANY, 0)
        found[Register(low + 1)] = (-limit(width - 32) - 1, limit(width - 32), 0) if width > 32 else None
    return found


def _own(chip: Chip) -> list[Entry]:
    """Registers that only a bus has."""
    text = described(BusRegister)
    access = {
        BusRegister.SCRATCH: (Access.BOTH, *ANY, 0), BusRegister.INTERRUPT: (Access.CLEAR, *ANY, 0),
        BusRegister.ENABLE: (Access.BOTH, 0, 2 ** len(EVENTS) - 1, 0),
    }  # fmt: skip
    number = identity(chip)
    reset = {
        BusRegister.ID: MAGIC, BusRegister.VERSION: MAP, BusRegister.CHIP_LOW: number & 0xFFFFFFFF,
        BusRegister.CHIP_HIGH: number >> 32,
    }  # fmt: skip
    return [
        Entry(own.name, text[own.name], address_of(own), *access.get(own, (Access.READ, *ANY, reset.get(own))))
        for own in BusRegister
    ]


@cache
def described(members: type[IntEnum]) -> dict[str, str]:
    """What the source says of each member of an enumeration, in one line; nothing where it says nothing."""
    (body,) = (node.body for node in ast.parse(inspect.getsource(members)).body if isinstance(node, ast.ClassDef))
    found = dict.fromkeys(members.__members__, "")
    for node, after in zip(body, body[1:], strict=False):
        said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and said:
            found[node.targets[0].id] = " ".join(str(after.value.value).split())  # pyright: ignore
    return found
