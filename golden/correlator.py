"""Correlation of the cost with every perturbation sign: G += C~ s ([M23], homodyne detection).

Signs are +-1 or 0, so there is no multiplier in hardware: add, subtract or keep. G is wide enough
that a window of tau_theta steps cannot overflow; a step's words saturate at write-back all the same.
"""

from typing import NamedTuple

from numba import njit

from .fixed import i32, limit, saturate


class Correlator(NamedTuple):
    """Widths of C~ and of the words of G."""

    cost_bits: int
    bits: int

    @property
    def bound(self) -> int:
        """Largest |G|."""
        return limit(self.bits)


@njit
def correlate(bound, cost, signs, g):
    """Add C~ times the signs to G in place.

    Parameters
    ----------
    cost : int
        C~ of the step.
    signs, g : int32 arrays, shape (P,)

    Returns
    -------
    bool
        Whether a word saturated.
    """
    over = i32(0)
    c = i32(cost)
    for i in range(g.size):
        raw = i32(g[i] + i32(c * signs[i]))
        word = saturate(raw, i32(bound))
        over |= i32(raw ^ word)
        g[i] = word
    return over != 0
