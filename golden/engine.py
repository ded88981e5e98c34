"""The learning engine and its array: MGD on integers, bit for bit what the RTL does.

One step presents a sample, runs the network on two rails, takes C~, gives it to the path of update, and every
tau_theta steps (analog mode: always) the path changes the parameters; `golden.step` does it.
"""

from dataclasses import dataclass, field

import numpy as np

from .blocks.array.crossbar import Ideal
from .blocks.lib.fixed import limit
from .blocks.measure.calibration import PERIOD, PERTURBED, ROUNDS, arriving, calibration_delay, require_calibration
from .blocks.measure.samples import require_levels
from .chip.chip import Chip
from .data.datasets import Split
from .defects.hardware import hardware
from .evaluation import count, share_right
from .forward import Array, activity, array_of, forward, present, rails_of, sums
from .learner import Learner
from .state import State
from .step import Memory, Trace, trace_of


def require_array(chip: Chip) -> None:
    """Raise ConfigError unless golden has the chip's array."""
    if not chip.emulated:
        raise chip.error(
            "array.kind", '"external"',
            'is an array that only its own costs and codes can be replayed of; allowed for a run is "emulated"',
        )  # fmt: skip


@dataclass
class Engine(Learner):
    """A chip with its samples loaded.

    Parameters
    ----------
    chip : Chip
        Integer description of the chip.
    split : Split
        Samples and targets in real units, within +-1.

    Raises
    ------
    ConfigError
        The array is external, so that golden cannot say what it answers.
    """

    split: Split
    inputs: np.ndarray = field(init=False)
    targets: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        chip = self.chip
        require_array(chip)
        self.inputs = chip.line_codes(self.split.train_x)
        self.targets = chip.output_codes(self.split.train_t)
        if chip.levels:
            require_levels(chip.config.name, chip.levels, self.inputs, self.targets)
        self.cells = (
            hardware(chip, chip.defects, self.initial().theta, self.learning.bounds())
            if chip.defects
            else Ideal(chip.neuron.tables())
        )

    def run(self, state: State, steps: int) -> None:
        """Advance `state` in place by `steps` steps."""
        self._run(state, steps, 0)

    def trace(self, state: State, steps: int) -> Trace:
        """Advance `state` in place by `steps` steps and return all intermediates."""
        return self._run(state, steps, steps)

    def probe(self, state: State, steps: int, amplitude: int) -> Trace:
        """Intermediates of the steps that would come next, if the parameters did not change. `state` stays as it is.

        Parameters
        ----------
        state : State
        steps : int
        amplitude : int
            Of the perturbation, in LSBs of the weight code; 0: none.
        """
        held = state.copy()
        array = self._array(held)._replace(amplitude=np.int32(amplitude))
        return self.advance(held, steps, trace_of(steps, self.chip.layout.neurons), array, self._samples, held=True)

    def _run(self, state: State, steps: int, rows: int) -> Trace:
        trace = trace_of(rows, self.chip.layout.neurons)
        return self.advance(state, steps, trace, self._array(state), self._samples)

    @property
    def _samples(self) -> Memory:
        order = self.chip.samples
        return Memory(order.order, order.seed, order.size, self.inputs, self.targets)

    def _array(self, state: State) -> Array:
        return array_of(self.chip, state.theta, self.cells)

    def calibrate(self, state: State) -> int:
        """Delay that the engine's calibration finds; see `golden.blocks.measure.calibration`. Nothing changes in
        `state`.

        Raises
        ------
        ConfigError
            The chip is made without calibration.
        """
        require_calibration(self.chip.config)
        chip, array, rails = self.chip, self._array(state), rails_of(self.chip)
        still, measured = np.zeros(chip.layout.parameters, np.int32), []
        for n in range(ROUNDS * PERIOD):
            number = n // PERIOD
            sample = number % len(self.inputs)
            for rail in range(2):
                present(self.inputs[sample], rail, rails.lines)
            forward(array, self.perturbations(number) if n % PERIOD == PERTURBED else still, rails, True)
            measured.append(sums(chip.cost.function, rails.act, self.targets[sample]))
        return calibration_delay(arriving(chip, measured), chip.sequencer.delay)

    def evaluate(self, state: State, samples: int) -> tuple[int, int]:
        """What the engine's evaluation of the first so many samples counts, without perturbation or learning.

        Returns
        -------
        tuple of (int, int)
            See `golden.evaluation.count`.
        """
        out = self._codes(state, self.inputs[:samples])
        return count(out, self.targets[:samples], self.chip.cost.function)

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

    def infer(self, state: State, lines: np.ndarray) -> np.ndarray:
        """Output codes for input codes, as the chip gives them where it infers.

        Parameters
        ----------
        state : State
        lines : int array, shape (n, inputs)

        Returns
        -------
        int32 array, shape (n, outputs)
        """
        return self._codes(state, lines)

    def _codes(self, state: State, lines: np.ndarray) -> np.ndarray:
        """Output codes for input codes."""
        return self.activity(state, lines, self.chip.layout.layers[-1])[1]

    def activity(self, state: State, lines: np.ndarray, neurons: int) -> tuple[np.ndarray, np.ndarray]:
        """ADC codes and activation codes of the last so many neurons, without perturbation.

        Parameters
        ----------
        state : State
        lines : int array, shape (n, inputs)
        neurons : int

        Returns
        -------
        tuple of int32 arrays, shape (n, neurons)
        """
        adc, act = (np.empty((len(lines), neurons), np.int32) for _ in range(2))
        activity(self._array(state), lines, rails_of(self.chip), adc, act)
        return adc, act

    def accuracy(self, state: State) -> float:
        """Share of test samples classified right: largest output, or the sign against mid-scale of one."""
        middle = (self.split.train_t.min() + self.split.train_t.max()) / 2
        return share_right(self.outputs(state, self.split.test_x), self.split.test_y, middle)

    def error(self, state: State) -> float:
        """Mean squared error over the training samples, mean of sum (o - t)^2."""
        out = self.outputs(state, self.split.train_x)
        return float(np.mean(np.sum((out - self.split.train_t) ** 2, axis=1)))
