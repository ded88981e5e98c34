"""Memories of two sets, of which one is filled by a stream while all lanes read anywhere in the other one."""

from amaranth.hdl import Array, Cat, Module, Mux, Shape, Signal, Value
from amaranth.lib.memory import Memory


class Sets:
    """State of a memory of two sets, of which one is filled by a stream while the other one is read.

    Parameters
    ----------
    m : Module
    name : str
    source : stream in; ready while there is a set to be filled.
    count : int
        Payloads a set.
    freed : Value
        The set that is read is not needed any more.
    full : int
        Sets that are there after reset.

    Attributes
    ----------
    write, place : set that a payload belongs to, and its place there.
    take : a payload is written.
    read : set to be read.
    full : that set is there.
    """

    def __init__(self, m: Module, name: str, source, count: int, freed: Value, full: int = 0):
        self.write, self.read = Signal(init=full, name=f"{name}_write"), Signal(name=f"{name}_read")
        self.place = Signal(range(max(2, count)), name=f"{name}_place")
        self.take, filled = Signal(name=f"{name}_take"), Signal(name=f"{name}_filled")
        held = Signal(range(3), init=full, name=f"{name}_held")
        self.full = held != 0
        m.d.comb += [
            source.ready.eq(held != 2),
            self.take.eq(source.valid & source.ready),
            filled.eq(self.take & (self.place == count - 1)),
        ]
        m.d.sync += [
            held.eq(held + filled - freed),
            self.write.eq(self.write ^ filled),
            self.read.eq(self.read ^ freed),
        ]
        with m.If(self.take):
            m.d.sync += self.place.eq(Mux(filled, 0, self.place + 1))


class Lookup:
    """Two sets of words of numbers, of which each lane reads any number a clock.

    Parameters
    ----------
    m : Module
    sets : Sets
    place : Value
        Place of the payload that is written, modulo a power of two that is at least `count`.
    payload : Value
        A word.
    shape : Shape
        Of a number.
    count : int
        Words a set.
    move : Value
        Go on by a clock.
    """

    def __init__(self, m: Module, sets: Sets, place: Value, payload: Value, shape: Shape, count: int, move: Value):
        self._m, self._sets, self._move = m, sets, move
        self._payload, self._shape = payload, shape
        self._length = len(payload) // shape.width
        self._low = (self._length - 1).bit_length()
        self._place = Signal(range(max(2, count)))
        m.d.comb += self._place.eq(place)

    def at(self, index: Value, name: str) -> Signal:
        """The number at an index, a clock later: from a memory of its own, as all lanes read at once."""
        m, number = self._m, Signal(self._shape, name=f"{name}_number")
        word, within = self._word(index >> self._low, self._payload, name), Signal(self._low, name=f"{name}_within")
        if self._low:
            with m.If(self._move):
                m.d.sync += within.eq(index)
        m.d.comb += number.eq(word.word_select(within, self._shape.width) if self._low else word)
        return number

    def near(self, indices: list[Value], reach: list[int], name: str) -> list[Value]:
        """The number at each lane's index, a clock later, if that is at most `reach` beyond the one of lane 0.

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
        for ahead in range(max(reach) + 1):
            number = Signal(self._shape, name=f"{name}_following_{ahead}")
            m.d.comb += number.eq(Array(banks[ahead:] + banks[:ahead])[start] if low else banks[0])
            following.append(number)
        values = [following[0]]
        for lane, most in enumerate(reach[1:], 1):
            ahead = Signal(range(max(2, most + 1)), name=f"{name}_ahead_{lane}")
            with m.If(self._move):
                m.d.sync += ahead.eq(indices[lane] - first)
            values.append(Array(following[: most + 1])[ahead] if most else following[0])
        return values

    def _word(self, row: Value, payload: Value, name: str) -> Value:
        """What a memory of its own, for this part of the payload, has in a row, a clock later."""
        m, address = self._m, Signal.like(self._place, name=f"{name}_row")
        m.submodules[name] = memory = Memory(shape=len(payload), depth=2 << len(self._place), init=[])
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.en.eq(self._sets.take),
            write.addr.eq(Cat(self._place, self._sets.write)),
            write.data.eq(payload),
            address.eq(row),
            read.en.eq(self._move),
            read.addr.eq(Cat(address, self._sets.read)),
        ]
        return read.data
