"""Frames between a host and a board; docs/link.md tells the protocol to those who have only that.

    request   seq  op  address(4)  count - 1  data (count * width bytes, of a write)  crc(4)
    reply     seq  op  data (count * width bytes, of a read that is done)             crc(4)

Numbers of several bytes have the low byte first. A frame goes between two bytes END, with END and ESC inside it
replaced by pairs, as in RFC 1055 (SLIP); its CRC is the one of IEEE 802.3.
"""

import json
from collections.abc import Iterator
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple
from zlib import crc32

from ..chip.chip import Chip
from ..chip.memories import memories
from ..chip.memory_map import LinkRegister, Region, Register
from ..chip.registers import constants

VERSION = 2
"""Of the protocol; 2 has 8 bits of region in an address, where 1 has 4."""
BAUDS = (3_000_000, 2_000_000, 1_000_000, 500_000)
"""Bits a second that a host tries: first those of iCEBreaker and ULX3S; a pseudo-terminal takes any."""
END, ESC, ESC_END, ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD
HEADER, CRC = 7, 4
"""Bytes of a request before and after its data."""
MOST_DATA = 256
"""Bytes of data in a frame, at most."""
WIDTHS = (1, 2, 4)
"""Bytes of an entry; `op` holds the place here."""
DROPPED_MOST = (1 << 16) - 1
FIRED = 1 << 16
"""Bit of LinkRegister.WATCHDOG: the watchdog has stopped the engine since this register was written."""


class Kind(IntEnum):
    """Bits 0 and 1 of an op; bits 2 and 3 are the place of the width in `WIDTHS`."""

    HELLO = 0
    """A read that is taken with any seq, and opens the session."""
    READ = 1
    WRITE = 2


class Status(IntEnum):
    """Bits 4 to 7 of the op of a reply. All but OK mean that nothing was done."""

    OK = 0
    BUSY = 1
    """A memory was asked for while the engine runs."""
    ADDRESS = 2
    """Such entries are not there, or cannot be written, or cannot be read."""
    LENGTH = 3
    """The data are not count * width bytes, or that is more than `MOST_DATA`."""
    OPERATION = 4
    """No such kind or width."""
    SEQUENCE = 5
    """The seq is neither the next nor that of the last request, or it is that of another kind of request."""
    SESSION = 6
    """There was no HELLO since reset."""


class Request(NamedTuple):
    """A request.

    Attributes
    ----------
    seq : int
        0 .. 255.
    kind : Kind
    width : int
        Bytes of an entry, one of `WIDTHS`.
    address : int
        Of the first entry, see `golden.chip.memory_map.address`.
    entries : int
        1 .. `MOST_DATA` / width.
    data : bytes
        Of a write, entry by entry; else empty.
    """

    seq: int
    kind: int
    width: int
    address: int
    entries: int
    data: bytes = b""

    @property
    def op(self) -> int:
        """The byte op."""
        return self.kind | WIDTHS.index(self.width) << 2


class Reply(NamedTuple):
    """A reply; `op` is that of the request, `data` are those of a read that was done."""

    seq: int
    op: int
    status: int
    data: bytes = b""


def sealed(content: bytes) -> bytes:
    """A frame's content with its CRC behind it."""
    return content + crc32(content).to_bytes(CRC, "little")


def opened(frame: bytes) -> bytes | None:
    """What `sealed` was given; None if the CRC is wrong."""
    content = frame[:-CRC]
    return content if len(frame) >= CRC and sealed(content) == frame else None


def stuff(frame: bytes) -> bytes:
    """The bytes of a frame on the wire."""
    inside = frame.replace(bytes([ESC]), bytes([ESC, ESC_ESC])).replace(bytes([END]), bytes([ESC, ESC_END]))
    return bytes([END, *inside, END])


class Unstuffer:
    """Cuts received bytes into frames.

    Parameters
    ----------
    most : int
        Bytes that a frame may have.
    """

    def __init__(self, most: int):
        self._most = most
        self._frame = bytearray()
        self._escaped = self._spoiled = False

    def spoil(self) -> None:
        """A byte came whose stop bit was wrong: the frame under way is lost."""
        self._spoiled = True

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """Frames, CRC included, that end in these bytes; None for one that is spoiled or too long."""
        for byte in data:
            if byte == END:
                lost = self._spoiled or self._escaped
                if lost or self._frame:
                    yield None if lost else bytes(self._frame)
                self._frame.clear()
                self._escaped = self._spoiled = False
            elif self._escaped:
                self._escaped = False
                self._add({ESC_END: END, ESC_ESC: ESC}.get(byte))
            elif byte == ESC:
                self._escaped = True
            else:
                self._add(byte)

    def _add(self, byte: int | None) -> None:
        if byte is None or len(self._frame) == self._most:
            self._spoiled = True
        else:
            self._frame.append(byte)


def encode(request: Request) -> bytes:
    """A request on the wire."""
    seq, _, _, address, entries, data = request
    return stuff(sealed(bytes([seq, request.op, *address.to_bytes(4, "little"), entries - 1, *data])))


def decode(frame: bytes | None) -> Reply | None:
    """The reply in a frame of an `Unstuffer`; None if it is lost or not a reply."""
    content = opened(frame) if frame else None
    if content is None or len(content) < 2:
        return None
    return Reply(content[0], content[1] & 15, content[1] >> 4, content[2:])


MOST_REQUEST, MOST_REPLY = HEADER + MOST_DATA + CRC, 2 + MOST_DATA + CRC
"""Bytes of the frames, at most."""


def sizes(chip: Chip) -> dict[Region, int]:
    """Entries of the regions that a chip has, those of registers and of the link included; others are refused."""
    found = {memory.region: memory.words for memory in memories(chip) if memory.region is not None}
    return dict(sorted({Region.REGISTERS: len(Register), Region.LINK: len(LinkRegister), **found}.items()))


def identity(chip: Chip) -> int:
    """64 bits that tell chip descriptions apart.

    But for names, how long they are run, seeds that are registers, what stands behind the port of the array, and
    what is in a user's own files: one bitstream serves any data of the same numbers of samples, inputs and outputs.
    """
    untold = {"name", "run", "front_end", "pulse_driver"} | ({"seed"} if "seed" not in constants(chip) else set())
    told = chip.config.model_dump(mode="json", exclude=untold)
    if (data := chip.config.data) and data.file:
        told["data"] = {"train": data.train, "order": data.order}
    text = json.dumps(told, sort_keys=True)
    return int.from_bytes(sha256(text.encode()).digest()[:8], "little")
