"""Streams of an engine that infers: inputs come, outputs leave."""

from amaranth.hdl import signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Member, Out

from ...golden.chip.chip import Chip
from ...golden.chip.memory_map import SAMPLE_WORD
from ..lib.layout import lane_words


def output_word(chip: Chip) -> data.StructLayout:
    """Payload of the stream of outputs: a code, and whether it is the last of its sample."""
    return data.StructLayout({"code": signed(chip.config.array.output_bits), "last": 1})


def inference_members(chip: Chip) -> dict[str, Member]:
    """The engine's members that take inputs and give outputs, with `engine.inference`."""
    if not chip.config.engine.inference:
        return {}
    return {
        "inputs": In(stream.Signature(lane_words(chip.crossbar.line_bits, SAMPLE_WORD))),
        "outputs": Out(stream.Signature(output_word(chip))),
    }
