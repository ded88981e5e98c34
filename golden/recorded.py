"""The learning engine on what an array has answered: every word of G, H and theta, without knowing the array.

MGD takes nothing from an array but its cost, so the costs of a run say what the engine made of them, to the bit.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import methods  # noqa: F401, which makes methods of groups known to Numba
from .blocks.measure.samples import CYCLIC
from .blocks.perturb.outer import LAYER, NODE
from .chip.paths import TikiTaka
from .learner import Learner
from .state import State
from .step import Memory, Trace, trace_of


class Readings(NamedTuple):
    """Costs of consecutive steps.

    Attributes
    ----------
    first : int
        Step of the first ones.
    totals : int64 array, shape (steps, 2)
        Sums of S over the readings of a step that count, of both rails.

    Methods are compiled; `golden.methods` says what each is.
    """

    first: int
    totals: np.ndarray

    def read(self, mode, averages, step, refresh, sums, memory):
        return sums

    def disturb(self, step, theta):
        return False


class Recorded(NamedTuple):
    """An array that has answered, for `golden.step.run`.

    Attributes
    ----------
    theta : int32 array, shape (P,)
        Parameters, or states of emulated devices; of devices outside the pulses of the last update.
    drop : int
        Bits of it below what is sent.
    outside : bool
        It has pulses.
    cells : Readings
    """

    theta: np.ndarray
    drop: int
    outside: bool
    cells: Readings

    def respond(self, function, signs, rails, targets, now):
        row = now - self.cells.first
        return self.cells.totals[row, 0], self.cells.totals[row, 1]

    def show(self, updated, out):
        for i in range(out.size):
            out[i] = 0 if self.outside and not updated else self.theta[i] >> self.drop


@dataclass
class RecordedEngine(Learner):
    """A chip on costs that an array, this one or another, has answered.

    Raises
    ------
    ConfigError
        The engine takes more from the array than costs: codes of lines, or readings of a fast array.
    """

    def __post_init__(self) -> None:
        chip = self.chip
        if isinstance(chip.path, TikiTaka):
            raise chip.error(
                "update.path", '"tiki-taka"', "needs readings of lines beside costs; allowed here are digital, filtered"
            )
        if chip.outer and chip.outer.method in (NODE, LAYER):
            method = f'"{chip.config.perturbation.method}"'
            raise chip.error("perturbation.method", method, "needs codes of lines beside costs; allowed here is weight")
        super().__post_init__()

    def run(self, state: State, totals: NDArray[np.integer], sent: bool = False) -> Trace:
        """Advance `state` in place by the steps whose costs are given, and return all intermediates.

        Parameters
        ----------
        state : State
        totals : int array, shape (steps, 2)
            As of `Readings`.
        sent : bool
            Return what is sent to the cells too.
        """
        chip, size = self.chip, self.chip.layout.parameters
        theta = state.arrays.get("theta")
        outside = theta is None
        array = Recorded(
            np.zeros(size, np.int32) if theta is None else theta, 0 if outside else chip.crossbar.drop, outside,
            Readings(state.step, np.ascontiguousarray(totals, np.int64)),
        )  # fmt: skip
        none = np.zeros((1, 0), np.int32)
        samples = Memory(CYCLIC, chip.samples.seed, 1, none, none)  # of no consequence
        trace = trace_of(len(totals), chip.layout.neurons, size if sent else 0)
        return self.advance(state, len(totals), trace, array, samples)

    def codes(self, state: State) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Codes that the cells have at the next step on both rails, shape (P,) each: w + a s, and w - a s or w.

        AttributeError where the weights are states of devices.
        """
        bar, polarity = self.chip.crossbar, self.chip.polarity
        pattern = state.step // self.chip.sequencer.tau_p
        weights, moved = state.theta >> bar.drop, bar.amplitude * self.perturbations(pattern)
        return weights + moved, weights + polarity * moved
