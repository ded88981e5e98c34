"""Pseudo-random bits: a keyed mix of a counter, with a key for each item of each purpose under one seed.

`mix` is eight rounds of the Speck32 round function (Beaulieu et al. 2013) with a repeated key: a
nonlinear generator, so that neither pairs nor triples of parameters share a linear relation, as the
shifted taps of one LFSR do. It is not used, and not fit, for secrecy.
"""

from ...compiled import njit
from .fixed import i32

ROUNDS = 8
BLOCK = 32
"""Bits that one call of `mix` makes."""

# Domains keep the generators of different purposes apart under one seed.
PATTERN, SAMPLE, DEVICE, CYCLE, ROUNDING, COST_NOISE, UPDATE_NOISE, DEFECT, TRAIN, READ, CHOP = range(11)


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
