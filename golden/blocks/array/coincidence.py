"""Coincidences: the cells of an array whose neuron and line both give a pulse take one.

Polarity is the product of both. A vector of -1, 0 and +1 holds the neurons' pulses, then the lines'; it is one
slot of the trains onto the fast array, or the filter's pulses and a 1 on the line they belong to.
"""

import numpy as np

from ...compiled import njit
from ..lib.mixer import CYCLE, key
from .devices import noise_of, pulse


@njit
def coincide(seed, noise, number, shape, fired, devices, states):
    """Pulse the cells in place.

    Parameters
    ----------
    seed, noise : int
        Of the devices' cycle noise.
    number : int
        Number of the vector, which seeds it.
    shape : int64 array, shape (layers, 3)
        As in `golden.forward.Array`.
    fired : int32 array, shape (neurons + lines,)
    devices : int64 array, shape (P, 6)
    states : int32 array, shape (P,)
    """
    words = key(seed, CYCLE, number & 0xFFFFFFFF)
    line = 0
    for k in range(shape.shape[0]):
        line += shape[k, 1]
    neuron = 0
    for k in range(shape.shape[0]):
        inputs, rows, first = shape[k]
        columns = inputs + 1
        for n in range(rows):
            up = fired[neuron + n]
            if up == 0:
                continue
            for c in range(columns):
                polarity = up * fired[line + c]
                if polarity != 0:
                    i = first + n * columns + c
                    states[i] = pulse(noise, noise_of(words, i), states[i], polarity, devices[i])
        neuron += rows
        line += columns


@njit
def zero_shift(noise, seed, rounds, devices, states):
    """Symmetry points that zero-shifting finds: the devices are pulsed up and down in turn, in place.

    The points are the means over the second half of the pulses, rounded down, as cycle noise moves the states about
    them.
    Numbers of the pulses, which seed that noise, count down from 2**32 - 1: no step has them.

    Parameters
    ----------
    rounds : int
        Pairs of pulses.
    devices, states : int64 array, shape (P, 6), and int32 array, shape (P,)

    Returns
    -------
    int32 array, shape (P,)
    """
    total = np.zeros(states.size, np.int64)
    for n in range(2 * rounds):
        words = key(seed, CYCLE, 0xFFFFFFFF - n)
        for i in range(states.size):
            states[i] = pulse(noise, noise_of(words, i), states[i], 1 - 2 * (n & 1), devices[i])
            if n >= rounds:
                total[i] += states[i]
    return (total // max(rounds, 1)).astype(np.int32)
