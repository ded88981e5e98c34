"""Memory of an update's vector, d and x, filled by the streams that bring its parts; a part of
`rtl.tiki_taka.pulses`.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory

from ...golden.blocks.lib.fixed import limit
from ...golden.chip.memory_map import SAMPLE_WORD, record_words
from ..lib.signals import read_port, signals, write_port


class UpdateVector:
    """A memory a lane, each of one number a word: filled, then read, then filled anew.

    Line codes come in words of 8 codes, which start anywhere within a word of lanes. But a code's place within
    an aligned group of 8 lanes (of all lanes, if there are fewer) is always the same, so nothing is shifted:
    each lane takes the code that is always its own, in its own word, if the group is its own.

    Parameters
    ----------
    m : Module
        Gets the memories as submodules.
    block : rtl.tiki_taka.pulses.PulseTrains

    Attributes
    ----------
    full : all that a command needs is there.
    freed : the command has been carried out. word, move : the word of numbers to be shown next, and its strobe.
        Driven by the block.
    sizes, signs : magnitude of each lane's number, and whether it is negative.
    any_row : a row's value is not 0.
    line_length : bit length of the largest probability of a line, before any shift.
    """

    def __init__(self, m: Module, block):
        pulses, layout = block.pulses, block.layout
        self._m, self._block, self._lanes = m, block, layout.lanes
        self._bits = max(pulses.row_bits, pulses.line_bits)
        self._entry = data.StructLayout({"size": self._bits - 1, "negative": 1})
        self.freed, self.any_row = Signal(name="freed"), Signal(name="any_row")
        self.word, self.move = Signal(range(max(2, block.words)), name="vector_word"), Signal(name="vector_move")
        self.sizes: list[Value] = []
        self.signs: list[Value] = []
        # Enable, address and data of each lane's write port; later sources come first.
        self._enable = [Signal(name=f"enable_{lane}") for lane in range(self._lanes)]
        self._address = [Signal.like(self.word, name=f"address_{lane}") for lane in range(self._lanes)]
        self._data = [Signal(self._entry, name=f"data_{lane}") for lane in range(self._lanes)]

        self._filled = Signal(name="values_full")
        self.full = self._filled
        busy = Const(0)
        if block.lined:
            self._line_full = Signal(init=1, name="line_full")
            self.full = self._filled & self._line_full
            if layout.layers:
                self._hidden_full = Signal(init=1, name="hidden_full")
                self.full &= self._hidden_full
                busy = self._hidden(block.hidden)
                code = limit(pulses.line_bits)  # of a bias
                self.line_length = Const((code << pulses.line_shift).bit_length())
            busy = self._line(block.line, busy)
        self._values(block.values, busy)
        self._read()

    def _read(self) -> None:
        """A memory for each lane, with a bias's full scale put in."""
        m, block, lanes = self._m, self._block, self._lanes
        rows, columns = block.pulses.rows, block.layout.columns
        driven = block.lined and block.layout.layers
        biases = [rows + sum(columns[: k + 1]) - 1 for k in range(len(columns))] if driven else []
        for lane in range(lanes):
            memory = Memory(shape=self._entry, depth=max(2, block.words), init=[])
            m.submodules[f"lane{lane}"] = memory
            write, read = write_port(memory), read_port(memory)
            m.d.comb += [
                write.en.eq(self._enable[lane]),
                write.addr.eq(self._address[lane]),
                write.data.eq(self._data[lane]),
                read.en.eq(self.move),
                read.addr.eq(self.word),
            ]
            size, negative = read.data.size, read.data.negative
            bias = [b // lanes for b in biases if b % lanes == lane]
            if bias:  # of which nothing was ever written
                full = Signal(name=f"bias_{lane}")
                with m.If(self.move):
                    m.d.sync += full.eq(Cat(self.word == word for word in bias).any())
                size, negative = size | full.replicate(block.pulses.line_bits - 1), negative & ~full
            self.sizes.append(size)
            self.signs.append(negative)

    def _number(self, value: Value) -> Value:
        """Entry of a signed number."""
        return Cat(abs(value)[: self._bits - 1] | Const(0, self._bits - 1), value[-1])

    def _values(self, source, busy: Value) -> None:
        """Values, of rows or of all elements: word by word."""
        m, block, lanes = self._m, self._block, self._lanes
        pulses = block.pulses
        size = pulses.rows if block.lined else block.size
        words = -(-size // lanes)
        place = Signal(range(max(2, words)), name="value_word")
        accept = Signal(name="value_take")
        last = Signal(name="last")
        m.d.comb += [
            source.ready.eq(~self._filled & ~busy),
            accept.eq(source.valid & source.ready),
            last.eq(place == words - 1),
        ]
        row, sizes = [], []
        for lane, value in enumerate(source.payload):
            inside = Const(1) if lane < size - (words - 1) * lanes else ~last
            is_row = place < -(-(pulses.rows - lane) // lanes) if lane < pulses.rows else Const(0)
            row.append((value != 0) & is_row)
            sizes.append(Mux(is_row | ~inside, 0, abs(value)))
            with m.If(accept):
                m.d.comb += [self._enable[lane].eq(inside), self._address[lane].eq(place)]
                m.d.comb += self._data[lane].eq(self._number(value))
        with m.If(accept):
            m.d.sync += [place.eq(Mux(last, 0, place + 1)), self._filled.eq(last)]
            m.d.sync += self.any_row.eq(self.any_row | Cat(row).any())
        with m.If(self.freed):
            m.d.sync += [self._filled.eq(0), self.any_row.eq(0)]
        if not block.lined:
            self._see(accept, sizes)

    def _see(self, accept: Value, sizes: list[Value]) -> None:
        """Find the length of the largest probability of a line, of magnitudes as they are accepted."""
        m, pulses = self._m, self._block.pulses
        seen, union = Signal(pulses.line_bits - 1, name="seen"), Const(0)
        for value in sizes:
            union = union | value
        with m.If(accept):
            m.d.sync += seen.eq(seen | union)
        with m.If(self.freed):
            m.d.sync += seen.eq(0)
        self.line_length = Mux(seen == 0, 0, length(m, seen) + pulses.line_shift)

    def _line(self, source, busy: Value) -> Value:
        """Codes of the inputs, or of all lines of groups: as many a clock as a word of codes, or of lanes, holds."""
        m, block, lanes = self._m, self._block, self._lanes
        rows, inputs = block.pulses.rows, block.layout.layers[0] if block.layout.layers else block.pulses.lines
        group = min(SAMPLE_WORD, lanes)
        parts, banks = SAMPLE_WORD // group, lanes // group
        count = record_words(inputs) * parts
        number = Signal(range(max(2, count)), name="line_number")
        accept = Signal(name="line_take")
        final = Signal(name="final")
        m.d.comb += [
            accept.eq(source.valid & ~self._line_full & ~busy),
            final.eq(number == count - 1),
            source.ready.eq(accept & ((number & (parts - 1)) == parts - 1)),
        ]
        # Aligned group of the vector that a code belongs to, where the codes' group ends and where it starts.
        early = Signal(range(rows // group + count + 2), name="early")
        late = Signal(range(rows // group + count + 2), name="late")
        m.d.comb += [early.eq(number + rows // group), late.eq(number + rows // group + 1)]
        low = (banks - 1).bit_length()
        codes = source.payload.as_value().word_select(number & (parts - 1), group * block.pulses.line_bits)
        numbers = [self._number(codes.word_select(k, block.pulses.line_bits).as_signed()) for k in range(group)]
        for lane in range(lanes):
            code = (lane - rows) % group
            if code >= inputs:
                continue
            at = late if lane % group < rows % group else early
            ends = max(0, -(-(inputs - code) // group))
            with m.If(accept):
                m.d.comb += [
                    self._enable[lane].eq((at[:low] == lane // group) & (number < ends) if ends else 0),
                    self._address[lane].eq(at >> low),
                    self._data[lane].eq(numbers[code]),
                ]
        if not block.layout.layers:
            there = [number < max(0, -(-(inputs - k) // group)) for k in range(group)]
            self._see(accept, [Mux(inside, code[:-1], 0) for inside, code in zip(there, numbers, strict=True)])
        with m.If(accept):
            m.d.sync += [number.eq(Mux(final, 0, number + 1)), self._line_full.eq(final)]
        with m.If(self.freed):
            m.d.sync += self._line_full.eq(0)
        return source.valid & ~self._line_full | busy

    def _hidden(self, source) -> Value:
        """Line codes of the hidden neurons, one a clock."""
        m, block, lanes = self._m, self._block, self._lanes
        rows, columns = block.pulses.rows, block.layout.columns
        if len(columns) == 1:
            m.d.comb += source.ready.eq(0)
            return Const(0)
        first, end = rows + columns[0], block.size - 1
        biases = [rows + sum(columns[: k + 1]) - 1 for k in range(1, len(columns))]
        element = Signal(range(end + 2), init=first, name="hidden_element")
        accept, final = signals("accept final")
        last = Signal(name="last")
        m.d.comb += [
            source.ready.eq(~self._hidden_full),
            accept.eq(source.valid & source.ready),
            last.eq(Cat(element == b - 1 for b in biases).any()),
            final.eq(element == end - 1),
        ]
        low = (lanes - 1).bit_length()
        with m.If(accept):
            m.d.sync += [
                element.eq(Mux(final, first, Mux(last, element + 2, element + 1))),
                self._hidden_full.eq(final),
            ]
        with m.If(self.freed):
            m.d.sync += self._hidden_full.eq(0)
        entry = self._number(source.payload.rail1)
        for lane in range(lanes):
            with m.If(accept):
                m.d.comb += [
                    self._enable[lane].eq(element[:low] == lane),
                    self._address[lane].eq(element >> low),
                    self._data[lane].eq(entry),
                ]
        return source.valid & ~self._hidden_full


def length(m: Module, value: Value) -> Signal:
    """Bit length of an unsigned number."""
    bits = Signal(range(len(value) + 1), name="bits")
    for k in range(len(value)):
        with m.If(value[k]):
            m.d.comb += bits.eq(k + 1)
    return bits
