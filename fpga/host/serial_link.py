"""The link to a board: requests in frames of `golden.link.frames`, sent again until they are answered."""

import time
from dataclasses import dataclass
from random import randrange
from typing import Protocol

import numpy as np
import serial
from numpy.typing import NDArray

from ...golden.chip.memory_map import LinkRegister, Region, address
from ...golden.link.frames import (
    CRC,
    MOST_DATA,
    MOST_REPLY,
    WIDTHS,
    Kind,
    Reply,
    Request,
    Status,
    Unstuffer,
    decode,
    encode,
)
from ..errors import BoardError, BoardReset, BoardSilent

PATIENCE = 10.0
"""Seconds that a request is sent again for, until there is an answer."""
SHORTEST, FIRST, LONGEST = 0.05, 0.25, 1.0
"""Seconds that an answer is waited for: at least, while it is not known how long it takes, and at most."""
LOST = (Status.SEQUENCE, Status.SESSION)
"""Answers of a board that another host took, or that was reset."""


class Channel(Protocol):
    """Bytes to and from a board, as of `serial.Serial`."""

    def write(self, data: bytes, /) -> int | None:
        """Send bytes."""
        ...

    def read(self, size: int = 1, /) -> bytes:
        """Bytes received, at most `size`; waits a moment for the first."""
        ...


@dataclass
class Counts:
    """What went over a link: requests, those sent again, replies that came damaged, and bytes."""

    requests: int = 0
    repeats: int = 0
    damaged: int = 0
    sent: int = 0
    received: int = 0


class SerialLink:
    """Reads and writes of a board's memories over a channel of bytes; a `Transport`.

    A request is sent again when no answer has come for several times as long as answers take. The board does a
    write once, however often it hears it.

    Parameters
    ----------
    channel : Channel
    name : str
        What sentences call it: the port.
    patience : float
        Seconds after which there is no use in sending a request once more.

    Attributes
    ----------
    counts : Counts
        Since the link was made.

    Raises
    ------
    BoardReset
        By `read` and `write`: the board has been reset since `hello`, or another host took it.
    BoardSilent
        It does not answer.
    BoardError
        It has not what was asked for, or the port is gone.
    """

    def __init__(self, channel: Channel, name: str, patience: float = PATIENCE):
        self.channel, self.name, self.patience = channel, name, patience
        self.counts = Counts()
        self._seq = randrange(256)
        self._frames = Unstuffer(MOST_REPLY)
        self._pace = 0.0
        self._unanswered: Request | None = None

    def hello(self, patience: float | None = None) -> NDArray[np.uint32]:
        """Open a session, and return the entries of the region LINK."""
        self._unanswered = None
        there = Request(self._seq, Kind.HELLO, 4, address(Region.LINK, 0), len(LinkRegister))
        return np.frombuffer(self._exchange(there, patience or self.patience).data, "<u4")

    def write(self, region: Region, index: int, values: NDArray[np.integer]) -> None:
        """Write entries, in frames of the narrowest width that holds them all."""
        entries = values.astype(np.int64).astype(np.uint32).view(np.int32)
        width = next(w for w in WIDTHS if w == 4 or np.all(entries == entries.astype(f"i{w}")))
        most = MOST_DATA // width
        for start in range(0, entries.size, most):
            part = entries[start : start + most].astype(f"<i{width}")
            self._request(Kind.WRITE, width, region, index + start, part.size, part.tobytes())

    def read(self, region: Region, index: int, count: int) -> NDArray[np.int32]:
        """Read entries."""
        most = MOST_DATA // 4
        parts = [
            self._request(Kind.READ, 4, region, index + start, min(most, count - start))
            for start in range(0, count, most)
        ]
        return np.frombuffer(b"".join(parts), "<i4").astype(np.int32)

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def _request(self, kind: Kind, width: int, region: Region, index: int, count: int, data: bytes = b"") -> bytes:
        if self._unanswered:  # an exception ended the wait for it; whether the board has done it is not known
            self._exchange(self._unanswered, self.patience)
        self._seq = (self._seq + 1) % 256
        request = Request(self._seq, kind, width, address(region, index), count, data)
        reply = self._exchange(request, self.patience)
        if reply.status in LOST:
            raise BoardReset(f"{self.name}: the board was reset, or another host has used it; what it held is lost.")
        if reply.status != Status.OK:
            status = Status(reply.status).name if reply.status in list(Status) else reply.status
            verb = "write" if kind == Kind.WRITE else "read"
            raise BoardError(
                f"{self.name}: the board refused to {verb} {count} entries of {region.name} from {index} on ({status})."
            )
        return reply.data

    def _exchange(self, request: Request, patience: float) -> Reply:
        """Send a request until it is answered."""
        wire, back = encode(request), 0 if request.kind == Kind.WRITE else request.entries * request.width
        self._unanswered = request
        self.counts.requests += 1
        size = len(wire) + back + CRC
        timeout = min(max(SHORTEST, 4 * self._pace * size), LONGEST) if self._pace else FIRST
        waited, began = 0.0, time.monotonic()
        self._send(wire)
        while True:
            if reply := self._receive(request, back, time.monotonic() + timeout):
                break
            waited += timeout  # not what the clock says: this process may have been suspended
            if waited > patience:
                raise BoardSilent(f"{self.name}: the board has not answered for {waited:.1f} seconds.")
            self.counts.repeats += 1
            self._pace *= 1.25
            timeout = min(2 * timeout, LONGEST)
            self._send(wire)
        if not waited:
            self._pace = max((time.monotonic() - began) / size, 0.9 * self._pace)
        self._unanswered = None
        return reply

    def _send(self, wire: bytes) -> None:
        try:
            self.channel.write(wire)
        except serial.SerialTimeoutException:
            pass  # nobody takes the bytes: as with lost ones there is no answer
        except OSError as error:
            raise BoardError(_gone(self.name, error)) from None
        self.counts.sent += len(wire)

    def _receive(self, request: Request, size: int, until: float) -> Reply | None:
        """The answer to a request, with so many bytes of data if it is done; None if none comes in time."""
        data = b"?"
        while data or time.monotonic() < until:  # what came while this process did not run is looked at, too
            try:
                data = self.channel.read(1)
                if data and (more := getattr(self.channel, "in_waiting", 0)):
                    data += self.channel.read(more)
            except OSError as error:
                raise BoardError(_gone(self.name, error)) from None
            self.counts.received += len(data)
            found = None
            for frame in self._frames.feed(data):
                reply = decode(frame)
                self.counts.damaged += reply is None
                if reply and (reply.seq, reply.op) == (request.seq, request.op):
                    if len(reply.data) == (0 if reply.status else size):
                        found = reply
            if found:
                return found
        return None


def _gone(name: str, error: OSError) -> str:
    return f"{name}: the serial port is gone ({error})."
