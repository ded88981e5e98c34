"""Double buffers: one bank is filled by a stream while all lanes read anywhere in the other one."""

from amaranth.hdl import Array, Cat, Module, Mux, Shape, Signal, Value
from amaranth.lib.memory import Memory

from ..lib.signals import read_port, write_port


class DoubleBuffer:
    """Which bank of a double buffer is filled by a stream, and which is read.

    Parameters
    ----------
    m : Module
    name : str
    source : stream in; ready while there is a bank to be filled.
    count : int
        Payloads a bank.
    freed : Value
        The bank that is read is not needed any more.
    full : int
        Banks that are full after reset.

    Attributes
    ----------
    write, index : bank that a payload belongs to, and its index there.
    accept : a payload is written.
    read : bank to be read.
    full : that bank is.
    """

    def __init__(self, m: Module, name: str, source, count: int, freed: Value, full: int = 0):
        self.write, self.read = Signal(init=full, name=f"{name}_write"), Signal(name=f"{name}_read")
        self.index = Signal(range(max(2, count)), name=f"{name}_index")
        self.accept, filled = Signal(name=f"{name}_accept"), Signal(name=f"{name}_filled")
        held = Signal(range(3), init=full, name=f"{name}_held")
        self.full = held != 0
        m.d.comb += [
            source.ready.eq(held != 2),
            self.accept.eq(source.valid & source.ready),
            filled.eq(self.accept & (self.index == count - 1)),
        ]
        m.d.sync += [
            held.eq(held + filled - freed),
            self.write.eq(self.write ^ filled),
            self.read.eq(self.read ^ freed),
        ]
        with m.If(self.accept):
            m.d.sync += self.index.eq(Mux(filled, 0, self.index + 1))


class BufferMemory:
    """Memory of a double buffer of words of numbers, of which each lane reads any number a clock.

    Parameters
    ----------
    m : Module
    buffer : DoubleBuffer
    index : Value
        Index of the payload that is written, modulo a power of two that is at least `count`.
    payload : Value
        A word.
    shape : Shape
        Of a number.
    count : int
        Words a bank.
    move : Value
        Go on by a clock.
    """

    def __init__(
        self, m: Module, buffer: DoubleBuffer, index: Value, payload: Value, shape: Shape, count: int, move: Value
    ):
        self._m, self._buffer, self._move = m, buffer, move
        self._payload, self._shape = payload, shape
        self._length = len(payload) // shape.width
        self._low = (self._length - 1).bit_length()
        self._index = Signal(range(max(2, count)), name="index")
        m.d.comb += self._index.eq(index)

    def read(self, index: Value, name: str) -> Signal:
        """The number at an index, a clock later: from a memory of its own, as all lanes read at once."""
        m, number = self._m, Signal(self._shape, name=f"{name}_number")
        word, within = self._word(index >> self._low, self._payload, name), Signal(self._low, name=f"{name}_within")
        if self._low:
            with m.If(self._move):
                m.d.sync += within.eq(index)
        m.d.comb += number.eq(word.word_select(within, self._shape.width) if self._low else word)
        return number

    def read_near(self, indices: list[Value], spread: list[int], name: str) -> list[Value]:
        """The number at each lane's index, a clock later, if that is at most `spread` beyond the one of lane 0.

        Reaches are below the length of a word, so that one memory for each of its places holds all that is read.
        """
        m, width, length, low = self._m, self._shape.width, self._length, self._low
        first, start = indices[0], Signal(max(1, low), name=f"{name}_start")
        banks = []
        for bank in range(length):
            row = (first + (length - 1 - bank)) >> low
            banks.append(self._word(row, self._payload.word_select(bank, width), f"{name}_{bank}"))
        with m.If(self._move):
            m.d.sync += start.eq(first[:low])
        following = []
        for ahead in range(max(spread) + 1):
            number = Signal(self._shape, name=f"{name}_following_{ahead}")
            m.d.comb += number.eq(Array(banks[ahead:] + banks[:ahead])[start] if low else banks[0])
            following.append(number)
        values = [following[0]]
        for lane, farthest in enumerate(spread[1:], 1):
            ahead = Signal(range(max(2, farthest + 1)), name=f"{name}_ahead_{lane}")
            with m.If(self._move):
                m.d.sync += ahead.eq(indices[lane] - first)
            values.append(Array(following[: farthest + 1])[ahead] if farthest else following[0])
        return values

    def _word(self, row: Value, payload: Value, name: str) -> Value:
        """What a memory of its own, for this part of the payload, has in a row, a clock later."""
        m, address = self._m, Signal.like(self._index, name=f"{name}_row")
        m.submodules[name] = memory = Memory(shape=len(payload), depth=2 << len(self._index), init=[])
        write, read = write_port(memory), read_port(memory)
        m.d.comb += [
            write.en.eq(self._buffer.accept),
            write.addr.eq(Cat(self._index, self._buffer.write)),
            write.data.eq(payload),
            address.eq(row),
            read.en.eq(self._move),
            read.addr.eq(Cat(address, self._buffer.read)),
        ]
        return read.data
