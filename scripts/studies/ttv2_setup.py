"""What the studies of Tiki-Taka share: conditions of the arrays, algorithms with their trials of rates, one training run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...golden import datasets
from ...golden.analog.array import AnalogArray
from ...golden.analog.devices import SoftBounds
from ...golden.analog.periphery import Periphery
from ...golden.analog.update import Update
from ...golden.learn.analog_trainer import AnalogTrainer, evaluate, uniform, with_weights
from ...golden.learn.extraction import Average
from ...golden.learn.filters import Buffered, Dynamic
from ...golden.learn.float_layer import FloatLayer
from ...golden.learn.layered import Layer, Layered
from ...golden.learn.on_array import AGAD, ArraySGD, TTv1, TTv2
from .framework import Json, Tell

WIDTHS = (784, 256, 128, 10)
NOISE = 0.06
"""Standard deviation of the ADC's noise, in units of the normalised input times weight [G21]."""
FLOAT = "floating point"


@dataclass(frozen=True)
class Condition:
    """What the arrays are like, in units of the baseline.

    Attributes
    ----------
    states : int
        Range of the mean device over its step at zero weight.
    update_noise : float
        Factor on the cycle-to-cycle noise of 30 % of a step.
    mvm_noise : float
        Factor on the ADC's noise of 0.06, in forward, transposed and one-hot reads alike.
    """

    states: int = 1200
    update_noise: float = 1.0
    mvm_noise: float = 1.0

    @property
    def device(self) -> SoftBounds:
        """Bounds +-0.6; 30 % from device to device on step and bounds, 1 % asymmetry."""
        return SoftBounds(
            dw_min=1.2 / self.states, dw_min_std=0.3 * self.update_noise, dw_min_dtod=0.3, w_max=0.6, w_min=-0.6,
            w_max_dtod=0.3, w_min_dtod=0.3, up_down=0.0, up_down_dtod=0.01,
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.states} states, update noise {self.update_noise:g}x, MVM noise {self.mvm_noise:g}x"


BASELINE = Condition()
STATES = [replace(BASELINE, states=n) for n in (1200, 100, 30, 10)]
UPDATE = [replace(BASELINE, update_noise=f) for f in (1.0, 10.0, 100.0)]
MVM = [replace(BASELINE, mvm_noise=f) for f in (1.0, 3.0, 10.0)]
CONDITIONS = [*STATES, *UPDATE[1:], *MVM[1:]]
