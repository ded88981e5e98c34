"""Path `digital`: theta -= round(G rate / 2**shift), or the same through M, a word of momentum a parameter."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..blocks.lib.fixed import i32
from ..blocks.update.correlator import Correlator
from ..blocks.update.optimizer import Optimizer, scheduled, update, update_with
from ..perturbation import correlated
from .correlation import add_cost
from .memories import words

if TYPE_CHECKING:
    from ..chip.chip import Chip
    from ..chip.paths import Digital
    from ..state import State


class DigitalPath(NamedTuple):
    """Correlator and optimizer.

    Attributes
    ----------
    period : int
        Steps between updates.
    correlator : Correlator
    optimizer : Optimizer
        With an empty schedule.
    plain : bool
        `update` does the whole update, and clears G.
    starts, rates : int64 arrays, shape (entries,) and (entries, layers)
        First step and rate of each layer, of the schedule's entries.
    ends : int64 array, shape (layers + 1,)
        Index of the first parameter of each layer, and P.
    g, m : int32 arrays, shape (P,)
        Words of the correlator, and of momentum.
    """

    period: int
    correlator: Correlator
    optimizer: Optimizer
    plain: bool
    starts: np.ndarray
    rates: np.ndarray
    ends: np.ndarray
    g: np.ndarray
    m: np.ndarray

    @classmethod
    def of(cls, chip: "Chip", path: "Digital") -> "DigitalPath":
        """See `golden.paths`."""
        optimizer, correlator = path.optimizer, chip.correlator
        starts, rates = (np.array(column) for column in zip(*optimizer.schedule, strict=True))
        none = np.zeros(0, np.int32)
        return cls(
            1 if correlator.leaky else chip.sequencer.tau_theta, correlator, optimizer._replace(schedule=()),
            optimizer.plain and not correlator.leaky, starts, rates,
            np.array([*chip.layout.offsets, chip.layout.parameters]), none, none,
        )  # fmt: skip

    def initial(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """See `golden.paths`."""
        return {"theta": theta}

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """See `golden.paths`."""
        bound = np.full(self.ends[-1], self.optimizer.bound)
        return -bound, bound

    def on(self, state: "State") -> "DigitalPath":
        """See `golden.paths`."""
        return self._replace(g=words(state, "g", len(state.theta)), m=words(state, "m", len(state.theta)))

    # Compiled from here on.

    def accumulate(self, perturbation, lines, cost, used, now):
        if used and not perturbation.own:
            correlated(perturbation, lines, now)
        return add_cost(self.correlator, self.g, cost, perturbation.factors)

    def learn(self, theta, now):
        over = False
        rates = self.rates[scheduled(self.starts, now)]
        for k in range(rates.size):
            first, end = self.ends[k], self.ends[k + 1]
            g, part = self.g[first:end], theta[first:end]
            if self.plain:
                over |= update(
                    i32((1 << (self.optimizer.bits - 1)) - 1), self.optimizer.shift, rates[k], g, part
                )  # fmt: skip
            else:
                over |= update_with(self.optimizer, rates[k], now, first, g, self.m[first:end], part)
                if not self.correlator.leaky:
                    g[:] = 0
        return over


PATH = DigitalPath
