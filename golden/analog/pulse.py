"""One pulse of one cell, compiled: the inner loop of everything that writes to an array.

`shared` (float64) holds what all cells have in common: cycle noise (standard deviation in fractions of the step), how
it enters (ADDITIVE, MULTIPLICATIVE, COMPLEX), standard deviation of the write noise, 1 if setting weights draws it too,
then what the model adds.

A cell is WIDTH float32 numbers, half a cache line: steps up and down at weight zero, both positive, bounds, what the
model adds up and down, reference, hidden weight. A weight is what the device shows above its reference; steps and
bounds are the device's own. The hidden weight is no constant: with write noise it is the state that pulses move. A pair
is two such devices, plus and minus, whose hidden weights are the states.
"""

from math import exp

import numpy as np

from ..compiled import njit

LINEAR, EXP, POW, PIECEWISE = range(4)
"""Models; ConstantStep and SoftBounds are LINEAR."""
WRITES, PAIR = 4, 8
"""Added to the model of devices with write noise, and of pairs."""
CYCLE, KIND, WRITE, ON_SET, OWN = range(5)
"""Places in `shared`; a model's own begin at OWN."""
UP, DOWN, MAX, MIN, OWN_UP, OWN_DOWN, REFERENCE, HIDDEN, WIDTH = range(9)
"""Places in a cell. OWN_UP and OWN_DOWN are slopes (LINEAR) or exponents (POW)."""
ADDITIVE, MULTIPLICATIVE, COMPLEX = range(3)
"""Cycle noise in proportion to the step at weight zero, to the whole step, or as `ExpStep` says."""


@njit(inline="always")
def _mean_step(model, shared, each, w, up):
    """`mean_step` of a model without WRITES."""
    step = np.float64(each[UP] if up else each[DOWN])
    own = each[OWN_UP] if up else each[OWN_DOWN]
    v = w + each[REFERENCE]
    if model == LINEAR:
        return step + own * v
    span = np.float64(each[MAX] - each[MIN])
    if span <= 0.0:
        return 0.0
    if model == EXP:
        z = 2.0 * v / span * shared[OWN + 4] + shared[OWN + 5]
        if up:
            return step * max(1.0 - shared[OWN] * exp(shared[OWN + 2] * z), 0.0)
        return step * max(1.0 - shared[OWN + 1] * exp(-shared[OWN + 3] * z), 0.0)
    place = min(max((v - each[MIN]) / span, 0.0), 1.0)
    if model == POW:
        return step * (1.0 - place if up else place) ** own
    nodes = (shared.size - OWN) // 2
    first = OWN if up else OWN + nodes
    if nodes == 1:
        return step * shared[first]
    place *= nodes - 1
    left = min(int(place), nodes - 2)
    part = place - left
    return step * ((1.0 - part) * shared[first + left] + part * shared[first + left + 1])


@njit
def mean_step(model, shared, each, w, up):
    """Mean size of a pulse at weight w along the pulse's direction, before the bounds; float64.

    The equations are those of the device classes. Arguments as in `pulse`, of a single device.
    """
    return _mean_step(model & (WRITES - 1), shared, each, w, up)


@njit
def _gauss(rng, scale):
    return scale * rng.standard_normal()


@njit
def _pulse_rare(model, shared, each, w, up, rng):
    """`pulse` of what is not the common case."""
    device, rise = each, up
    if model & PAIR:
        # Both devices only ever go up: a down pulse of the pair is an up pulse of its minus device.
        device, rise = each[:WIDTH] if up else each[WIDTH:], True
    if model & (WRITES | PAIR):
        w = device[HIDDEN]
    step = _mean_step(model & (WRITES - 1), shared, device, w, rise)
    v = w + device[REFERENCE]
    if shared[CYCLE] > 0.0:
        scale = abs(step)
        if shared[KIND] == ADDITIVE:
            scale = np.float64(device[UP] if rise else device[DOWN])
        elif shared[KIND] == COMPLEX:
            scale += shared[OWN + 6] + shared[OWN + 7] * abs(v)
        step += _gauss(rng, shared[CYCLE] * scale)
    w = min(max(np.float32(v + step if rise else v - step), device[MIN]), device[MAX]) - device[REFERENCE]
    if model & (WRITES | PAIR):
        device[HIDDEN] = w
    if model & WRITES:
        w = np.float32(w + _gauss(rng, shared[WRITE]))
    return each[HIDDEN] - each[WIDTH + HIDDEN] if model & PAIR else w


@njit(inline="always")
def pulse(model, shared, each, w, up, rng):
    """Weight of one cell after one pulse.

    Parameters
    ----------
    model : int
    shared : float64 array, shape (S,)
    each : float32 array, shape (WIDTH,), of a pair (2 WIDTH,)
        The cell; its hidden state is moved in place.
    w : float32
        Weight that a read shows.
    up : bool
    rng : numpy.random.Generator
        Drawn from only where there is noise.

    Returns
    -------
    float32
    """
    # The common case stands here, `model` alone chooses it, and it loads before it branches: otherwise Numba counts
    # references to the arrays at every pulse, which takes longer than the pulse.
    if model != LINEAR:
        return _pulse_rare(model, shared, each, w, up, rng)
    step = np.float64(each[UP] if up else each[DOWN])
    shift = each[REFERENCE]
    v = w + shift
    slope = (each[OWN_UP] if up else each[OWN_DOWN]) * v
    low, high = each[MIN], each[MAX]
    cycle, kind = shared[CYCLE], shared[KIND]
    scale = step + kind * slope
    step += slope
    if cycle > 0.0:
        step += _gauss(rng, cycle * scale)
    return min(max(np.float32(v + step if up else v - step), low), high) - shift
