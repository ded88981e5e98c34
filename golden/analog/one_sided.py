"""A weight as a pair of unipolar devices, as aihwkit's OneSidedUnitCell: w = g+ - g-, and both only ever go up."""

from dataclasses import dataclass

import numpy as np

from ..inputs import generator, in_place, instance, integer, number, require, settings
from .ageing import Ageing
from .cells import Cells, pulse_all
from .pulse import PAIR
from .pulsed import PulsedDevice, Seed


@dataclass(frozen=True, kw_only=True)
class OneSided:
    """Pair of devices; an up pulse goes to the plus device, a down pulse to the minus device, as an up pulse.

    A pair is worn once both devices stand high: the larger above refresh_upper_thres of w_max, the smaller above
    refresh_lower_thres. `refresh` resets both, and writes their difference back with at most refresh_bl pulses.

    Attributes
    ----------
    device
        Of both; without write noise.
    refresh_every
        Vector updates between checks; 0 for none. The array counts them.
    """

    device: PulsedDevice
    refresh_every: int = 0
    refresh_upper_thres: float = 0.75
    refresh_lower_thres: float = 0.25
    refresh_bl: int = 31

    def __post_init__(self):
        settings(self)
        instance("OneSided.device", self.device, PulsedDevice)
        for name in ("refresh_every", "refresh_bl"):
            integer(f"OneSided.{name}", getattr(self, name))
        for name in ("refresh_upper_thres", "refresh_lower_thres"):
            number(f"OneSided.{name}", getattr(self, name), 0)
        write = self.device.write_noise_std
        require(write == 0, "OneSided.device.write_noise_std", write, "0 in a pair")
        require(self.device.w_max > 0, "OneSided.device.w_max", self.device.w_max, "a bound above 0 in a pair")

    @property
    def granularity(self) -> float:
        """Step that pulse probabilities are reckoned with."""
        return self.device.granularity

    @property
    def states(self) -> float:
        """Number of states of the weight: both devices' ranges above zero / granularity."""
        return 2 * self.device.w_max / self.granularity

    def sample(self, shape: tuple[int, int], seed: Seed) -> Cells:
        """Draw the pairs of an array of (rows, columns); both devices are drawn independently, and start at zero."""
        rng = generator("OneSided.sample: seed", seed)
        plus, minus = (self.device.sample(shape, rng) for _ in range(2))
        cells = Cells(plus.model | PAIR, plus.shared, np.concatenate([plus.each, minus.each], -1))
        cells.hold(np.zeros(cells.shape, np.float32))
        return cells

    def refresh(self, ageing: Ageing, weights: np.ndarray, rng: np.random.Generator) -> int:
        """Refresh worn pairs, in place; returns how many.

        The difference is written with round(|w| / granularity) pulses, rounded up or down at random to be right in the
        mean where the steps are.

        Parameters
        ----------
        ageing : Ageing
            Of the pairs; it resets them.
        weights : float32 array, shape (rows, columns)
        """
        instance("OneSided.refresh: ageing", ageing, Ageing)
        in_place("OneSided.refresh: weights", weights, ageing.cells.shape)
        instance("OneSided.refresh: rng", rng, np.random.Generator)
        plus, minus = ageing.cells.hidden(weights)
        larger, smaller = (f(plus, minus) / self.device.w_max for f in (np.maximum, np.minimum))
        worn = (larger > self.refresh_upper_thres) & (smaller > self.refresh_lower_thres)
        if worn.any():
            lost = np.where(worn, plus - minus, 0)
            ageing.reset(weights, rng, worn)
            pulses = np.minimum(abs(lost) / self.granularity + rng.random(lost.shape), self.refresh_bl)
            counts = np.where(worn, np.sign(lost) * np.floor(pulses), 0).astype(np.int32)
            pulse_all(ageing.cells.model, ageing.cells.shared, ageing.cells.each, weights, counts, rng)
        return int(worn.sum())
