"""Path `filtered`: H -= G, and a pulse onto the device where |H| reaches the threshold."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..blocks.array.devices import pulse_all
from ..blocks.lib.fixed import i32
from ..blocks.update.correlator import Correlator
from ..blocks.update.optimizer import scheduled
from ..blocks.update.ttv2 import Ttv2, transfer
from ..perturbation import correlated
from .correlation import add_cost
from .memories import words

if TYPE_CHECKING:
    from ..chip.chip import Chip
    from ..chip.paths import Filtered
    from ..state import State


class FilteredPath(NamedTuple):
    """Correlator, filter and devices.

    Attributes
    ----------
    period : int
        Steps between updates.
    correlator : Correlator
    ttv2 : Ttv2
        With an empty schedule.
    starts, thresholds : int64 arrays, shape (entries,)
        First step and T of the schedule's entries.
    seed, noise : int
        Of the devices' cycle noise.
    devices : int64 array, shape (P, 6)
        As of `golden.blocks.array.devices.Devices.sample`; (0, 6) of an external array.
    pulses : int32 array, shape (P,)
        Pulses of an update, written.
    g, h : int32 arrays, shape (P,)
        Words of the correlator and of the filter.
    """

    period: int
    correlator: Correlator
    ttv2: Ttv2
    starts: np.ndarray
    thresholds: np.ndarray
    seed: int
    noise: int
    devices: np.ndarray
    pulses: np.ndarray
    g: np.ndarray
    h: np.ndarray

    @classmethod
    def of(cls, chip: "Chip", path: "Filtered") -> "FilteredPath":
        """See `golden.paths`."""
        starts, thresholds = (np.array(column) for column in zip(*path.ttv2.schedule, strict=True))
        none, count = np.zeros(0, np.int32), chip.layout.parameters if chip.emulated else 0
        return cls(
            chip.sequencer.tau_theta, chip.correlator, path.ttv2._replace(schedule=()),
            starts, thresholds, path.devices.seed, path.devices.noise, path.devices.sample(count),
            np.zeros(chip.layout.parameters, np.int32), none, none,
        )  # fmt: skip

    def initial(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """See `golden.paths`."""
        return {"theta": np.clip(theta, *self.bounds()).astype(np.int32)} if len(self.devices) else {}

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """See `golden.paths`."""
        return -self.devices[:, 5], self.devices[:, 4]

    def on(self, state: "State") -> "FilteredPath":
        """See `golden.paths`."""
        return self._replace(g=words(state, "g", self.pulses.size), h=state.h)

    # Compiled from here on.

    def accumulate(self, perturbation, lines, cost, used, now):
        if used and not perturbation.own:
            correlated(perturbation, lines, now)
        return add_cost(self.correlator, self.g, cost, perturbation.factors)

    def learn(self, theta, now):
        bound = i32((1 << (self.ttv2.bits - 1)) - 1)
        threshold = self.thresholds[scheduled(self.starts, now)]
        over = transfer(bound, self.ttv2.reset, self.ttv2.keep_shift, threshold, self.g, self.h, self.pulses)
        if self.devices.shape[0]:
            pulse_all(self.seed, self.noise, now, self.pulses, self.devices, theta)
        else:
            for i in range(theta.size):
                theta[i] = self.pulses[i]  # for whoever has the devices
        return over


PATH = FilteredPath
