"""Window of the correlator: the costs of K patterns, correlated with all their signs in one pass.

The costs of an aligned group of K patterns are kept in K slots, slot = pattern mod K; costs of the same
pattern add up. A flush gives the sums e_i = sum over k of c_k s_i(k) of all parameters and empties the
slots. The sums are exact, so that G saturates once, at its write-back.

random       s is arbitrary, so the sum is taken by distributed arithmetic: slots in groups of four, whose
             16 signed sums stand in a table each; a parameter's signs are the addresses.
walsh,       s_i(p) = (-1)^parity(r AND p), r the row of parameter i, with the global flip as its top bit.
walsh-upper  With p = p0 + k, r = K h + j the sum is (-1)^parity(K h AND p0) F[j], where F is the fast
             Walsh-Hadamard transform of the costs: K sums serve all parameters.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..lib.kinds import require_listed
from ..perturb.codes import KINDS, RANDOM, Codes, pattern_signs

CODES = ("random", "walsh", "walsh-upper")
"""Codes that a window is for."""

GROUP_BITS = 2
"""log2 of the slots that share a table: a table of 16 entries is what one 4-input LUT can hold as RAM."""


class Window(NamedTuple):
    """Configuration of a window.

    Attributes
    ----------
    size : int
        Patterns K, a power of two, 2 .. 64.
    step_bits : int
        Width of C~, the cost of one step.
    cost_bits : int
        Width of a slot, which holds the sum of the costs of tau_p steps.
    codes : Codes
        RANDOM, WALSH or WALSH_UPPER.
    """

    size: int
    step_bits: int
    cost_bits: int
    codes: Codes

    @property
    def slot_bits(self) -> int:
        """log2 of K."""
        return self.size.bit_length() - 1

    @property
    def bits(self) -> int:
        """Width of a parameter's sum."""
        return self.cost_bits + self.slot_bits

    @property
    def arbitrary(self) -> bool:
        """Whether the signs are arbitrary (random), or rows of a Hadamard matrix; ValueError of all other codes."""
        require_listed("code of a window", self.codes.kind, {name: KINDS[name] for name in CODES})
        return self.codes.kind == RANDOM

    @property
    def entry_bits(self) -> int:
        """log2 of the entries of a table, each the sum of a table's costs under other signs."""
        return 1 << min(self.slot_bits, GROUP_BITS) if self.arbitrary else self.slot_bits

    @property
    def tables(self) -> int:
        """Number of tables."""
        return max(1, self.size >> GROUP_BITS) if self.arbitrary else 1

    @property
    def table_bits(self) -> int:
        """Width of an entry."""
        return self.bits - (self.tables.bit_length() - 1)

    @property
    def offset(self) -> int:
        """Walsh codes: r of the first parameter."""
        return self.codes.offset | 1 << self.codes.cycle_bits


def products(codes: Codes, costs: Mapping[int, int]) -> np.ndarray:
    """The sums by their definition.

    Parameters
    ----------
    codes : Codes
    costs : mapping of int to int
        Cost of each pattern.

    Returns
    -------
    int64 array, shape (P,)
    """
    total = np.zeros(codes.size, np.int64)
    for pattern, cost in costs.items():
        total += cost * pattern_signs(codes, pattern).astype(np.int64)
    return total


def transform(costs: np.ndarray) -> np.ndarray:
    """Fast Walsh-Hadamard transform, natural order: F[j] = sum over k of (-1)^parity(j AND k) c_k.

    Parameters
    ----------
    costs : int64 array, shape (K,), K a power of two
    """
    out = costs.astype(np.int64)
    half = 1
    while half < out.size:
        pairs = out.reshape(-1, 2, half)
        out = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).ravel()
        half *= 2
    return out


def walsh_products(window: Window, costs: Mapping[int, int]) -> np.ndarray:
    """The same sums as `products`, of an aligned group under a Walsh code, by the transform."""
    slots = np.zeros(window.size, np.int64)
    first = 0
    for pattern, cost in costs.items():
        slots[pattern % window.size] = cost
        first = pattern - pattern % window.size
    rows = np.arange(window.codes.size) + window.offset
    shared = rows & first
    for shift in (16, 8, 4, 2, 1):
        shared ^= shared >> shift
    return (1 - 2 * (shared & 1)) * transform(slots)[rows % window.size]
