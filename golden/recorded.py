"""The learning engine on what an array has answered: every word of G, H and theta, without knowing the array.

MGD takes nothing from an array but its cost, so the costs of a run say what the engine made of them, to the bit.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import methods  # noqa: F401, which makes methods of groups known to Numba
from .learner import Learner
from .state import State
from .step import Memory, Trace


class Readings(NamedTuple):
    """Costs of consecutive steps.

    Attributes
    ----------
    first : int
        Step of the first ones.
    totals : int64 array, shape (steps, 2)
        Sums of S over the readings of a step that count, of both rails; of a rail that takes none 0.

    Methods are compiled; `golden.methods` says what each is.
    """

    first: int
    totals: np.ndarray

    def read(self, mode, averages, step, refresh, sums, memory):
        return self.totals[step - self.first, 0], self.totals[step - self.first, 1]

    def disturb(self, step, theta):
        return False


class Recorded(NamedTuple):
    """An array that has answered, for `golden.step.run`.

    Attributes
    ----------
    theta : int32 array, shape (P,)
        Parameters; zeros where they are states of devices outside.
    cells : Readings
    """

    theta: np.ndarray
    cells: Readings

    def respond(self, function, signs, rails, targets, now):
        return self.cells.totals[now - self.cells.first, 0], self.cells.totals[now - self.cells.first, 1]


@dataclass
class RecordedEngine(Learner):
    """A chip whose array is outside.

    Parameters
    ----------
    chip : Chip
        With `cost.source = "external"`.
    """

    def run(self, state: State, totals: NDArray[np.int64]) -> Trace:
        """Advance `state` in place by the steps whose costs are given, and return all intermediates.

        Parameters
        ----------
        state : State
        totals : int64 array, shape (steps, 2)
            As of `Readings`.
        """
        size = self.chip.layout.parameters
        theta = state.arrays.get("theta", np.zeros(size, np.int32))
        array = Recorded(theta, Readings(state.step, np.ascontiguousarray(totals, np.int64)))
        order, none = self.chip.samples, np.zeros((1, 0), np.int32)
        samples = Memory(order.order, order.seed, order.size, none, none)
        return self.advance(state, len(totals), len(totals), array, samples)

    def codes(self, state: State) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Codes that the cells have at the next step on both rails, shape (P,) each: w + a s, and w - a s or w.

        AttributeError where the weights are states of devices.
        """
        bar, polarity = self.chip.crossbar, self.chip.polarity
        pattern = state.step // self.chip.sequencer.tau_p
        weights, moved = state.theta >> bar.drop, bar.amplitude * self.perturbations(pattern)
        return weights + moved, weights + polarity * moved
