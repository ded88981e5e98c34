"""Line codes of the emulated array: from the streams of inputs and hidden neurons to the lanes of an operation."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.memory import Memory

from ...golden.blocks.lib.layout import Layout
from ...golden.chip.memory_map import SAMPLE_WORD
from ..lib.signals import read_port, signals, write_port
from .crossbar_operations import Operations


class LineCodes:
    """Memories of line codes, read for each lane.

    Both rails share the sample's codes, and those of the next sample are taken while the present ones are used.
    Each lane has a copy, as RAM has one port to read. Up to 4 lanes use block RAM, which takes a code a clock and is
    read within a clock; more lanes choose from words of 8 codes, which are read at once and then held.

    Parameters
    ----------
    m : Module
        Module of the array; gets the memories as submodules.
    layout : golden.blocks.lib.layout.Layout
    bits, one : int
        Width of a code, and the code of the bias lines.
    operation : rtl.array.crossbar_operations.Operations
        At the operation whose codes are read; they are when it goes on.
    line : stream in, words of 8 codes, `record_words(inputs)` a sweep.
    hidden : stream in, codes of the hidden neurons in order, both rails.

    Attributes
    ----------
    complete : Value
        Whether the codes of the operation's layer are all there.
    codes : list of list of Signal
        For both rails and all lanes; from the clock after `operation.next` on.
    """

    def __init__(self, m: Module, layout: Layout, bits: int, one: int, *, operation: Operations, line, hidden):
        self._m, self._layout, self._operation = m, layout, operation
        self._bits = bits
        self._single = layout.lanes < SAMPLE_WORD
        done = operation.next & operation.closes_layer
        inputs, bank, filled = self._inputs(line, done & (operation.layer == 0))
        memories, offset, complete = self._hidden(hidden, done)
        self.complete = Mux(operation.layer == 0, filled, complete)
        self.codes: list[list[Signal]] = [[], []]
        for lane in range(layout.lanes):
            column = operation.columns[lane]
            shared = self._input(inputs[lane], bank, column)
            is_one, is_input = operation.ends[lane], operation.layer == 0
            if self._single:
                is_one, is_input = self._held(is_one, f"one_{lane}"), self._held(is_input, f"input_{lane}")
            for rail, copies in enumerate(memories):
                own = self._read(copies[lane], (offset + column)[: (copies[lane].depth - 1).bit_length()])
                code = Mux(is_one, one, Mux(is_input, shared, own))
                chosen = Signal(signed(bits), name=f"code_{rail}_{lane}")
                m.d.comb += chosen.eq(code if self._single else self._held(code, f"held_{rail}_{lane}"))
                self.codes[rail].append(chosen)

    def _held(self, value: Value, name: str) -> Value:
        """The value of the operation that was left."""
        held = Signal(Value.cast(value).shape(), name=name)
        with self._m.If(self._operation.next):
            self._m.d.sync += held.eq(value)
        return held

    def _read(self, memory: Memory, address: Value) -> Value:
        """What a memory holds: of the operation that was left, or at once."""
        port = read_port(memory) if self._single else read_port(memory, domain="comb")
        self._m.d.comb += port.addr.eq(address)
        if self._single:
            self._m.d.comb += port.en.eq(self._operation.next)
        return port.data

    def _copies(self, name: str, shape, depth: int, write: Value, address: Value, value) -> list[Memory]:
        """A memory for each lane, in which the same is written."""
        copies = [Memory(shape=shape, depth=depth, init=[]) for _ in range(self._layout.lanes)]
        for lane, memory in enumerate(copies):
            self._m.submodules[f"{name}_{lane}"] = memory
            port = write_port(memory)
            self._m.d.comb += [port.en.eq(write), port.addr.eq(address), port.data.eq(value)]
        return copies

    def _inputs(self, line, done: Value) -> tuple[list[Memory], Value, Value]:
        """Fill a bank while the other one is read: the memories, the bank that is read, and whether it is full."""
        m, codes = self._m, 1 if self._single else SAMPLE_WORD
        count = -(-self._layout.layers[0] // codes)
        bits = (count - 1).bit_length()
        place, last = Signal(range(max(SAMPLE_WORD, count)), name="place"), Signal(name="last")
        full = Signal(2, name="full")
        bank, filling, filled, write = signals("bank filling filled write")
        shape, value = line.payload.shape(), line.payload
        if self._single:
            shape, value = signed(self._bits), Array(line.payload)[place[:3]]
        memories = self._copies("inputs", shape, 2 << bits, write, Cat(place[:bits], filling), value)
        m.d.comb += [
            last.eq(place == count - 1),
            write.eq(line.valid & ~full.bit_select(filling, 1)),
            line.ready.eq(write & (last | place[:3].all() | (not self._single))),
            filled.eq(write & last),
        ]
        with m.If(write):
            m.d.sync += place.eq(Mux(last, 0, place + 1))
        with m.If(filled):
            m.d.sync += [full.bit_select(filling, 1).eq(1), filling.eq(~filling)]
        with m.If(done):
            m.d.sync += [full.bit_select(bank, 1).eq(0), bank.eq(~bank)]
        return memories, bank, full.bit_select(bank, 1)

    def _input(self, memory: Memory, bank: Value, column: Value) -> Value:
        """Code of an input line."""
        bits = (memory.depth // 2 - 1).bit_length()
        if self._single:
            return self._read(memory, Cat(column[:bits], bank))
        word = self._read(memory, Cat(column[3 : 3 + bits], bank))
        return Array(word[k] for k in range(SAMPLE_WORD))[column[:3]]

    def _hidden(self, hidden, done: Value) -> tuple[list[list[Memory]], Value, Value]:
        """Keep the hidden neurons' codes: memories of both rails, place of the layer's first, whether all came."""
        m, layout, layer = self._m, self._layout, self._operation.layer
        first = [sum(layout.layers[1 : k + 1]) for k in range(len(layout.rows))]
        depth = max(2, sum(layout.layers[1:-1]))
        filled, complete = Signal(range(depth + 1), name="filled"), Signal(name="complete")
        offset = Signal(range(depth + 1), name="offset")
        m.d.comb += [hidden.ready.eq(1), offset.eq(Array(Const(n) for n in [0, 0, *first[1:]])[layer])]
        with m.If(hidden.valid):
            m.d.sync += filled.eq(filled + 1)
            # The last of a layer's inputs comes when the array is done with the layer before.
            with m.If(filled + 1 == Array(Const(n) for n in first)[layer]):
                m.d.sync += complete.eq(1)
        with m.If(done):
            m.d.sync += complete.eq(0)
            with m.If(layer == len(layout.rows) - 1):
                m.d.sync += filled.eq(0)
        shape = signed(self._bits)
        memories = [
            self._copies(f"hidden_{rail}", shape, depth, hidden.valid, filled, hidden.payload[rail])
            for rail in ("rail0", "rail1")
        ]
        return memories, offset, complete
