"""What a chip's slave on a bus answers to a request, and which events it keeps; `rtl.bus.bridge` to the bit."""

from collections.abc import Sequence
from typing import NamedTuple

from ..chip.chip import Chip
from ..chip.memory_map import FAULT, STOP, Region, Register, address
from .bus_map import EVENTS, OWN, WORD, Access, BusRegister, Entry, Range, bus_map

WHOLE = 15
"""Strobes of a whole word."""


class Request(NamedTuple):
    """Byte address, whether it is a write, the word, and which of its bytes are meant, bit by bit."""

    address: int
    write: bool
    data: int
    strobe: int = WHOLE


class Answer(NamedTuple):
    """Whether it is an error, and the word; 0 of a write and of an error."""

    error: bool
    data: int = 0


class Bridge:
    """The slave of a chip, between a bus and the host's port.

    Parameters
    ----------
    chip : Chip

    Attributes
    ----------
    status : int
        What `BusRegister.STATUS` reads.
    """

    def __init__(self, chip: Chip):
        self.map, self.status = bus_map(chip), 0
        self._registers = {entry.address: entry for entry in self.map.registers}
        self._own = {entry.address: entry.reset or 0 for entry in self.map.registers if entry.address >= OWN}
        self._commanded = False

    @property
    def irq(self) -> bool:
        """Whether an event that is enabled has not been cleared."""
        return bool(self._read(BusRegister.INTERRUPT) & self._read(BusRegister.ENABLE))

    def host(self, request: Request) -> tuple[int, int] | None:
        """Address and word of the host's request that it takes; None where it takes none."""
        found = self._found(request)
        if found is None or request.address >= OWN and isinstance(found, Entry):
            return None
        if isinstance(found, Entry):
            return address(Region.REGISTERS, request.address // WORD), request.data
        region = found.memory.region
        assert region is not None
        return address(region, (request.address - found.base) // WORD), request.data

    def answer(self, request: Request, ready: bool = True, refused: bool = False, reply: int = 0) -> Answer:
        """Answer a request, which may change the bus's own registers.

        Parameters
        ----------
        request : Request
        ready : bool
            The host's port takes requests: not while memories are cleared.
        refused : bool
            The registers refuse what it asks for.
        reply : int
            Word that they answer to a read.
        """
        if self._found(request) is None:
            return Answer(True)
        if self.host(request) is None:
            return self._answer_own(request)
        if not ready or refused:
            return Answer(True)
        self._commanded |= request.write and request.address == WORD * Register.CONTROL and request.data != STOP
        return Answer(False, 0 if request.write else reply)

    def change(self, busy: bool, learning: bool, flags: int, lost: bool = False) -> None:
        """What the chip shows is another: events follow from it.

        Parameters
        ----------
        busy, learning : bool
        flags : int
            As of `FLAGS`.
        lost : bool
            A word of telemetry was lost.
        """
        raised = flags & ~(self.status >> 2)
        done = self._commanded and bool(self.status & 1) and not busy
        happened = dict(zip(EVENTS, (done, raised % (1 << FAULT), raised >> FAULT & 1, lost), strict=True))
        self._commanded &= not done
        self.status = busy | learning << 1 | flags << 2
        place = OWN + WORD * BusRegister.INTERRUPT
        self._own[place] |= sum(bool(what) << bit for bit, what in enumerate(happened.values()))

    def _found(self, request: Request) -> Entry | Range | None:
        """The register or the memory that a request is to, if it may be asked so."""
        place, write, word, strobe = request
        item, index = self._registers.get(place), 0
        if item is None:
            for item in self.map.ranges:
                if 0 <= (index := (place - item.base) // WORD) < item.memory.words:
                    break
            else:
                return None
        if strobe != WHOLE or place % WORD or item.access == (Access.READ if write else Access.WRITE):
            return None
        low, high = (item.low, item.high) if isinstance(item, Entry) else item.values(index)
        if write and not any(low <= value <= high for value in _readings(word)):
            return None
        if write and place == WORD * Register.CONTROL and (word & self.map.commands != word or word.bit_count() != 1):
            return None
        return item

    def _answer_own(self, request: Request) -> Answer:
        """Read or write a register of the bus's own."""
        if not request.write:
            return Answer(False, self._read(BusRegister((request.address - OWN) // WORD)))
        clears = request.address == OWN + WORD * BusRegister.INTERRUPT
        self._own[request.address] = self._own[request.address] & ~request.data if clears else request.data
        return Answer(False)

    def _read(self, register: BusRegister) -> int:
        """Value of a register of the bus's own."""
        return self.status if register == BusRegister.STATUS else self._own[OWN + WORD * register]


def _readings(word: int) -> Sequence[int]:
    """A word of 32 bits as an unsigned and as a signed number."""
    return word, word - (word >> 31 << 32)
