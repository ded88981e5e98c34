"""The learning engine: all blocks but the array, wired by streams; see `golden.engine`.

    sequencer -> perturbation (this sweep) -----------------> sign
              -> perturbation (last sweep) -> learning -----> weight      (digital)
                                                       -----> pulses      (filtered)
              -> samples, neuron [line codes] -> loop ------> train, read (tiki-taka)
              -> samples -> line
    adc -> neuron -> hidden
                  -> cost [-> channel] -> sequencer

One sweep over the parameters does a whole step: each word of G takes the last cost, each word of
theta the update it leads to, and each word of weights the products of the next measurement.
"""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ..golden.chip.chip import Chip
from ..golden.chip.memory_map import SAMPLE_WORD, Region
from ..golden.chip.registers import constants
from .control.sequencer import StepSequencer
from .control.sequencer_counters import told
from .control.settings import LAYOUT, Settings, single
from .lib.host_port import HostPort
from .lib.layout import lane_words
from .lib.streams import fork, skid, transfer
from .measure.calibration import Calibration
from .measure.cost import CostUnit
from .measure.delay_line import Channel
from .measure.neuron import NeuronTable, rails
from .measure.samples import SampleMemory
from .perturb.perturbation import Perturbations
from .tiki_taka.tiki_taka import TikiTakaLoop, hosts
from .update.average import command_layout
from .update.learning import learn, learn_on_arrays

CONTROL = ("start", "stop", "evaluate", "calibrate", "target", "busy", "learning", "last", "total", "right")


def regions(chip: Chip) -> tuple[Region, ...]:
    """Memories that the engine of a chip has."""
    there = {
        Region.THETA: chip.optimizer, Region.GRADIENT: not chip.correlator.replay and not chip.loop,
        Region.FILTER: chip.ttv2, Region.SAMPLES: True, Region.MOMENTUM: chip.optimizer and chip.optimizer.momentum,
        Region.CHANNEL: chip.config.array.latency,
    }  # fmt: skip
    loop = [Region[name.removeprefix("host_").upper()] for name in hosts(chip)] if chip.loop else []
    return tuple(dict.fromkeys([*(region for region, present in there.items() if present), *loop]))


