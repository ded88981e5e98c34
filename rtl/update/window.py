"""Window of the correlator: K costs with all their signs in one pass; see `golden.blocks.update.window`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.update.window import Window
from ..lib.layout import lane_words
from ..lib.signals import read_port, signals, write_port
from .window_signs import WindowSigns, preparation
from .window_tables import RandomTables, WalshTables, depth


class WindowProducts(Component):
    """Gathers the costs of a window and, at a flush, gives the sums e_i of all parameters.

    A cost is added to the entries of its table one a clock, beside the words that are sent: 16 clocks
    (random), or K (Walsh). Those of the flush's own cost come before the first word; where tables have
    had no cost since the last flush, 16 (or K) more clear them.

    Parameters
    ----------
    window : golden.blocks.update.window.Window
    layout : golden.blocks.lib.layout.Layout
    seed : Value, optional
        In place of that of the window's codes.

    Attributes
    ----------
    latency : int
        Clocks from a cost with `flush` to the first word, if no table is to be cleared.

    Members
    -------
    cost : stream in, one a sweep: C~, its pattern, whether it counts (`used`), and whether the window ends
        (`flush`). Between two flushes all patterns are of one aligned group of K and never decrease. It is
        taken with the last word of the sweep before, and when the cost before has been added; the first one after
        reset once keys have been cleared, at most 32 clocks.
    product : stream out, `layout.words` words a sweep, one a clock: e_i after a flush, else zeros, the
        first of them two clocks after the cost. Lanes beyond the last parameter are 0.
    """

    def __init__(self, window: Window, layout: Layout, seed: Value | None = None):
        self.window = window
        self.seed = seed
        self.layout = layout
        loaded = 1 << window.entry_bits
        if window.arbitrary:
            loaded = max(loaded, preparation(window, layout))
        self.latency = loaded + 1 + depth(window)
        command = data.StructLayout({"cost": signed(window.step_bits), "pattern": 32, "used": 1, "flush": 1})
        super().__init__(
            {
                "cost": In(stream.Signature(command)),
                "product": Out(stream.Signature(lane_words(window.bits, layout.lanes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        window, random = self.window, self.window.arbitrary
        m.submodules.tables = tables = (RandomTables if random else WalshTables)(window, self.layout)
        offered = self.cost.payload
        cost, pattern = Signal(signed(window.step_bits), name="cost"), Signal(32, name="pattern")
        accept, busy, finish = signals("accept busy finish")
        m.d.comb += accept.eq(self.cost.valid & self.cost.ready)
        with m.If(accept & offered.used):
            m.d.sync += [cost.eq(offered.cost), pattern.eq(offered.pattern)]
        self._add(m, tables, cost, pattern[: window.slot_bits], accept, finish, busy)
        signs_ready = Signal(init=1, name="signs_ready")
        take, free = signals("take free")
        self._send(m, tables, accept, signs_ready & ~busy, take, finish, free)
        resetting = Const(0)
        if random:
            m.submodules.signs = signs = WindowSigns(window, self.layout, self.seed)
            resetting = signs.resetting
            m.d.comb += [
                signs.pattern.eq(pattern),
                signs.load.eq(accept & offered.used),
                signs.start.eq(accept & offered.flush),
                signs.take.eq(take),
                signs.stop.eq(finish),
                signs_ready.eq(signs.ready),
                tables.signs.eq(signs.signs),
            ]
        else:
            m.d.comb += tables.pattern.eq(pattern)
        m.d.comb += self.cost.ready.eq(free & ~busy & ~resetting)
        return m

    def _add(self, m: Module, tables, cost: Value, slot: Value, accept: Value, finish: Value, busy: Signal):
        """Add a cost to the entries of its table, then clear, at a flush, the tables without one."""
        window, offered = self.window, self.cost.payload
        adding, clearing, flush = signals("adding clearing flush")
        filled = Signal(window.tables, name="filled")  # tables with a cost since the last flush
        here = Signal(window.tables, name="here")
        entry = Signal(window.entry_bits, name="entry")
        minus = Signal(name="minus")
        if window.arbitrary:
            place = window.entry_bits.bit_length() - 1
            m.d.comb += [here.eq(1 << (slot >> place)), minus.eq(entry.bit_select(slot[:place], 1))]
        else:
            m.d.comb += [here.eq(1), minus.eq((entry & slot).xor())]

        # Patterns never decrease, so only the table of the last cost is ever added to: one copy of it is
        # enough to read back, and its first cost is written instead.
        m.submodules.copy = copy = Memory(shape=signed(window.table_bits), depth=1 << window.entry_bits, init=[])
        old, new = read_port(copy, domain="comb"), write_port(copy)
        before = Mux((filled & here).any(), old.data, 0)
        m.d.comb += [
            old.addr.eq(entry),
            new.addr.eq(entry),
            new.en.eq(adding),
            new.data.eq(Mux(minus, before - cost, before + cost)),
            tables.entry.eq(entry),
            tables.value.eq(Mux(clearing, 0, new.data)),
            tables.write.eq(Mux(clearing, ~filled, Mux(adding, here, 0))),
            busy.eq(adding | clearing),
        ]
        with m.If(busy):
            m.d.sync += entry.eq(entry + 1)
            with m.If(entry.all()):
                m.d.sync += [adding.eq(0), clearing.eq(adding & flush & ~(filled | here).all())]
                with m.If(adding):
                    m.d.sync += filled.eq(filled | here)
        with m.If(finish):
            m.d.sync += filled.eq(0)
        with m.If(accept):
            m.d.sync += [adding.eq(offered.used), flush.eq(offered.flush)]
            m.d.sync += clearing.eq(offered.flush & ~offered.used & (finish | ~filled.all()))

    def _send(self, m: Module, tables, accept: Value, ready: Value, take: Signal, finish: Signal, free: Signal):
        """The words of a sweep: sums, some clocks after they are taken from the tables, or zeros."""
        words, registers = self.layout.words, depth(self.window)
        sending, flush, zero, last = signals("sending flush zero last")
        word = Signal(range(max(2, words)), name="word")
        valid, ends = signals("valid ends", registers)  # of the sums behind each register
        advance = Signal(name="advance")
        m.d.comb += [
            advance.eq(~self.product.valid | self.product.ready),
            take.eq(sending & flush & ready & advance),
            zero.eq(sending & ~flush & ~valid[:-1].any() & advance),
            last.eq(word == words - 1),
            finish.eq(take & last),
            free.eq(~sending | (take | zero) & last),
            tables.advance.eq(advance),
            tables.clear.eq(zero),
            tables.partial.eq(Cat(last, ends)[registers - 1]),
            self.product.valid.eq(valid[-1]),
            self.product.payload.eq(tables.sums),
        ]
        if isinstance(tables, WalshTables):
            m.d.comb += tables.word.eq(word)
        with m.If(advance):
            m.d.sync += [valid.eq(Cat(take, valid) | zero << (registers - 1)), ends.eq(Cat(last, ends))]
        with m.If(take | zero):
            m.d.sync += word.eq(Mux(last, 0, word + 1))
        with m.If(free):
            m.d.sync += [sending.eq(accept), flush.eq(self.cost.payload.flush)]
