"""Update paths of the engine, wired from blocks; each file has the name of its twin in `ohmgrad.golden.chip.paths`.

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

from importlib import import_module

from amaranth.hdl import Module, Value


def learn(m: Module, engine, perturbations) -> tuple[Value, Value]:
    """Wire the path of an engine's chip, see above."""
    return import_module(f".{engine.chip.path.module}", __package__).learn(m, engine, perturbations)
