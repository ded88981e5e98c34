"""Paths of update: what becomes of C~, each path a named tuple whose methods Numba compiles.

A path has the fields that its methods need, its memories among them, and

    period                                  steps between updates
    of(chip, path)                          the path of a chip, with memories of no size
    initial(theta)                          memories at the start that are not zero, theta among them
    bounds()                                least and largest word of each parameter
    on(state)                               the same path with the memories of a state
    accumulate(perturbation, lines, cost, used, now), learn(theta, now)
                                            compiled; see `golden.methods`
"""

from typing import TYPE_CHECKING

from ..chip.paths import Digital, Filtered, TikiTaka
from .digital import DigitalPath
from .filtered import FilteredPath
from .tiki_taka import TikiTakaPath

if TYPE_CHECKING:
    from ..chip.chip import Chip

CompiledPath = DigitalPath | FilteredPath | TikiTakaPath
COMPILED = {Digital: DigitalPath, Filtered: FilteredPath, TikiTaka: TikiTakaPath}
"""What compiles each path of `golden.chip.paths`."""


def path_of(chip: "Chip") -> CompiledPath:
    """The path of a chip."""
    return COMPILED[type(chip.path)].of(chip, chip.path)
