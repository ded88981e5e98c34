"""Perturbation codes: the sign of every parameter at every pattern, regenerated, never stored.

A sign depends on (seed, pattern number, parameter index) only, so it is the same for any number of
lanes and any order of evaluation. The codes ([M23], section "perturbation types"):

random       one keyed 32-bit word per 32 parameters: word b of pattern p is `mix(key(p), b)`.
sequential   one parameter at a time: the one at position (p * stride) mod P of a shuffled order.
walsh        row i of a Hadamard matrix: parity(i AND p), with a global flip every other cycle.
walsh-upper  row i of the upper half of one twice as large. The product of two of its rows is in the
             lower half, and so is the row of ones: neither C0 nor the Hessian gets into G.
sinusoidal   round(peak sin(2 pi (p f_i + phase) / 2**cycle_bits)), f_i = first + i spacing. Equal
             spacing with phase 0 keeps the products of two sines, which are cosines, out of G.
"""

from math import gcd
from typing import NamedTuple

import numpy as np

from ...compiled import njit
from ..lib.fixed import i32
from ..lib.kinds import refusal, unlisted
from ..lib.mixer import BLOCK, PATTERN, key, words

RANDOM, SEQUENTIAL, WALSH, WALSH_UPPER, SINUSOIDAL = range(5)
KINDS = {
    "random": RANDOM, "sequential": SEQUENTIAL, "walsh": WALSH, "walsh-upper": WALSH_UPPER, "sinusoidal": SINUSOIDAL,
}  # fmt: skip
"""All codes, by the names of a chip description; each has a case in `values` and in `rtl.perturb.codes`."""
UNKNOWN = refusal("code", KINDS)

SINE_BITS = 12
"""Most bits of a phase that the sine table resolves."""

BYTES = (1 - 2 * (np.arange(256)[:, None] >> np.arange(8) & 1)).astype(np.int32)
"""Signs of the eight parameters that each byte stands for: to copy them is faster than to shift each out."""


class Codes(NamedTuple):
    """Configuration of the code generator.

    Attributes
    ----------
    kind : int
        RANDOM, SEQUENTIAL, WALSH, WALSH_UPPER or SINUSOIDAL.
    seed : int
        0 .. 2**32 - 1.
    size : int
        Number of parameters, or of whatever else is perturbed.
    peak : int
        Largest value of the sinusoidal code; 1 for all others.
    first, spacing, phase : int
        Of the sinusoidal code: frequencies in cycles, and phase in steps, per 2**cycle_bits patterns.
    """

    kind: int
    seed: int
    size: int
    peak: int = 1
    first: int = 1
    spacing: int = 1
    phase: int = 0

    @property
    def bits(self) -> int:
        """Width of a value."""
        return self.peak.bit_length() + 1

    @property
    def mean_square(self) -> float:
        """Mean square of the values, over a period of the sine table; 1 of signs."""
        if self.kind != SINUSOIDAL:
            return 1.0
        squares = self.quarter().astype(float) ** 2
        return float(squares[:-1].sum() + squares[1:].sum()) / (2 * (squares.size - 1))

    @property
    def stride(self) -> int:
        """Step of the sequential code's shuffled order: near P / golden ratio and coprime to P."""
        stride = max(1, round(self.size * 0.618))
        while gcd(stride, self.size) != 1:
            stride += 1
        return stride % self.size if self.size > 1 else 0

    @property
    def cycle_bits(self) -> int:
        """log2 of the length of a Walsh cycle, or of the period of all sines (which resolves the highest)."""
        if self.kind == SINUSOIDAL:
            return (2 * (self.first + (self.size - 1) * self.spacing) + 2).bit_length()
        return max(1, (self.size - 1).bit_length()) + (self.kind == WALSH_UPPER)

    @property
    def offset(self) -> int:
        """Row of the Hadamard matrix that the first parameter has."""
        return 1 << (self.cycle_bits - 1) if self.kind == WALSH_UPPER else 0

    @property
    def cycle(self) -> int:
        """Patterns after which the code has visited every parameter alike (1 for random)."""
        if self.kind == RANDOM:
            return 1
        if self.kind == SEQUENTIAL:
            return self.size
        if self.kind in (WALSH, WALSH_UPPER, SINUSOIDAL):
            return 1 << self.cycle_bits
        raise unlisted("code", self.kind, KINDS)

    @property
    def plan(self) -> tuple[int, ...]:
        """What the compiled `values` takes of this."""
        return (
            self.kind, self.seed, self.stride, self.cycle_bits, self.size, self.offset,
            self.first, self.spacing, self.phase,
        )  # fmt: skip

    def quarter(self) -> np.ndarray:
        """First quarter of the sine, both ends included: int32 array, shape (2**(n - 2) + 1,).

        n is `cycle_bits`, at most `SINE_BITS`: lower bits of a phase are dropped.
        """
        if self.kind != SINUSOIDAL:
            return np.zeros(1, np.int32)
        steps = 1 << (min(self.cycle_bits, SINE_BITS) - 2)
        return np.rint(self.peak * np.sin(np.pi / 2 * np.arange(steps + 1) / steps)).astype(np.int32)


