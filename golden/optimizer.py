"""Parameter update of the `digital` path: theta -= round(G rate / 2**shift); G = 0.

`rate` is an 8-bit step size; its schedule is a list of (first step, rate). The real step size is
eta = rate / 2**shift in the units that `golden.chip` derives from the chip description. Rounding is
to nearest, halves away from zero; theta saturates symmetrically.
"""

from typing import NamedTuple

from numba import njit

from .fixed import i32, limit, round_shift, saturate

RATE_BITS = 8


class Optimizer(NamedTuple):
    """Configuration of the optimizer.

    Attributes
    ----------
    bits, gradient_bits : int
        Widths of the words of theta and of G.
    shift : int
        Right shift of the product G * rate, 0 .. 30.
    schedule : tuple of (int, int)
        (first step, rate); first steps rise from 0, rates are 0 .. 255.
    """

    bits: int
    gradient_bits: int
    shift: int
    schedule: tuple[tuple[int, int], ...]

    @property
    def bound(self) -> int:
        """Largest |theta|."""
        return limit(self.bits)


@njit(inline="always")
def scheduled(starts, values, step):
    """Value in force at a step: that of the last start at or before it."""
    value = values[0]
    for k in range(1, starts.size):
        if step >= starts[k]:
            value = values[k]
    return value


@njit
def update(bound, shift, rate, g, theta):
    """Update theta in place and clear G.

    Parameters
    ----------
    g, theta : int32 arrays, shape (P,)

    Returns
    -------
    bool
        Whether a word of theta saturated.
    """
    over = i32(0)
    for i in range(theta.size):
        raw = i32(theta[i] - round_shift(i32(g[i] * i32(rate)), i32(shift)))
        word = saturate(raw, i32(bound))
        over |= i32(raw ^ word)
        theta[i] = word
        g[i] = 0
    return over != 0
