"""Cursors through the lines of the fast array, and the choppers of the lines; see `golden.blocks.tiki_taka.lines`."""

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.mixer import CHOP
from ...golden.blocks.tiki_taka.lines import RANDOM, Lines
from ...golden.blocks.tiki_taka.tiki_taka import Transfer
from ..lib.host_port import HostPort
from ..lib.mixer import item_key, mix


class LineCursor(Component):
    """Next line of each layer, and its chopper.

    Parameters
    ----------
    settings : golden.blocks.tiki_taka.tiki_taka.Transfer
    lines : golden.blocks.tiki_taka.lines.Lines
    seed : Value, optional
        In place of that of the settings.

    Members
    -------
    layer : the layer that `line`, `switched` and `hold` are of.
    line, inverts : its next line, and whether that is inverted.
    switched, hold : whether the line's chopper switched at its last read; whether C is left alone (AGAD).
    advance, step : the line has been read, at this step, which seeds the choppers and stands a clock before.
    chopper : which lines are inverted, one bit a line of all layers.
    host_cursor : line and scans of each layer, in turn; 32 bits.
    host_chopper : choppers' words by line.
    """

    def __init__(self, settings: Transfer, lines: Lines, seed: Value | None = None):
        self.settings = settings
        self.seed = settings.seed if seed is None else seed
        self.lines = lines
        members = {
            "layer": In(range(max(2, len(lines.layers)))),
            "line": Out(range(max(2, *(count for count, _ in lines.layers)))),
            "inverts": Out(1),
            "switched": Out(1),
            "hold": Out(1),
            "advance": In(1),
            "step": In(32),
            "host_cursor": In(HostPort()),
        }
        if settings.chopped:
            members |= {"chopper": Out(sum(count for count, _ in lines.layers)), "host_chopper": In(HostPort())}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        layers = len(self.lines.layers)
        counts = [count for count, _ in self.lines.layers]
        line = Array(Signal.like(self.line, name=f"line_{k}") for k in range(layers))
        scan = Array(Signal(32, name=f"scan_{k}") for k in range(layers))
        last = Signal(name="last")
        m.d.comb += [
            self.line.eq(line[self.layer]),
            last.eq(self.line == Array(Const(count - 1) for count in counts)[self.layer]),
        ]
        if self.settings.hold:
            m.d.comb += self.hold.eq(scan[self.layer] < self.settings.hold)
        with m.If(self.advance):
            m.d.sync += line[self.layer].eq(Mux(last, 0, self.line + 1))
            m.d.sync += scan[self.layer].eq(scan[self.layer] + last)
        if self.settings.chopped:
            scans = Signal(32, name="scans")
            m.d.comb += scans.eq(scan[self.layer])
            self._chop(m, counts, scans)
        host = self.host_cursor
        words = Array(word for pair in zip(line, scan, strict=True) for word in pair)
        m.d.comb += host.value.eq(Value.cast(words[host.index]).as_signed())
        with m.If(host.select & host.write), m.Switch(host.index):
            for k, word in enumerate(words):
                with m.Case(k):
                    m.d.sync += word.eq(host.data)
        return m

    def _chop(self, m: Module, counts: list[int], scan: Signal) -> None:
        settings, size = self.settings, sum(counts)
        switched = Signal(size, name="switched")
        place, flips = Signal(range(max(2, size)), name="place"), Signal(name="flips")
        starts = [sum(counts[:k]) for k in range(len(counts))]
        m.d.comb += [
            place.eq(Array(Const(start) for start in starts)[self.layer] + self.line),
            self.inverts.eq(self.chopper.bit_select(place, 1)),
            self.switched.eq(switched.bit_select(place, 1)),
        ]
        if settings.period == RANDOM:
            key = Signal(64, name="key")
            m.d.sync += key.eq(item_key(m, self.seed, CHOP, self.step))
            m.d.comb += flips.eq(mix(m, key, self.layer)[:16] < settings.chopper)
        else:
            m.d.comb += flips.eq((scan + 1)[: settings.period] == 0)
        with m.If(self.advance):
            m.d.sync += [
                self.chopper.bit_select(place, 1).eq(self.inverts ^ flips),
                switched.bit_select(place, 1).eq(flips),
            ]
        host = self.host_chopper
        m.d.comb += host.value.eq(self.chopper.bit_select(host.index, 1) + (switched.bit_select(host.index, 1) << 1))
        with m.If(host.select & host.write):
            m.d.sync += [
                self.chopper.bit_select(host.index, 1).eq(host.data[0]),
                switched.bit_select(host.index, 1).eq(host.data[1]),
            ]
