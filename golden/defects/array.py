"""Noise and defects of the array, which golden alone computes with ([M23], "noise and defects").

Cost    C -> first-order low-pass -> + a ramp -> + noise, at each reading of C and of C0 -> limited to +- the largest S
Update  theta + noise, a draw of its own for every parameter at every update
Cell    weight + perturbation; minus both, if flipped; the initial weight alone, if stuck
Lines, neurons    x + n (x^3 - x) of full scale, before rounding of the ADCs; L f(k (z - x0)) + y0

Every draw is made anew from (seed, step, place), so that a run in pieces is the same run. Without
defects nothing of this is compiled: `golden.step` decides by the type of its argument.
"""

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from ..blocks.lib.fixed import i32, round_wide
from ..blocks.lib.mixer import COST_NOISE, UPDATE_NOISE, key
from ..blocks.measure.cost import ANTITHETIC, FORWARD, FRACTION
from .draws import BEND_BITS, LINE_BITS, NOISE_BITS, POLE_BITS, RAMP, RAMP_BITS, Hardware, normal

if TYPE_CHECKING:
    from ..chip.chip import Chip


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
def convert_all(bend, shift, bound, totals):
    """ADC codes of an array of sums: int64, same shape."""
    codes = np.empty(totals.shape, np.int64)
    for i in np.ndindex(totals.shape):
        codes[i] = convert(bend, shift, bound, totals[i])
    return codes


@njit
def forward(hardware, shape, drop, amplitude, polarity, adc_shift, adc_bound, theta, signs, lines, adc, act):
    """`golden.step.forward` of an array with defects."""
    neuron = 0
    line_mask, mask = hardware.levels.size - 1, hardware.tables.shape[1] - 1
    last = shape.shape[0] - 1
    for k in range(last + 1):
        columns = shape[k, 0] + 1
        for j in range(shape[k, 1]):
            total0 = np.int64(0)
            total1 = np.int64(0)
            for c in range(columns):
                i = shape[k, 2] + j * columns + c
                weight = hardware.sign[i] * np.int64(theta[i] >> i32(drop)) + hardware.held[i]
                change = hardware.sign[i] * np.int64(amplitude * signs[i])
                total0 += hardware.levels[lines[k, 0, c] & line_mask] * (weight + change)
                total1 += hardware.levels[lines[k, 1, c] & line_mask] * (weight + polarity * change)
            row = hardware.rows[neuron]
            adc[neuron, 0] = convert(hardware.bend, adc_shift, adc_bound, total0)
            adc[neuron, 1] = convert(hardware.bend, adc_shift, adc_bound, total1)
            for rail in range(2):
                act[neuron, rail] = hardware.tables[row, adc[neuron, rail] & mask]
                if k < last:
                    lines[k + 1, rail, j] = act[neuron, rail]
            neuron += 1


def outputs(hardware: Hardware, chip: "Chip", theta: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Output codes for input codes, without perturbation: int32 array, shape (samples, outputs)."""
    bar, neuron = chip.crossbar, 0
    weights = hardware.sign * (theta >> bar.drop) + hardware.held
    for matrix in chip.matrices(weights):
        levels = hardware.levels[lines & (hardware.levels.size - 1)]
        ones = np.full((len(lines), 1), bar.one << LINE_BITS)
        # Sums stay below 2**39, so a product of float64 matrices is exact.
        totals = np.hstack([levels, ones]).astype(float) @ matrix.T.astype(float)
        codes = convert_all(hardware.bend, bar.adc_shift, bar.adc_bound, totals.astype(np.int64))
        rows = hardware.rows[neuron : neuron + len(matrix)]
        lines = hardware.tables[rows, codes & (hardware.tables.shape[1] - 1)]
        neuron += len(matrix)
    return lines


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


@njit
def read(hardware, mode, average, average_1, step, refresh, s0, s1, memory):
    """Sums of readings of both rails, from S of both; the second is C0 in mode forward, 0 where it is not taken.

    The low-pass sees the rails one after the other, C0 before the perturbed one; it goes on once a rail,
    however many readings there are of it.
    """
    second = mode == ANTITHETIC or (mode == FORWARD and refresh)
    if hardware.pole:
        if second and mode == FORWARD:
            s1 = settle(hardware.pole, s1, memory)
        s0 = settle(hardware.pole, s0, memory)
        if mode == ANTITHETIC:
            s1 = settle(hardware.pole, s1, memory)
    words = key(hardware.seed, COST_NOISE, step)
    total0 = readings(hardware, words, 0, 1 << average, 2 * step, s0)
    total1 = np.int64(0)
    if second:
        late = 1 if mode == ANTITHETIC else 0
        total1 = readings(hardware, words, 16, 1 << average_1, 2 * step + late, s1)
    return total0, total1


@njit
def disturb(hardware, step, theta):
    """Add the noise of one update in place; returns whether a word reached its bounds."""
    words = key(hardware.seed, UPDATE_NOISE, step)
    over = False
    for i in range(hardware.words.shape[0]):
        noise = round_wide(hardware.words[i, 0] * normal(words, i), NOISE_BITS)
        raw = theta[i] + noise
        word = min(max(raw, hardware.words[i, 1]), hardware.words[i, 2])
        over |= raw != word
        theta[i] = word
    return over
