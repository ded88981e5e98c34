"""What becomes of G: plain and momentum updates, Adam, learning-rate schedules."""

from collections.abc import Callable
from math import cos, pi
from typing import Any

from ..inputs import integer, number
from .functions import Array

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""Constants of Adam (Kingma and Ba 2015)."""


def momentum(memory: Array, g: Array, gamma: float, eta: float) -> Array:
    """M = gamma M + eta G in place; the step is M. Of a constant G it tends to eta G / (1 - gamma)."""
    memory *= gamma
    memory += eta * g
    return memory


def adam(xp: Any, first: Array, second: Array, g: Array, eta: float, update: int) -> Array:
    """The step of Adam with bias correction; means of G and of its square are changed in place, `update` from 0."""
    first *= BETA1
    first += (1 - BETA1) * g
    second *= BETA2
    second += (1 - BETA2) * g * g
    scale = eta / (1 - BETA1 ** (update + 1))
    return scale * first / (xp.sqrt(second / (1 - BETA2 ** (update + 1))) + EPSILON)


def inverse(half: float) -> Callable[[int], float]:
    """Schedule 1 / (1 + k / half)."""
    half = number("inverse: half", half, 0, above=True)
    return lambda k: 1 / (1 + k / half)


def cosine(updates: int, floor: float = 0.0) -> Callable[[int], float]:
    """Schedule from 1 to `floor` along half a cosine, then constant."""
    updates, floor = integer("cosine: updates", updates, 1), number("cosine: floor", floor, 0, 1)
    return lambda k: floor + (1 - floor) * 0.5 * (1 + cos(pi * min(k / updates, 1)))