class Engine(Component):
    """Learning engine of a chip.

    Parameters
    ----------
    chip : golden.chip.chip.Chip

    Members
    -------
    line, hidden : streams out, codes for the DACs of the lines: the sample's inputs, 8 a word, and the
        hidden neurons' outputs of both rails, one by one.
    sign : stream out, perturbations of the cells, a word of lanes a clock.
    weight : stream out (`digital`), weight codes of the cells.
    pulses : stream out (`filtered`), pulses for the devices.
    transfer : stream out (`filtered`), number of the transfer that the sweep's pulses belong to.
    pulse, train, read : streams out; reading : stream in (`tiki-taka`); see `rtl.tiki_taka.tiki_taka`.
    adc : stream in, pre-activation codes of both rails, one neuron after the other. The first of a sweep
        is taken `settle` clocks after the update of the sweep began, or later.
    load, load_register, load_value : the host writes a register: a counter, a setting, or memory of the
        cost unit; only while idle.
    settings, memory : what was written there.
    start, target, busy... : see `StepSequencer`; `calibrate` is ignored without `engine.calibration`.
    average : stream out (with model extraction), one a sweep: whether the sweep's weights are an iterate.
    saturated : high for one clock where C~, G, theta, M or H saturates, see `golden.state.FLAGS`.
    host_<region> : memories of `golden.chip.memory_map.Region`.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        lanes, array = chip.layout.lanes, chip.crossbar
        self.sequencer = StepSequencer(chip)
        self._control = (*CONTROL, *told(chip))
        members = {name: self.sequencer.signature.members[name] for name in (*self._control, "load", "load_register")}
        members |= {
            "load_value": In(32),
            "settings": Out(LAYOUT),
            "memory": Out(data.ArrayLayout(signed(64), 2)),
            "line": Out(stream.Signature(data.ArrayLayout(signed(array.line_bits), SAMPLE_WORD))),
            "hidden": Out(stream.Signature(rails(array.line_bits))),
            "sign": Out(stream.Signature(lane_words(chip.codes.bits, lanes))),
            "adc": In(stream.Signature(rails(array.adc_bits))),
            "saturated": Out(3),
        }
        if chip.loop:
            self.loop = TikiTakaLoop(chip)
            members |= {name: self.loop.signature.members[name] for name in ("pulse", "train", "read", "reading")}
        elif chip.ttv2:
            members |= {
                "pulses": Out(stream.Signature(lane_words(2, lanes))),
                "transfer": Out(stream.Signature(32)),
            }
        else:
            members |= {"weight": Out(stream.Signature(lane_words(array.weight_bits, lanes)))}
        if chip.average:
            members |= {"average": Out(stream.Signature(command_layout(chip.average)))}
        members |= {f"host_{region.name.lower()}": In(HostPort()) for region in regions(chip)}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        chip = self.chip
        m.submodules.sequencer = sequencer = self.sequencer
        m.submodules.settings = settings = Settings(chip)
        m.submodules.samples = samples = SampleMemory(
            chip.samples, chip.crossbar.line_bits, chip.config.array.output_bits, chip.levels
        )
        m.submodules.neuron = neuron = NeuronTable(chip.neuron, chip.layout)
        m.submodules.cost = cost = CostUnit(chip.cost, single(chip))
        for name in self._control:
            if name == "calibrate" and not chip.config.engine.calibration:
                continue
            inner, outer = getattr(sequencer, name), getattr(self, name)
            flow = self.signature.members[name].flow
            m.d.comb += outer.eq(inner) if flow == Out else inner.eq(outer)
        for block in (sequencer, settings, cost):
            m.d.comb += block.load.eq(self.load & ~sequencer.busy)
            m.d.comb += [block.load_register.eq(self.load_register), block.load_value.eq(self.load_value)]
        m.d.comb += [sequencer.settings.eq(settings.value), cost.settings.eq(settings.value)]
        with m.If(sequencer.calibrating):  # it takes one reading a step
            m.d.comb += [cost.settings.average.eq(0), cost.settings.average_c0.eq(0)]
        m.d.comb += [self.settings.eq(settings.value), self.memory.eq(cost.memory)]

        now = sequencer.present.payload
        perturbations = Perturbations(m, chip, now)
        skid(m, perturbations.sign, self.sign)
        lined = [self.loop] if chip.loop and self.loop.lined else []
        for source, sinks in (
            (samples.line, [self.line, *perturbations.lines, *(loop.line for loop in lined)]),
            (neuron.hidden, [self.hidden, *perturbations.hidden, *(loop.hidden for loop in lined)]),
        ):  # fmt: skip
            fork(m, source, *sinks)
            m.d.comb += [sink.payload.eq(source.payload) for sink in sinks]
        m.d.comb += [
            samples.request.payload.number.eq(now.sample),
            samples.request.payload.index.eq(now.index),
            samples.request.payload.direct.eq(now.direct),
            cost.reading.payload.eq(now.reading),
        ]
        connect(m, samples.target, cost.target)
        connect(m, neuron.output, cost.output)
        connect(m, cost.result, sequencer.result)
        connect(m, flipped(self.host_samples), samples.host)
        self._settle(m, neuron)
        self._arrive(m, cost, settings)
        saturated = (learn_on_arrays if chip.loop else learn)(m, self, perturbations)
        fork(m, sequencer.present, samples.request, cost.reading, *perturbations.sinks)
        m.d.comb += self.saturated.eq(Cat(sequencer.saturated, *saturated))
        return m

    def _settle(self, m: Module, neuron: NeuronTable) -> None:
        """Hold conversions back until what the sweep applied has settled."""
        if constants(self.chip).get("settle") == 0:
            connect(m, flipped(self.adc), neuron.adc)
            return
        clocks, settled = Signal(16), Signal()
        m.d.comb += [
            settled.eq(clocks == 0),
            neuron.adc.valid.eq(self.adc.valid & settled),
            neuron.adc.payload.eq(self.adc.payload),
            self.adc.ready.eq(neuron.adc.ready & settled),
        ]
        with m.If(transfer(self.sequencer.apply)):
            m.d.sync += clocks.eq(self.settings.settle)
        with m.Elif(~settled):
            m.d.sync += clocks.eq(clocks - 1)

    def _arrive(self, m: Module, cost: CostUnit, settings: Settings) -> None:
        """The way of the cost to the sequencer, and the calibration of its latency."""
        chip, sequencer, arrived = self.chip, self.sequencer, self.sequencer.arrived
        clear = Signal()
        m.d.comb += clear.eq(self.calibrate & ~sequencer.busy)
        if latency := chip.config.array.latency:
            m.submodules.channel = channel = Channel(latency, chip.cost.bits)
            m.d.comb += [
                channel.cost.eq(cost.result.payload.cost),
                channel.place.eq(sequencer.number[:4]),
                channel.take.eq(sequencer.measured),
                channel.clear.eq(clear),
                arrived.eq(channel.late),
            ]
            connect(m, flipped(self.host_channel), channel.host)
        else:
            m.d.comb += arrived.eq(cost.result.payload.cost)
        if not chip.config.engine.calibration:
            return
        m.submodules.calibration = calibration = Calibration(chip.cost.bits)
        m.d.comb += [
            calibration.clear.eq(clear),
            calibration.take.eq(sequencer.measured & sequencer.calibrating),
            calibration.place.eq(sequencer.number),
            calibration.cost.eq(arrived),
            calibration.scan.eq(sequencer.scan),
            sequencer.scanned.eq(calibration.done),
            settings.calibrated.eq(calibration.done & calibration.found),
            settings.delay.eq(calibration.delay),
        ]
