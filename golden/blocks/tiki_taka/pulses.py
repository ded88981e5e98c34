"""Pulse trains: outer products of two vectors as coincidences of pulses, slot by slot.

Rows carry d, lines carry x. In each of BL slots row n gives a pulse of sign(d_n) with probability
P_d = min(1, K |d_n| 2**m), line l one of sign(x_l) with P_x = min(1, |x_l| 2**-m); where both meet, the cell
takes one pulse of polarity sign(d_n x_l). So BL K |d_n x_l| pulses are expected ([G21]; Gokmen and Vlasov 2016).

K = magnitude * rate / 2**shift: one magnitude (|C~|) serves all rows. Update management shares the range:
m = floor((e_x - e_d) / 2), e the bit length of the largest probability, so that x loses what d gains; powers of
two keep the product, where aihwkit's sqrt(x_max / d_max) needs a divider.

Trains are stochastic (16 keyed random bits a slot and element) or deterministic: line l has a pulse in the
first round(BL P_x) slots, row n in as many as round(BL P_d), spread by the van der Corput order, so that
coincidences are BL P_x P_d but for the discrepancy of that order. Halves are rounded down.

Values and codes are symmetric: the most negative word of a width is none.
"""

from typing import NamedTuple

import numpy as np

from ...compiled import njit
from ..lib.mixer import TRAIN, key, mix

PROBABILITY_BITS = 16
"""A probability of 1 is 2**16."""
RATE_BITS = 8
"""Width of `rate`."""
WIDE_BITS = 30
"""Width that P_d is computed in, saturating, before m is applied."""


class Pulses(NamedTuple):
    """Configuration of the generator of pulse trains.

    Attributes
    ----------
    seed : int
    slots : int
        BL, 1 .. 63.
    deterministic, management : bool
        Kind of the trains; whether m is other than 0.
    rows, lines : int
        Elements of d and of x; an update is the vector (d, x).
    row_bits, line_bits : int
        Widths of d and of x, signed; full scale 2**(line_bits-1) of x is a probability of 1 (signs: 1 is).
    magnitude_bits : int
        Unsigned width of the magnitude.
    rate, shift : int
        K is magnitude * rate / 2**shift, in 2**-16 a unit of d; `rate` has `RATE_BITS` bits.
    """

    seed: int
    slots: int
    deterministic: bool
    management: bool
    rows: int
    lines: int
    row_bits: int
    line_bits: int
    magnitude_bits: int
    rate: int
    shift: int

    @property
    def line_shift(self) -> int:
        """log2 of the probability of an LSB of x: signs (2 bits) have a probability of 1."""
        return PROBABILITY_BITS - (self.line_bits - 1 if self.line_bits > 2 else 0)

    def order(self) -> np.ndarray:
        """Thresholds of rows and lines in each slot of a deterministic train: int64 array, shape (2, BL)."""
        number = np.arange(self.slots)
        bits = max(1, (self.slots - 1).bit_length())
        turned = sum(((number >> k) & 1) << (bits - 1 - k) for k in range(bits))
        spread = np.argsort(np.argsort(turned))
        return ((2 * np.stack([spread, number]) + 1) << PROBABILITY_BITS) // (2 * self.slots)


@njit(inline="always")
def length(n):
    """Bit length of n >= 0."""
    bits = 0
    while n:
        n >>= 1
        bits += 1
    return bits


@njit
def orient(pulses, cost, chopper, first, vector):
    """Turn the values of rows against the cost, and invert the signs of chopped elements, in place.

    Parameters
    ----------
    pulses : Pulses
    cost : int
        C~: d becomes -sign(C~) d.
    chopper : int32 array
        Bit 0 of a word: it inverts. Empty without choppers.
    first : int
        Element of the first chopper: 0 for rows, `rows` for lines.
    vector : int32 array, shape (rows + lines,)
        d, then x.
    """
    if cost > 0:
        for i in range(pulses.rows):
            vector[i] = -vector[i]
    for i in range(chopper.size):
        if chopper[i] & 1:
            vector[first + i] = -vector[first + i]


@njit
def probabilities(pulses, line_shift, magnitude, vector, out):
    """Signed probabilities of an update, before saturation at 1.

    Parameters
    ----------
    pulses : Pulses
    magnitude : int
    vector : int32 array, shape (rows + lines,)
        d, then x.
    out : int64 array, the same shape
    """
    most = (1 << WIDE_BITS) - 1
    scale = min((magnitude * pulses.rate) >> pulses.shift, most)
    any_d = 0
    any_x = 0
    for i in range(vector.size):
        if i < pulses.rows:
            out[i] = min(scale * int(abs(vector[i])), most)
            any_d |= out[i]
        else:
            out[i] = int(abs(vector[i])) << line_shift
            any_x |= out[i]
    m = (length(any_x) - length(any_d)) >> 1 if pulses.management else 0
    for i in range(vector.size):
        up = m if i < pulses.rows else -m
        p = out[i] << up if up > 0 else out[i] >> -up
        p = min(p, 1 << PROBABILITY_BITS)
        out[i] = -p if vector[i] < 0 else p


@njit
def train(pulses, order, number, slot, signed, out):
    """Pulses of one slot: `out[i]` becomes -1, 0 or +1.

    Parameters
    ----------
    pulses : Pulses
    order : int64 array, shape (2, BL)
        `Pulses.order()`.
    number : int
        Number of the update.
    slot : int
    signed : int64 array, shape (rows + lines,)
        From `probabilities`.
    out : int32 array, the same shape
    """
    k0, k1, k2, k3 = key(pulses.seed, TRAIN, (number * pulses.slots + slot) & 0xFFFFFFFF)
    draws = 0
    for i in range(signed.size):
        p = abs(signed[i])
        if pulses.deterministic:
            draw = order[0 if i < pulses.rows else 1, slot]
        else:
            draws = draws >> 16 if i & 1 else mix(k0, k1, k2, k3, i >> 1)
            draw = draws & 0xFFFF
        out[i] = 0 if draw >= p else (1 if signed[i] > 0 else -1)
