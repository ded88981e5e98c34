"""Update paths of the engine, wired from blocks; each has a twin of its name in `ohmgrad.golden.chip.paths`.

`learn(m, engine, perturbations)` of each puts the blocks between the costs and the array into a module.

Parameters
----------
m : Module
    Gets the blocks as submodules.
engine : rtl.engine.Engine
    Its sequencer's `apply`, its ports and its settings are connected.
perturbations : rtl.perturb.perturbation.Perturbations
    What takes a step that is presented is added to its sinks.

Returns
-------
tuple of Value
    High for one clock where G saturates, and where theta, M or H does.
"""

from collections.abc import Callable

from amaranth.hdl import Value

from . import digital, filtered, tiki_taka

LEARN: dict[str, Callable[..., tuple[Value, Value]]] = {
    "digital": digital.learn, "filtered": filtered.learn, "tiki-taka": tiki_taka.learn,
}  # fmt: skip
"""By the name that `update.path` has in a chip file."""
