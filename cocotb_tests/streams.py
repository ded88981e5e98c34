"""Drivers of streams with random stalls, and the bits of their payloads."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from amaranth.hdl import Const, Shape
from amaranth.lib import data
from cocotb.triggers import RisingEdge

PATIENCE = 2000
"""Clocks without a transfer after which a stream counts as stuck, unless its `patience` says otherwise."""


def pack(shape, value) -> int:
    """Bits of a payload: of lanes from a sequence, of a struct from a mapping, or of a number."""
    if isinstance(shape, data.ArrayLayout):
        width = Shape.cast(shape.elem_shape).width
        mask, bits = (1 << width) - 1, 0
        for number in reversed(value):
            bits = bits << width | (int(number) & mask)
        return bits
    if isinstance(shape, data.StructLayout):
        return shape.const(value).as_value().value
    return int(value) & ((1 << shape.width) - 1)


def unpack(shape, bits: int):
    """Payload of its bits: lanes as a list, a struct as `data.Const`, or a number."""
    if isinstance(shape, data.ArrayLayout):
        element = Shape.cast(shape.elem_shape)
        width = element.width
        mask, sign = (1 << width) - 1, element.signed << (width - 1)
        return [((bits >> (width * lane) & mask) ^ sign) - sign for lane in range(shape.length)]
    if isinstance(shape, data.StructLayout):
        return shape.from_bits(bits)
    return Const(bits, shape).value


class _Port:
    """One stream of a block, its handles and the shape of its payload.

    Parameters
    ----------
    dut : handle of the grid
    prefix : str
        Name of the port in the grid, as in "lanes4__signs".
    stream : the component's stream, for its shape
    clock : handle
    rng : numpy.random.Generator
    """

    def __init__(self, dut, prefix: str, stream, clock, rng: np.random.Generator):
        self.name = prefix
        self.shape = stream.payload.shape()
        self.stall = 0.0
        self.patience = PATIENCE
        self._random = rng.random
        self._edge = RisingEdge(clock)
        self._valid, self._ready, self._payload = (
            getattr(dut, f"{prefix}__{member}") for member in ("valid", "ready", "payload")
        )

    def on(self, clock) -> None:
        """Drive the stream on another clock than the grid's."""
        self._edge = RisingEdge(clock)

    def _patience(self, clocks: int, done: int) -> None:
        assert clocks < self.patience, f"{self.name}: stuck for {clocks} clocks after {done} transfers"


class Source(_Port):
    """Drives a stream into a block; `stall` is the probability of an idle clock before a payload."""

    def __init__(self, *args):
        super().__init__(*args)
        self._valid.value = 0

    async def send(self, payloads: Iterable[Any]) -> None:
        """Send payloads (see `pack`); return when the last has been taken."""
        for done, payload in enumerate(payloads):
            while self._random() < self.stall:
                self._valid.value = 0
                await self._edge
            self._payload.value = pack(self.shape, payload)
            self._valid.value = 1
            await self._edge
            clocks = 0
            while not int(self._ready.value):
                self._patience(clocks := clocks + 1, done)
                await self._edge
        self._valid.value = 0


class Sink(_Port):
    """Takes a stream from a block, and checks that a payload, once valid, stays until it is taken.

    `stall` is the probability of a clock that is not ready.

    Parameters
    ----------
    flag : handle, optional
        Signal that may be high only while a payload is taken; `flags` holds it for each payload.

    Attributes
    ----------
    clocks : int
        Clocks that the last `receive` took.
    """

    def __init__(self, *args, flag=None):
        super().__init__(*args)
        self._flag = flag
        self._held: int | None = None
        self.flags: list[bool] = []
        self.clocks = 0
        self._ready.value = 0

    async def receive(self, count: int) -> list[Any]:
        """The next `count` payloads (see `unpack`)."""
        payloads: list[Any] = []
        clocks = self.clocks = 0
        while len(payloads) < count:
            ready = self._random() >= self.stall
            taken = await self._clock(ready)
            self.clocks += 1
            if taken is not None:
                payloads.append(unpack(self.shape, taken))
            clocks = 0 if taken is not None else clocks + 1
            self._patience(clocks, len(payloads))
        self._ready.value = 0
        return payloads

    async def silent(self, clocks: int = 4) -> None:
        """Check that no more payloads come."""
        for _ in range(clocks):
            await self._clock(False)
            assert self._held is None, f"{self.name}: a payload too many"

    async def _clock(self, ready: bool) -> int | None:
        """Let a clock pass; the bits that were taken in it, if any."""
        self._ready.value = ready
        await self._edge
        valid = bool(int(self._valid.value))
        bits = int(self._payload.value) if valid else None
        assert self._held in (None, bits), f"{self.name}: a payload changed before it was taken"
        taken = valid and ready
        self._held = None if taken else bits
        if self._flag is not None:
            flag = bool(int(self._flag.value))
            assert taken or not flag, f"{self.name}: flag without a transfer"
            if taken:
                self.flags.append(flag)
        return bits if taken else None
