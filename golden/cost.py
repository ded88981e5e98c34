"""Cost of the two rails, and their difference C~.

A measurement runs the network on two rails: rail 0 with theta + a s, rail 1 with theta (forward) or
theta - a s (antithetic). With S = sum (o - t)^2 (mse) or 2 sum |o - t| (l1) in codes,

    C~ = S_0 - S_1, saturated to +-(2**(bits-1) - 1).

[M23] defines C = S / 2 and C~ = C - C0, or (C+ - C-) / 2 antithetic: the factors are `unit`'s.
"""

from typing import NamedTuple

from numba import njit

from .fixed import i32, limit, saturate

MSE, L1 = range(2)
FUNCTIONS = {"mse": MSE, "l1": L1}
FORWARD, ANTITHETIC = range(2)
MODES = {"forward": FORWARD, "antithetic": ANTITHETIC}


class Cost(NamedTuple):
    """Configuration of the cost unit.

    Attributes
    ----------
    function, mode : int
        MSE or L1; FORWARD or ANTITHETIC.
    bits : int
        Width of C~.
    output_bits : int
        Width of output and target codes.
    outputs : int
        Neurons of the last layer.
    """

    function: int
    mode: int
    bits: int
    output_bits: int
    outputs: int

    @property
    def bound(self) -> int:
        """Largest |C~|."""
        return limit(self.bits)

    @property
    def sum_bits(self) -> int:
        """Unsigned width of S, which never overflows."""
        difference = 2 * limit(self.output_bits)
        largest = self.outputs * (difference * difference if self.function == MSE else 2 * difference)
        return largest.bit_length()

    @property
    def unit(self) -> float:
        """Real value of C~ = 1, as a difference of C to the unperturbed cost."""
        full = limit(self.output_bits)
        scale = 2 * full * full if self.function == MSE else 2 * full
        return 1 / scale / (2 if self.mode == ANTITHETIC else 1)


@njit(inline="always")
def error(function, output, target):
    """One neuron's part of S."""
    d = i32(output - target)
    return i32(d * d) if function == MSE else i32(2 * abs(d))


@njit(inline="always")
def difference(bound, s0, s1):
    """C~ from the sums of the two rails."""
    return saturate(i32(s0 - s1), bound)
