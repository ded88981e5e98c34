"""Tiki-Taka v2 digital filter: integrates what the correlator collected, fires single pulses.

    H <- H - G;  where |H| >= T: one pulse sign(H) onto the slow array, and H is reset.

The learning rate is folded into the integer threshold T, so there is no multiplier
([G21]; spec "no multiplier is needed"). In the `filtered` path G is +gradient, hence the minus.
Reset variants: zero (H = 0), subtract (H -= sign T), keep (H = H / 2**keep_shift, to nearest).
"""

from typing import NamedTuple

from numba import njit

from .fixed import i32, limit, round_shift, saturate

ZERO, SUBTRACT, KEEP = range(3)
RESETS = {"zero": ZERO, "subtract": SUBTRACT, "keep": KEEP}


class Ttv2(NamedTuple):
    """Configuration of the filter.

    Attributes
    ----------
    bits, gradient_bits : int
        Widths of the words of H and of G.
    reset, keep_shift : int
        ZERO, SUBTRACT or KEEP; the shift of KEEP.
    schedule : tuple of (int, int)
        (first step, threshold T); first steps rise from 0, thresholds are 1 .. 2**(bits-1) - 1.
    """

    bits: int
    gradient_bits: int
    reset: int
    keep_shift: int
    schedule: tuple[tuple[int, int], ...]

    @property
    def bound(self) -> int:
        """Largest |H|."""
        return limit(self.bits)


@njit
def transfer(bound, reset, keep_shift, threshold, g, h, pulses):
    """Integrate G into H in place, clear G, and write the pulses.

    Parameters
    ----------
    g, h, pulses : int32 arrays, shape (P,)
        `pulses[i]` becomes -1, 0 or +1.

    Returns
    -------
    bool
        Whether a word of H saturated.
    """
    over = False
    for i in range(h.size):
        raw = h[i] - g[i]
        word = saturate(raw, bound)
        over |= raw != word
        pulse = 0
        if abs(word) >= threshold:
            pulse = 1 if word > 0 else -1
            if reset == ZERO:
                word = i32(0)
            elif reset == SUBTRACT:
                word = i32(word - pulse * threshold)
            else:
                word = round_shift(word, i32(keep_shift))
        h[i] = word
        g[i] = 0
        pulses[i] = pulse
    return over
