"""One pulse of one cell, compiled: the inner loop of everything that writes to an array.

`shared` (float64) holds what all cells have in common: cycle noise (standard deviation in fractions of the step), how
that noise enters (ADDITIVE, MULTIPLICATIVE, COMPLEX), standard deviation of the write noise, then what the model adds. A
cell's constants (float32) are its steps up and down at weight zero, both positive, and its bounds, then what the model
adds. They also hold the state that a pulse moves beside the weight: with write noise the last one is the hidden weight,
and the last two of a pair are the weights of its plus and minus device.
"""

from math import exp

import numpy as np
from numba import njit

CONSTANT, LINEAR, REFERENCE, EXP, POW, PIECEWISE, PAIR = range(7)
"""Models; SoftBounds is LINEAR. A pair of devices of model m is PAIR + m."""
CYCLE, KIND, WRITE, OWN = range(4)
"""Places in `shared`; a model's own begin at OWN."""
UP, DOWN, MAX, MIN, EACH = range(5)
"""Places in a cell's constants; a model's own begin at EACH."""
ADDITIVE, MULTIPLICATIVE, COMPLEX = range(3)
"""Cycle noise in proportion to the step at weight zero, to the whole step, or as `ExpStep` says."""


@njit
def mean_step(model, shared, each, w, up):
    """Mean size of a pulse at weight w along the pulse's direction, before the bounds; float64.

    The equations are those of the device classes. Arguments as in `pulse`; pairs are refused by the caller.
    """
    step = each[UP] if up else each[DOWN]
    if model == CONSTANT:
        return np.float64(step)
    if model == LINEAR:
        return np.float64(step + (each[EACH] if up else each[EACH + 1]) * w)
    if model == REFERENCE:
        v = w + each[EACH + 2]
        return np.float64(step + (each[EACH] if up else each[EACH + 1]) * v)
    span = each[MAX] - each[MIN]
    if span <= 0.0:
        return 0.0
    if model == EXP:
        z = 2.0 * w / span * shared[OWN + 4] + shared[OWN + 5]
        if up:
            return step * max(1.0 - shared[OWN] * exp(shared[OWN + 2] * z), 0.0)
        return step * max(1.0 - shared[OWN + 1] * exp(-shared[OWN + 3] * z), 0.0)
    place = np.float64(min(max((w - each[MIN]) / span, np.float32(0.0)), np.float32(1.0)))
    if model == POW:
        return step * ((1.0 - place) ** each[EACH] if up else place ** each[EACH + 1])
    nodes = (shared.size - OWN) // 2
    first = OWN if up else OWN + nodes
    if nodes == 1:
        return step * shared[first]
    place *= nodes - 1
    left = min(int(place), nodes - 2)
    part = place - left
    return step * ((1.0 - part) * shared[first + left] + part * shared[first + left + 1])


@njit
def _pulse_one(model, shared, each, w, up, rng):
    """`pulse` of one device that is no pair."""
    write = shared[WRITE]
    if write > 0.0:
        w = each[-1]
    step = mean_step(model, shared, each, w, up)
    cycle = shared[CYCLE]
    if cycle > 0.0:
        scale = step
        if shared[KIND] == ADDITIVE:
            scale = np.float64(each[UP] if up else each[DOWN])
        elif shared[KIND] == COMPLEX:
            scale = abs(step) + shared[OWN + 6] + shared[OWN + 7] * abs(w)
        step += cycle * scale * rng.standard_normal()
    if model == REFERENCE:
        # The bounds are the device's own; the weight is what it shows above its reference.
        v = w + each[EACH + 2]
        w = min(max(np.float32(v + step if up else v - step), each[MIN]), each[MAX]) - each[EACH + 2]
    else:
        w = min(max(np.float32(w + step if up else w - step), each[MIN]), each[MAX])
    if write > 0.0:
        each[-1] = w
        return np.float32(w + write * rng.standard_normal())
    return w


@njit
def pulse(model, shared, each, w, up, rng):
    """Weight of one cell after one pulse.

    Parameters
    ----------
    model : int
    shared : float64 array, shape (S,)
    each : float32 array, shape (K,)
        The cell's constants; its hidden state is moved in place.
    w : float32
        Weight that a read shows.
    up : bool
    rng : numpy.random.Generator
        Drawn from only where there is noise.

    Returns
    -------
    float32
    """
    if model < PAIR:
        return _pulse_one(model, shared, each, w, up, rng)
    # Both devices only ever go up: a down pulse of the pair is an up pulse of its minus device.
    half = (each.size - 2) // 2
    if up:
        each[-2] = _pulse_one(model - PAIR, shared, each[:half], each[-2], True, rng)
    else:
        each[-1] = _pulse_one(model - PAIR, shared, each[half:-2], each[-1], True, rng)
    return each[-2] - each[-1]
