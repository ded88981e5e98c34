"""Methods of the groups that the compiled step takes: Numba compiles the one that the group's class has.

Groups are named tuples. Where compiled code says `path.learn(...)` it gets the method of that name of the class
of `path`, so that another path, or another array, is another class and no branch of the loop. No field of a named
tuple in compiled code may have the name of a method below: Numba would take the method.
Methods make no arrays, see `golden.step`.
"""

from numba import types
from numba.extending import overload_method

# A path of update: `golden.paths`.


@overload_method(types.BaseNamedTuple, "accumulate", inline="always")
def _accumulate(self, perturbation, lines, cost, used, now):
    """Take the cost of one step; True if a word saturated.

    perturbation : golden.perturbation.Perturbation
    lines : int32 array, line codes as of `golden.forward.Rails`
    cost : int, C~ that arrives at the step; 0 where it is not used
    used : bool, whether it is
    now : int, the step
    """
    return getattr(self.instance_class, "accumulate", None)


@overload_method(types.BaseNamedTuple, "learn")
def _learn(self, theta, now):
    """Change the parameters, int32 of shape (P,), at the end of step `now`; True if a word saturated.

    Of devices outside, whose states are not known, write their pulses in place of parameters.
    """
    return getattr(self.instance_class, "learn", None)


# An array, `golden.forward.Array`, or what one has answered, `golden.recorded.Recorded`.


@overload_method(types.BaseNamedTuple, "respond", inline="always")
def _respond(self, function, signs, rails, targets, now):
    """S of both rails at a step; what the pass finds besides is written to `rails`.

    function : int, as in `golden.blocks.measure.cost`
    signs : int32 array of shape (P,), perturbations in amplitudes
    rails : golden.forward.Rails, with the sample's line codes
    targets : int32 array of shape (outputs,)
    now : int, the step
    """
    return getattr(self.instance_class, "respond", None)


@overload_method(types.BaseNamedTuple, "show")
def _show(self, updated, out):
    """Write what the array gets after a step, see `golden.step.Trace.sent`, to an int32 array as far as there is room.

    updated : bool, whether the step ends an update period
    """
    return getattr(self.instance_class, "show", None)


# Cells, converters and neurons of an array: `golden.blocks.array.crossbar.Ideal`, `golden.defects.array.Hardware`.


@overload_method(types.BaseNamedTuple, "multiply", inline="always")
def _multiply(self, array, k, signs, rails, shared):
    """Write the sums of layer k's neurons on both rails to `rails.sums`, from `rails.lines`.

    array : golden.forward.Array
    signs : int32 array of shape (P,), perturbations in amplitudes
    shared : bool, whether both rails have the same line codes
    """
    return getattr(self.instance_class, "multiply", None)


@overload_method(types.BaseNamedTuple, "convert", inline="always")
def _convert(self, array, total):
    """ADC code of a sum."""
    return getattr(self.instance_class, "convert", None)


@overload_method(types.BaseNamedTuple, "activate", inline="always")
def _activate(self, layer, neuron, code):
    """Line code, or in the last layer output code, of a neuron's ADC code; `neuron` counts through all layers."""
    return getattr(self.instance_class, "activate", None)


@overload_method(types.BaseNamedTuple, "read")
def _read(self, mode, averages, step, refresh, sums, memory):
    """Sums of the readings of S of both rails.

    mode : int, as in `golden.blocks.measure.cost`
    averages : (int, int), log2 of the readings of each rail
    refresh : bool, whether C0 is measured
    sums : (int, int), S of both rails
    memory : int64 array, of the cost unit
    """
    return getattr(self.instance_class, "read", None)


@overload_method(types.BaseNamedTuple, "disturb")
def _disturb(self, step, theta):
    """Change the parameters in place by what an update does beyond what was wanted; True if a word saturated."""
    return getattr(self.instance_class, "disturb", None)
