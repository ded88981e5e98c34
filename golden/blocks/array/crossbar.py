"""The emulated array's products: one matrix-vector multiplication a layer, through converters.

Line codes x come from the DACs; a cell adds (w + p a s) x, with w the weight's code (the top
`weight_bits` of theta or of the device's state), a the amplitude, s the sign and p the rail's
polarity (+1; 0 or -1). Sums are exact; the ADC divides by 2**adc_shift, rounds to nearest (halves
away from zero) and clips.
"""

from typing import NamedTuple

import numpy as np

from ...compiled import njit
from ..lib.fixed import i32, limit, round_shift, saturate


class Crossbar(NamedTuple):
    """Converters of the array.

    Attributes
    ----------
    state_bits, weight_bits : int
        Width of theta or of a device's state, and of the weight code cut from its top.
    line_bits, adc_bits : int
        Widths of line codes and of ADC codes.
    adc_shift : int
        log2 of an ADC LSB, in products of one weight LSB and one line LSB.
    amplitude : int
        a, in weight LSBs.
    sum_bits : int
        Width that holds every sum.
    """

    state_bits: int
    weight_bits: int
    line_bits: int
    adc_bits: int
    adc_shift: int
    amplitude: int
    sum_bits: int

    @property
    def drop(self) -> int:
        """Bits of a state below its weight code."""
        return self.state_bits - self.weight_bits

    @property
    def one(self) -> int:
        """Line code of full scale, which the bias lines carry."""
        return limit(self.line_bits)

    @property
    def adc_bound(self) -> int:
        """Largest |ADC code|."""
        return limit(self.adc_bits)


@njit(inline="always")
def multiply(drop, states, signs, x0, x1, shared):
    """Sums of one neuron: weights and signs times the lines of both rails.

    With `shared` both rails carry the same codes, and the second pair of sums is the first.
    """
    w0 = i32(0)
    s0 = i32(0)
    w1 = i32(0)
    s1 = i32(0)
    if shared:
        for c in range(x0.size):
            w0 = i32(w0 + i32(i32(states[c] >> i32(drop)) * x0[c]))
            s0 = i32(s0 + i32(signs[c] * x0[c]))
        return w0, s0, w0, s0
    for c in range(x0.size):
        weight = i32(states[c] >> i32(drop))
        w0 = i32(w0 + i32(weight * x0[c]))
        s0 = i32(s0 + i32(signs[c] * x0[c]))
        w1 = i32(w1 + i32(weight * x1[c]))
        s1 = i32(s1 + i32(signs[c] * x1[c]))
    return w0, s0, w1, s1


@njit(inline="always")
def convert(shift, bound, total):
    """ADC code of a sum."""
    return saturate(round_shift(total, i32(shift)), bound)


class Ideal(NamedTuple):
    """Cells, converters and neurons without noise or defects, for `golden.forward.Array`.

    Attributes
    ----------
    tables : int32 array, shape (layers, 2**adc_bits)
        As of `golden.blocks.measure.neuron.Neuron.tables`.

    Methods are compiled; `golden.methods` says what each is.
    """

    tables: np.ndarray

    def multiply(self, array, k, signs, rails, shared):
        inputs, rows, first = array.shape[k]
        columns = inputs + 1
        theta = array.theta
        x0 = rails.lines[k, 0, :columns]
        x1 = rails.lines[k, 1, :columns]
        for j in range(rows):
            cells = slice(first + j * columns, first + (j + 1) * columns)
            w0, s0, w1, s1 = multiply(array.drop, theta[cells], signs[cells], x0, x1, shared)
            rails.sums[j, 0] = i32(w0 + array.amplitude * s0)
            rails.sums[j, 1] = i32(w1 + array.polarity * array.amplitude * s1)

    def convert(self, array, total):
        return convert(array.adc_shift, array.adc_bound, i32(total))

    def activate(self, layer, neuron, code):
        return self.tables[layer, code & (self.tables.shape[1] - 1)]

    def read(self, mode, averages, step, refresh, sums, memory):
        return sums[0] << averages[0], sums[1] << averages[1]

    def disturb(self, step, theta):
        return False


@njit
def convert_all(shift, bound, totals):
    """ADC codes of an array of sums: int32, same shape."""
    codes = np.empty(totals.shape, np.int32)
    for i in np.ndindex(totals.shape):
        codes[i] = convert(shift, i32(bound), i32(totals[i]))
    return codes
