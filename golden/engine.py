"""The learning engine and its array: MGD on integers, bit for bit what the RTL does.

One step presents a sample, runs the network on two rails, takes C~, correlates it, and every
tau_theta steps (analog mode: always) updates the parameters (`digital`) or filters and pulses
(`filtered`); `golden.step` does it.
"""

from dataclasses import dataclass, field

import numpy as np

from .blocks.array import crossbar as crossbar_
from .blocks.array.coincidence import zero_shift
from .blocks.lib.fixed import limit
from .blocks.measure.calibration import PERIOD, PERTURBED, ROUNDS, arriving, calibration_delay, require_calibration
from .blocks.measure.cost import MSE
from .blocks.measure.samples import require_levels
from .blocks.perturb import outer
from .blocks.perturb.codes import pattern_signs, scratch
from .blocks.tiki_taka import tiki_taka
from .blocks.update.optimizer import Optimizer
from .blocks.update.ttv2 import Ttv2
from .chip.chip import Chip
from .chip.paths import TikiTaka
from .data.datasets import Split
from .defects import array as defects
from .defects.draws import hardware
from .state import State, cleared
from .step import expand, forward, measure, run


@dataclass
class Trace:
    """Intermediates of consecutive steps, one row a step.

    Attributes
    ----------
    sample : int64 array, shape (steps,)
    adc, act : int32 arrays, shape (steps, neurons, 2)
        ADC codes and activation codes of both rails, neurons in the order of the layout.
    sums : int64 array, shape (steps, 2)
        S of both rails, as the outputs have it: before low-pass, ramp and noise.
    cost : int64 array, shape (steps,)
        C~.
    """

    sample: np.ndarray
    adc: np.ndarray
    act: np.ndarray
    sums: np.ndarray
    cost: np.ndarray


NO_OPTIMIZER = Optimizer(2, 2, 0, ())
NO_FILTER = Ttv2(2, 2, 0, 0, ())


