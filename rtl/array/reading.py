"""Reads a line of the fast array, a cell every two clocks; see `golden.blocks.array.reading`."""

from amaranth.hdl import Array, Const, Module, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.array.devices import NOISE_BITS
from ...golden.blocks.lib.fixed import bits_for, limit
from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.lib.mixer import READ
from ...golden.blocks.tiki_taka.lines import Lines
from ...golden.blocks.tiki_taka.tiki_taka import Transfer
from ..lib.fixed import round_shift, saturate
from ..lib.host_port import HostPort
from ..lib.mixer import item_key, mix
from ..lib.signals import signals
from .devices import normal


def request_layout(layout: Layout, lines: Lines) -> data.StructLayout:
    """Payload of a request: layer, line, and the step, whose key seeds the noise of all lines read at it."""
    return data.StructLayout(
        {
            "layer": range(max(2, len(lines.layers))),
            "line": range(max(2, *(count for count, _ in lines.layers))),
            "step": 32,
        }
    )


class LineReader(Component):
    """The ADC of the fast array.

    Parameters
    ----------
    settings : golden.blocks.tiki_taka.tiki_taka.Transfer
    layout : golden.blocks.lib.layout.Layout
    lines : golden.blocks.tiki_taka.lines.Lines
    bits : int
        Width of a state.
    seed : Value, optional
        In place of that of the settings.

    Members
    -------
    request : stream in, one a line; taken with the line's last cell. The elements of layer 0 restart their count.
    reading : stream out, a code for each cell of the line, one every two clocks.
    state, symmetry : towards the memories of A and R, by parameter index; both are selected from one clock
        after a request on.
    """

    def __init__(self, settings: Transfer, layout: Layout, lines: Lines, bits: int, seed: Value | None = None):
        self.seed = settings.seed if seed is None else seed
        self.settings = settings
        self.layout = layout
        self.lines = lines
        self.bits = bits
        super().__init__(
            {
                "request": In(stream.Signature(request_layout(layout, lines))),
                "reading": Out(stream.Signature(signed(settings.read_bits))),
                "state": Out(HostPort()),
                "symmetry": Out(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        settings, layout = self.settings, self.layout
        request, layer = self.request.payload, self.request.payload.layer

        def of_layer(values):
            return Array(Const(value) for value in values)[layer]

        columns = of_layer(layout.columns)
        begin = of_layer(layout.offsets) + (request.line * columns if settings.rows else request.line)
        stride = 1 if settings.rows else columns

        # A cell is addressed in one clock, and its value taken in the next, or later.
        lengths = [length for _, length in self.lines.layers]
        count = of_layer(lengths)
        index, cell = Signal(range(layout.parameters), name="index"), Signal(range(max(lengths) + 1), name="cell")
        number = Signal(range(max(2, sum(lengths))), name="number")
        active, addressed, accept, last = signals("active addressed accept last")
        with m.If(self.reading.ready):
            m.d.sync += self.reading.valid.eq(0)
        m.d.comb += [
            accept.eq(active & addressed & (~self.reading.valid | self.reading.ready)),
            last.eq(cell == count - 1),
            self.request.ready.eq(accept & last),
        ]
        with m.If(~active & self.request.valid):
            m.d.sync += [active.eq(1), index.eq(begin), cell.eq(0)]
            with m.If(layer == 0):
                m.d.sync += number.eq(0)
        with m.If(active):
            m.d.sync += addressed.eq(~accept)
        with m.If(accept):
            m.d.sync += [index.eq(index + stride), cell.eq(cell + 1), number.eq(number + 1)]
            m.d.sync += [self.reading.valid.eq(1), active.eq(~last)]
        for port in (self.state, self.symmetry):
            m.d.comb += [port.select.eq(active), port.index.eq(index)]

        noise = 0
        if settings.read_noise:
            key = Signal(64, name="key")
            m.d.sync += key.eq(item_key(m, self.seed, READ, request.step))
            xi = normal(mix(m, key, number >> 1).word_select(number[0], 16))
            noise = (settings.read_noise * xi) >> NOISE_BITS
        raw = Signal(signed(bits_for(2 * limit(self.bits) + 2 + (30 * settings.read_noise >> NOISE_BITS))), name="raw")
        rounded = Signal(signed(len(raw) + 1), name="rounded")
        m.d.comb += [
            raw.eq(self.state.value[: self.bits].as_signed() - self.symmetry.value[: self.bits].as_signed() + noise),
            rounded.eq(round_shift(raw, settings.read_shift)),
        ]
        with m.If(accept):
            m.d.sync += self.reading.payload.eq(saturate(rounded, settings.read_bits))
        return m
