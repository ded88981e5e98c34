"""The learning engine without an array: its state, and steps on whatever answers; see `golden.step`."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .chip.chip import Chip
from .forward import rails_of
from .measurement import Measurement
from .paths import path_of
from .paths.memories import words
from .perturbation import perturb, perturbation_of
from .state import State, cleared
from .step import Extraction, Memory, Trace, run

NEVER = 1 << 62
"""A period whose end no run comes to."""


@dataclass
class Learner:
    """What `golden.engine.Engine` and `golden.recorded.RecordedEngine` have in common.

    Parameters
    ----------
    chip : Chip
        Integer description of the chip.
    """

    chip: Chip
    learning: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.learning = path_of(self.chip)

    def initial(self) -> State:
        """State before the first step: seeded uniform parameters, G = H = 0; of an external array no states."""
        chip = self.chip
        uniform = np.random.default_rng(chip.config.seed).uniform(-1, 1, chip.layout.parameters)
        theta = np.rint(uniform * chip.config.weights.init / chip.state_unit).astype(np.int32)
        state = cleared(chip)
        known = self.learning.initial(theta)
        state.arrays |= {name: words for name, words in known.items() if name in state.arrays}
        return state

    def advance(
        self, state: State, steps: int, trace: Trace, array: Any, samples: Memory, held: bool = False
    ) -> Trace:
        """Advance `state` in place, and trace as many of the steps as the trace has rows.

        Parameters
        ----------
        state : State
        steps : int
        trace : golden.step.Trace
            Is filled and returned.
        array : golden.forward.Array or golden.recorded.Recorded
        samples : golden.step.Memory
        held : bool
            The parameters do not change.
        """
        chip, path = self.chip, self.path(state)
        state.flags |= run(
            sequencer=chip.sequencer,
            samples=samples,
            perturbation=perturbation_of(chip),
            array=array,
            rails=rails_of(chip),
            measurement=Measurement(chip.cost._replace(word=None), state.memory, words(state, "pending", 0)),
            path=path._replace(period=NEVER) if held else path,
            extraction=self._extraction(state),
            trace=trace,
            span=(state.step, state.step + steps),
        )
        state.step += steps
        return trace

    def path(self, state: State) -> Any:
        """The path of update, with the memories of a state."""
        return self.learning.on(state)

    def _extraction(self, state: State) -> Extraction | None:
        average, section = self.chip.average, self.chip.config.average
        if average is None or section is None:
            return None
        drop, weights = self.chip.crossbar.drop, np.zeros_like(state.theta)
        return Extraction(average, section.shift, section.start, drop, weights, state.average)

    def perturbations(self, pattern: int) -> np.ndarray:
        """Perturbations of all parameters at one pattern, in amplitudes: int32 array, shape (P,)."""
        perturbation = perturbation_of(self.chip)
        perturb(perturbation, pattern * perturbation.tau_p)
        return perturbation.signs
