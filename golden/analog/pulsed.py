"""What all pulsed devices share: parameters, and how the devices of an array are drawn from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..inputs import LARGE, generator, instance, integer, number, require, settings
from .cells import Cells
from .pulse import LINEAR, MULTIPLICATIVE, WIDTH, WRITES

Seed = int | Sequence[int] | np.random.SeedSequence | np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Power-law drift of the weights, w0 (t / t_0)^-nu_actual with

    nu_actual = nu (1 + nu_dtod xi) (1 + nu_std xi') - nu_k (log((w - w_offset) / wg_ratio + g_offset) - log_g0),

    xi drawn once a device, xi' at each call (Oh et al. 2019, as in aihwkit); then noise w_noise_std. A weight that
    moved by more than reset_tol since the last call starts to drift anew. With (g_offset, w_offset) the conductance
    drifts: w changes by (w0 + g_offset wg_ratio + w_offset) ((t / t_0)^-nu_actual - 1).
    """

    nu: float = 0.0
    t_0: float = 1.0
    reset_tol: float = 1e-7
    nu_dtod: float = 0.0
    nu_std: float = 0.0
    wg_ratio: float = 1.0
    g_offset: float = 0.0
    w_offset: float = 0.0
    nu_k: float = 0.0
    log_g0: float = 0.0
    w_noise_std: float = 0.0

    def __post_init__(self) -> None:
        settings(self)
        number("Drift.t_0", self.t_0, 0, above=True)
        require(self.wg_ratio != 0, "Drift.wg_ratio", self.wg_ratio, "a number that is not 0")
        for key in ("reset_tol", "nu_dtod", "nu_std", "w_noise_std"):
            number(f"Drift.{key}", getattr(self, key), 0)


