"""Correlation of the cost with every perturbation: G += C~ s ([M23], homodyne detection).

Signs are +-1 or 0, so there is no multiplier in hardware: add, subtract or keep; sinusoidal codes and
node perturbation multiply. G is wide enough that a window of tau_theta steps cannot overflow; words
saturate at write-back all the same. In analog mode G leaks with time constant tau_theta,

    G <- G - round(G leak / 2**16) + C~ s,     leak = 2**16 / (tau_theta + 1),

which is [M23]'s low-pass times tau_theta + 1; that factor is in G's unit.
"""

from typing import NamedTuple

import numpy as np

from ...compiled import njit
from ..lib.fixed import i32, limit, round_wide, saturate

LEAK_BITS = 16


class Correlator(NamedTuple):
    """Configuration of the correlator.

    Attributes
    ----------
    cost_bits, factor_bits, bits : int
        Widths of C~, of what it is multiplied by (2: signs), and of the words of G.
    leaky : bool
        G leaks, and is not cleared (analog mode).
    leak : int
        See above, 1 .. 2**15.
    window : int
        Patterns whose costs are correlated in one pass, K; bit for bit the same for any number.
    replay : bool
        There is no memory of G: the costs of a window are all that is kept.
    """

    cost_bits: int
    bits: int
    factor_bits: int = 2
    leaky: bool = False
    leak: int = 0
    window: int = 1
    replay: bool = False

    @property
    def bound(self) -> int:
        """Largest |G|."""
        return limit(self.bits)


@njit
def correlate(bound, cost, factors, g):
    """Add C~ times the factors to G in place.

    Parameters
    ----------
    cost : int
        C~ of the step.
    factors, g : int32 arrays, shape (P,)

    Returns
    -------
    bool
        Whether a word saturated.
    """
    over = i32(0)
    c = i32(cost)
    for i in range(g.size):
        raw = i32(g[i] + i32(c * factors[i]))
        word = saturate(raw, i32(bound))
        over |= i32(raw ^ word)
        g[i] = word
    return over != 0


@njit
def correlate_leaky(bound, leak, cost, factors, g):
    """The same with a leak."""
    over = False
    for i in range(g.size):
        word = np.int64(g[i])
        raw = word - round_wide(word * leak, LEAK_BITS) + cost * factors[i]
        word = min(max(raw, -bound), bound)
        over |= raw != word
        g[i] = word
    return over
