"""Paths of update: what becomes of C~, each path a named tuple whose methods Numba compiles.

A path's file has the name that it has in `golden.chip.paths`, and its class there is called `PATH`. It has the fields
that its methods need, its memories among them, and

    period                                  steps between updates
    of(chip, path)                          the path of a chip, with memories of no size
    initial(theta)                          memories at the start that are not zero, theta among them
    bounds()                                least and largest word of each parameter
    on(state)                               the same path with the memories of a state
    accumulate(perturbation, lines, cost, used, now), learn(theta, now)
                                            compiled; see `golden.methods`

Compiled methods make no arrays, see `golden.step`: what they need to write to is a field.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..chip.chip import Chip


def path_of(chip: "Chip") -> Any:
    """The path of a chip."""
    return import_module(f".{chip.path.module}", __package__).PATH.of(chip, chip.path)
