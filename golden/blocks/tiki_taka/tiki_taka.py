"""Update path `tiki-taka`: the fast array A is the correlator, the filter H moves what it holds to the slow array C.

After each step whose cost is used, A takes the outer product of d = -C~ s and x as coincidences of pulse
trains (`golden.blocks.tiki_taka.pulses`): x are the line codes of rail 1 (node perturbation), or the lines' signs of
a rank-one
code. So A collects the negative gradient, and no word of it is ever in a digital memory. Every tau_theta steps
(n_s of [G21]) a line of each layer is read,

    z = round((A - R + noise) / 2**shift),    R the symmetry points of A,

the filter (`golden.blocks.update.ttv2`) takes z, and its pulses go to the line's cells of C, whose states are the
weights.
A chopper c ([R24]) inverts what is written to a line of A and what is read from it, and flips after its read
with a probability, or every 2**n scans.
"""

from typing import NamedTuple

from .lines import RANDOM


class Transfer(NamedTuple):
    """Configuration of the transfer: how lines are read, and when they are inverted.

    Attributes
    ----------
    seed : int
        Of read noise and choppers.
    rows : bool
        A line is an output line, else an input line.
    read_bits, read_shift, read_noise : int
        Width of z; log2 of its LSB in LSBs of a state; spread of the noise, in 2**-12 LSBs of a state an
        LSB of `devices.normal`.
    chopper : int
        Probability in 2**-16 that a chopper flips after its line's read; 0: there are none.
    period : int
        Or they flip every 2**period scans; RANDOM: they do not.
    hold : int
        Scans of a layer without pulses onto C (AGAD: n + 1, its means are not known before).
    """

    seed: int
    rows: bool
    read_bits: int
    read_shift: int
    read_noise: int
    chopper: int
    period: int
    hold: int

    @property
    def chopped(self) -> bool:
        """Whether there are choppers."""
        return self.chopper > 0 or self.period != RANDOM
