"""Cost of the two rails, and what of it is correlated, C~.

A measurement runs the network on two rails: rail 0 with theta + a s, rail 1 with theta - a s
(antithetic) or theta. With S = sum (o - t)^2 (mse) or 2 sum |o - t| (l1) in codes, a reading, and
sums over 2**average readings of rail 0 and 2**average_c0 of C0, C~ is the mean difference:

antithetic  C~ = S_0 - S_1
forward     C~ = S_0 - C0, with C0 the last S_1 taken at a refresh (`golden.blocks.control.sequencer.refreshes`)
analog      C~ <- tau_hp / (tau_hp + 1) (C~ + S_0 - S_0 of the last step); when the sample changes C~ is set
            to 0, and the difference to the sample before is never seen ([M23], analog mode)

all to nearest, saturated to +-(2**(bits-1) - 1). [M23] defines C = S / 2 and C~ = C - C0, or
(C+ - C-) / 2 antithetic: the factors are `unit`'s.
"""

from typing import NamedTuple

from ...compiled import njit
from ..lib.fixed import i32, limit, round_wide
from ..lib.kinds import refusal, require_listed, unlisted

MSE, L1 = range(2)
FUNCTIONS = {"mse": MSE, "l1": L1}
"""All cost functions, by the names of a chip description; each has a case in `error`, `largest_error`, `full_scale` and
`rtl.measure.cost`.
"""
FORWARD, ANTITHETIC, ANALOG = range(3)
MODES = {"antithetic": ANTITHETIC, "forward": FORWARD, "analog": ANALOG}
"""All modes; each has a case in `difference` and in `rtl.measure.cost`."""
UNKNOWN_FUNCTION, UNKNOWN_MODE = refusal("cost function", FUNCTIONS), refusal("mode of the cost", MODES)
FRACTION = 8
"""Bits of the high-pass below an LSB of S."""
DECAY_BITS = 16
"""Bits of tau_hp / (tau_hp + 1)."""
AVERAGE = 4
"""Largest log2 of a number of readings."""


class Word(NamedTuple):
    """S that comes from outside as a word, in place of outputs.

    Attributes
    ----------
    bits : int
        Width.
    signed : bool
        In two's complement; else unsigned.
    unit : float
        C that one LSB stands for.
    """

    bits: int
    signed: bool
    unit: float


class Cost(NamedTuple):
    """Configuration of the cost unit.

    Attributes
    ----------
    function, mode : int
        MSE or L1; FORWARD, ANTITHETIC or ANALOG.
    bits : int
        Width of C~.
    output_bits : int
        Width of output and target codes.
    outputs : int
        Neurons of the last layer; 0 with a word.
    decay : int
        tau_hp / (tau_hp + 1) of the analog mode, in 2**-16.
    word : Word or None
        What S is where it comes from outside.
    """

    function: int
    mode: int
    bits: int
    output_bits: int
    outputs: int
    decay: int = 0
    word: Word | None = None

    @property
    def bound(self) -> int:
        """Largest |C~|."""
        return limit(self.bits)

    @property
    def sum_bits(self) -> int:
        """Width of S, which never overflows; unsigned but of a signed word."""
        if self.word:
            return self.word.bits
        return (self.outputs * largest_error(self.function, self.output_bits)).bit_length()

    @property
    def unit(self) -> float:
        """Real value of C~ = 1, as a difference of C to the unperturbed cost."""
        require_listed("mode of the cost", self.mode, MODES)
        unit = self.word.unit if self.word else 1 / full_scale(self.function, limit(self.output_bits))
        return unit / (2 if self.mode == ANTITHETIC else 1)


def largest_error(function: int, bits: int) -> int:
    """Largest value of `error` with codes of so many bits; ValueError of a function that is not on the list."""
    d = 2 * limit(bits)
    if function == MSE:
        return d * d
    if function == L1:
        return 2 * d
    raise unlisted("cost function", function, FUNCTIONS)


def full_scale(function: int, full: int) -> int:
    """S where C is 1, with `full` the code that stands for 1; ValueError as of `largest_error`."""
    if function == MSE:
        return 2 * full * full
    if function == L1:
        return 2 * full
    raise unlisted("cost function", function, FUNCTIONS)


@njit(inline="always")
def error(function, output, target):
    """One neuron's part of S."""
    d = i32(output - target)
    if function == MSE:
        return i32(d * d)
    if function == L1:
        return i32(2 * abs(d))
    raise ValueError(UNKNOWN_FUNCTION)


@njit
def difference(mode, decay, average, average_c0, total0, total1, refresh, changed, memory):
    """C~ before it saturates, from sums over readings.

    Parameters
    ----------
    total0, total1 : int
        Sums of S over 2**average readings of rail 0 and, but for FORWARD, rail 1; over 2**average_c0
        readings of C0.
    refresh, changed : bool
        Whether C0 is taken; whether the sample is another than at the last step.
    memory : int64 array, shape (2,)
        Sum of C0 (FORWARD); last S_0 and C~, both times 2**FRACTION (ANALOG). Changed in place.
    """
    if mode == ANTITHETIC:
        return round_wide(total0 - total1, average)
    if mode == FORWARD:
        if refresh:
            memory[0] = total1
        return round_wide((total0 << average_c0) - (memory[0] << average), average + average_c0)
    if mode != ANALOG:
        raise ValueError(UNKNOWN_MODE)
    level = total0 << (FRACTION - average)
    memory[1] = 0 if changed else round_wide((memory[1] + level - memory[0]) * decay, DECAY_BITS)
    memory[0] = level
    return round_wide(memory[1], FRACTION)
