"""Memories of a state for compiled code, which takes an array where the chip has none."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..state import State


def words(state: "State", field: str, size: int) -> np.ndarray:
    """Words of a memory; of one that the chip does not have, `size` of 0 that are lost after the run."""
    return state.arrays[field] if field in state.arrays else np.zeros(size, np.int32)
