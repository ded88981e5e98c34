"""`njit` as golden uses it: Numba's, and what it has compiled is kept; see `golden.compile_cache`.

With `NUMBA_DISABLE_JIT` set, functions stay as they are, and Numba is not even imported.
"""

import os
from typing import Any

COMPILES = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


def njit(function: Any = None, **options: Any) -> Any:
    """Compile a function of golden, as `numba.njit` does and with its options, or find it compiled."""
    if function is None:
        return lambda function: njit(function, **options)
    if not COMPILES:
        return function
    from .compile_cache import compile_or_find  # takes a second

    return compile_or_find(function, options)
