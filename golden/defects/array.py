"""Noise and defects of the array, which golden alone computes with ([M23], "noise and defects").

Cost    C -> first-order low-pass -> + a ramp -> + noise, at each reading of C and of C0 -> limited to +- the largest S
Update  theta + noise, a draw of its own for every parameter at every update
Cell    weight + perturbation; minus both, if flipped; the initial weight alone, if stuck
Lines, neurons    x + n (x^3 - x) of full scale, before rounding of the ADCs; L f(k (z - x0)) + y0

Every draw is made anew from (seed, step, place), so that a run in pieces is the same run.
"""

from typing import NamedTuple

import numpy as np

from ..blocks.lib.fixed import i32, round_wide
from ..blocks.lib.mixer import COST_NOISE, UPDATE_NOISE, key
from ..blocks.measure.cost import ANTITHETIC, FORWARD, FRACTION
from ..compiled import njit
from .draws import BEND_BITS, LINE_BITS, NOISE_BITS, POLE_BITS, RAMP, RAMP_BITS, normal


class Hardware(NamedTuple):
    """Cells, converters and neurons with defects, for `golden.forward.Array`.

    Attributes
    ----------
    seed, noise, ramp, pole, full
        As in `Defects`.
    bend : int
        n of the ADCs, in 2**-20.
    levels : int64 array, shape (2**line_bits,)
        Entry x mod 2**line_bits is the level of line code x, in 2**-8.
    rows : int64 array, shape (neurons,)
        Row of `tables` that a neuron has.
    tables : int32 array, shape (rows, 2**adc_bits)
    sign, held : int32 arrays, shape (P,)
        A cell has the weight sign * code + held.
    words : int64 array, shape (P, 3), or (0, 3) without noise of updates
        Its spread, which is 0 in a frozen layer, and the least and the largest word.

    Methods are compiled; `golden.methods` says what each is.
    """

    seed: int
    noise: int
    ramp: int
    pole: int
    full: int
    bend: int
    levels: np.ndarray
    rows: np.ndarray
    tables: np.ndarray
    sign: np.ndarray
    held: np.ndarray
    words: np.ndarray

    def multiply(self, array, k, signs, rails, shared):
        inputs, rows, first = array.shape[k]
        mask = self.levels.size - 1
        for j in range(rows):
            total0 = np.int64(0)
            total1 = np.int64(0)
            for c in range(inputs + 1):
                i = first + j * (inputs + 1) + c
                weight = self.sign[i] * np.int64(array.theta[i] >> i32(array.drop)) + self.held[i]
                change = self.sign[i] * np.int64(array.amplitude * signs[i])
                total0 += self.levels[rails.lines[k, 0, c] & mask] * (weight + change)
                total1 += self.levels[rails.lines[k, 1, c] & mask] * (weight + array.polarity * change)
            rails.sums[j, 0] = total0
            rails.sums[j, 1] = total1

    def convert(self, array, total):
        return convert(self.bend, array.adc_shift, np.int64(array.adc_bound), total)

    def activate(self, layer, neuron, code):
        return self.tables[self.rows[neuron], code & (self.tables.shape[1] - 1)]

    def read(self, mode, averages, step, refresh, sums, memory):
        # The low-pass sees the rails one after the other, C0 before the perturbed one; it goes on once a rail,
        # however many readings there are of it.
        s0, s1 = sums
        second = mode == ANTITHETIC or (mode == FORWARD and refresh)
        if self.pole:
            if second and mode == FORWARD:
                s1 = settle(self.pole, s1, memory)
            s0 = settle(self.pole, s0, memory)
            if mode == ANTITHETIC:
                s1 = settle(self.pole, s1, memory)
        words = key(self.seed, COST_NOISE, step)
        total0 = readings(self, words, 0, 1 << averages[0], 2 * step, s0)
        total1 = np.int64(0)
        if second:
            late = 1 if mode == ANTITHETIC else 0
            total1 = readings(self, words, 16, 1 << averages[1], 2 * step + late, s1)
        return total0, total1

    def disturb(self, step, theta):
        words = key(self.seed, UPDATE_NOISE, step)
        over = False
        for i in range(self.words.shape[0]):
            noise = round_wide(self.words[i, 0] * normal(words, i), NOISE_BITS)
            raw = theta[i] + noise
            word = min(max(raw, self.words[i, 1]), self.words[i, 2])
            over |= raw != word
            theta[i] = word
        return over


@njit
def convert(bend, shift, bound, total):
    """ADC code of a sum of levels; `golden.blocks.array.crossbar.convert` where there is no bend."""
    if bend:
        full = bound << LINE_BITS
        x = (min(max(total >> shift, -full), full) << BEND_BITS) // full
        cube = (((x * x) >> BEND_BITS) * x) >> BEND_BITS
        total += ((bend * (cube - x) * bound) >> (2 * BEND_BITS - LINE_BITS)) << shift
    return min(max(round_wide(total, shift + LINE_BITS), -bound), bound)


@njit
def settle(pole, s, memory):
    """What the low-pass makes of S; its state is memory[2], in 2**-8."""
    memory[2] += round_wide(((s << FRACTION) - memory[2]) * pole, POLE_BITS)
    return round_wide(memory[2], FRACTION)


@njit
def readings(hardware, words, first, count, half_steps, s):
    """Sum of `count` readings of S, with the draws from `first` on."""
    whole, rest = half_steps // (2 * RAMP), half_steps % (2 * RAMP)
    s += (whole * hardware.ramp + rest * hardware.ramp // (2 * RAMP)) >> RAMP_BITS
    total = np.int64(0)
    for r in range(count):
        noise = round_wide(hardware.noise * normal(words, first + r), NOISE_BITS)
        total += min(max(s + noise, -hardware.full), hardware.full)
    return total
