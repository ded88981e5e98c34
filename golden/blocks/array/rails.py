"""One rail: what an array that has one copy of itself is shown, in place of two rails at once.

    code    = w + p a s                                             p: polarity, +1, -1 or 0
    trimmed = code + round(code g / 2**15) + o                      g, o: gain and offset of the cell's DAC
    S       = sum of 2**readings conversions

A code saturates once, to the DAC's symmetric range, after it is trimmed. Rail 0 has polarity +1, rail 1 has -1
(antithetic) or 0 (forward); a sweep whose cost nobody uses has 0, so that after a run an array that does not take safe
codes has its parameters as they are. Of a network, whose neurons are in the engine, a sweep shows one rail, and a
reading takes one for each rail that is used: S is made of its outputs, as on two rails. A gain is what the DAC's factor
lacks of 1: words of 0 leave codes as they are.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiled import njit
from ..lib.fixed import bits_for, limit, round_wide

GAIN_BITS = 16
"""Width of a gain: from -1 to almost 1, in 2**-15."""
GAIN_SHIFT = GAIN_BITS - 1
UNPERTURBED, PERTURBED = 0, 1


class OneRail(NamedTuple):
    """Configuration of the block.

    Attributes
    ----------
    dac_bits : int
        Width of w and of a code.
    amplitude : int
        a, in LSBs of the DAC; 1 with a sine, whose values are steps of the DAC.
    sign_bits : int
        Width of s, which is symmetric.
    second : int
        Polarity of rail 1.
    word_bits, signed : int, bool
        What one conversion of a cost gives; of a network of no consequence.
    readings : int
        log2 of the conversions of a rail.
    trim : bool
        Codes are trimmed.
    """

    dac_bits: int
    amplitude: int
    sign_bits: int
    second: int
    word_bits: int
    signed: bool
    readings: int = 0
    trim: bool = False

    @property
    def raw_bits(self) -> int:
        """Width of w + p a s."""
        return max(self.dac_bits, bits_for(self.amplitude * limit(self.sign_bits))) + 1

    @property
    def sum_bits(self) -> int:
        """Width of S, which never overflows."""
        return self.word_bits + self.readings


@njit
def present(rail, polarity, weights, signs, gains, offsets, out):
    """Write the codes of all DACs, and return whether one saturated.

    Parameters
    ----------
    rail : OneRail
    polarity : int
        -1, 0 or +1.
    weights, signs : int32 arrays, shape (P,)
        w and s.
    gains, offsets : int32 arrays, shape (P,)
        g and o; read with `trim` alone.
    out : int32 array, shape (P,)
        Written.
    """
    over = False
    bound = (1 << (rail.dac_bits - 1)) - 1
    for i in range(out.size):
        raw = np.int64(weights[i]) + polarity * rail.amplitude * np.int64(signs[i])
        if rail.trim:
            raw += round_wide(raw * gains[i], GAIN_SHIFT) + offsets[i]
        out[i] = min(max(raw, -bound), bound)
        over |= out[i] != raw
    return over


def shown(
    rail: OneRail, polarity: int, weights: NDArray[np.int32], signs: NDArray[np.int32],
    gains: NDArray[np.int32] | None = None, offsets: NDArray[np.int32] | None = None,
) -> tuple[NDArray[np.int32], bool]:
    """Codes of `present`, int32 of shape (P,), and whether one saturated; gains and offsets are 0 if not given."""
    out, none = np.zeros(len(weights), np.int32), np.zeros(len(weights), np.int32)
    over = present(
        rail, polarity, weights, signs, none if gains is None else gains, none if offsets is None else offsets, out
    )
    return out, bool(over)
