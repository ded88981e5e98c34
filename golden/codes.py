"""Perturbation codes: the sign of every parameter at every pattern, regenerated, never stored.

A sign depends on (seed, pattern number, parameter index) only, so it is the same for any number of
lanes and any order of evaluation. Three codes ([M23], section "perturbation types"):

random      one keyed 32-bit word per 32 parameters: word b of pattern p is `mix(key(p), b)`.
sequential  one parameter at a time: the one at position (p * stride) mod P of a shuffled order.
walsh       row i of a Hadamard matrix: parity(i AND p), with a global flip every other cycle.

`mix` is eight rounds of the Speck32 round function (Beaulieu et al. 2013) with a repeated key: a
nonlinear generator, so that neither pairs nor triples of parameters share a linear relation, as the
shifted taps of one LFSR do. It is not used, and not fit, for secrecy.
"""

from math import gcd
from typing import NamedTuple

import numpy as np
from numba import njit

from .fixed import i32

RANDOM, SEQUENTIAL, WALSH = range(3)
KINDS = {"random": RANDOM, "sequential": SEQUENTIAL, "walsh": WALSH}

ROUNDS = 8
BLOCK = 32
"""Parameters served by one word of `mix`."""

# Domains keep the generators of different purposes apart under one seed.
PATTERN, SAMPLE, DEVICE, CYCLE = range(4)

BYTES = (1 - 2 * (np.arange(256)[:, None] >> np.arange(8) & 1)).astype(np.int32)
"""Signs of the eight parameters that each byte stands for: to copy them is faster than to shift each out."""


class Codes(NamedTuple):
    """Configuration of the code generator.

    Attributes
    ----------
    kind : int
        RANDOM, SEQUENTIAL or WALSH.
    seed : int
        0 .. 2**32 - 1.
    size : int
        Number of parameters P.
    """

    kind: int
    seed: int
    size: int

    @property
    def stride(self) -> int:
        """Step of the sequential code's shuffled order: near P / golden ratio and coprime to P."""
        stride = max(1, round(self.size * 0.618))
        while gcd(stride, self.size) != 1:
            stride += 1
        return stride % self.size if self.size > 1 else 0

    @property
    def cycle_bits(self) -> int:
        """log2 of the length of a Walsh cycle."""
        return max(1, (self.size - 1).bit_length())

    @property
    def cycle(self) -> int:
        """Patterns after which the code has visited every parameter alike (1 for random)."""
        return {RANDOM: 1, SEQUENTIAL: self.size, WALSH: 1 << self.cycle_bits}[self.kind]


@njit(inline="always")
def mix(k0, k1, k2, k3, counter):
    """32 pseudo-random bits from four 16-bit key words and a 32-bit counter."""
    key = (k0, k1, k2, k3)
    x = (counter >> 16) & 0xFFFF
    y = counter & 0xFFFF
    for r in range(ROUNDS):
        x = ((((x >> 7) | (x << 9)) + y) & 0xFFFF) ^ key[r & 3] ^ r
        y = (((y << 2) | (y >> 14)) & 0xFFFF) ^ x
    return (x << 16) | y


@njit
def key(seed, domain, number):
    """The four 16-bit key words of item `number` (a pattern, a step) of a domain."""
    # What tells the halves apart comes first, so that it passes through all rounds.
    low = mix(0, seed & 0xFFFF, seed >> 16, domain, number)
    high = mix(1, seed & 0xFFFF, seed >> 16, domain, number)
    return low & 0xFFFF, low >> 16, high & 0xFFFF, high >> 16


@njit
def words(pattern_key, high, low):
    """`mix` of counters 0, 1, ... under one key: high and low halves, int32 arrays of equal size."""
    for b in range(low.size):
        high[b] = 0
        low[b] = b
    for r in range(ROUNDS):
        k = i32(pattern_key[r & 3] ^ r)
        for b in range(low.size):
            x, y = high[b], low[b]
            x = i32(i32(i32(i32(x >> i32(7)) | i32(x << i32(9))) + y) & i32(0xFFFF)) ^ k
            y = i32(i32(i32(y << i32(2)) | i32(y >> i32(14))) & i32(0xFFFF)) ^ x
            high[b] = x
            low[b] = y


@njit
def signs(kind, seed, stride, cycle_bits, size, pattern, high, low, out):
    """Write the signs of one pattern: `out[i]` becomes -1, 0 or +1 for parameter i < `size`.

    Parameters
    ----------
    pattern : int
        Pattern number, 0 .. 2**32 - 1.
    high, low : int32 arrays, shape (ceil(P / 32),)
        Scratch space of the random code.
    out : int32 array, shape (32 * ceil(P / 32),)
    """
    if kind == RANDOM:
        words(key(seed, PATTERN, pattern), high, low)
        for b in range(low.size):
            word = high[b] << 16 | low[b]
            for k in range(4):
                byte = (word >> (8 * k)) & 0xFF
                for i in range(8):
                    out[BLOCK * b + 8 * k + i] = BYTES[byte, i]
    elif kind == SEQUENTIAL:
        out[:] = 0
        out[(pattern * stride) % size] = 1
    else:
        column = pattern & ((1 << cycle_bits) - 1)
        flip = (pattern >> cycle_bits) & 1
        for i in range(size):
            v = i & column
            v ^= v >> 16
            v ^= v >> 8
            v ^= v >> 4
            v ^= v >> 2
            v ^= v >> 1
            out[i] = i32(1 - 2 * ((v ^ flip) & 1))


def scratch(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The arrays `high`, `low` and `out` that `signs` needs for `size` parameters."""
    blocks = -(-size // BLOCK)
    return np.zeros(blocks, np.int32), np.zeros(blocks, np.int32), np.zeros(blocks * BLOCK, np.int32)


def pattern_signs(codes: Codes, pattern: int) -> np.ndarray:
    """Signs of all parameters at one pattern: int32 array of shape (P,), values -1, 0, +1."""
    high, low, out = scratch(codes.size)
    signs(codes.kind, codes.seed, codes.stride, codes.cycle_bits, codes.size, pattern, high, low, out)
    return out[: codes.size]
