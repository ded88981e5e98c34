"""Update path `tiki-taka`: the fast array A is the correlator, the filter H moves what it holds to the slow array C.

After each step whose cost is used, A takes the outer product of d = -C~ s and x as coincidences of pulse
trains (`golden.blocks.tiki_taka.pulses`): x are the line codes of rail 1 (node perturbation), or the lines' signs of
a rank-one
code. So A collects the negative gradient, and no word of it is ever in a digital memory. Every tau_theta steps
(n_s of [G21]) a line of each layer is read,

    z = round((A - R + noise) / 2**shift),    R the symmetry points of A,

the filter (`golden.blocks.update.ttv2`) takes z, and its pulses go to the line's cells of C, whose states are the
weights.
A chopper c ([R24]) inverts what is written to a line of A and what is read from it, and flips after its read
with a probability, or every 2**n scans.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from ..array.coincidence import coincide
from ..array.devices import noise_of, pulse
from ..array.reading import read_line
from ..lib.mixer import CHOP, CYCLE, READ, key, mix
from ..update.optimizer import scheduled
from ..update.ttv2 import Ttv2, rescale, transfer_line
from .lines import RANDOM, SWITCHED, advance, advance_chopper
from .pulses import Pulses, orient, probabilities, train


class TikiTaka(NamedTuple):
    """Configuration of the path.

    Attributes
    ----------
    seed : int
        Of read noise and choppers.
    rows : bool
        A line is an output line, else an input line.
    read_bits, read_shift, read_noise : int
        Width of z; log2 of its LSB in LSBs of a state; spread of the noise, in 2**-12 LSBs of a state an
        LSB of `devices.normal`.
    chopper : int
        Probability in 2**-16 that a chopper flips after its line's read; 0: there are none.
    period : int
        Or they flip every 2**period scans; RANDOM: they do not.
    hold : int
        Scans of a layer without pulses onto C (AGAD: n + 1, its means are not known before).
    """

    seed: int
    rows: bool
    read_bits: int
    read_shift: int
    read_noise: int
    chopper: int
    period: int
    hold: int

    @property
    def chopped(self) -> bool:
        """Whether there are choppers."""
        return self.chopper > 0 or self.period != RANDOM


class Arrays(NamedTuple):
    """All that the compiled `collect` and `move` take: configurations, constants of the devices, and state.

    Attributes
    ----------
    settings : TikiTaka
    ttv2 : Ttv2
        With an empty schedule.
    pulses : Pulses
    line_shift : int
        `Pulses.line_shift`.
    order : int64 array, shape (2, BL)
        `Pulses.order()`.
    exponents : int64 array, shape (entries of the schedule,)
        log2 of T over the first T where a new learning rate rescales H; zeros where it does not.
    fast_seed, fast_noise, slow_seed, slow_noise : int
    fast, slow : int64 arrays, shape (P, 6)
        Constants of the devices of A and C.
    a, reference, h, mean, past, chopper, cursor : int32 arrays
        See `golden.state.State`.
    """

    settings: TikiTaka
    ttv2: Ttv2
    pulses: Pulses
    line_shift: int
    order: np.ndarray
    exponents: np.ndarray
    fast_seed: int
    fast_noise: int
    slow_seed: int
    slow_noise: int
    fast: np.ndarray
    slow: np.ndarray
    a: np.ndarray
    reference: np.ndarray
    h: np.ndarray
    mean: np.ndarray
    past: np.ndarray
    chopper: np.ndarray
    cursor: np.ndarray


@njit
def collect(loop, shape, cost, vector, now):
    """Pulse A with the outer product of one step.

    Parameters
    ----------
    shape : int64 array, shape (layers, 3)
        As in `golden.step.forward`.
    cost : int
        C~.
    vector : int32 array, shape (neurons + lines,)
        Code values of the neurons, and line codes or the lines' code values; written.
    now : int
        The step.
    """
    p = loop.pulses
    orient(p, cost, loop.chopper, 0 if loop.settings.rows else p.rows, vector)
    signed = np.empty(vector.size, np.int64)
    probabilities(p, loop.line_shift, abs(cost), vector, signed)
    fired = np.empty(vector.size, np.int32)
    for slot in range(p.slots):
        train(p, loop.order, now, slot, signed, fired)
        coincide(loop.fast_seed, loop.fast_noise, now * p.slots + slot, shape, fired, loop.fast, loop.a)


@njit
def move(loop, shape, starts, thresholds, tau_theta, theta, now):
    """Read the next line of each layer, filter it, pulse C; returns whether a word of H saturated.

    Parameters
    ----------
    starts, thresholds : int64 arrays, shape (entries,) and (entries, layers)
        First step and T of each layer, of the schedule's entries.
    theta : int32 array, shape (P,)
        States of C.
    """
    s, over = loop.settings, False
    entry = scheduled(starts, now)
    exponent = loop.exponents[entry] - loop.exponents[scheduled(starts, max(now - tau_theta, 0))]
    if exponent != 0:
        over |= rescale(loop.ttv2.bits, exponent, loop.h)
    noise_key = key(s.seed, READ, now)
    chop_key = key(s.seed, CHOP, now)
    slow_key = key(loop.slow_seed, CYCLE, now)
    number = 0
    chopper = 0
    for k in range(shape.shape[0]):
        inputs, rows, first = shape[k]
        columns = inputs + 1
        count, length = (rows, columns) if s.rows else (columns, rows)
        line, scan = loop.cursor[2 * k], loop.cursor[2 * k + 1]
        begin, stride = (first + line * columns, 1) if s.rows else (first + line, columns)
        z = np.empty(length, np.int32)
        read_line(s, noise_key, number, begin, stride, loop.a, loop.reference, z)
        number += length
        place = first + line * length
        hold, sign, switched = scan < s.hold, 1, False
        if loop.chopper.size:
            sign, switched = 1 - 2 * (loop.chopper[chopper + line] & 1), loop.chopper[chopper + line] & SWITCHED != 0
            draw = mix(chop_key[0], chop_key[1], chop_key[2], chop_key[3], k) & 0xFFFF
            advance_chopper(s.chopper, s.period, draw, scan, chopper + line, loop.chopper)
            chopper += count
        advance(k, count, loop.cursor)
        fired = np.empty(length, np.int32)
        means = slice(place, place + length) if loop.mean.size else slice(0, 0)
        over |= transfer_line(
            loop.ttv2, thresholds[entry, k], sign, switched, hold, z, loop.h[place : place + length],
            loop.mean[means], loop.past[means], fired,
        )  # fmt: skip
        for e in range(length):
            if fired[e] != 0:
                i = begin + e * stride
                theta[i] = pulse(loop.slow_noise, noise_of(slow_key, i), theta[i], fired[e], loop.slow[i])
    return over
