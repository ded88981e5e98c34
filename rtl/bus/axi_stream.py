"""Samples and telemetry as AXI4-Stream (Arm IHI 0051), with the names that Vivado and Quartus take for one."""

from amaranth.hdl import Module, Shape, Signal, signed
from amaranth.lib import data
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import Component, In, Member, Out

from ...golden.blocks.measure.cost import Cost
from ...golden.chip.chip import Chip
from ...golden.chip.memory_map import SAMPLE_WORD
from ..measure.cost import Telemetry, telemetry_layout
from ..measure.inference import inference_members
from ..measure.sample_stream import record_layout, stream_members

DEPTH = 16
"""Words of telemetry that wait for whoever takes them."""


def padded(width: int, unit: int) -> int:
    """The next multiple of a unit."""
    return -(-width // unit) * unit


def telemetry_bus_layout(cost: Cost) -> data.StructLayout:
    """Word of the stream of telemetry: the fields of `Telemetry`, each extended to a multiple of 32 bits."""
    fields = telemetry_layout(cost).members
    return data.StructLayout(
        {name: Shape(padded(Shape.cast(f).width, 32), Shape.cast(f).signed) for name, f in fields.items()}
    )


def sample_bus_layout(chip: Chip) -> data.ArrayLayout:
    """Word of the stream of samples: 8 codes, each in whole bytes."""
    element = Shape.cast(record_layout(chip).elem_shape)
    return data.ArrayLayout(Shape(padded(element.width, 8), element.signed), record_layout(chip).length)


def input_bus_layout(chip: Chip) -> data.ArrayLayout:
    """Word of the stream of inputs of an engine that infers: 8 codes, each in whole bytes."""
    return data.ArrayLayout(signed(padded(chip.crossbar.line_bits, 8)), SAMPLE_WORD)


def axi_stream_members(chip: Chip) -> dict[str, Member]:
    """Members of a top whose telemetry and samples are AXI4-Stream."""
    telemetry = Shape.cast(telemetry_bus_layout(chip.cost)).width
    members = {
        "m_axis_telemetry_tdata": Out(telemetry), "m_axis_telemetry_tvalid": Out(1), "m_axis_telemetry_tready": In(1),
    }  # fmt: skip
    if stream_members(chip):
        members |= {
            "s_axis_samples_tdata": In(Shape.cast(sample_bus_layout(chip)).width),
            "s_axis_samples_tvalid": In(1), "s_axis_samples_tready": Out(1),
        }  # fmt: skip
    if inference_members(chip):
        members |= {
            "s_axis_inputs_tdata": In(Shape.cast(input_bus_layout(chip)).width),
            "s_axis_inputs_tvalid": In(1), "s_axis_inputs_tready": Out(1),
            "m_axis_outputs_tdata": Out(signed(padded(chip.config.array.output_bits, 8))),
            "m_axis_outputs_tvalid": Out(1), "m_axis_outputs_tready": In(1), "m_axis_outputs_tlast": Out(1),
        }  # fmt: skip
    return members


class TelemetryStream(Component):
    """Keeps telemetry until it is taken; what comes when `DEPTH` words wait is lost.

    Parameters
    ----------
    cost : golden.blocks.measure.cost.Cost

    Members
    -------
    telemetry : see `rtl.measure.cost.Telemetry`.
    m_axis_telemetry_... : AXI4-Stream out, see `telemetry_bus_layout`; a word comes two clocks later or more.
    lost : high for one clock where a word is lost.
    """

    def __init__(self, cost: Cost):
        self.cost, layout = cost, telemetry_bus_layout(cost)
        super().__init__(
            {
                "telemetry": In(Telemetry(cost)), "m_axis_telemetry_tdata": Out(Shape.cast(layout).width),
                "m_axis_telemetry_tvalid": Out(1), "m_axis_telemetry_tready": In(1), "lost": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        width = Shape.cast(telemetry_layout(self.cost)).width
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=width, depth=DEPTH)
        layout = telemetry_bus_layout(self.cost)
        word, extended = telemetry_layout(self.cost)(fifo.r_data), Signal(layout, name="extended")
        m.d.comb += [
            fifo.w_data.eq(self.telemetry.payload),
            fifo.w_en.eq(self.telemetry.valid),
            self.lost.eq(self.telemetry.valid & ~fifo.w_rdy),
            self.m_axis_telemetry_tvalid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.m_axis_telemetry_tready),
            *(extended[name].eq(word[name]) for name in layout.members),
            self.m_axis_telemetry_tdata.eq(extended),
        ]
        return m