@dataclass(frozen=True, kw_only=True)
class PulsedDevice:
    """Parameters of every pulsed device, with aihwkit's names and defaults; spreads are relative unless said otherwise.

    Of each device, xi drawn from N(0, 1) once:

        step up    dw_min |1 + dw_min_dtod xi + up_down_dtod xi' + min(up_down, 0)|
        step down  dw_min |1 + dw_min_dtod xi - up_down_dtod xi' - max(up_down, 0)|
        bounds     |w_max (1 + w_max_dtod xi)|, -|w_min (1 + w_min_dtod xi)|

    Attributes
    ----------
    dw_min, dw_min_dtod, dw_min_std
        Mean step at weight zero, its spread over devices and from cycle to cycle.
    dw_min_dtod_log_normal
        exp(dw_min_dtod xi) in place of 1 + dw_min_dtod xi.
    up_down, up_down_dtod
        Mean asymmetry, which shortens one of the steps, and its spread, which lengthens one and shortens the other.
    enforce_consistency
        The absolute values above. Without it steps may be negative, and a device whose bounds cross is stuck half-way.
    corrupt_devices_prob, corrupt_devices_range
        A device is stuck with this probability, at a weight drawn uniformly from its bounds cut to +-range.
    perfect_bias
        The last column has equal steps dw_min and bounds 100 times as wide.
    write_noise_std, apply_write_noise_on_set
        A read shows the hidden weight plus noise of this many dw_min, drawn at each pulse (and when weights are set).
    lifetime, lifetime_dtod, diffusion, diffusion_dtod, reset, reset_dtod, reset_std, drift
        See `ageing`; reset_dtod and reset_std are absolute.
    """

    corrupt_devices_prob: float = 0.0
    corrupt_devices_range: float = 0.1
    diffusion: float = 0.0
    diffusion_dtod: float = 0.0
    drift: Drift = field(default_factory=Drift)
    dw_min: float = 0.001
    dw_min_dtod: float = 0.3
    dw_min_dtod_log_normal: bool = False
    dw_min_std: float = 0.3
    enforce_consistency: bool = True
    lifetime: float = 0.0
    lifetime_dtod: float = 0.0
    perfect_bias: bool = False
    reset: float = 0.0
    reset_dtod: float = 0.0
    reset_std: float = 0.01
    up_down: float = 0.0
    up_down_dtod: float = 0.01
    w_max: float = 0.6
    w_max_dtod: float = 0.3
    w_min: float = -0.6
    w_min_dtod: float = 0.3
    write_noise_std: float = 0.0
    apply_write_noise_on_set: bool = True

    MODEL: ClassVar[int] = LINEAR

    def __post_init__(self):
        name, p = type(self).__name__, self.corrupt_devices_prob
        settings(self)
        instance(f"{name}.drift", self.drift, Drift)
        # In float32 a smaller one, or its inverse, would be no number.
        require(1 / LARGE <= self.dw_min, f"{name}.dw_min", self.dw_min, f"a step from {1 / LARGE:g}")
        require(self.w_max >= 0, f"{name}.w_max", self.w_max, "a bound from 0")
        require(self.w_min <= 0, f"{name}.w_min", self.w_min, "a bound up to 0")
        require(0 <= p <= 1, f"{name}.corrupt_devices_prob", p, "a probability")
        spreads = [key for key in self.__dataclass_fields__ if key.endswith(("_dtod", "_std")) or key == "diffusion"]
        for key in spreads:
            require(getattr(self, key) >= 0, f"{name}.{key}", getattr(self, key), "a spread from 0")
        require(self.granularity > 0, f"{name}.granularity", self.granularity, "a step above 0 where pulses start")

    @property
    def granularity(self) -> float:
        """Step that pulse probabilities are reckoned with."""
        return self.dw_min

    @property
    def states(self) -> float:
        """Number of states: mean range / granularity."""
        return (self.w_max - self.w_min) / self.granularity

    def sample(self, shape: tuple[int, int], seed: Seed) -> Cells:
        """Draw the devices of an array.

        Parameters
        ----------
        shape : tuple of int
            (rows, columns).
        seed : int or what else `numpy.random.default_rng` takes
        """
        rows, columns = extent(f"{type(self).__name__}.sample: shape", shape)
        rng = generator(f"{type(self).__name__}.sample: seed", seed)
        noise = self.dw_min_std, self._noise, self.write_noise_std * self.dw_min, self.apply_write_noise_on_set
        shared = np.array([*noise, *self._own], float)
        each = np.zeros((rows, columns, WIDTH), np.float32)
        # Row by row: the draws of a whole large array would take ten times its own memory.
        for row in each:
            for place, values in enumerate(self._each(len(row), rng)):
                row[:, place] = values
        return Cells(self.MODEL | (WRITES if self.write_noise_std > 0 else 0), shared, each)

    @property
    def _noise(self) -> int:
        """How the cycle noise enters a step, see `pulse`."""
        return MULTIPLICATIVE

    @property
    def _own(self) -> Sequence[float]:
        """What the model adds to the numbers that all cells share."""
        return ()

    def _each(self, size: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Constants of the cells of one row, in the order of `pulse`; models append theirs."""
        top, bottom, gain, skew = rng.standard_normal((4, size))
        top = self.w_max * (1 + self.w_max_dtod * top)
        bottom = self.w_min * (1 + self.w_min_dtod * bottom)
        gain = np.exp(self.dw_min_dtod * gain) if self.dw_min_dtod_log_normal else 1 + self.dw_min_dtod * gain
        up = self.dw_min * (gain + self.up_down_dtod * skew + min(self.up_down, 0))
        down = self.dw_min * (gain - self.up_down_dtod * skew - max(self.up_down, 0))
        if self.enforce_consistency:
            up, down = abs(up), abs(down)
            top, bottom = abs(np.maximum(top, bottom)), -abs(np.minimum(top, bottom))
        else:
            crossed = bottom > top
            top, bottom = (np.where(crossed, (top + bottom) / 2, bound) for bound in (top, bottom))
        corrupt = rng.random(size) < self.corrupt_devices_prob
        reach = abs(self.corrupt_devices_range)
        least, most = np.maximum(bottom, -reach), np.minimum(top, reach)
        place = least + (most - least) * rng.random(size)
        each = [np.where(corrupt, value, old) for value, old in ((0, up), (0, down), (place, top), (place, bottom))]
        if self.perfect_bias:
            for bound, value in zip(each, (self.dw_min, self.dw_min, 100 * self.w_max, 100 * self.w_min), strict=True):
                bound[-1] = value
        return each


def extent(place: str, shape: Any) -> tuple[int, int]:
    """(rows, columns) of an array, at least one of each."""
    require(isinstance(shape, tuple | list) and len(shape) == 2, place, shape, "(rows, columns)")
    rows, columns = shape
    return integer(f"{place}: rows", rows, 1), integer(f"{place}: columns", columns, 1)


@dataclass(frozen=True, kw_only=True)
class ConstantStep(PulsedDevice):
    """Step that does not depend on the weight: dw (1 + dw_min_std xi)."""
