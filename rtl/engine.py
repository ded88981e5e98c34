"""The learning engine: all blocks but the array, wired by streams; see `golden.engine`.

    sequencer -> perturbation (this sweep) -----------------> sign
              -> perturbation (last sweep) -> path ---------> weights or pulses, see `rtl.paths`
              -> samples -> line
    adc -> neuron -> hidden
                  -> cost [-> delay line] -> sequencer

One sweep over the parameters does a whole step: each word of G takes the last cost, each word of
theta the update it leads to, and each word of weights the products of the next measurement.
"""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ..golden.chip.chip import Chip
from ..golden.chip.memories import memories
from ..golden.chip.registers import constants
from .array.port import ArrayPort
from .control.sequencer import StepSequencer
from .control.sequencer_counters import counter_ports
from .control.settings import Settings, single_reading
from .lib.host_port import HostPort
from .lib.settings_layout import LAYOUT
from .lib.streams import fork, skid, transfer
from .measure.calibration import Calibration
from .measure.cost import CostUnit
from .measure.delay_line import DelayLine
from .measure.neuron import NeuronTable
from .measure.samples import SampleMemory
from .paths import learn
from .perturb.perturbation import Perturbations

CONTROL = ("start", "stop", "evaluate", "calibrate", "target", "busy", "learning", "last", "total", "right")


class Engine(Component):
    """Learning engine of a chip.

    Parameters
    ----------
    chip : golden.chip.chip.Chip

    Members
    -------
    array : the array, see `rtl.array.port.ArrayPort`. The first code of a sweep is taken `settle` clocks after the
        update of the sweep began, or later.
    load, load_register, load_value : the host writes a register: a counter, a setting, or memory of the
        cost unit; only while idle.
    settings, memory : what was written there.
    start, target, busy... : see `StepSequencer`; `calibrate` is ignored without `engine.calibration`.
    saturated : high for one clock where C~, G, theta, M, H or the average saturates, see `golden.state.FLAGS`.
    host_<name> : memories of `golden.chip.memories`, those of the array too.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        self.sequencer = StepSequencer(chip)
        self._control = (*CONTROL, *counter_ports(chip))
        members = {name: self.sequencer.signature.members[name] for name in (*self._control, "load", "load_register")}
        members |= {
            "array": Out(ArrayPort(chip)),
            "load_value": In(32),
            "settings": Out(LAYOUT),
            "memory": Out(data.ArrayLayout(signed(64), 2)),
            "saturated": Out(3),
        }
        members |= {memory.port: In(HostPort()) for memory in memories(chip) if memory.region is not None}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        chip, array = self.chip, self.array
        m.submodules.sequencer = sequencer = self.sequencer
        m.submodules.settings = settings = Settings(chip)
        m.submodules.samples = samples = SampleMemory(
            chip.samples, chip.crossbar.line_bits, chip.config.array.output_bits, chip.levels
        )
        m.submodules.neuron = neuron = NeuronTable(chip.neuron, chip.layout)
        m.submodules.cost = cost = CostUnit(chip.cost, single_reading(chip))
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
        skid(m, perturbations.sign, array.sign)
        saturated, over = learn(m, self, perturbations)
        for source, sinks in (
            (samples.line, [array.line, *perturbations.lines]),
            (neuron.hidden, [array.hidden, *perturbations.hidden]),
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
        fork(m, sequencer.present, samples.request, cost.reading, *perturbations.sinks)
        m.d.comb += self.saturated.eq(Cat(sequencer.saturated, saturated, over | array.saturated))
        for memory in memories(chip):
            if memory.owner == "array":
                connect(m, flipped(getattr(self, memory.port)), flipped(getattr(array, memory.port)))
        return m

    def _settle(self, m: Module, neuron: NeuronTable) -> None:
        """Hold conversions back until what the sweep applied has settled, and tell the array."""
        applied, settled, waiting = transfer(self.sequencer.apply), Signal(), Signal()
        adc = self.array.adc
        m.d.comb += [
            neuron.adc.valid.eq(adc.valid & settled),
            neuron.adc.payload.eq(adc.payload),
            adc.ready.eq(neuron.adc.ready & settled),
            self.array.settle.eq(~settled),
            self.array.convert.eq(waiting & settled),
        ]
        m.d.sync += waiting.eq(applied | (waiting & ~settled))
        if constants(self.chip).get("settle") == 0:
            m.d.comb += settled.eq(1)
            return
        clocks = Signal(16)
        m.d.comb += settled.eq(clocks == 0)
        with m.If(applied):
            m.d.sync += clocks.eq(self.settings.settle)
        with m.Elif(~settled):
            m.d.sync += clocks.eq(clocks - 1)

    def _arrive(self, m: Module, cost: CostUnit, settings: Settings) -> None:
        """The way of the cost to the sequencer, and the calibration of its latency."""
        chip, sequencer, arrived = self.chip, self.sequencer, self.sequencer.arrived
        clear = Signal()
        m.d.comb += clear.eq(self.calibrate & ~sequencer.busy)
        if latency := chip.config.array.latency:
            m.submodules.delay_line = delay_line = DelayLine(latency, chip.cost.bits)
            m.d.comb += [
                delay_line.cost.eq(cost.result.payload.cost),
                delay_line.step.eq(sequencer.number[:4]),
                delay_line.write.eq(sequencer.measured),
                delay_line.clear.eq(clear),
                arrived.eq(delay_line.delayed),
            ]
            connect(m, flipped(self.host_delay_line), delay_line.host)
        else:
            m.d.comb += arrived.eq(cost.result.payload.cost)
        if not chip.config.engine.calibration:
            return
        m.submodules.calibration = calibration = Calibration(chip.cost.bits)
        m.d.comb += [
            calibration.clear.eq(clear),
            calibration.valid.eq(sequencer.measured & sequencer.calibrating),
            calibration.step.eq(sequencer.number),
            calibration.cost.eq(arrived),
            calibration.scan.eq(sequencer.scan),
            sequencer.scanned.eq(calibration.done),
            settings.calibrated.eq(calibration.done & calibration.found),
            settings.delay.eq(calibration.delay),
        ]
