"""The learning engine and its array, step by step: MGD on integers, bit for bit what the RTL does.

One step presents a sample, runs the network on two rails, takes C~, correlates it, and every
tau_theta steps updates the parameters (`digital`) or filters and pulses (`filtered`).
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numba import njit

from . import cost as cost_
from . import crossbar as crossbar_
from . import optimizer as optimizer_
from .chip import Chip
from .codes import scratch
from .codes import signs as code_signs
from .correlator import correlate
from .datasets import Split
from .devices import pulse_all
from .fixed import i32, limit
from .samples import sample_index, stream
from .sequencer import pattern_number, sample_number, updates
from .ttv2 import transfer

FLAGS = ("cost", "gradient", "parameter")
"""Sticky flags, bit 0 upwards: C~, G, and theta or H saturated."""


@dataclass
class State:
    """Everything a run changes.

    Attributes
    ----------
    theta : int32 array, shape (P,)
        Parameters (`digital`), or states of the devices (`filtered`).
    g, h : int32 arrays, shape (P,)
        Correlator and filter words; h stays zero in the `digital` path.
    step : int
        Steps done.
    flags : int
        Sticky flags, see `FLAGS`.
    """

    theta: np.ndarray
    g: np.ndarray
    h: np.ndarray
    step: int = 0
    flags: int = 0

    def copy(self) -> "State":
        """Independent copy."""
        return replace(self, theta=self.theta.copy(), g=self.g.copy(), h=self.h.copy())


@dataclass
class Trace:
    """Intermediates of consecutive steps, one row a step.

    Attributes
    ----------
    sample : int64 array, shape (steps,)
    adc, act : int32 arrays, shape (steps, neurons, 2)
        ADC codes and activation codes of both rails, neurons in the order of the layout.
    sums : int64 array, shape (steps, 2)
        S of both rails.
    cost : int64 array, shape (steps,)
        C~.
    """

    sample: np.ndarray
    adc: np.ndarray
    act: np.ndarray
    sums: np.ndarray
    cost: np.ndarray


@njit
def forward(shape, drop, amplitude, polarity, adc_shift, adc_bound, tables, theta, signs, lines, adc, act):
    """Run the network on both rails.

    Parameters
    ----------
    shape : int64 array, shape (layers, 3)
        Inputs (without bias), neurons, index of the first parameter, for each layer of weights.
    lines : int32 array, shape (layers, 2, widest + 1)
        Line codes of each layer and rail; layer 0 holds the sample, the others are written.
    adc, act : int32 arrays, shape (neurons, 2)
        Written.
    """
    neuron = 0
    mask = tables.shape[1] - 1
    last = shape.shape[0] - 1
    for k in range(last + 1):
        inputs, rows, first = shape[k]
        columns = inputs + 1
        x0 = lines[k, 0, :columns]
        x1 = lines[k, 1, :columns]
        for j in range(rows):
            at = first + j * columns
            w0, s0, w1, s1 = crossbar_.multiply(
                drop, theta[at : at + columns], signs[at : at + columns], x0, x1, k == 0
            )
            a0 = crossbar_.convert(adc_shift, adc_bound, i32(w0 + amplitude * s0))
            a1 = crossbar_.convert(adc_shift, adc_bound, i32(w1 + polarity * amplitude * s1))
            adc[neuron, 0] = a0
            adc[neuron, 1] = a1
            act[neuron, 0] = tables[k, a0 & mask]
            act[neuron, 1] = tables[k, a1 & mask]
            if k < last:
                lines[k + 1, 0, j] = act[neuron, 0]
                lines[k + 1, 1, j] = act[neuron, 1]
            neuron += 1


@njit
def measure(function, bound, act, targets):
    """S of both rails, and C~, from the last neurons' outputs."""
    s0 = i32(0)
    s1 = i32(0)
    first = act.shape[0] - targets.size
    for j in range(targets.size):
        s0 = i32(s0 + cost_.error(function, act[first + j, 0], targets[j]))
        s1 = i32(s1 + cost_.error(function, act[first + j, 1], targets[j]))
    return s0, s1, cost_.difference(i32(bound), s0, s1)


