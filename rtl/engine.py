"""The learning engine: all blocks but the array, wired by streams; see `golden.engine`.

    sequencer -> codes (this sweep) [-> outer] -> mute ---------------------> sign
              -> codes (last sweep) [-> outer] -> correlator -> optimizer -> weight      (digital)
                 or, by K costs, window ------>              -> filter -> pulses         (filtered)
              -> samples -> line
    adc -> neuron -> hidden
                  -> cost [-> channel] -> sequencer

One sweep over the parameters does a whole step: each word of G takes the last cost, each word of
theta the update it leads to, and each word of weights the products of the next measurement.
"""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ..golden.chip import Chip
from ..golden.memory_map import SAMPLE_WORD, Region
from ..golden.outer import LAYER, RANK_ONE
from .buses.host import HostPort
from .buses.streams import fork, transfer
from .calibration import Calibration
from .channel import Channel
from .codes import CodeGenerator
from .correlator import CorrelatorMemory
from .cost import CostUnit
from .layout import lane_words
from .mute import Mute
from .neuron import NeuronTable, rails
from .optimizer import OptimizerMemory, scheduled
from .outer import OuterProducts
from .samples import SampleMemory
from .sequencer import RESTORABLE, StepSequencer
from .settings import LAYOUT, Settings
from .ttv2 import FilterMemory
from .window import WindowProducts

CONTROL = ("start", "stop", "evaluate", "calibrate", "target", "busy", "last", "total", "right", *RESTORABLE)


def regions(chip: Chip) -> tuple[Region, ...]:
    """Memories that the engine of a chip has."""
    there = {
        Region.THETA: chip.optimizer, Region.GRADIENT: not chip.correlator.replay, Region.FILTER: chip.ttv2,
        Region.SAMPLES: True, Region.MOMENTUM: chip.optimizer and chip.optimizer.momentum,
        Region.CHANNEL: chip.config.array.latency,
    }  # fmt: skip
    return tuple(region for region, present in there.items() if present)