@dataclass
class Engine:
    """A chip with its samples loaded.

    Parameters
    ----------
    chip : Chip
        Integer description of the chip.
    split : Split
        Samples and targets in real units, within +-1.
    """

    chip: Chip
    split: Split
    inputs: np.ndarray = field(init=False)
    targets: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        chip = self.chip
        self.inputs = chip.line_codes(self.split.train_x)
        self.targets = chip.output_codes(self.split.train_t)
        if chip.levels:
            require_levels(chip.config.name, chip.levels, self.inputs, self.targets)
        layout = chip.layout
        self._shape = np.array(
            [(c - 1, r, o) for c, r, o in zip(layout.columns, layout.rows, layout.offsets, strict=True)]
        )
        self._tables = chip.neuron.tables()
        devices = getattr(chip.path, "devices", None)
        self._devices = devices.sample(layout.parameters) if devices else np.zeros((layout.parameters, 6), np.int64)
        self._fast, self._symmetry = np.zeros((0, 6), np.int64), np.zeros(0, np.int32)
        if isinstance(chip.path, TikiTaka) and chip.config.fast:
            fast, states = chip.path.fast, np.zeros(layout.parameters, np.int32)
            self._fast = fast.sample(layout.parameters)
            self._symmetry = zero_shift(fast.noise, fast.seed, chip.config.fast.zero_shift, self._fast, states)
        self._hardware = (
            hardware(chip, chip.defects, self.initial().theta, self._devices) if chip.defects else None
        )
        self._starts, self._rates = (np.array(column) for column in zip(*chip.path.schedule, strict=True))

    def initial(self) -> State:
        """State before the first step: seeded uniform parameters, G = H = 0."""
        chip = self.chip
        uniform = np.random.default_rng(chip.config.seed).uniform(-1, 1, chip.layout.parameters)
        theta = np.rint(uniform * chip.config.weights.init / chip.state_unit).astype(np.int32)
        if chip.path.pulsed:
            theta = np.clip(theta, -self._devices[:, 5], self._devices[:, 4]).astype(np.int32)
        state = cleared(chip)
        state.arrays["theta"] = theta
        if isinstance(chip.path, TikiTaka):
            state.arrays |= {"a": self._symmetry.copy(), "reference": self._symmetry.copy()}
        return state

    def run(self, state: State, steps: int) -> None:
        """Advance `state` in place by `steps` steps."""
        self._run(state, steps, 0)

    def trace(self, state: State, steps: int) -> Trace:
        """Advance `state` in place by `steps` steps and return all intermediates."""
        return self._run(state, steps, steps)

    def _run(self, state: State, steps: int, rows: int) -> Trace:
        chip = self.chip
        layout = chip.layout
        neurons = layout.neurons
        trace = Trace(
            np.zeros(rows, np.int64),
            np.zeros((rows, neurons, 2), np.int32),
            np.zeros((rows, neurons, 2), np.int32),
            np.zeros((rows, 2), np.int64),
            np.zeros(rows, np.int64),
        )
        lines = np.full((len(layout.rows), 2, max(layout.columns)), chip.crossbar.one, np.int32)
        path, correlator = chip.path, chip.correlator
        optimizer, ttv2 = getattr(path, "optimizer", NO_OPTIMIZER), getattr(path, "ttv2", NO_FILTER)
        devices = getattr(path, "devices", None)
        pending = state.arrays.get("pending", np.zeros(0, np.int32))
        g, h, m = (state.arrays.get(name, np.zeros(layout.parameters, np.int32)) for name in "ghm")
        state.flags |= run(
            chip.sequencer, chip.samples, chip.crossbar, chip.polarity, chip.cost, correlator,
            optimizer.plain and not correlator.leaky, optimizer._replace(schedule=()),
            ttv2._replace(schedule=()), path.pulsed, self._starts, self._rates,
            devices.seed if devices else 0, devices.noise if devices else 0, self._devices,
            chip.codes.plan, chip.reference.plan, chip.codes.quarter(), chip.outer.method if chip.outer else 0,
            outer.coordinates(layout), self._shape, self._tables, self.inputs, self.targets, lines,
            state.theta, g, h, m, state.memory, pending, state.step, steps,
            scratch(max(chip.codes.size, layout.parameters, neurons + outer.lines(layout))),
            np.zeros((neurons, 2), np.int32), np.zeros((neurons, 2), np.int32),
            (trace.sample, trace.adc, trace.act, trace.sums, trace.cost), self._hardware, self._arrays(state),
            self._extraction(state),
        )  # fmt: skip
        state.step += steps
        return trace

    def _arrays(self, state: State) -> tiki_taka.Arrays | None:
        """What the compiled step takes of the path `tiki-taka`."""
        loop = self.chip.path
        if not isinstance(loop, TikiTaka):
            return None
        devices, none = loop.devices, np.zeros(0, np.int32)
        return tiki_taka.Arrays(
            loop.settings, loop.ttv2._replace(schedule=()), loop.pulses, loop.pulses.line_shift, loop.pulses.order(),
            np.array(loop.exponents, np.int64), loop.fast.seed, loop.fast.noise, devices.seed, devices.noise,
            self._fast, self._devices,
            state.a, state.reference, state.h, state.arrays.get("mean", none), state.arrays.get("past", none),
            state.arrays.get("chopper", none), state.cursor,
        )  # fmt: skip

    def _extraction(self, state: State) -> tuple | None:
        """What the compiled step takes of model extraction."""
        average, section = self.chip.average, self.chip.config.average
        return (average, section.shift, section.start, state.average) if average and section else None

    def calibrate(self, state: State) -> int:
        """Delay that the engine's calibration finds; see `golden.blocks.measure.calibration`. Nothing changes in
        `state`.

        Raises
        ------
        ConfigError
            The chip is made without calibration.
        """
        require_calibration(self.chip.config)
        chip, bar = self.chip, self.chip.crossbar
        layout, neurons = chip.layout, chip.layout.neurons
        adc, act = np.zeros((neurons, 2), np.int32), np.zeros((neurons, 2), np.int32)
        lines = np.full((len(layout.rows), 2, max(layout.columns)), bar.one, np.int32)
        still, sums = np.zeros(layout.parameters, np.int32), []
        for n in range(ROUNDS * PERIOD):
            number = n // PERIOD
            sample = number % len(self.inputs)
            lines[0, :, : layout.layers[0]] = self.inputs[sample]
            signs = self.perturbations(number) if n % PERIOD == PERTURBED else still
            if self._hardware:
                defects.forward(
                    self._hardware, self._shape, bar.drop, bar.amplitude, chip.polarity, bar.adc_shift,
                    bar.adc_bound, state.theta, signs, lines, adc, act,
                )  # fmt: skip
            else:
                forward(
                    self._shape, bar.drop, np.int32(bar.amplitude), np.int32(chip.polarity), bar.adc_shift,
                    np.int32(bar.adc_bound), self._tables, state.theta, signs, lines, adc, act,
                )  # fmt: skip
            sums.append(measure(chip.cost.function, act, self.targets[sample]))
        return calibration_delay(arriving(chip, sums), chip.sequencer.delay)

    def perturbations(self, pattern: int) -> np.ndarray:
        """Perturbations of all parameters at one pattern, in amplitudes: int32 array, shape (P,)."""
        chip = self.chip
        code = pattern_signs(chip.codes, pattern)
        if not chip.outer:
            return code
        signs = np.zeros(chip.layout.parameters, np.int32)
        bias = np.zeros(outer.lines(chip.layout), np.int32)
        bias[np.cumsum(chip.layout.columns) - 1] = 1
        expand(chip.outer.method, pattern, self._shape, outer.coordinates(chip.layout), code, bias, signs)
        return signs

    def evaluate(self, state: State, samples: int) -> tuple[int, int]:
        """What the engine's evaluation of the first so many samples counts, without perturbation or learning.

        Returns
        -------
        tuple of (int, int)
            Sum of S, and the samples classified right: the first largest output is the first largest target
            or, of a single output, both are above 0 or neither.
        """
        out, targets = self._codes(state, self.inputs[:samples]), self.targets[:samples].astype(int)
        difference = out - targets
        total = (difference**2).sum() if self.chip.cost.function == MSE else 2 * abs(difference).sum()
        if targets.shape[1] == 1:
            right = (out > 0) == (targets > 0)
        else:
            right = out.argmax(1) == targets.argmax(1)
        return int(total), int(right.sum())

    def outputs(self, state: State, samples: np.ndarray) -> np.ndarray:
        """Unperturbed outputs of the chip, real units.

        Parameters
        ----------
        samples : float array, shape (n, inputs)

        Returns
        -------
        float array, shape (n, outputs)
        """
        return self._codes(state, self.chip.line_codes(samples)) / limit(self.chip.config.array.output_bits)

    def _codes(self, state: State, lines: np.ndarray) -> np.ndarray:
        """Output codes for input codes."""
        chip = self.chip
        if self._hardware:
            return defects.outputs(self._hardware, chip, state.theta, lines)
        for k, weights in enumerate(chip.matrices(state.theta >> chip.crossbar.drop)):
            ones = np.full((len(lines), 1), chip.crossbar.one)
            # Sums stay below 2**31, so a product of float64 matrices is exact, and fast.
            total = np.hstack([lines, ones]).astype(float) @ weights.T.astype(float)
            code = crossbar_.convert_all(chip.crossbar.adc_shift, chip.crossbar.adc_bound, total)
            lines = self._tables[k][code & (self._tables.shape[1] - 1)]
        return lines

    def accuracy(self, state: State) -> float:
        """Share of test samples classified right: largest output, or the sign against mid-scale of one."""
        return self._accuracy(self.outputs(state, self.split.test_x), self.split.test_y)

    def error(self, state: State) -> float:
        """Mean squared error over the training samples, mean of sum (o - t)^2."""
        out = self.outputs(state, self.split.train_x)
        return float(np.mean(np.sum((out - self.split.train_t) ** 2, axis=1)))

    def _accuracy(self, out: np.ndarray, labels: np.ndarray) -> float:
        if out.shape[1] == 1:
            middle = (self.split.train_t.min() + self.split.train_t.max()) / 2
            guess = (out[:, 0] > middle).astype(int)
        else:
            guess = out.argmax(axis=1)
        return float(np.mean(guess == labels))
