"""The learning engine: all blocks but the array, wired by streams; see `golden.engine`.

    sequencer -> codes (this sweep) ----------------------------------------> sign
              -> codes (last sweep) -> correlator -> optimizer -> weight      (digital)
                                                  -> filter -> pulses         (filtered)
              -> samples -> line
    adc -> neuron -> hidden
                  -> cost -> sequencer

One sweep over the parameters does a whole step: each word of G takes the last cost, each word of
theta the update it leads to, and each word of weights the products of the next measurement.
"""

from amaranth.hdl import Cat, Module, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ..golden.chip import Chip
from ..golden.memory_map import SAMPLE_WORD
from .buses.host import HostPort
from .buses.streams import fork
from .codes import CodeGenerator
from .correlator import CorrelatorMemory
from .cost import CostUnit
from .layout import lane_words
from .neuron import NeuronTable, rails
from .optimizer import OptimizerMemory, scheduled
from .samples import SampleMemory
from .sequencer import RESTORABLE, StepSequencer
from .ttv2 import FilterMemory


class Engine(Component):
    """Learning engine of a chip.

    Parameters
    ----------
    chip : golden.chip.Chip

    Members
    -------
    line, hidden : streams out, codes for the DACs of the lines: the sample's inputs, 8 a word, and the
        hidden neurons' outputs of both rails, one by one.
    sign : stream out, perturbation signs of the cells, a word of lanes a clock.
    weight : stream out (`digital`), weight codes of the cells.
    pulses : stream out (`filtered`), pulses for the devices.
    transfer : stream out (`filtered`), number of the transfer that the sweep's pulses belong to.
    adc : stream in, pre-activation codes of both rails, one neuron after the other.
    start, target, busy, load... : see `StepSequencer`.
    saturated : high for one clock where C~, G, theta or H saturates, see `golden.engine.FLAGS`.
    host_<region> : memories of `golden.memory_map.Region`.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        lanes, array = chip.layout.lanes, chip.crossbar
        self.sequencer = StepSequencer(chip.sequencer, chip.codes, chip.samples, chip.cost)
        control = ("start", "stop", "target", "busy", "load", "load_register", "load_value", "last", *RESTORABLE)
        members = {name: self.sequencer.signature.members[name] for name in control}
        members |= {
            "line": Out(stream.Signature(data.ArrayLayout(signed(array.line_bits), SAMPLE_WORD))),
            "hidden": Out(stream.Signature(rails(array.line_bits))),
            "sign": Out(stream.Signature(lane_words(2, lanes))),
            "adc": In(stream.Signature(rails(array.adc_bits))),
            "saturated": Out(3),
            "host_gradient": In(HostPort()),
            "host_samples": In(HostPort()),
        }
        if chip.ttv2:
            members |= {
                "pulses": Out(stream.Signature(lane_words(2, lanes))),
                "transfer": Out(stream.Signature(32)),
                "host_filter": In(HostPort()),
            }
        else:
            members |= {
                "weight": Out(stream.Signature(lane_words(array.weight_bits, lanes))),
                "host_theta": In(HostPort()),
            }
        self.control = control
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        chip, layout = self.chip, self.chip.layout
        m.submodules.sequencer = sequencer = self.sequencer
        m.submodules.codes_now = codes_now = CodeGenerator(chip.codes, layout)
        m.submodules.codes_last = codes_last = CodeGenerator(chip.codes, layout)
        m.submodules.samples = samples = SampleMemory(
            chip.samples, chip.crossbar.line_bits, chip.config.array.output_bits
        )
        m.submodules.correlator = correlator = CorrelatorMemory(chip.correlator, layout)
        m.submodules.neuron = neuron = NeuronTable(chip.neuron, layout)
        m.submodules.cost = cost = CostUnit(chip.cost)
        for name in self.control:
            inner, outer = getattr(sequencer, name), getattr(self, name)
            flow = self.signature.members[name].flow
            m.d.comb += outer.eq(inner) if flow == Out else inner.eq(outer)

        now = sequencer.present.payload
        fork(m, sequencer.present, codes_now.pattern, codes_last.pattern, samples.request)
        m.d.comb += [
            codes_now.pattern.payload.number.eq(now.pattern),
            codes_now.pattern.payload.position.eq(now.position),
            codes_last.pattern.payload.number.eq(now.last_pattern),
            codes_last.pattern.payload.position.eq(now.last_position),
            samples.request.payload.number.eq(now.sample),
            samples.request.payload.index.eq(now.index),
        ]
        connect(m, codes_now.signs, flipped(self.sign))
        connect(m, codes_last.signs, correlator.signs)
        connect(m, samples.line, flipped(self.line))
        connect(m, samples.target, cost.target)
        connect(m, flipped(self.adc), neuron.adc)
        connect(m, neuron.hidden, flipped(self.hidden))
        connect(m, neuron.output, cost.output)
        connect(m, cost.result, sequencer.result)
        connect(m, flipped(self.host_gradient), correlator.host)
        connect(m, flipped(self.host_samples), samples.host)

        apply = sequencer.apply.payload
        m.d.comb += [correlator.cost.payload.cost.eq(apply.cost), correlator.cost.payload.clear.eq(apply.update)]
        if chip.ttv2:
            m.submodules.ttv2 = update = FilterMemory(chip.ttv2, layout)
            fork(m, sequencer.apply, correlator.cost, update.command, self.transfer)
            m.d.comb += self.transfer.payload.eq(apply.step)
            connect(m, update.pulses, flipped(self.pulses))
            connect(m, flipped(self.host_filter), update.host)
        else:
            m.submodules.optimizer = update = OptimizerMemory(chip.optimizer, layout)
            fork(m, sequencer.apply, correlator.cost, update.command)
            m.d.comb += [
                self.weight.valid.eq(update.parameters.valid),
                update.parameters.ready.eq(self.weight.ready),
            ]
            for lane in range(layout.lanes):
                weight = update.parameters.payload[lane] >> chip.crossbar.drop
                m.d.comb += self.weight.payload[lane].eq(weight)
            connect(m, flipped(self.host_theta), update.host)
        m.d.comb += update.command.payload.update.eq(apply.update)
        m.d.comb += update.command.payload.value.eq(scheduled(chip.schedule, apply.step))
        connect(m, correlator.gradient, update.gradient)
        m.d.comb += self.saturated.eq(Cat(sequencer.saturated, correlator.saturated, update.saturated))
        return m
