"""Model extraction: a running average of the weights in digital memory ([G21]; Izmailov et al. 2018).

    exponential   V <- V + (w 2**f - V) / 2**k      to nearest, halves away from zero
    cumulative    V <- V + w                        the mean of 2**k iterates is V / 2**k, exactly

w are weight codes, or states; one iterate is a pass over all of them, and the first one is loaded: V = w 2**f, or w.
The weights of an array wander about the optimum by a step of a device at a time; their average does not.

V has the width of w and f bits more. An exponential average is always between V and w 2**f, both ends among
them: to nearest, |d / 2**k| is rounded to no more than |d| for every integer d. So it stays in the range of
w 2**f, from -2**(bits-1) to 2**(bits-1) - 2**f, and cannot overflow. A sum of up to 2**f iterates cannot either; one of
more may, and saturates.

Rounding holds an exponential average fast once |w 2**f - V| < 2**(k-1): with f >= k that is less than half a code.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiled import njit
from ..lib.fixed import round_wide

SHIFT_MOST = 20
"""Largest k."""


class Average(NamedTuple):
    """Configuration of the average.

    Attributes
    ----------
    weight_bits : int
        Width of w.
    bits : int
        Width of the words of V, `weight_bits` .. 32.
    cumulative : bool
        Which of the two averages.
    """

    weight_bits: int
    bits: int
    cumulative: bool = False

    @property
    def fraction(self) -> int:
        """f; of a cumulative average log2 of the most iterates whose sum is exact."""
        return self.bits - self.weight_bits


@njit(inline="always")
def iterates(average, shift, start, tau_theta, step):
    """Whether the weights after a step that ends with an update are an iterate, and whether it is the first."""
    since = step - start
    return since >= 0 and (not average.cumulative or since < tau_theta << shift), since < tau_theta


@njit
def iterate(average, shift, first, weights, memory):
    """Take one iterate into V in place.

    Parameters
    ----------
    average : Average
    shift : int
        k, 0 .. 20; of no use to a cumulative average before `mean`.
    first : bool
        It is the first iterate.
    weights, memory : int32 arrays, shape (P,)
        w and V.

    Returns
    -------
    bool
        Whether a word saturated: of an exponential average, never.
    """
    f = average.bits - average.weight_bits
    low, high = -(1 << (average.bits - 1)), (1 << (average.bits - 1)) - 1
    over = False
    for i in range(memory.size):
        w, v = np.int64(weights[i]), np.int64(memory[i])
        if average.cumulative:
            raw = w if first else v + w
            word = min(max(raw, low), high)
            over |= raw != word
        else:
            word = v + round_wide((w << f) - v, 0 if first else shift)
        memory[i] = word
    return over


def mean(average: Average, shift: int, memory: NDArray[np.int32]) -> NDArray[np.float64]:
    """The average in units of w, exactly: float64 array, shape (P,).

    Parameters
    ----------
    shift : int
        k of a cumulative average, which has seen 2**k iterates; of no use to an exponential one.
    memory : int32 array, shape (P,)
        V.
    """
    return np.ldexp(memory.astype(np.float64), -(shift if average.cumulative else average.fraction))
