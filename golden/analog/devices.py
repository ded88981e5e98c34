"""Pulsed resistive devices, named as in aihwkit: parameters, samples of an array, one pulse.

    device = SoftBounds(dw_min=0.01, up_down_dtod=0.05)
    cells = device.sample((rows, columns), seed=1)
    w = pulse(cells.model, cells.shared, cells.each[i, j], w, True, rng)      one up pulse

An update is w -= lr d x^T; a pulse is up where d x < 0.
"""

from .cells import Cells, pulse_all
from .linear import LinearStep, SoftBounds, SoftBoundsReference
from .nonlinear import ExpStep, PiecewiseStep, PowStep
from .pulse import mean_step, pulse
from .pulsed import ConstantStep, Drift, PulsedDevice

__all__ = [
    "Cells",
    "ConstantStep",
    "Drift",
    "ExpStep",
    "LinearStep",
    "PiecewiseStep",
    "PowStep",
    "PulsedDevice",
    "SoftBounds",
    "SoftBoundsReference",
    "mean_step",
    "pulse",
    "pulse_all",
]
