"""Update path `tiki-taka`: the fast array A is the correlator, the filter H moves what it holds to the slow array C.

After each step whose cost is used, A takes the outer product of d = -C~ s and x as coincidences of pulse
trains (`golden.pulses`): x are the line codes of rail 1 (node perturbation), or the lines' signs of a rank-one
code. So A collects the negative gradient, and no word of it is ever in a digital memory. Every tau_theta steps
(n_s of [G21]) a line of each layer is read,

    z = round((A - R + noise) / 2**shift),    R the symmetry points of A,

the filter (`golden.ttv2`) takes z, and its pulses go to the line's cells of C, whose states are the weights.
A chopper c ([R24]) inverts what is written to a line of A and what is read from it, and flips after its read
with a probability, or every 2**n scans.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from .codes import CHOP, CYCLE, READ, key, mix
from .devices import NOISE_BITS, Devices, normal, pulse
from .fixed import i32, round_wide
from .lines import Lines
from .optimizer import scheduled
from .pulses import Pulses, probabilities, train
from .ttv2 import Ttv2, rescale, transfer_line

if TYPE_CHECKING:
    from .config import Fast

SWITCHED = 2
"""Bit of a chopper's word: it switched at its last read; bit 0: it inverts."""
RANDOM = -1
"""`TikiTaka.period` of choppers that flip at random."""


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


def sizes(settings: TikiTaka | None, ttv2: Ttv2 | None, lines: Lines | None) -> tuple[int, int, int, int]:
    """Words of `mean`, `past`, `chopper` and `cursor` in a state."""
    if not (settings and ttv2 and lines):
        return 0, 0, 0, 0
    means = lines.depth if ttv2.mean else 0
    choppers = sum(count for count, _ in lines.layers) if settings.chopped else 0
    return means, means, choppers, 2 * len(lines.layers)


def found(devices: Devices | None, section: "Fast | None", size: int) -> tuple[np.ndarray, np.ndarray]:
    """Constants of the fast array's devices, and the symmetry points that zero-shifting finds.

    Returns
    -------
    tuple of int64 array of shape (size, 6), and int32 array of shape (size,)
        Without devices empty ones.
    """
    if devices is None or section is None:
        return np.zeros((0, 6), np.int64), np.zeros(0, np.int32)
    constants, states = devices.sample(size), np.zeros(size, np.int32)
    zero_shift(devices.noise, devices.seed, section.zero_shift, constants, states)
    return constants, states


class Loop(NamedTuple):
    """All that the compiled `learn` takes: configurations, constants of the devices, and state.

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
        See `golden.engine.State`.
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


@njit(inline="always")
def noise_of(words, i):
    """Draw of element i under a key: two elements share 32 bits."""
    return normal((mix(words[0], words[1], words[2], words[3], i >> 1) >> (16 * (i & 1))) & 0xFFFF)


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
    for i in range(p.rows):
        vector[i] = -vector[i] if cost > 0 else vector[i]
    at = 0 if loop.settings.rows else p.rows
    for i in range(loop.chopper.size):
        if loop.chopper[i] & 1:
            vector[at + i] = -vector[at + i]
    signed = np.empty(vector.size, np.int64)
    probabilities(p, loop.line_shift, abs(cost), vector, signed)
    fired = np.empty(vector.size, np.int32)
    for slot in range(p.slots):
        train(p, loop.order, now, slot, signed, fired)
        coincide(loop.fast_seed, loop.fast_noise, now * p.slots + slot, shape, fired, loop.fast, loop.a)


@njit
def coincide(seed, noise, number, shape, fired, devices, states):
    """Pulse the cells whose row and line both fire; `fired` holds the neurons', then the lines' pulses."""
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
        for e in range(length):
            i = begin + e * stride
            disturbance = (s.read_noise * noise_of(noise_key, number)) >> NOISE_BITS
            raw = round_wide(int(loop.a[i]) - int(loop.reference[i]) + disturbance, s.read_shift)
            top = (1 << (s.read_bits - 1)) - 1
            z[e] = min(max(raw, -top), top)
            number += 1
        place = first + line * length
        sign, switched = 1, False
        if loop.chopper.size:
            word = loop.chopper[chopper + line]
            sign, switched = 1 - 2 * (word & 1), word & SWITCHED != 0
            flips = (mix(chop_key[0], chop_key[1], chop_key[2], chop_key[3], k) & 0xFFFF) < s.chopper
            if s.period >= 0:
                flips = (scan + 1) & ((1 << s.period) - 1) == 0
            loop.chopper[chopper + line] = (word & 1) ^ 1 | SWITCHED if flips else word & 1
            chopper += count
        fired = np.empty(length, np.int32)
        means = slice(place, place + length) if loop.mean.size else slice(0, 0)
        over |= transfer_line(
            loop.ttv2, thresholds[entry, k], sign, switched, scan < s.hold, z, loop.h[place : place + length],
            loop.mean[means], loop.past[means], fired,
        )  # fmt: skip
        for e in range(length):
            if fired[e] != 0:
                i = begin + e * stride
                theta[i] = pulse(loop.slow_noise, noise_of(slow_key, i), theta[i], fired[e], loop.slow[i])
        line += 1
        if line == count:
            line = 0
            scan += 1
        loop.cursor[2 * k] = line
        loop.cursor[2 * k + 1] = i32(scan)
    return over


@njit
def zero_shift(noise, seed, rounds, devices, states):
    """Zero-shifting: pulse all devices up and down in turn, so that they go to their symmetry points, in place.

    Numbers of the pulses, which seed the cycle noise, count down from 2**32 - 1: no step has them.
    """
    for n in range(2 * rounds):
        words = key(seed, CYCLE, 0xFFFFFFFF - n)
        for i in range(states.size):
            states[i] = pulse(noise, noise_of(words, i), states[i], 1 - 2 * (n & 1), devices[i])
