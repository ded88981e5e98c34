"""What all buses come down to: a request for a word, and its answer."""

from amaranth.lib import data
from amaranth.lib.stream import Signature as Stream
from amaranth.lib.wiring import Component, In, Member, Out, Signature

ADDRESS_BITS = 32
DATA_BITS = 32
REQUEST = data.StructLayout({"address": ADDRESS_BITS, "write": 1, "data": DATA_BITS, "strobe": DATA_BITS // 8})
"""Byte address, whether it is a write, the word, and which of its bytes are meant."""
ANSWER = data.StructLayout({"error": 1, "data": DATA_BITS})


class BusPort(Signature):
    """Port towards a chip's registers and memories, one request at a time.

    Members
    -------
    request : stream, see `REQUEST`.
    answer : stream in: of each request one answer, `ANSWER`; its word is 0 where a request writes or is in error.
    """

    def __init__(self) -> None:
        super().__init__({"request": Out(Stream(REQUEST)), "answer": In(Stream(ANSWER))})


class BusAdapter(Component):
    """From the ports of some bus to `BusPort`.

    Parameters
    ----------
    bits : int
        Of a byte address.

    Members
    -------
    bus : see `BusPort`; and those of `ports`.
    """

    def __init__(self, bits: int):
        super().__init__({**self.ports(bits), "bus": Out(BusPort())})

    @staticmethod
    def ports(bits: int) -> dict[str, Member]:
        """Members towards the bus, with addresses of so many bits."""
        raise NotImplementedError
