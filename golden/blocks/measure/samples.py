"""Which sample is presented: the memory's next one, or one drawn with replacement.

Sample n of a run is `n mod size` (cyclic) or `(r * size) >> 32` with r the 32 random bits of
item n of the sample stream (random).
"""

from typing import NamedTuple

import numpy as np

from ...compiled import njit
from ...errors import ConfigError
from ..lib.kinds import refusal
from ..lib.mixer import SAMPLE, key, mix

CYCLIC, RANDOM = range(2)
ORDERS = {"random": RANDOM, "cyclic": CYCLIC}
"""All orders, by the names of a chip description; each has a case in `sample_index` and in `rtl.measure.samples`."""
UNKNOWN = refusal("order of samples", ORDERS)


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
    if order == RANDOM:
        k0, k1, k2, k3 = sample_key
        return (mix(k0, k1, k2, k3, number) * size) >> 32
    raise ValueError(UNKNOWN)


@njit
def stream(seed):
    """Key of the sample stream."""
    return key(seed, SAMPLE, 0)


def require_levels(
    chip: str, levels: tuple[tuple[int, int], tuple[int, int]], inputs: np.ndarray, targets: np.ndarray
) -> None:
    """Refuse codes that a memory of one bit a code cannot hold.

    Parameters
    ----------
    chip : str
        Name of the chip.
    levels : tuple
        The lower and the upper code of inputs, and those of targets.
    inputs, targets : int32 arrays

    Raises
    ------
    ConfigError
        Another code is among them.
    """
    for name, allowed, codes in zip(("input", "target"), levels, (inputs, targets), strict=True):
        others = codes[~np.isin(codes, allowed)]
        if others.size:
            raise ConfigError(
                f'{chip}: engine.samples: "bits" keeps no {name} code {others[0]}; '
                f'allowed are {allowed[0]} and {allowed[1]}, or engine.samples = "codes".'
            )
