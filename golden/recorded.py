"""The learning engine on what an array has answered: every word of G, H and theta, without knowing the array.

MGD takes nothing from an array but its cost, so the costs of a run say what the engine made of them, to the bit.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import methods  # noqa: F401, which makes methods of groups known to Numba
from .blocks.array.rails import PERTURBED, OneRail, present
from .blocks.control.sequencer import Sequencer, refreshes
from .blocks.measure.cost import ANTITHETIC, FORWARD
from .blocks.measure.samples import CYCLIC
from .blocks.perturb.outer import lines
from .chip.paths import TikiTaka
from .compiled import njit
from .learner import Learner
from .state import FLAGS, State
from .step import Memory, Trace, trace_of


class Readings(NamedTuple):
    """Costs of consecutive steps.

    Attributes
    ----------
    first : int
        Step of the first ones.
    totals : int64 array, shape (steps, 2)
        Sums of S over the readings of a step that count, of both rails; of a rail that was not measured 0.

    Methods are compiled; `golden.methods` says what each is.
    """

    first: int
    totals: np.ndarray

    def read(self, mode, averages, step, refresh, sums, memory):
        return sums

    def disturb(self, step, theta):
        return False


class Converters(NamedTuple):
    """DACs of an array with one rail, and the codes that they are given.

    Attributes
    ----------
    rail : OneRail
    mode : int
        As in `golden.blocks.measure.cost`.
    sequencer : Sequencer
    drop : int
        Bits of a parameter below its code.
    gains, offsets : int32 arrays, shape (P,)
        Read with `rail.trim` alone.
    weights : int32 array, shape (P,)
        w, written.
    codes : int32 array, shape (2, P)
        Codes of both rails when they were measured last, written.
    over : bool array, shape (1,)
        Whether a code has saturated.
    """

    rail: OneRail
    mode: int
    sequencer: Sequencer
    drop: int
    gains: np.ndarray
    offsets: np.ndarray
    weights: np.ndarray
    codes: np.ndarray
    over: np.ndarray


@njit
def drive(converters, polarity, theta, signs, codes):
    """Write codes of one polarity."""
    c = converters
    for i in range(theta.size):
        c.weights[i] = theta[i] >> c.drop
    c.over[0] |= present(c.rail, polarity, c.weights, signs, c.gains, c.offsets, codes)


@njit
def drive_step(converters, theta, signs, now):
    """Write the codes of a step, of those rails whose cost is used, if there are converters."""
    if converters is not None:
        s = converters.sequencer
        drive(converters, PERTURBED, theta, signs, converters.codes[0])
        refresh = converters.mode == FORWARD and refreshes(s.refresh, s.tau_x, s.tau_theta, now)
        if converters.mode == ANTITHETIC or refresh:
            drive(converters, converters.rail.second, theta, signs, converters.codes[1])


@njit
def shown(converters, theta, drop, out):
    """Write what the cells get: codes of the converters, or without some weights or pulses."""
    if converters is not None:
        for i in range(out.size):
            out[i] = converters.codes[0, i]
    else:
        for i in range(out.size):
            out[i] = theta[i] >> drop


@njit
def carry(columns, activity, row, lines):
    """Write the line codes of a step, if there are any, to rail 1 of `golden.forward.Rails.lines`."""
    if activity.shape[1]:
        at = 0
        for k in range(columns.size):
            for c in range(columns[k]):
                lines[k, 1, c] = activity[row, at]
                at += 1


class Recorded(NamedTuple):
    """An array that has answered, for `golden.step.run`.

    Attributes
    ----------
    theta : int32 array, shape (P,) or (words of `golden.chip.paths.Path.sent`,)
        Parameters, or states of emulated devices; of devices outside the pulses of the last update, or vectors of a
        step.
    drop : int
        Bits of it below what is sent.
    outside : bool
        It has pulses of updates alone.
    cells : Readings
    converters : Converters or None
        Numba drops what does not go with the type.
    columns : int64 array, shape (layers,)
        Lines of each layer, or group.
    activity : int32 array, shape (steps, lines)
        Codes of all lines on rail 1 at each step; (steps, 0) where the engine takes none.
    """

    theta: np.ndarray
    drop: int
    outside: bool
    cells: Readings
    converters: Converters | None
    columns: np.ndarray
    activity: np.ndarray

    def respond(self, function, signs, rails, targets, now):
        drive_step(self.converters, self.theta, signs, now)
        row = now - self.cells.first
        carry(self.columns, self.activity, row, rails.lines)
        return self.cells.totals[row, 0], self.cells.totals[row, 1]

    def show(self, updated, out):
        if self.outside and not updated:
            for i in range(out.size):
                out[i] = 0
        else:
            shown(self.converters, self.theta, self.drop, out)


@dataclass
class RecordedEngine(Learner):
    """A chip on costs that an array, this one or another, has answered.
    """

    def run(
        self,
        state: State,
        totals: NDArray[np.integer],
        sent: bool = False,
        activity: NDArray[np.integer] | None = None,
        readings: NDArray[np.integer] | None = None,
    ) -> Trace:
        """Advance `state` in place by the steps whose costs are given, and return all intermediates.

        Parameters
        ----------
        state : State
        totals : int array, shape (steps, 2)
            As of `Readings`.
        sent : bool
            Return what is sent to the cells too.
        activity : int array, shape (steps, lines)
            With node perturbation: codes of all lines on rail 1 at each step, those of biases too; of several readings
            those of the last.
        readings : int array, shape (steps, cells)
            With a fast array outside: codes of the lines that were read after each step, of all layers one behind the
            other; anything after a step that reads none.

        Raises
        ------
        ValueError
            Activity or readings have another shape.
        """
        chip, size, steps = self.chip, self.chip.layout.parameters, len(totals)
        theta, looped = state.arrays.get("theta"), self.looped
        if looped:
            cells = sum(length for _, length in looped.lines.layers)
            codes = _shaped("readings of lines", readings, (steps, cells))
            self.learning = self.learning._replace(first=state.step, readings=codes)
            theta = self.learning.vectors.ravel()  # what it shows
        outside = theta is None
        drop = 0 if outside or looped else chip.crossbar.drop
        array = Recorded(
            np.zeros(size, np.int32) if theta is None else theta, drop, outside,
            Readings(state.step, np.ascontiguousarray(totals, np.int64)), self.converters(state),
            np.array(chip.layout.columns),
            _shaped("codes of lines", activity, (steps, lines(chip.layout) if chip.lined else 0)),
        )  # fmt: skip
        none = np.zeros((1, 0), np.int32)
        samples = Memory(CYCLIC, chip.samples.seed, 1, none, none)  # of no consequence
        trace = trace_of(steps, chip.layout.neurons, chip.path.sent(chip) if sent else 0)
        trace = self.advance(state, steps, trace, array, samples)
        if array.converters is not None:
            state.flags |= int(array.converters.over[0]) << FLAGS.index("parameter")
        return trace

    @property
    def looped(self) -> TikiTaka | None:
        """The path, if it has a fast array outside."""
        path = self.chip.path
        return path if isinstance(path, TikiTaka) and not self.chip.emulated else None

    def converters(self, state: State) -> Converters | None:
        """DACs of an array with one rail; None of other arrays, and where weights are states of devices."""
        chip, size = self.chip, self.chip.layout.parameters
        if chip.rail is None or chip.path.pulsed:
            return None
        none = np.zeros(size, np.int32)
        gains, offsets = (state.arrays.get(name, none) for name in ("gain", "offset"))
        return Converters(
            chip.rail, chip.cost.mode, chip.sequencer, chip.crossbar.drop, gains, offsets,
            np.zeros_like(none), np.zeros((2, size), np.int32), np.zeros(1, np.bool_),
        )  # fmt: skip

    def codes(self, state: State) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Codes that the cells have at the next step on both rails, shape (P,) each: w + a s, and w - a s or w.

        With one rail they are trimmed and saturated. AttributeError where the weights are states of devices.
        """
        bar, polarity = self.chip.crossbar, self.chip.polarity
        signs = self.perturbations(state.step // self.chip.sequencer.tau_p)
        if converters := self.converters(state):
            for p, codes in zip((PERTURBED, converters.rail.second), converters.codes, strict=True):
                drive(converters, p, state.theta, signs, codes)
            return converters.codes[0], converters.codes[1]
        weights, moved = state.theta >> bar.drop, bar.amplitude * signs
        return weights + moved, weights + polarity * moved


def _shaped(name: str, given: NDArray[np.integer] | None, shape: tuple[int, int]) -> NDArray[np.int32]:
    """What an array has answered beside its cost, or nothing where it has no columns."""
    codes = np.zeros((shape[0] if shape[1] == 0 else 0, 0)) if given is None or shape[1] == 0 else given
    if codes.shape != shape:
        raise ValueError(f"The {name} have shape {codes.shape}; a run of {shape[0]} steps takes {shape}.")
    return np.ascontiguousarray(codes, np.int32)