@njit(inline="always")
def sine(quarter, cycle_bits, phase):
    """Entry of the sine at a phase of `cycle_bits` bits, from its first quarter."""
    steps = quarter.size - 1
    place = phase
    while (4 * steps) >> cycle_bits == 0:
        place >>= 1
        cycle_bits -= 1
    r = place & (steps - 1)
    half = place // steps
    v = quarter[steps - r] if half & 1 else quarter[r]
    return -v if half & 2 else v


@njit
def random_signs(pattern_key, high, low, out):
    """Signs of the bits of `words`, the lowest bit first; arguments as of `values`."""
    words(pattern_key, high, low)
    for b in range(low.size):
        word = high[b] << 16 | low[b]
        for k in range(4):
            byte = (word >> (8 * k)) & 0xFF
            for i in range(8):
                out[BLOCK * b + 8 * k + i] = BYTES[byte, i]


@njit
def walsh_signs(pattern, cycle_bits, offset, size, out):
    """Signs of the rows from `offset` on at one column, flipped in every other cycle."""
    column = pattern & ((1 << cycle_bits) - 1)
    flip = (pattern >> cycle_bits) & 1
    for i in range(size):
        v = (i + offset) & column
        v ^= v >> 16
        v ^= v >> 8
        v ^= v >> 4
        v ^= v >> 2
        v ^= v >> 1
        out[i] = i32(1 - 2 * ((v ^ flip) & 1))


@njit
def values(plan, quarter, pattern, high, low, out):
    """Write the code of one pattern: `out[i]` for i < size; signs are -1, 0 or +1.

    Parameters
    ----------
    plan : tuple of int
        `Codes.plan`.
    quarter : int32 array
        `Codes.quarter()`.
    pattern : int
        Pattern number, 0 .. 2**32 - 1.
    high, low : int32 arrays, shape (ceil(P / 32),)
        Scratch space of the random code.
    out : int32 array, shape (32 * ceil(P / 32),)

    Raises
    ------
    ValueError
        The kind is on no list.
    """
    kind, seed, stride, cycle_bits, size, offset, first, spacing, phase = plan
    if kind == RANDOM:
        random_signs(key(seed, PATTERN, pattern), high, low, out)
    elif kind == SEQUENTIAL:
        out[:] = 0
        out[(pattern * stride) % size] = 1
    elif kind == SINUSOIDAL:
        period = 1 << cycle_bits
        for i in range(size):
            out[i] = sine(quarter, cycle_bits, (pattern * (first + i * spacing) + phase) & (period - 1))
    elif kind == WALSH or kind == WALSH_UPPER:
        walsh_signs(pattern, cycle_bits, offset, size, out)
    else:
        raise ValueError(UNKNOWN)


def scratch(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The arrays `high`, `low` and `out` that `values` needs for `size` parameters."""
    blocks = -(-size // BLOCK)
    return np.zeros(blocks, np.int32), np.zeros(blocks, np.int32), np.zeros(blocks * BLOCK, np.int32)


def pattern_signs(codes: Codes, pattern: int) -> np.ndarray:
    """Values of all parameters at one pattern: int32 array of shape (P,); signs are -1, 0, +1."""
    high, low, out = scratch(codes.size)
    values(codes.plan, codes.quarter(), pattern, high, low, out)
    return out[: codes.size]
