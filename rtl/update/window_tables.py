"""Tables of sums of a window's costs, and each lane's sum from them; see `golden.blocks.update.window`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.update.window import Window
from ..lib.layout import lane_words
from ..lib.signals import read_port, write_port


def depth(window: Window) -> int:
    """Clocks from a word's place to its sums: a register for each level of additions, or one."""
    return max(1, window.tables.bit_length() - 1)


class _Tables(Component):
    """What both kinds have.

    Parameters
    ----------
    window : golden.blocks.update.window.Window
    layout : golden.blocks.lib.layout.Layout

    Members
    -------
    entry, value : an entry of the tables, and what is written there.
    write : strobe of each table.
    advance : all registers take what comes next.
    clear, partial : the sums that come next are zero, or those of the last word with its padding.
    sums : sums of a word of lanes, from a register: those that stood in the tables `depth` clocks ago.
    """

    def __init__(self, window: Window, layout: Layout, members: dict):
        self.window = window
        self.layout = layout
        super().__init__(
            {
                "entry": In(window.entry_bits),
                "value": In(signed(window.table_bits)),
                "write": In(window.tables),
                "advance": In(1),
                "clear": In(1),
                "partial": In(1),
                "sums": Out(lane_words(window.bits, layout.lanes)),
            }
            | members
        )

    def _table(self, m: Module, name: str, entries: int, write: Value, address: Value) -> Memory:
        m.submodules[name] = memory = Memory(shape=signed(self.window.table_bits), depth=entries, init=[])
        port = write_port(memory)
        m.d.comb += [port.en.eq(write), port.addr.eq(address), port.data.eq(self.value)]
        return memory

    def _give(self, m: Module, lane: int, value: Value) -> None:
        """The last register of a lane; a reset input clears it, which costs no LUT."""
        used = self.layout.parameters - (self.layout.words - 1) * self.layout.lanes
        zero = self.clear if lane < used else self.clear | self.partial
        register = Signal(signed(self.window.bits), name=f"sum{lane}", reset_less=True)
        with m.If(self.advance):
            m.d.sync += register.eq(Mux(zero, 0, value))
        m.d.comb += self.sums[lane].eq(register)


class RandomTables(_Tables):
    """Distributed arithmetic: 16 entries for four slots, read by each lane at the address that its signs are.

    Members
    -------
    signs : for each slot a bit a lane, 1 for negative.
    """

    def __init__(self, window: Window, layout: Layout):
        super().__init__(window, layout, {"signs": In(data.ArrayLayout(layout.lanes, window.size))})

    def elaborate(self, platform):
        m = Module()
        window = self.window
        group = window.entry_bits
        for lane in range(self.layout.lanes):
            values = []
            for t in range(window.tables):
                # A table with many read ports would not become LUT RAM, hence one for each lane.
                table = self._table(m, f"table{lane}_{t}", 1 << group, self.write[t], self.entry)
                port = read_port(table, domain="comb")
                m.d.comb += port.addr.eq(Cat(self.signs[t * group + k][lane] for k in range(group)))
                values.append(port.data)
            # A register after each addition costs no LUT, and keeps synthesis from turning the tree into one of
            # full adders, two LUTs a bit.
            while len(values) > 2:
                sums = [a + b for a, b in zip(values[::2], values[1::2], strict=True)]
                values = [Signal(s.shape(), name=f"part{lane}", reset_less=True) for s in sums]
                with m.If(self.advance):
                    m.d.sync += [register.eq(s) for register, s in zip(values, sums, strict=True)]
            self._give(m, lane, values[0] if len(values) == 1 else values[0] + values[1])
        return m


class WalshTables(_Tables):
    """One table, the transform of the costs; a lane reads the few entries that its parameters have.

    Members
    -------
    word : word whose sums come next.
    pattern : any pattern of the window.
    """

    def __init__(self, window: Window, layout: Layout):
        members = {"word": In(range(max(2, layout.words))), "pattern": In(32)}
        super().__init__(window, layout, members)

    def elaborate(self, platform):
        m = Module()
        window, lanes = self.window, self.layout.lanes
        shift = (lanes - 1).bit_length()
        banks = min(lanes, window.size)
        fixed = banks.bit_length() - 1  # bits of an entry's number that a lane's place alone fixes
        high = window.size - 1
        row = Signal(32, name="row")
        shared = Signal(name="shared")
        m.d.comb += row.eq((self.word << shift) | window.offset)
        m.d.comb += shared.eq((row & self.pattern & Const(~high, 32)).xor())
        values = {}
        for lane in range(lanes):
            # But in padding, lane, word and offset have no bit in common: r is their OR.
            bank = (lane | window.offset) % banks
            if bank not in values:
                write = Signal(name=f"write{bank}")
                m.d.comb += write.eq(self.write & (self.entry[:fixed] == bank))
                values[bank] = self._bank(m, bank, write, self.entry[fixed:], row[fixed : window.slot_bits])
            value = values[bank]
            minus = shared ^ (Const(lane & ~high, 32) & self.pattern).xor()
            self._give(m, lane, Mux(minus, -value, value))
        return m

    def _bank(self, m: Module, bank: int, write: Value, entry: Value, address: Value) -> Value:
        """The entries that a lane reads: a small RAM, or a register if there is one."""
        if len(entry) == 0:
            register = Signal(signed(self.window.table_bits), name=f"bank{bank}", reset_less=True)
            with m.If(write):
                m.d.sync += register.eq(self.value)
            return register
        port = read_port(self._table(m, f"bank{bank}", 1 << len(entry), write, entry), domain="comb")
        m.d.comb += port.addr.eq(address)
        return port.data
