"""Reading of a line of the fast array: states less their symmetry points, through an ADC.

    z = round((A - R + noise) / 2**shift), halves away from zero, clipped to +-(2**(bits-1) - 1)

The noise is q n / 2**12 rounded down, n from `golden.blocks.array.devices.normal`: two elements share 32 random
bits, elements
being numbered through the lines that one transfer reads.
"""

from ...compiled import njit
from ..lib.fixed import round_wide
from .devices import NOISE_BITS, noise_of


@njit
def read_line(settings, noise_key, number, begin, stride, states, reference, z):
    """Write the codes of one line.

    Parameters
    ----------
    settings : golden.blocks.tiki_taka.tiki_taka.Transfer
        `read_bits`, `read_shift` and `read_noise` are used.
    noise_key : tuple of int
        Key of the transfer's noise.
    number : int
        Number of the line's first element.
    begin, stride : int
        Parameter of the line's first cell, and from each to the next.
    states, reference : int32 arrays, shape (P,)
    z : int32 array, shape (cells,)
        Written.
    """
    top = (1 << (settings.read_bits - 1)) - 1
    for e in range(z.size):
        i = begin + e * stride
        disturbance = (settings.read_noise * noise_of(noise_key, number + e)) >> NOISE_BITS
        raw = round_wide(int(states[i]) - int(reference[i]) + disturbance, settings.read_shift)
        z[e] = min(max(raw, -top), top)