@njit
def run(
    sequencer, samples, codes, stride, cycle_bits, crossbar, cost, cost_bound, correlator_bound,
    filtered, optimizer, ttv2, starts, values, device_seed, device_noise, devices,
    shape, tables, inputs, targets, lines, theta, g, h, step, steps, code_scratch, adc, act, trace,
):  # fmt: skip
    """Do `steps` steps in place and return the flags raised; `trace` rows are filled if there are any."""
    tau_p, tau_x, tau_theta = sequencer
    order, samples_size = samples
    kind, seed = codes
    drop, amplitude, polarity, adc_shift, adc_bound = crossbar
    trace_sample, trace_adc, trace_act, trace_sums, trace_cost = trace
    high, low, padded = code_scratch
    signs = padded[: theta.size]
    pulses = np.zeros(theta.size, np.int32)
    sample_key = stream(seed)
    at_pattern = -1
    at_sample = -1
    index = 0
    flags = 0
    for now in range(step, step + steps):
        pattern = pattern_number(tau_p, now)
        if pattern != at_pattern:
            code_signs(kind, seed, stride, cycle_bits, theta.size, pattern, high, low, padded)
            at_pattern = pattern
        number = sample_number(tau_x, now)
        if number != at_sample:
            index = sample_index(order, samples_size, sample_key, number)
            for c in range(inputs.shape[1]):
                lines[0, 0, c] = inputs[index, c]
                lines[0, 1, c] = inputs[index, c]
            at_sample = number
        forward(
            shape, drop, i32(amplitude), i32(polarity), adc_shift, i32(adc_bound), tables, theta, signs,
            lines, adc, act,
        )  # fmt: skip
        s0, s1, c = measure(cost, cost_bound, act, targets[index])
        flags |= abs(s0 - s1) > cost_bound
        flags |= correlate(correlator_bound, c, signs, g) << 1
        if updates(tau_theta, now):
            value = optimizer_.scheduled(starts, values, now)
            if filtered:
                bound, reset, keep_shift = ttv2
                flags |= transfer(i32(bound), reset, keep_shift, value, g, h, pulses) << 2
                pulse_all(device_seed, device_noise, now, pulses, devices, theta)
            else:
                bound, shift = optimizer
                flags |= optimizer_.update(i32(bound), shift, value, g, theta) << 2
        row = now - step
        if row < trace_cost.size:
            trace_sample[row] = index
            trace_adc[row] = adc
            trace_act[row] = act
            trace_sums[row, 0] = s0
            trace_sums[row, 1] = s1
            trace_cost[row] = c
    return flags


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
        layout = chip.layout
        self._shape = np.array(
            [(c - 1, r, o) for c, r, o in zip(layout.columns, layout.rows, layout.offsets, strict=True)]
        )
        self._tables = chip.neuron.tables()
        self._devices = (
            chip.devices.sample(layout.parameters) if chip.devices else np.zeros((layout.parameters, 6), np.int64)
        )
        self._starts, self._values = (np.array(column) for column in zip(*chip.schedule, strict=True))

    def initial(self) -> State:
        """State before the first step: seeded uniform parameters, G = H = 0."""
        chip = self.chip
        uniform = np.random.default_rng(chip.config.seed).uniform(-1, 1, chip.layout.parameters)
        theta = np.rint(uniform * chip.config.weights.init / chip.state_unit).astype(np.int32)
        if chip.devices:
            theta = np.clip(theta, -self._devices[:, 5], self._devices[:, 4]).astype(np.int32)
        return State(theta, np.zeros_like(theta), np.zeros_like(theta))

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
        ttv2 = (chip.ttv2.bound, chip.ttv2.reset, chip.ttv2.keep_shift) if chip.ttv2 else (0, 0, 0)
        optimizer = (chip.optimizer.bound, chip.optimizer.shift) if chip.optimizer else (0, 0)
        devices = chip.devices
        state.flags |= run(
            tuple(chip.sequencer), (chip.samples.order, chip.samples.size), (chip.codes.kind, chip.codes.seed),
            chip.codes.stride, chip.codes.cycle_bits,
            (chip.crossbar.drop, chip.crossbar.amplitude, chip.polarity, chip.crossbar.adc_shift,
             chip.crossbar.adc_bound),
            chip.cost.function, chip.cost.bound, chip.correlator.bound, chip.ttv2 is not None, optimizer, ttv2,
            self._starts, self._values, devices.seed if devices else 0, devices.noise if devices else 0,
            self._devices, self._shape, self._tables, self.inputs, self.targets, lines,
            state.theta, state.g, state.h, state.step, steps, scratch(layout.parameters),
            np.zeros((neurons, 2), np.int32), np.zeros((neurons, 2), np.int32),
            (trace.sample, trace.adc, trace.act, trace.sums, trace.cost),
        )  # fmt: skip
        state.step += steps
        return trace

    def outputs(self, state: State, samples: np.ndarray) -> np.ndarray:
        """Unperturbed outputs of the chip, real units.

        Parameters
        ----------
        samples : float array, shape (n, inputs)

        Returns
        -------
        float array, shape (n, outputs)
        """
        chip = self.chip
        lines = chip.line_codes(samples)
        for k, weights in enumerate(chip.matrices(state.theta >> chip.crossbar.drop)):
            ones = np.full((len(lines), 1), chip.crossbar.one)
            # Sums stay below 2**31, so a product of float64 matrices is exact, and fast.
            total = np.hstack([lines, ones]).astype(float) @ weights.T.astype(float)
            code = crossbar_.convert_all(chip.crossbar.adc_shift, chip.crossbar.adc_bound, total)
            lines = self._tables[k][code & (self._tables.shape[1] - 1)]
        return lines / limit(chip.config.array.output_bits)

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
