"""A third implementation of the array's side of the streams, beside the emulated array and a real chip.

It answers one engine as an array would, with random stalls on every stream, and checks whatever the
engine sends against the golden run of the same chip: signs, weights or pulses, line codes, hidden codes.
"""

import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check
from ohmgrad.golden.blocks.array.crossbar import convert_all
from ohmgrad.golden.blocks.array.devices import pulse_all
from ohmgrad.golden.blocks.control.sequencer import updates
from ohmgrad.golden.blocks.update.average import iterates
from ohmgrad.golden.chip.memory_map import record_words
from ohmgrad.golden.engine import Engine, Trace
from ohmgrad.golden.state import State


class ArrayModel:
    """The array of one chip, in NumPy.

    Parameters
    ----------
    bench : Bench
        Drivers of the engine's ports.
    golden : golden.engine.Engine
    """

    def __init__(self, bench: Bench, golden: Engine):
        self.chip, self.golden, self.name = golden.chip, golden, bench.name
        self.states = golden.initial().theta
        self.line, self.sign, self.hidden = (bench.sink(f"array.{name}") for name in ("line", "sign", "hidden"))
        self.adc = bench.source("array.adc")
        self.applied: int | None = None  # the step whose end the next sweep is
        self.average = bench.sink("array.average") if self.chip.average else None
        if self.chip.path.pulsed:
            self.devices = self.chip.path.devices.sample(self.states.size)
        for name in {"weight", "pulses", "transfer"} & {*self.chip.path.streams}:
            setattr(self, name, bench.sink(f"array.{name}"))

    def measured(self, step: int, state: State, trace: Trace) -> None:
        """A step has been measured, which the next sweep applies; `state` is golden's before it."""
        self.applied = step

    async def sweep(self, step: int, theta: np.ndarray, sample: int, adc: np.ndarray, act: np.ndarray) -> None:
        """Serve one sweep, that is one reading of a step.

        Parameters
        ----------
        step : int
            Step that the sweep measures.
        theta : int array, shape (P,)
            Golden's parameters, or states, at the start of that step.
        sample : int
            Index of its sample.
        adc, act : int arrays, shape (neurons, 2)
            Golden's codes of it; the model computes its own, and compares.
        """
        chip, layout = self.chip, self.chip.layout
        sent, lines, weights, _ = await gather(
            self.sign.receive(layout.words), self.line.receive(record_words(layout.layers[0])), self._weights(step),
            self._extract(),
        )  # fmt: skip
        self.applied = None
        signs = np.ravel(sent)[: layout.parameters]
        check(f"{self.name} sign", step, self.golden.perturbations(step // chip.sequencer.tau_p), signs)
        check(f"{self.name} sign padding", step, 0, np.any(np.ravel(sent)[layout.parameters :]))
        inputs = np.ravel(lines)[: layout.layers[0]]
        check(f"{self.name} line", step, self.golden.inputs[sample], inputs)
        check(f"{self.name} weight", step, theta >> chip.crossbar.drop, weights)
        await self._answer(step, np.array([inputs, inputs]), signs, weights, adc, act)

    async def _weights(self, step: int) -> np.ndarray:
        """Weight codes that the sweep leads to: as sent, or of the devices after the pulses sent."""
        size, length = self.states.size, self.chip.layout.words
        if not self.chip.path.pulsed:
            return np.ravel(await self.weight.receive(length))[:size]
        (number,), pulses = await gather(self.transfer.receive(1), self.pulses.receive(length))
        pulses = np.ravel(pulses)[:size].astype(np.int32)
        pulse_all(self.chip.path.devices.seed, self.chip.path.devices.noise, number, pulses, self.devices, self.states)
        return self.states >> self.chip.crossbar.drop

    async def _extract(self) -> None:
        """Take what the sweep's weights are to the average, if there is one: an iterate at each update."""
        chip, step, section = self.chip, self.applied, self.chip.config.average
        if self.average is None or section is None:
            return
        (command,) = await self.average.receive(1)
        period = 1 if chip.correlator.leaky else chip.sequencer.tau_theta
        use = step is not None and (chip.correlator.leaky or updates(chip.sequencer.tau_theta, step))
        within, first = iterates(chip.average, section.shift, section.start, period, step or 0)
        check(f"{self.name} average", step or 0, use and within, command.use)
        if use and within:
            check(f"{self.name} average, first", step or 0, first, command.first)

    async def _answer(self, step, lines, signs, weights, adc, act) -> None:
        """Send the ADC codes layer by layer, and take the hidden codes they lead to."""
        chip, first = self.chip, 0
        crossbar, polarities = chip.crossbar, (1, chip.polarity)
        pairs = zip(chip.matrices(weights), chip.matrices(signs), strict=True)
        for layer, (w, s) in enumerate(pairs):
            rows = len(w)
            ones = np.full((2, 1), crossbar.one)
            x = np.hstack([lines, ones]).astype(np.int64)
            sums = np.array([(w + p * crossbar.amplitude * s) @ x[r] for r, p in enumerate(polarities)])
            codes = convert_all(crossbar.adc_shift, crossbar.adc_bound, sums).T
            check(f"{self.name} adc", step, adc[first : first + rows].ravel(), codes.ravel())
            sending = self.adc.send([{"rail0": int(a), "rail1": int(b)} for a, b in codes])
            if layer == len(chip.layout.rows) - 1:
                await sending
                return
            _, hidden = await gather(sending, self.hidden.receive(rows))
            lines = np.array([[h.rail0, h.rail1] for h in hidden]).T
            check(f"{self.name} hidden", step, act[first : first + rows].ravel(), lines.T.ravel())
            first += rows

