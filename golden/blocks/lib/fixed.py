"""Fixed-point arithmetic that golden and RTL share: saturation, rounding, widths.

Numbers are two's-complement integers; a format is its width in bits (sign included) and, where it
has a unit, the value of one LSB. Saturation is symmetric, to +-(2**(bits-1) - 1), so that negating
every input negates every output.
"""

import numpy as np

from ...compiled import njit

i32 = np.int32
"""Cast that keeps compiled arithmetic in 32 bits; every width is validated to fit."""


def limit(bits: int) -> int:
    """Largest magnitude of a signed word of `bits` bits under symmetric saturation."""
    return (1 << (bits - 1)) - 1


def bits_for(magnitude: int) -> int:
    """Width of the smallest signed word that holds every integer in +-`magnitude`."""
    return int(magnitude).bit_length() + 1


@njit(inline="always")
def saturate(x, bound):
    """Clip `x` to +-`bound`."""
    return i32(min(max(x, -bound), bound))


@njit(inline="always")
def round_shift(x, shift):
    """`x / 2**shift` to the nearest integer, halves away from zero."""
    half = i32((i32(1) << shift) >> 1)
    negative = i32((x >> i32(31)) & i32(shift > 0))
    return i32(i32(x + i32(half - negative)) >> shift)


@njit(inline="always")
def round_wide(x, shift):
    """`round_shift` in 64 bits, for scalars and for the rarer options."""
    half = (1 << shift) >> 1
    return (x + half - (1 if x < 0 and shift > 0 else 0)) >> shift
