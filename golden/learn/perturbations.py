"""Perturbation codes and random numbers for any array namespace, equal to those of the integer model.

`mix` is that of `golden.blocks.lib.mixer`, on arrays; a sign is bit i % 32 of mix(key(seed, PATTERN, p), i // 32).
Nothing is kept: any value is made anew from (seed, number, index) alone, on every backend, in any order.
"""

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np
from array_api_compat import is_numpy_namespace

from ..blocks.lib.mixer import PATTERN, ROUNDS
from ..blocks.measure.samples import ORDERS
from ..blocks.perturb.codes import KINDS, Codes
from ..inputs import choice
from . import kernels
from .functions import Array

COST_NOISE, UPDATE_NOISE, START, DEFECT = range(64, 68)
"""Domains of `key`, apart from those of the integer model."""


def mix(key: tuple[Any, ...], counter: Any) -> tuple[Any, Any]:
    """High and low 16 of the 32 bits of `golden.blocks.lib.mixer.mix`, of integers or of arrays that broadcast."""
    x, y = (counter >> 16) & 0xFFFF, counter & 0xFFFF
    for r in range(ROUNDS):
        x = ((((x >> 7) | (x << 9)) + y) & 0xFFFF) ^ key[r & 3] ^ r
        y = (((y << 2) | (y >> 14)) & 0xFFFF) ^ x
    return x, y


def keys(seeds: np.ndarray, domain: int, numbers: Any) -> np.ndarray:
    """`golden.blocks.lib.mixer.key` of each seed and number: int32 array, shape (R, *numbers.shape, 4)."""
    numbers = np.asarray(numbers, np.int64) & 0xFFFFFFFF
    out = np.empty((len(seeds), numbers.size, 4), np.int32)
    kernels.keys(seeds, domain, numbers.ravel(), out)
    return out.reshape(len(seeds), *numbers.shape, 4)


class Maker:
    """Makes codes and random numbers in the namespace, float type and on the processor (CPU or GPU) of an array."""

    def __init__(self, xp: Any, dtype: Any, processor: Any):
        self.xp, self.dtype, self.processor = xp, dtype, processor
        self.numpy = is_numpy_namespace(xp)

    def array(self, values: Any, dtype: Any = None) -> Array:
        """Array of this namespace; floating unless a type is given."""
        return self.xp.asarray(values, dtype=dtype or self.dtype, device=self.processor)

    def arange(self, *bounds: int) -> Array:
        """Integers, int32."""
        return self.xp.arange(*bounds, dtype=self.xp.int32, device=self.processor)

    def _halves(self, table: np.ndarray, count: int) -> tuple[Array, Array]:
        """`mix` of counters 0 .. count - 1 under each key: high and low halves, int32, shape (..., count)."""
        words = self.array(table, self.xp.int32)
        return mix(tuple(words[..., k, None] for k in range(4)), self.arange(count))

    def signs(self, table: np.ndarray, size: int) -> Array:
        """Signs +-1 of parameters 0 .. size - 1 under each key, shape (..., size)."""
        if self.numpy:
            out = np.empty((*table.shape[:-1], size), self.dtype)
            kernels.signs(table.reshape(-1, 4), out.reshape(-1, size))
            return out
        xp = self.xp
        high, low = self._halves(table, -(-size // 32))
        places = self.arange(16)
        bits = xp.stack([(low[..., None] >> places) & 1, (high[..., None] >> places) & 1], axis=-2)
        bits = xp.reshape(bits, (*table.shape[:-1], -1))[..., :size]
        return 1 - 2 * xp.astype(bits, self.dtype)

    def code(self, kind: str, size: int, seeds: np.ndarray, patterns: Any) -> Array:
        """Values of a code, in units of the amplitude: shape (R or 1, *patterns.shape, size).

        The first axis is 1 where the code does not depend on the seed.
        """
        if kind == "random":
            return self.signs(keys(seeds, PATTERN, patterns), size)
        choice("code", kind, CODES)
        numbers = self.array(np.asarray(patterns, np.int64)[None, ..., None], self.xp.int64)
        index = self.array(np.arange(size), self.xp.int64)
        return VALUES[kind](self, Codes(KINDS[kind], 0, size), numbers, index)

    def uniform(self, table: np.ndarray, size: int, first: int = 0) -> Array:
        """Numbers in (0, 1), 32 bits each, under each key: shape (..., size); every second word of `mix`."""
        high, low = self._halves(table, 2 * size)
        words = self.xp.astype(high, self.xp.float64) * 65536 + self.xp.astype(low, self.xp.float64)
        return (words[..., first::2] + 0.5) / 2**32

    def normal(self, table: np.ndarray, size: int) -> Array:
        """Standard normal numbers under each key, shape (..., size), by the method of Box and Muller."""
        xp = self.xp
        radius = xp.sqrt(-2 * xp.log(self.uniform(table, size)))
        return xp.astype(radius * xp.cos(2 * pi * self.uniform(table, size, 1)), self.dtype)


def _sequential(maker: Maker, codes: Codes, numbers: Array, index: Array) -> Array:
    return maker.xp.astype(numbers * codes.stride % codes.size == index, maker.dtype)


def _sinusoidal(maker: Maker, codes: Codes, numbers: Array, index: Array) -> Array:
    period = 1 << codes.cycle_bits
    phase = maker.xp.astype(numbers * (index + 1) & (period - 1), maker.dtype)
    return 2**0.5 * maker.xp.sin(phase * (2 * pi / period))


def _walsh(maker: Maker, codes: Codes, numbers: Array, index: Array) -> Array:
    parity = (index + codes.offset) & numbers & (codes.cycle - 1)
    for shift in (16, 8, 4, 2, 1):
        parity = parity ^ (parity >> shift)
    flip = numbers >> codes.cycle_bits
    return 1 - 2 * maker.xp.astype((parity ^ flip) & 1, maker.dtype)


VALUES: dict[str, Callable[[Maker, Codes, Array, Array], Array]] = {
    "sequential": _sequential,
    "walsh": _walsh,
    "walsh-upper": _walsh,
    "sinusoidal": _sinusoidal,
}
"""Values of the codes that no seed enters, of pattern numbers (1, ..., 1) and parameters' indices (size,)."""
CODES = ("random", *VALUES)


def sample_indices(order: str, size: int, seeds: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Indices of samples by their numbers, as `golden.blocks.measure.samples` gives them: int64 array, shape (R,
    *numbers.shape).
    """
    out = np.empty((len(seeds), numbers.size), np.int64)
    kernels.indices(ORDERS[order], size, seeds, numbers.ravel() & 0xFFFFFFFF, out)
    return out.reshape(len(seeds), *numbers.shape)
