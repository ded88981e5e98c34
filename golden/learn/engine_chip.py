"""The emulated array of the engine as a `Chip`: the host loads words and has the engine evaluate.

The same code drives the integer model (`GoldenEvaluator`) and, through the host port, Verilated RTL and boards
(`fpga.host.chip_in_loop`). A cost is an exact integer S summed over the samples (`golden.blocks.measure.cost`),
times one unit: equal words give
bit-equal costs on all of them.
"""

from copy import copy
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..blocks.lib.fixed import limit
from ..blocks.measure.cost import ANTITHETIC
from ..blocks.measure.samples import require_levels
from ..chip.chip import Chip
from ..engine import Engine
from ..inputs import floats, require
from .chip_protocol import no_pulses

Codes = NDArray[np.int32]


class Evaluator(Protocol):
    """What holds the words of a chip, and evaluates."""

    def write_samples(self, inputs: Codes, targets: Codes) -> None:
        """Write codes (n, inputs) and (n, outputs) to the first n places of the sample memory."""
        ...

    def write_theta(self, first: int, words: Codes) -> None:
        """Write words of theta from index `first` on."""
        ...

    def read_theta(self) -> Codes:
        """All words of theta."""
        ...

    def evaluate(self, samples: int) -> int:
        """Sum of S over the first so many samples, unperturbed."""
        ...


class GoldenEvaluator:
    """The integer model.

    Parameters
    ----------
    engine : golden.engine.Engine
        Is not changed.
    """

    def __init__(self, engine: Engine):
        self._engine, self._state = copy(engine), engine.initial()

    def write_samples(self, inputs: Codes, targets: Codes) -> None:
        self._engine.inputs, self._engine.targets = inputs, targets

    def write_theta(self, first: int, words: Codes) -> None:
        self._state.theta[first : first + len(words)] = words

    def read_theta(self) -> Codes:
        return self._state.theta.copy()

    def evaluate(self, samples: int) -> int:
        return self._engine.evaluate(self._state, samples)[0]


class EngineChip:
    """A chip description's array and cost unit, with a host in the place of the engine.

    Parameters and offsets are rounded to the nearest word of theta, each by itself, and their sum saturates there.
    Cells see the upper `weights.dac_bits` of a word: offsets that are no multiple of that LSB act by rounding only.
    An offset of the description's amplitude gives the sums that the engine's own perturbation gives.

    Samples and words go to the evaluator when a cost is asked for, and only those that differ from what it holds.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    evaluator : Evaluator

    Raises
    ------
    ValueError
        By the verbs: a wrong shape, values outside +-1, or more samples than the memory has.
    ConfigError
        By `present`: a memory of one bit a code (`engine.samples`) cannot hold a sample.
    """

    def __init__(self, chip: Chip, evaluator: Evaluator):
        self.chip, self.evaluator = chip, evaluator
        size = chip.layout.parameters
        self._theta, self._offsets = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self._written: Codes | None = None
        self._samples: tuple[Codes, Codes] | None = None
        self._sent: tuple[Codes, Codes] | None = None
        self._unit = chip.cost.unit * (2 if chip.cost.mode == ANTITHETIC else 1)

    @property
    def layers(self) -> tuple[int, ...]:
        """Inputs, and neurons of each layer."""
        return tuple(self.chip.layout.layers)

    def load(self, theta: ArrayLike) -> None:
        """Set the parameters; see `Chip`."""
        self._theta, self._offsets = self._words("load: theta", theta), np.zeros_like(self._offsets)

    def present(self, x: NDArray[np.floating], t: NDArray[np.floating]) -> None:
        """Choose samples and targets within +-1; see `Chip`."""
        size, layers = self.chip.samples.size, self.layers
        x = floats("present: x", x, ("samples", layers[0]), dtype=np.float64)
        require(0 < len(x) <= size, "present: samples", len(x), f"1 to {size}, as the memory holds them")
        t = floats("present: t", t, (len(x), layers[-1]), dtype=np.float64)
        for name, values in (("x", x), ("t", t)):
            largest = float(np.abs(values).max())
            require(largest <= 1, f"present: largest value of {name}", largest, "up to 1")
        codes = self.chip.line_codes(x), self.chip.output_codes(t)
        if self.chip.levels:
            require_levels(self.chip.config.name, self.chip.levels, *codes)
        self._samples = codes

    def perturb(self, offsets: ArrayLike) -> None:
        """Add offsets to the parameters; see `Chip`."""
        self._offsets = self._words("perturb: offsets", offsets)

    def cost(self) -> float:
        """Mean cost of the samples, an integer times one unit over their number; see `Chip`."""
        if self._samples is None:
            raise ValueError("cost: there are no samples; allowed is present before it.")
        self._send_samples(self._samples)
        self._send_theta()
        samples = len(self._samples[0])
        return self.mean(self.evaluator.evaluate(samples), samples)

    def mean(self, total: int, samples: int) -> float:
        """Mean cost of so many samples whose sums S add up to `total`, as an evaluation of the engine gives it."""
        return total * self._unit / samples

    def pulse(self, counts: ArrayLike) -> None:
        """Raise ValueError: on this chip only the engine itself makes pulses."""
        no_pulses(self.chip.config.name)

    def read(self) -> NDArray[np.float64]:
        """The parameters that the evaluator holds, without the offsets of a perturbation; see `Chip`."""
        offsets, self._offsets = self._offsets, np.zeros_like(self._offsets)
        self._send_theta()
        self._offsets = offsets
        return self.evaluator.read_theta() * np.float64(self.chip.state_unit)

    def _words(self, place: str, values: ArrayLike) -> NDArray[np.int64]:
        values = floats(place, values, (self.chip.layout.parameters,), dtype=np.float64)
        full = limit(self.chip.config.weights.bits)
        return np.clip(np.rint(values / self.chip.state_unit), -full, full).astype(np.int64)

    def _send_samples(self, samples: tuple[Codes, Codes]) -> None:
        sent = self._sent
        if sent is None or not all(map(np.array_equal, samples, sent)):
            self.evaluator.write_samples(*samples)
            self._sent = samples

    def _send_theta(self) -> None:
        """Write the span of words that are to change."""
        full = limit(self.chip.config.weights.bits)
        words = np.clip(self._theta + self._offsets, -full, full).astype(np.int32)
        changed = np.arange(words.size) if self._written is None else np.flatnonzero(words != self._written)
        if changed.size:
            first, last = int(changed[0]), int(changed[-1])
            self.evaluator.write_theta(first, words[first : last + 1])
            self._written = words
