"""The contract between the learning engine and an array, emulated or real."""

from collections.abc import Callable

from amaranth.hdl import signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Member, Out, Signature

from ...golden.chip.chip import Chip
from ...golden.chip.memories import memories
from ...golden.chip.memory_map import SAMPLE_WORD
from ...golden.chip.paths import TikiTaka
from ..lib.host_port import HostPort
from ..lib.layout import lane_words
from ..measure.cost import output_layout
from ..measure.neuron import rails
from ..update.average import command_layout
from .reading import request_layout

SAMPLE = data.StructLayout({"number": 32, "next": 1})
"""Sample of a sweep: its number, and whether it is another than that of the sweep before, or the first."""
SWEEP = data.StructLayout({**SAMPLE.members, "rails": 2})
"""The same, and which rails' costs are used: bit 0 rail 0, bit 1 rail 1."""
PULSES = ("pulses", "train")
"""Streams of pulses onto devices."""
PULSE = data.StructLayout({"slow": 1, "number": 32})
"""Which array a vector pulses, and the number that seeds its cycle noise."""


class ArrayPort(Signature):
    """All that goes between the engine of a chip and its array, as the engine sees it: Out leaves the engine.

    Any component that has a member `In(ArrayPort(chip))` is an array: `rtl.top.Top` takes it. Streams are those of
    `amaranth.lib.stream`: a payload is transferred in a clock in which valid and ready are both 1, and is held until
    then; latency is free on every one of them. Numbers are signed, in two's complement, unless said otherwise.

    A sweep measures once, on both rails: rail 0 has the weights w + a s, rail 1 w - a s (antithetic), or w. A chip
    with one rail (`array.rails = 1`) has `rtl.array.rails` before it, and that one's port (`rtl.array.rails_port`).

    ============ ========= ========================================== ==========================================
    name         direction payload, bits                              meaning; how many a sweep
    ============ ========= ========================================== ==========================================
    line         out       8 lanes of `array.input_bits`              codes for the DACs of the input lines, the
                                                                      sample's; inputs / 8 words, rounded up
    target       out       8 lanes of `array.output_bits`             external cost, samples with targets: the
                                                                      sample's; targets / 8 words, rounded up
    hidden       out       `rail0`, `rail1` of `array.input_bits`     the same for the lines of further layers, as
                                                                      their neurons are done; one a hidden neuron
    sign         out       lanes of 2 bits, or of a sine's            perturbation s of each cell, -1, 0 or +1 (or
                                                                      steps of the DAC); `layout.words`
    adc          in        `rail0`, `rail1` of `array.adc_bits`       codes of the neurons' inputs, layer by layer;
                                                                      one a neuron
    sample       out       `SWEEP`                                    external cost, or one rail: number of the
                                                                      sample that the sweep presents, whether it is
                                                                      another than the sweep's before, and whose
                                                                      cost is used; one
    cost         in        `rail0`, `rail1` of `cost.word_bits`       external cost: S of both rails, anything of a
                                                                      rail that is not used; one a sweep
    activity     in        8 lanes of `array.input_bits`              external cost, node perturbation: codes x that
                                                                      the lines of all groups had on rail 1, those
                                                                      of each one's last line too; lines / 8 words,
                                                                      rounded up, of every sweep
    settle       out       1                                          what the sweep has applied is settling:
                                                                      `engine.settle` clocks from its update on
    convert      out       1                                          high for one clock, the first in which the
                                                                      sweep's conversions may be taken
    busy         in        1                                          the array is not ready for a run, as after reset
    saturated    in        1                                          high for one clock when a word of its
                                                                      memories saturates
    safe         out       1                                          array outside: take the safe codes; high unless
                                                                      something runs (`rtl.array.guard`)
    fault        in        1                                          array outside: high for one clock when it is not
                                                                      to be relied upon: the run ends
    enable       out       1                                          array outside, devices: the host allows pulses
    host_<name>  out       `rtl.lib.host_port.HostPort`               its memories that a host reads and writes
                                                                      between runs (`Memory.owner`: not "engine")
    average      out       `rtl.update.average.command_layout`        with model extraction: whether the sweep's
                                                                      weights are an iterate; one
    weight       out       lanes of `weights.dac_bits`                digital weights: code w of each cell; words
    pulses       out       lanes of 2 bits                            `filtered`: a pulse down, none or up, for the
                                                                      device of each cell; words
    transfer     out       32, unsigned                               `filtered`: number that the sweep's pulses
                                                                      have, for the noise of emulated ones; one
    pulse        out       `PULSE`                                    `tiki-taka`: which array a vector is for, and
                                                                      its number; taken with any word; slots + 1
    train        out       lanes of 2 bits                            `tiki-taka`: a vector, pulses of all neurons,
                                                                      then of all lines: a cell takes one where both
                                                                      are not 0, of their product's sign
    read         out       layer, line, step                          `tiki-taka`: a line of the fast array is read;
                                                                      taken with its last cell; one a layer and update
    reading      in        `fast.adc_bits`                            `tiki-taka`: its codes, cell by cell
    ============ ========= ========================================== ==========================================

    Timing, of a sweep with a settling time of 2 clocks::

        clk      _/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_
        sign     --< 0 | 1 | 2 >-------------------    words, as fast as they are taken
        weight   --< 0 | 1 | 2 >-------------------
        line     --< 0     >-----------------------
        settle   __/^^^^^^^\\______________________
        convert  __________/^^^\\__________________
        adc      --------------< a >-----< b >-----    given when they are there; taken from `convert` on
        hidden   -------------------< a >----------

    The array may take words of the next sweep before it has given all codes of this one.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    """

    def __init__(self, chip: Chip):
        members = (_words if chip.cost.word else _network)(chip)
        members |= {
            "sign": Out(stream.Signature(lane_words(chip.codes.bits, chip.layout.lanes))),
            "settle": Out(1),
            "convert": Out(1),
            "busy": In(1),
            "saturated": In(1),
        }
        members |= {name: STREAMS[name](chip) for name in chip.path.streams}
        members |= {} if chip.emulated else safety(chip)
        if chip.average:
            members["average"] = Out(stream.Signature(command_layout(chip.average)))
        members |= {memory.port: Out(HostPort()) for memory in memories(chip) if memory.owner != "engine"}
        super().__init__(members)


