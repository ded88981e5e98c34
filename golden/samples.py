"""Which sample is presented: the memory's next one, or one drawn with replacement.

Sample n of a run is `n mod count` (cyclic) or `(r * count) >> 32` with r the 32 random bits of
item n of the sample stream (random).
"""

from typing import NamedTuple

from numba import njit

from .codes import SAMPLE, key, mix

CYCLIC, RANDOM = range(2)
ORDERS = {"cyclic": CYCLIC, "random": RANDOM}


class Samples(NamedTuple):
    """Configuration of the sample memory.

    Attributes
    ----------
    order : int
        CYCLIC or RANDOM.
    seed : int
        0 .. 2**32 - 1.
    count : int
        Samples in the memory, 1 .. 65536.
    inputs, outputs : int
        Codes a sample: inputs, targets.
    """

    order: int
    seed: int
    count: int
    inputs: int
    outputs: int


@njit
def sample_index(order, count, sample_key, number):
    """Index of sample `number`; `sample_key` is `stream(seed)`."""
    if order == CYCLIC:
        return number % count
    k0, k1, k2, k3 = sample_key
    return (mix(k0, k1, k2, k3, number) * count) >> 32


@njit
def stream(seed):
    """Key of the sample stream."""
    return key(seed, SAMPLE, 0)
