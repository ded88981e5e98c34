"""Devices whose step is not linear in the weight: ExpStep, PowStep, PiecewiseStep."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import ClassVar

import numpy as np

from ..inputs import floats, require
from .pulse import COMPLEX, EXP, MULTIPLICATIVE, PIECEWISE, POW
from .pulsed import PulsedDevice


@dataclass(frozen=True, kw_only=True)
class ExpStep(PulsedDevice):
    """Exponential step: dw max(1 - A exp(+-gamma z), 0), z = 2 a w / (w_max - w_min) + b, + for up pulses.

    Attributes
    ----------
    A_up, A_down, gamma_up, gamma_down, a, b
        Of the fit, the same for all devices.
    dw_min_std_add, dw_min_std_slope
        If either is above 0, the cycle noise of a step s is dw_min_std (|s| + dw_min_std_add + dw_min_std_slope |w|).
    """

    A_up: float = 0.00081
    A_down: float = 0.36833
    gamma_up: float = 12.44625
    gamma_down: float = 12.78785
    a: float = 0.244
    b: float = 0.2425
    dw_min_std_add: float = 0.0
    dw_min_std_slope: float = 0.0

    MODEL: ClassVar[int] = EXP

    @property
    def granularity(self) -> float:
        """Down step at weight zero."""
        down = self.dw_min * (1 - max(self.up_down, 0))
        return down * max(1 - self.A_down * exp(-self.gamma_down * self.b), 0)

    @property
    def _noise(self) -> int:
        return COMPLEX if self.dw_min_std_add > 0 or self.dw_min_std_slope > 0 else MULTIPLICATIVE

    @property
    def _own(self) -> Sequence[float]:
        fit = self.A_up, self.A_down, self.gamma_up, self.gamma_down, self.a, self.b
        return *fit, self.dw_min_std_add, self.dw_min_std_slope


@dataclass(frozen=True, kw_only=True)
class PowStep(PulsedDevice):
    """Power of the distance to the bound: dw omega^gamma, omega = (w_max - w) / (w_max - w_min), down with 1 - omega.

    Attributes
    ----------
    pow_gamma, pow_gamma_dtod
        Mean exponent and its spread over devices.
    pow_up_down, pow_up_down_dtod
        Asymmetry of the exponents, as up_down of the steps, and its spread.
    """

    pow_gamma: float = 1.0
    pow_gamma_dtod: float = 0.1
    pow_up_down: float = 0.0
    pow_up_down_dtod: float = 0.0

    MODEL: ClassVar[int] = POW

    @property
    def granularity(self) -> float:
        """Step half-way between the bounds."""
        return self.dw_min * 0.5**self.pow_gamma

    def _each(self, size: int, rng: np.random.Generator) -> list[np.ndarray]:
        each = super()._each(size, rng)
        gain, skew = rng.standard_normal((2, size))
        gain, skew = 1 + self.pow_gamma_dtod * gain, self.pow_up_down_dtod * skew
        up = self.pow_gamma * (gain + skew + min(self.pow_up_down, 0))
        down = self.pow_gamma * (gain - skew - max(self.pow_up_down, 0))
        return each + ([abs(up), abs(down)] if self.enforce_consistency else [up, down])


@dataclass(frozen=True, kw_only=True)
class PiecewiseStep(PulsedDevice):
    """Step interpolated between nodes that are spread evenly from w_min to w_max: dw times the node's factor.

    Attributes
    ----------
    piecewise_up, piecewise_down
        Factors at the nodes, as many of the one as of the other.
    """

    piecewise_up: Sequence[float] = (1.0,)
    piecewise_down: Sequence[float] = (1.0,)

    MODEL: ClassVar[int] = PIECEWISE

    def __post_init__(self):
        for name in ("piecewise_up", "piecewise_down"):
            factors = floats(f"PiecewiseStep.{name}", getattr(self, name), ("nodes",), dtype=np.float64)
            object.__setattr__(self, name, tuple(factors.tolist()))
        up, down = len(self.piecewise_up), len(self.piecewise_down)
        require(up > 0, "PiecewiseStep.piecewise_up", self.piecewise_up, "one factor or more")
        require(up == down, "PiecewiseStep.piecewise_down", self.piecewise_down, f"as many factors as up, {up}")
        super().__post_init__()

    @property
    def granularity(self) -> float:
        """Up step at the middle node."""
        return self.dw_min * self.piecewise_up[len(self.piecewise_up) // 2]

    @property
    def _own(self) -> Sequence[float]:
        return *self.piecewise_up, *self.piecewise_down