def safety(chip: Chip) -> dict[str, Member]:
    """What `rtl.array.guard` and an array outside tell each other."""
    return {"safe": Out(1), "fault": In(1)} | ({"enable": Out(1)} if chip.path.pulsed else {})


def sample_members(chip: Chip) -> dict[str, Member]:
    """Codes of the samples, and of their targets where the engine has no use for them."""
    samples, bits = chip.samples, (chip.crossbar.line_bits, chip.config.array.output_bits)
    names = ("line",) * (samples.inputs > 0) + ("target",) * (samples.outputs > 0 and chip.cost.word is not None)
    return {
        name: Out(stream.Signature(data.ArrayLayout(signed(bits[name == "target"]), SAMPLE_WORD))) for name in names
    }


def activity(chip: Chip) -> dict[str, Member]:
    """Line codes of an array whose lines the engine does not drive, if it takes them."""
    codes = stream.Signature(lane_words(chip.crossbar.line_bits, SAMPLE_WORD))
    return {"activity": In(codes)} if chip.lined and chip.cost.word else {}


def _network(chip: Chip) -> dict[str, Member]:
    """A network in the array: its lines, and codes of its neurons' inputs."""
    array = chip.crossbar
    shown = {"sample": Out(stream.Signature(SWEEP))} if chip.alternates else {}
    return sample_members(chip) | shown | {
        "hidden": Out(stream.Signature(rails(array.line_bits))),
        "adc": In(stream.Signature(rails(array.adc_bits))),
    }


def _words(chip: Chip) -> dict[str, Member]:
    """Anything that has a cost."""
    return sample_members(chip) | {
        "sample": Out(stream.Signature(SWEEP)),
        "cost": In(stream.Signature(output_layout(chip.cost))),
        **activity(chip),
    }


def _read(chip: Chip) -> Member:
    assert isinstance(chip.path, TikiTaka)
    return Out(stream.Signature(request_layout(chip.layout, chip.path.lines)))


def _reading(chip: Chip) -> Member:
    assert isinstance(chip.path, TikiTaka)
    return In(stream.Signature(signed(chip.path.settings.read_bits)))


STREAMS: dict[str, Callable[[Chip], Member]] = {
    "weight": lambda chip: Out(stream.Signature(lane_words(chip.crossbar.weight_bits, chip.layout.lanes))),
    "pulses": lambda chip: Out(stream.Signature(lane_words(2, chip.layout.lanes))),
    "transfer": lambda chip: Out(stream.Signature(32)),
    "pulse": lambda chip: Out(stream.Signature(PULSE)),
    "train": lambda chip: Out(stream.Signature(lane_words(2, chip.layout.lanes))),
    "read": _read,
    "reading": _reading,
}
"""Streams that update paths name (`golden.chip.paths.Path.streams`)."""
