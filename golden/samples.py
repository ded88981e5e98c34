"""Which sample is presented: the memory's next one, or one drawn with replacement.

Sample n of a run is `n mod size` (cyclic) or `(r * size) >> 32` with r the 32 random bits of
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
    size : int
        Samples in the memory, 1 .. 65536.
    inputs, outputs : int
        Codes a sample: inputs, targets.
    """

    order: int
    seed: int
    size: int
    inputs: int
    outputs: int


@njit
def sample_index(order, size, sample_key, number):
    """Index of sample `number`; `sample_key` is `stream(seed)`."""
    if order == CYCLIC:
        return number % size
    k0, k1, k2, k3 = sample_key
    return (mix(k0, k1, k2, k3, number) * size) >> 32


@njit
def stream(seed):
    """Key of the sample stream."""
    return key(seed, SAMPLE, 0)