class Engine(Component):
    """Learning engine of a chip.

    Parameters
    ----------
    chip : golden.chip.Chip

    Members
    -------
    line, hidden : streams out, codes for the DACs of the lines: the sample's inputs, 8 a word, and the
        hidden neurons' outputs of both rails, one by one.
    sign : stream out, perturbations of the cells, a word of lanes a clock.
    weight : stream out (`digital`), weight codes of the cells.
    pulses : stream out (`filtered`), pulses for the devices.
    transfer : stream out (`filtered`), number of the transfer that the sweep's pulses belong to.
    adc : stream in, pre-activation codes of both rails, one neuron after the other. The first of a sweep
        is taken `settle` clocks after the update of the sweep began, or later.
    load, load_register, load_value : the host writes a register: a counter, a setting, or memory of the
        cost unit; only while idle.
    settings, memory : what was written there.
    start, target, busy... : see `StepSequencer`.
    saturated : high for one clock where C~, G, theta, M or H saturates, see `golden.engine.FLAGS`.
    host_<region> : memories of `golden.memory_map.Region`.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        lanes, array = chip.layout.lanes, chip.crossbar
        self.sequencer = StepSequencer(chip)
        members = {name: self.sequencer.signature.members[name] for name in (*CONTROL, "load", "load_register")}
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
        if chip.ttv2:
            members |= {
                "pulses": Out(stream.Signature(lane_words(2, lanes))),
                "transfer": Out(stream.Signature(32)),
            }
        else:
            members |= {"weight": Out(stream.Signature(lane_words(array.weight_bits, lanes)))}
        members |= {f"host_{region.name.lower()}": In(HostPort()) for region in regions(chip)}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        chip = self.chip
        m.submodules.sequencer = sequencer = self.sequencer
        m.submodules.settings = settings = Settings(chip)
        m.submodules.samples = samples = SampleMemory(
            chip.samples, chip.crossbar.line_bits, chip.config.array.output_bits
        )
        m.submodules.neuron = neuron = NeuronTable(chip.neuron, chip.layout)
        m.submodules.cost = cost = CostUnit(chip.cost)
        for name in CONTROL:
            inner, outer = getattr(sequencer, name), getattr(self, name)
            flow = self.signature.members[name].flow
            m.d.comb += outer.eq(inner) if flow == Out else inner.eq(outer)
        for block in (sequencer, settings, cost):
            m.d.comb += block.load.eq(self.load & ~sequencer.busy)
            m.d.comb += [block.load_register.eq(self.load_register), block.load_value.eq(self.load_value)]
        m.d.comb += [sequencer.settings.eq(settings.value), cost.settings.eq(settings.value)]
        m.d.comb += [self.settings.eq(settings.value), self.memory.eq(cost.memory)]

        now = sequencer.present.payload
        factors, sinks = self._signs(m, samples, neuron)
        fork(m, sequencer.present, samples.request, cost.reading, *sinks)
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
        gradient, over = self._learn(m, factors)
        m.d.comb += self.saturated.eq(Cat(sequencer.saturated, gradient, over))
        return m

    def _signs(self, m: Module, samples: SampleMemory, neuron: NeuronTable):
        """Perturbations of this sweep, and what the last cost is correlated with: that stream, and the sinks
        of a presented pattern."""
        chip, layout, now = self.chip, self.chip.layout, self.sequencer.present.payload
        m.submodules.mute = mute = Mute(layout, chip.codes.bits)
        m.d.comb += mute.still.payload.eq(now.still)
        connect(m, mute.sign, flipped(self.sign))
        sinks, sides = [mute.still], [("now", chip.codes, now.pattern, now.position, now.turn)]
        lines, hidden = [self.line], [self.hidden]
        if chip.correlator.window == 1:
            sides.append(("last", chip.reference, now.last_pattern, now.last_position, now.last_turn))
        words = []
        for name, code, number, position, turn in sides:
            m.submodules[f"codes_{name}"] = codes = CodeGenerator(code, layout.lanes)
            m.d.comb += [codes.pattern.payload.number.eq(number), codes.pattern.payload.position.eq(position)]
            sinks.append(codes.pattern)
            words.append(codes.signs)
            if chip.outer:
                outer = OuterProducts(chip.outer, layout, code, reference=name == "last")
                m.submodules[f"outer_{name}"] = outer
                connect(m, codes.signs, outer.values)
                words[-1] = outer.product
                if chip.outer.method == LAYER:
                    m.d.comb += outer.turn.payload.eq(turn)
                    sinks.append(outer.turn)
                if name == "last" and chip.outer.method != RANK_ONE:
                    lines.append(outer.line)
                    hidden.append(outer.hidden)
        connect(m, words[0], mute.values)
        for source, targets in ((samples.line, lines), (neuron.hidden, hidden)):
            fork(m, source, *targets)
            m.d.comb += [target.payload.eq(source.payload) for target in targets]
        return words[1] if len(words) > 1 else None, sinks

    def _settle(self, m: Module, neuron: NeuronTable) -> None:
        """Hold conversions back until what the sweep applied has settled."""
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

    def _learn(self, m: Module, factors):
        """Correlator and update; returns what tells that G, and that theta, M or H, saturated."""
        chip, layout, apply = self.chip, self.chip.layout, self.sequencer.apply.payload
        sinks = []
        if chip.correlator.window > 1:
            m.submodules.window = window = WindowProducts(chip.window, layout)
            m.d.comb += [getattr(window.cost.payload, name).eq(getattr(apply, name)) for name in WINDOW]
            sinks.append(window.cost)
            gradient, over = window.product, 0
        if not chip.correlator.replay:
            m.submodules.correlator = correlator = CorrelatorMemory(
                chip.correlator, layout, **({"product_bits": chip.window.bits} if chip.window else {})
            )
            if chip.window:
                connect(m, gradient, correlator.products)
                m.d.comb += correlator.cost.payload.use.eq(apply.flush)
            else:
                connect(m, factors, correlator.factors)
                m.d.comb += correlator.cost.payload.cost.eq(apply.cost)
            if chip.correlator.leaky:
                m.d.comb += correlator.leak.eq(self.settings.leak)
                m.d.comb += correlator.cost.payload.step.eq(apply.update)
            else:
                m.d.comb += correlator.cost.payload.clear.eq(apply.update)
            sinks.append(correlator.cost)
            connect(m, flipped(self.host_gradient), correlator.host)
            gradient, over = correlator.gradient, correlator.saturated
        if chip.ttv2:
            m.submodules.ttv2 = update = FilterMemory(chip.ttv2, layout)
            sinks.append(self.transfer)
            m.d.comb += self.transfer.payload.eq(apply.step)
            m.d.comb += update.command.payload.value.eq(scheduled(chip.ttv2.schedule, apply.step))
            connect(m, update.pulses, flipped(self.pulses))
            connect(m, flipped(self.host_filter), update.host)
        else:
            m.submodules.optimizer = update = OptimizerMemory(chip.optimizer, layout)
            m.d.comb += update.command.payload.step.eq(apply.step)
            m.d.comb += [
                self.weight.valid.eq(update.parameters.valid),
                update.parameters.ready.eq(self.weight.ready),
            ]
            for lane in range(layout.lanes):
                weight = update.parameters.payload[lane] >> chip.crossbar.drop
                m.d.comb += self.weight.payload[lane].eq(weight)
            connect(m, flipped(self.host_theta), update.host)
            if chip.optimizer.momentum:
                connect(m, flipped(self.host_momentum), update.host_momentum)
        m.d.comb += update.command.payload.update.eq(apply.update)
        fork(m, self.sequencer.apply, *sinks, update.command)
        m.d.comb += [update.gradient.valid.eq(gradient.valid), gradient.ready.eq(update.gradient.ready)]
        for lane in range(layout.lanes):
            m.d.comb += update.gradient.payload[lane].eq(gradient.payload[lane])
        return over, update.saturated


WINDOW = ("cost", "pattern", "used", "flush")
"""Fields of an applied cost that the window takes."""
