"""The board's side of the link: what `fpga.link.link` answers, byte for byte; see `golden.link.frames`."""

from collections.abc import Mapping, MutableSequence

from ..chip.memory_map import INDEX_BITS, LinkRegister, Region
from .frames import (
    DROPPED_MOST,
    HEADER,
    MOST_DATA,
    MOST_REQUEST,
    VERSION,
    WIDTHS,
    Kind,
    Status,
    Unstuffer,
    opened,
    sealed,
    stuff,
)


class Device:
    """A board's side of the link.

    It takes a request at a time: the RTL does not hear what comes while it answers.

    Parameters
    ----------
    regions : mapping of Region to sequence of int
        Entries of all regions but LINK; what is written is within 32 bits signed.
    identity : int
        See `identity`.
    clock_hz : int

    Attributes
    ----------
    busy : bool
        The engine runs.
    link : list of int
        Entries of the region LINK.
    """

    def __init__(self, regions: Mapping[Region, MutableSequence[int]], identity: int, clock_hz: int):
        self.busy = False
        self.link = [VERSION, identity & 0xFFFFFFFF, identity >> 32, clock_hz, 0, 0]
        self._regions: dict[int, MutableSequence[int]] = {**regions, Region.LINK: self.link}
        self._frames = Unstuffer(MOST_REQUEST)
        self._session = False
        self._last: tuple[int, int, Status] | None = None  # seq, kind and status of the last request

    def spoil(self) -> None:
        """A byte came whose stop bit was wrong."""
        self._frames.spoil()

    def feed(self, data: bytes) -> bytes:
        """Bytes answered to these bytes."""
        return b"".join(map(self._frame, self._frames.feed(data)))

    def _frame(self, frame: bytes | None) -> bytes:
        content = opened(frame) if frame else None
        if content is None or len(content) < HEADER:
            self.link[LinkRegister.DROPPED] = min(self.link[LinkRegister.DROPPED] + 1, DROPPED_MOST)
            return b""
        status, data = self._answer(content)
        return stuff(sealed(bytes([content[0], content[1] & 15 | status << 4, *data])))

    def _answer(self, content: bytes) -> tuple[Status, bytes]:
        seq, kind = content[0], content[1] & 3
        if kind != Kind.HELLO:
            if not self._session or self._last is None:
                return Status.SESSION, b""
            last, last_kind, last_status = self._last
            again = (seq, kind) == (last, last_kind)
            if again and kind == Kind.WRITE:
                return last_status, b""
            if not again and seq != (last + 1) % 256:
                return Status.SEQUENCE, b""
        status, data = self._do(content)
        self._last = seq, kind, status
        self._session |= kind == Kind.HELLO and status == Status.OK
        return status, data

    def _do(self, content: bytes) -> tuple[Status, bytes]:
        op, place, count = content[1], int.from_bytes(content[2:6], "little"), content[6] + 1
        kind, data, write = op & 3, content[HEADER:], op & 3 == Kind.WRITE
        if op >> 2 >= len(WIDTHS) or kind not in list(Kind):
            return Status.OPERATION, b""
        width = WIDTHS[op >> 2]
        if count * width > MOST_DATA or len(data) != (count * width if write else 0):
            return Status.LENGTH, b""
        region, index = place >> INDEX_BITS, place & ((1 << INDEX_BITS) - 1)
        entries = self._regions.get(region, [])
        if index + count > len(entries) or not self._may(region, index, count, write):
            return Status.ADDRESS, b""
        if self.busy and region not in (Region.REGISTERS, Region.LINK):
            return Status.BUSY, b""
        if write:
            for k in range(count):
                value = int.from_bytes(data[k * width : (k + 1) * width], "little", signed=True)
                entries[index + k] = value & 0xFFFF if region == Region.LINK else value
            return Status.OK, b""
        mask = (1 << 8 * width) - 1
        values = [int(entries[index + k]) & mask for k in range(count)]
        return Status.OK, b"".join(value.to_bytes(width, "little") for value in values)

    @staticmethod
    def _may(region: int, index: int, count: int, write: bool) -> bool:
        """Whether entries that are there may be written, or read."""
        if region == Region.LINK and write:
            return (index, count) == (LinkRegister.WATCHDOG, 1)
        return write or region != Region.SAMPLES
