"""Neurons: activation tables between the ADCs and the next lines or the cost; see `golden.blocks.measure.neuron`."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.measure.neuron import Neuron
from ..lib.signals import read_port, signals


def rails(bits: int) -> data.StructLayout:
    """Payload with one signed code for each of the two rails."""
    return data.StructLayout({"rail0": signed(bits), "rail1": signed(bits)})


class NeuronTable(Component):
    """Looks up the neurons' codes in the order of the sweep.

    Parameters
    ----------
    neuron : golden.blocks.measure.neuron.Neuron
    layout : golden.blocks.lib.layout.Layout

    Members
    -------
    adc : stream in, pre-activation codes of both rails, one neuron after the other.
    hidden : stream out, line codes of the hidden neurons.
    output : stream out, output codes of the last layer. Both two clocks after `adc`: block RAM is slow.
    """

    def __init__(self, neuron: Neuron, layout: Layout):
        self.neuron = neuron
        self.layout = layout
        super().__init__(
            {
                "adc": In(stream.Signature(rails(neuron.adc_bits))),
                "hidden": Out(stream.Signature(rails(neuron.line_bits))),
                "output": Out(stream.Signature(rails(neuron.output_bits))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        rows, layers = self.layout.rows, len(self.layout.rows)
        tables = self.neuron.tables()
        bits = max(self.neuron.line_bits, self.neuron.output_bits)
        layer = Signal(range(max(2, layers)), name="layer")
        row = Signal(range(max(2, *rows)), name="row")
        last = Signal(name="last")
        m.d.comb += last.eq(row == Array(r - 1 for r in rows)[layer])

        full, read_full, is_output, read_output = signals("full read_full is_output read_output")
        take, move, ready = signals("take move ready")
        m.d.comb += [
            ready.eq(~full | Mux(is_output, self.output.ready, self.hidden.ready)),
            move.eq(read_full & ready),
            self.adc.ready.eq(~read_full | ready),
            take.eq(self.adc.valid & self.adc.ready),
            self.hidden.valid.eq(full & ~is_output),
            self.output.valid.eq(full & is_output),
        ]
        m.d.sync += [read_full.eq(take | (read_full & ~move)), full.eq(move | (full & ~ready))]
        with m.If(move):
            m.d.sync += is_output.eq(read_output)
        with m.If(take):
            m.d.sync += [read_output.eq(layer == layers - 1), row.eq(Mux(last, 0, row + 1))]
            with m.If(last):
                m.d.sync += layer.eq(Mux(layer == layers - 1, 0, layer + 1))

        for rail in ("rail0", "rail1"):
            init = [int(v) for v in tables.ravel()]
            m.submodules[f"table_{rail}"] = memory = Memory(shape=signed(bits), depth=len(init), init=init)
            read = read_port(memory)
            m.d.comb += read.en.eq(take)
            m.d.comb += read.addr.eq(Cat(self.adc.payload[rail].as_unsigned(), layer))
            code = Signal(signed(bits), name=f"code_{rail}", reset_less=True)
            with m.If(move):
                m.d.sync += code.eq(read.data)
            m.d.comb += [self.hidden.payload[rail].eq(code), self.output.payload[rail].eq(code)]
        return m
