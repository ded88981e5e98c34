"""The learning engine: all blocks but the array, wired by streams; see `golden.engine`.

    sequencer -> perturbation (this sweep) -----------------> sign
              -> perturbation (last sweep) -> path ---------> weights or pulses, see `rtl.paths`
              -> samples -> line
    adc -> neuron -> hidden
                  -> cost [-> delay line] -> sequencer

With an external cost there are no samples and no neurons: words of S go to the cost unit.

One sweep over the parameters does a whole step: each word of G takes the last cost, each word of
theta the update it leads to, and each word of weights the products of the next measurement.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.stream import Signature as Stream
from amaranth.lib.wiring import Component, Out, connect, flipped

from ..golden.blocks.measure.cost import ANALOG, ANTITHETIC, FORWARD
from ..golden.blocks.perturb.outer import lines
from ..golden.chip.chip import Chip
from ..golden.chip.memories import memories
from ..golden.chip.memory_map import record_words
from ..golden.chip.registers import constants
from .array.port import SWEEP, ArrayPort, sample_members
from .control.control_port import control_members
from .control.sequencer import StepSequencer
from .control.sequencer_counters import counter_ports
from .control.settings import Settings, effective_settings, single_reading
from .lib.mixer import Seed
from .lib.signals import signals
from .lib.streams import decouple, fork, portion, precede, skid, transfer
from .measure.calibration import Calibration
from .measure.cost import CostUnit, Telemetry
from .measure.delay_line import DelayLine
from .measure.inference import inference_members
from .measure.neuron import NeuronTable
from .measure.sample_stream import SampleStream, stream_members
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
    cut : an array outside is cut off: what it gives counts for nothing.
    saturated : high for one clock where C~, G, theta, M, H, the average or a code saturates, see `golden.state.FLAGS`.
    samples : with the section `stream` samples, see `record` of `rtl.measure.sample_stream.SampleStream`.
    infer : as `evaluate`, of samples that come by `inputs` and whose outputs leave by `outputs`, with
        `engine.inference`; what is counted then is of no use.
    inputs : stream in, words of 8 input codes, as many a sample as hold its inputs.
    outputs : stream out, see `output_word`.
    renewed : high for one clock after another seed was written to `settings`.
    telemetry : what was measured, see `rtl.measure.cost.Telemetry`.
    host_<name> : memories of `golden.chip.memories`, those of the array too.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        self.sequencer = StepSequencer(chip)
        outside = {"array": Out(ArrayPort(chip)), "telemetry": Out(Telemetry(chip.cost)), "renewed": Out(1)}
        streams = stream_members(chip) | inference_members(chip)
        super().__init__({**control_members(chip), **outside, **streams})

    def elaborate(self, platform):
        m = Module()
        chip, array = self.chip, self.array
        m.submodules.sequencer = sequencer = self.sequencer
        m.submodules.settings = settings = Settings(chip)
        m.submodules.cost = cost = CostUnit(
            chip.cost, single_reading(chip) and not chip.alternates, chip.alternates
        )
        for name in (*CONTROL, *counter_ports(chip)):
            absent = {"calibrate": not chip.config.engine.calibration, "evaluate": chip.config.engine.inference}
            if absent.get(name):  # or driven below
                continue
            inner, outer = getattr(sequencer, name), getattr(self, name)
            flow = self.signature.members[name].flow
            m.d.comb += outer.eq(inner) if flow == Out else inner.eq(outer)
        self.inferring = Signal(name="inferring")
        if chip.config.engine.inference:
            with m.If(~sequencer.busy):
                m.d.sync += self.inferring.eq(self.infer)
            m.d.comb += sequencer.evaluate.eq(self.evaluate | self.infer)
        for block in (sequencer, settings, cost):
            m.d.comb += block.load.eq(self.load & ~sequencer.busy)
            m.d.comb += [block.load_register.eq(self.load_register), block.load_value.eq(self.load_value)]
        self.seed = Seed(effective_settings(chip, settings.value).seed, settings.renewed)
        m.d.comb += [sequencer.settings.eq(settings.value), cost.settings.eq(settings.value)]
        m.d.comb += self.renewed.eq(settings.renewed)
        with m.If(sequencer.calibrating):  # it takes one reading a step
            m.d.comb += [cost.settings.average.eq(0), cost.settings.average_c0.eq(0)]
        m.d.comb += [self.settings.eq(settings.value), self.memory.eq(cost.memory)]
        told = self.telemetry.payload
        m.d.comb += [
            self.telemetry.valid.eq(sequencer.measured & sequencer.learning),
            told.step.eq(sequencer.step),
            told.cost.eq(cost.result.payload.cost),
            told.total0.eq(cost.totals[0]),
            told.total1.eq(cost.totals[1]),
        ]

        now = sequencer.present.payload
        perturbations = Perturbations(m, chip, now, self.seed.value)
        skid(m, perturbations.sign, array.sign)
        saturated, over = learn(m, self, perturbations)
        m.d.comb += cost.reading.payload.eq(now.reading)
        connect(m, cost.result, sequencer.result)
        samples = (self._word if chip.cost.word else self._network)(m, cost, perturbations, now)
        self._arrive(m, cost, settings)
        fork(m, sequencer.present, *samples, cost.reading, *perturbations.sinks)
        m.d.comb += self.saturated.eq(Cat(sequencer.saturated, saturated, over | array.saturated))
        for memory in memories(chip):
            if memory.owner != "engine":
                connect(m, flipped(getattr(self, memory.port)), flipped(getattr(array, memory.port)))
        return m

    def _network(self, m: Module, cost: CostUnit, perturbations: Perturbations, now):
        """Samples, neurons and their outputs; returns the streams that take which sample it is."""
        chip, array = self.chip, self.array
        samples, request = self._samples(m, now)
        m.submodules.neuron = neuron = NeuronTable(chip.neuron, chip.layout)
        line = self._inputs(m, samples.line) if chip.config.engine.inference else samples.line
        for source, sinks in (
            (line, [array.line, *perturbations.lines]),
            (neuron.hidden, [array.hidden, *perturbations.hidden]),
        ):  # fmt: skip
            fork(m, source, *sinks)
            m.d.comb += [sink.payload.eq(source.payload) for sink in sinks]
        connect(m, samples.target, cost.target)
        if chip.config.engine.inference:
            self._outputs(m, neuron.output, cost.output)
        else:
            connect(m, neuron.output, cost.output)
        self._settle(m, array.adc, neuron.adc)
        return [self._sweep(m, now), request] if chip.alternates else [request]

    def _inputs(self, m: Module, line):
        """Line codes: those of the sample memory, or while the engine infers those that come, at the memory's pace."""
        given = Stream(line.payload.shape()).create(path=("given",))
        m.d.comb += [
            given.valid.eq(line.valid & (self.inputs.valid | ~self.inferring)),
            line.ready.eq(given.ready & (self.inputs.valid | ~self.inferring)),
            self.inputs.ready.eq(given.ready & line.valid & self.inferring),
        ]
        for lane in range(len(given.payload)):
            m.d.comb += given.payload[lane].eq(Mux(self.inferring, self.inputs.payload[lane], line.payload[lane]))
        return given

    def _outputs(self, m: Module, source, cost) -> None:
        """Output codes go to the cost unit; while the engine infers, outside first, as it ends with the last cost."""
        place, outputs = Signal(range(max(2, self.chip.layout.layers[-1])), name="output_place"), self.outputs
        precede(m, source, outputs, cost, self.inferring)
        m.d.comb += [
            outputs.payload.code.eq(source.payload.rail0),
            outputs.payload.last.eq(place == self.chip.layout.layers[-1] - 1),
            cost.payload.eq(source.payload),
        ]
        with m.If(transfer(outputs)):
            m.d.sync += place.eq(Mux(outputs.payload.last, 0, place + 1))

    def _samples(self, m: Module, now):
        """Samples from memory, or from a stream; and the stream that takes which one it is."""
        chip, bits = self.chip, (self.chip.crossbar.line_bits, self.chip.config.array.output_bits)
        if chip.config.stream:
            m.submodules.samples = samples = SampleStream(chip.samples, *bits)
            m.d.comb += samples.request.payload.eq(now.sample)
            connect(m, flipped(self.samples), samples.record)
            return samples, samples.request
        m.submodules.samples = samples = SampleMemory(chip.samples, *bits, chip.levels, self.seed)
        m.d.comb += [
            samples.request.payload.number.eq(now.sample),
            samples.request.payload.index.eq(now.index),
            samples.request.payload.direct.eq(now.direct),
        ]
        connect(m, flipped(self.host_samples), samples.host)
        return samples, samples.request

    def _word(self, m: Module, cost: CostUnit, perturbations: Perturbations, now):
        """S from outside; returns the streams that take which sample it is."""
        sample = self._sweep(m, now)
        self._settle(m, self.array.cost, cost.output)
        sinks = [sample]
        if self.chip.lined:
            (line,) = perturbations.lines
            sinks.append(swept := Stream(0).create(path=("swept",)))
            portion(m, swept, self.array.activity, line, record_words(lines(self.chip.layout)))
        if self.chip.samples.inputs:
            samples, request = self._samples(m, now)
            for name in sample_members(self.chip):
                skid(m, getattr(samples, name), getattr(self.array, name))
            sinks.append(request)
        return sinks

    def _sweep(self, m: Module, now):
        """What the array, or the rails before it, are told of a sweep; returns the stream that takes it."""
        number, known, reading = Signal(32, name="number"), Signal(name="known"), now.reading
        sample = Stream(SWEEP).create(path=("sample",))
        # Of an evaluation S of rail 0 is used, though it is of no step; of a sweep that only applies nothing is.
        measured = {ANTITHETIC: reading.take1, FORWARD: reading.take1 & reading.refresh, ANALOG: 0}[self.chip.cost.mode]
        m.d.comb += [
            sample.payload.number.eq(now.sample),
            sample.payload.next.eq(~known | (now.sample != number)),
            sample.payload.rails.eq(Cat(reading.take0 & (~reading.drop | now.direct), measured & ~reading.drop)),
        ]
        with m.If(transfer(sample)):
            m.d.sync += [number.eq(now.sample), known.eq(1)]
        decouple(m, sample, self.array.sample)  # a sweep is presented before the array asks for it
        return sample

    def _settle(self, m: Module, source, sink) -> None:
        """Hold conversions back until what the sweep applied has settled, and tell the array."""
        applied = transfer(self.sequencer.apply)
        settled, waiting = signals("settled waiting")
        m.d.comb += [
            sink.valid.eq(source.valid & settled),
            sink.payload.eq(source.payload),
            source.ready.eq(sink.ready & settled),
            self.array.settle.eq(~settled),
            self.array.convert.eq(waiting & settled),
        ]
        m.d.sync += waiting.eq(applied | (waiting & ~settled))
        if constants(self.chip).get("settle") == 0:
            m.d.comb += settled.eq(1)
            return
        clocks = Signal(16, name="clocks")
        m.d.comb += settled.eq(clocks == 0)
        with m.If(applied):
            m.d.sync += clocks.eq(self.settings.settle)
        with m.Elif(~settled):
            m.d.sync += clocks.eq(clocks - 1)

    def _arrive(self, m: Module, cost: CostUnit, settings: Settings) -> None:
        """The way of the cost to the sequencer, and the calibration of its latency."""
        chip, sequencer, measured = self.chip, self.sequencer, cost.result.payload.cost
        arrived = Signal.like(sequencer.arrived, name="arrived")
        if chip.emulated:
            m.d.comb += sequencer.arrived.eq(arrived)
        else:  # cut off, a step has no cost
            measured = Mux(self.cut, 0, measured)
            m.d.comb += sequencer.arrived.eq(Mux(self.cut, 0, arrived))
        clear = Signal(name="clear")
        m.d.comb += clear.eq(self.calibrate & ~sequencer.busy)
        if latency := chip.config.array.latency:
            m.submodules.delay_line = delay_line = DelayLine(latency, chip.cost.bits)
            m.d.comb += [
                delay_line.cost.eq(measured),
                delay_line.step.eq(sequencer.number[:4]),
                delay_line.write.eq(sequencer.measured),
                delay_line.clear.eq(clear),
                arrived.eq(delay_line.delayed),
            ]
            connect(m, flipped(self.host_delay_line), delay_line.host)
        else:
            m.d.comb += arrived.eq(measured)
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
