"""What a run of the golden engine changes: every memory, and how far it is."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .chip.chip import Chip
from .chip.memories import Memory, memories
from .chip.memory_map import FAULT as FAULT
from .chip.memory_map import FLAGS as FLAGS


class State:
    """Everything a run changes.

    Parameters
    ----------
    memories : iterable of Memory
        Those that have a field.
    arrays : mapping of str to int array
        Contents of the memories by `Memory.field`, those that the chip has: int32, but int64 of the cost unit. They are
        attributes too:

        theta : parameters, or states of the devices whose weights compute, shape (P,)
        g, h, m : words of correlator, filter and momentum, shape (P,); with lines, H stands in their order
        memory : of the cost unit, shape (2,), see `golden.blocks.measure.cost.difference`; (3,) with
            `defects.bandwidth`, the third is of the low-pass, see `golden.defects.array`
        pending : C~ on their way from the array, shape (latency,); that of step n is at n mod latency
        a, reference : states of the fast array and its symmetry points, shape (P,)
        mean, past : means of AGAD, in the order of H
        chopper : shape (lines read,); bit 0: it inverts; bit 1: it switched at its line's last read
        cursor : line of each layer to be read next, and scans done, shape (2 layers,)
        average : words of the running average, shape (P,)
        gain, offset : of the DACs of an array with one rail, shape (P,); a run does not change them
    step : int
        Steps done.
    flags : int
        Sticky flags, see `FLAGS`.
    """

    def __init__(
        self, memories: Iterable[Memory], arrays: Mapping[str, NDArray[Any]], step: int = 0, flags: int = 0
    ):
        self.memories, self.arrays = tuple(memories), dict(arrays)
        self.step, self.flags = step, flags

    def __getattr__(self, name: str) -> NDArray[Any]:
        if name != "arrays" and name in self.arrays:
            return self.arrays[name]
        raise AttributeError(f"This state has no {name}.")

    def copy(self) -> "State":
        """Independent copy."""
        arrays = {name: array.copy() for name, array in self.arrays.items()}
        return State(self.memories, arrays, self.step, self.flags)


def cleared(chip: Chip) -> State:
    """A state whose words are all 0."""
    changing = [memory for memory in memories(chip) if memory.field]
    return State(changing, {memory.field: np.zeros(memory.entries, memory.dtype) for memory in changing})
