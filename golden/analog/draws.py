"""A random generator that costs a compiled kernel nothing to take.

Numba unpacks a `numpy.random.Generator` anew at each call from Python, which takes longer (8 us) than a small layer's
product. Kernels that are called once a step take the generator's `handle`, an array, and make the generator of it
inside; what is drawn is the same, bit for bit.
"""

import ctypes

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..compiled import njit

FIELDS = "state_address", "state", "fnptr_next_uint64", "fnptr_next_uint32", "fnptr_next_double", "bit_generator"
"""Numba's members of a bit generator, in the order of a handle."""


def handle(rng: np.random.Generator) -> np.ndarray:
    """Addresses of a generator's state and functions, valid as long as the generator itself is kept: uint64 (6,)."""
    at = rng.bit_generator.ctypes
    calls = [ctypes.cast(f, ctypes.c_void_p).value for f in (at.next_uint64, at.next_uint32, at.next_double)]
    return np.array([at.state_address, at.state.value, *calls, at.bit_generator.value], np.uint64)


@intrinsic
def _assemble(typing, addresses):
    """Numba's own form of a generator, of the tuple of six addresses that it would have unpacked."""

    def build(context, builder, signature, values):
        bits = cgutils.create_struct_proxy(types.npy_bitgen)(context, builder)
        for place, name in enumerate(FIELDS):
            setattr(bits, name, builder.extract_value(values[0], place))
        # `parent` and `meminfo` stay null: they only count references, which the owner of the handle holds.
        rng = cgutils.create_struct_proxy(types.npy_rng)(context, builder)
        rng.bit_generator = bits._getvalue()
        return rng._getvalue()

    return types.npy_rng(addresses), build


@njit(inline="always")
def generator(handle):
    """The `numpy.random.Generator` of a handle, inside compiled code."""
    return _assemble((handle[0], handle[1], handle[2], handle[3], handle[4], handle[5]))  # pyright: ignore
