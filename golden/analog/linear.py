"""Devices whose step is linear in the weight: LinearStep, SoftBounds and SoftBounds with a reference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..inputs import LARGE, integer, number, require
from .pulse import ADDITIVE, MULTIPLICATIVE
from .pulsed import PulsedDevice


@dataclass(frozen=True, kw_only=True)
class _Linear(PulsedDevice):
    """Devices with slopes.

    Attributes
    ----------
    mult_noise
        The cycle noise multiplies the whole step, (dw + slope w) (1 + dw_min_std xi); else that at weight zero,
        dw (1 + dw_min_std xi) + slope w.
    """

    mult_noise: bool = True

    @property
    def _noise(self) -> int:
        return MULTIPLICATIVE if self.mult_noise else ADDITIVE


@dataclass(frozen=True, kw_only=True)
class _Reversible(_Linear):
    """Devices with slopes, of which each may be reversed.

    Attributes
    ----------
    reverse_up, reverse_down, reverse_offset
        The step grows towards its bound: it would vanish at the other bound, moved outwards by the offset.
    """

    reverse_up: bool = False
    reverse_down: bool = False
    reverse_offset: float = 0.01

    def __post_init__(self):
        super().__post_init__()
        name = f"{type(self).__name__}.mult_noise"
        reverse = self.reverse_up or self.reverse_down
        require(self.mult_noise or not reverse, name, self.mult_noise, "True with a reversed step")

    def _slopes(self, steps: Sequence[np.ndarray], gammas: Sequence, bounds: Sequence) -> list[np.ndarray]:
        """-gamma dw / bound of both directions, zero where the bound is; bounds are (w_max, w_min)."""
        top, bottom = bounds
        ends = (
            bottom - self.reverse_offset if self.reverse_up else top,
            top + self.reverse_offset if self.reverse_down else bottom,
        )
        slopes = []
        for step, gamma, end in zip(steps, gammas, ends, strict=True):
            end = np.broadcast_to(end, step.shape)
            slopes.append(np.divide(-gamma * step, end, out=np.zeros_like(step), where=end != 0))
        return slopes


@dataclass(frozen=True, kw_only=True)
class LinearStep(_Reversible):
    """Step linear in the weight: dw (1 - |gamma + gamma_dtod xi| w / bound), the bound w_max for up pulses, else w_min.

    Attributes
    ----------
    gamma_up, gamma_down
        Fraction by which a step is shortened at its bound.
    gamma_up_dtod, gamma_down_dtod
        Spreads of these, absolute.
    allow_increasing
        Without the absolute value: steps may grow towards their bound.
    mean_bound_reference
        The slope refers to the mean bound, not to the device's own.
    """

    gamma_up: float = 0.0
    gamma_down: float = 0.0
    gamma_up_dtod: float = 0.05
    gamma_down_dtod: float = 0.05
    allow_increasing: bool = False
    mean_bound_reference: bool = True

    def _each(self, size: int, rng: np.random.Generator) -> list[np.ndarray]:
        up, down, top, bottom = each = super()._each(size, rng)
        gammas = [
            gamma + spread * rng.standard_normal(size)
            for gamma, spread in ((self.gamma_up, self.gamma_up_dtod), (self.gamma_down, self.gamma_down_dtod))
        ]
        if not self.allow_increasing:
            gammas = [abs(gamma) for gamma in gammas]
        bounds = (self.w_max, self.w_min) if self.mean_bound_reference else (top, bottom)
        return each + self._slopes((up, down), gammas, bounds)


@dataclass(frozen=True, kw_only=True)
class SoftBounds(_Reversible):
    """Step that vanishes at the device's own bound: dw (1 - w / bound)."""

    def _each(self, size: int, rng: np.random.Generator) -> list[np.ndarray]:
        each = super()._each(size, rng)
        return each + self._slopes(each[:2], (1, 1), each[2:])

    @classmethod
    def from_response(cls, p_max: int, alpha: float, range_min: float, range_max: float, **others) -> "SoftBounds":
        """The device that p_max up pulses take from range_min, its lower bound, to range_max.

        Each pulse goes a fraction alpha of the way to its bound, the response that aihwkit's SoftBoundsPmaxDevice
        documents: w = range_min + B (1 - exp(-alpha p)), B = (range_max - range_min) / (1 - exp(-alpha p_max)).
        """
        name = "SoftBounds.from_response"
        p_max, alpha = integer(f"{name}: p_max", p_max, 1), number(f"{name}: alpha", alpha, 0, LARGE, above=True)
        range_min = number(f"{name}: range_min", range_min, -LARGE, LARGE)
        range_max = number(f"{name}: range_max", range_max, -LARGE, LARGE)
        low, high = range_min, range_min + (range_max - range_min) / -np.expm1(-p_max * alpha)
        require(low < 0 < high, "SoftBounds.from_response: range_min", range_min, "a bound below 0, with one above 0")
        r = 1 + low / high if -low < high else -1 - high / low
        return cls(w_min=low, w_max=float(high), dw_min=float(alpha * max(high, -low)), up_down=float(r), **others)


@dataclass(frozen=True, kw_only=True)
class SoftBoundsReference(_Linear):
    """SoftBounds of the device's own weight v, of which a fixed reference r is subtracted: a read shows w = v - r.

    Attributes
    ----------
    slope_up_dtod, slope_down_dtod
        Spreads of the slopes; the bounds move along, so that the steps still vanish there.
    reference_mean, reference_std
        Mean and spread of r, absolute.
    subtract_symmetry_point
        r is added to the device's symmetry point v* = (a+ - a-) / (a+ / b_max - a- / b_min), with a the steps.
    """

    mult_noise: bool = False
    slope_up_dtod: float = 0.0
    slope_down_dtod: float = 0.0
    reference_mean: float = 0.0
    reference_std: float = 0.0
    subtract_symmetry_point: bool = False

    def _each(self, size: int, rng: np.random.Generator) -> list[np.ndarray]:
        up, down, top, bottom = super()._each(size, rng)
        xi = rng.standard_normal((3, size))
        # Devices that are stuck or have no range keep their bounds, and have no symmetry point.
        sound = (top > 0) & (bottom < 0)
        top = np.where(sound, top / abs(1 + self.slope_up_dtod * xi[0]), top)
        bottom = np.where(sound, bottom / abs(1 + self.slope_down_dtod * xi[1]), bottom)
        zero = np.zeros(size)
        slope_up = np.divide(-up, top, out=zero.copy(), where=top > 0)
        slope_down = np.divide(-down, bottom, out=zero.copy(), where=bottom < 0)
        reference = self.reference_mean + self.reference_std * xi[2]
        if self.subtract_symmetry_point:
            closing = slope_down - slope_up
            reference = reference + np.divide(up - down, closing, out=zero, where=sound & (closing != 0))
        return [up, down, top, bottom, slope_up, slope_down, reference]
