"""Perturbations of a step, and the factors that its cost is correlated with: codes, outer products, their lag."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .blocks.control.sequencer import pattern_number
from .blocks.perturb import outer as outer_
from .blocks.perturb.codes import scratch, values
from .compiled import njit

if TYPE_CHECKING:
    from .chip.chip import Chip


class Perturbation(NamedTuple):
    """Code generators, outer products, and what they have made last.

    Attributes
    ----------
    tau_p, delay : int
        As in `golden.blocks.control.sequencer.Sequencer`.
    plan, factor_plan : tuple of int
        `Codes.plan` of the perturbations, and of what the cost is correlated with.
    quarter : int32 array
        `Codes.quarter()`.
    method : int
        RANK_ONE, NODE or LAYER of `golden.blocks.perturb.outer`; 0: a code has a value for each parameter.
    rows : int64 array, shape (layers,)
        Neurons of each layer.
    columns : int64 array, shape (layers,)
        Lines of each layer, bias included.
    coordinates : int32 array, shape (P, 2)
        Neuron and line of each parameter.
    bias : int32 array, shape (lines,)
        1 on bias lines, 0 on others.
    own : bool
        The cost is correlated with the perturbations of the same step: `factors` is `signs`.
    high, low : int32 arrays
        Scratch space of the random code.
    code, later : int32 arrays, shape (values of a pattern,)
        Code values of the pattern in force, and of that which the cost is correlated with.
    signs, factors : int32 arrays, shape (P,)
        Perturbations in amplitudes; what the cost is correlated with.
    codes : int32 array, shape (lines,)
        Line codes of rail 1, all layers one behind the other.
    made : int64 array, shape (2,)
        Patterns that `signs` and `factors` are of; -1: none.
    """

    tau_p: int
    delay: int
    plan: tuple[int, ...]
    factor_plan: tuple[int, ...]
    quarter: np.ndarray
    method: int
    rows: np.ndarray
    columns: np.ndarray
    coordinates: np.ndarray
    bias: np.ndarray
    own: bool
    high: np.ndarray
    low: np.ndarray
    code: np.ndarray
    later: np.ndarray
    signs: np.ndarray
    factors: np.ndarray
    codes: np.ndarray
    made: np.ndarray


def perturbation_of(chip: "Chip") -> Perturbation:
    """Perturbation of a chip, with nothing made."""
    layout, method = chip.layout, chip.outer.method if chip.outer else 0
    size, lines = layout.parameters, outer_.lines(chip.layout)
    high, low, code = scratch(max(chip.codes.size, size, layout.neurons + lines))
    own = not method and not chip.sequencer.delay and chip.codes.plan == chip.factor_codes.plan
    signs = np.zeros(size, np.int32) if method else code[:size]
    bias = np.zeros(lines, np.int32)
    bias[np.cumsum(layout.columns) - 1] = 1
    return Perturbation(
        chip.sequencer.tau_p, chip.sequencer.delay, chip.codes.plan, chip.factor_codes.plan,
        chip.codes.quarter(), method,
        np.array(layout.rows), np.array(layout.columns), outer_.coordinates(layout), bias, own,
        high, low, code, code if own else np.zeros_like(code), signs, signs if own else np.zeros_like(signs),
        np.zeros_like(bias), np.full(2, -1),
    )  # fmt: skip


@njit
def expand(perturbation, pattern, code, lines, out):
    """Products of values of neurons and of lines, one a parameter.

    Parameters
    ----------
    code : int32 array
        Values of all neurons, and for RANK_ONE of all lines behind them; changed in place by LAYER.
    lines : int32 array, shape (lines,)
        1 on bias lines and 0 on others for perturbations, line codes for the correlator; not used by RANK_ONE.
    out : int32 array, shape (P,)
        Written.
    """
    neurons = perturbation.coordinates[-1, 0] + 1
    if perturbation.method == outer_.RANK_ONE:
        outer_.outer(perturbation.coordinates, code[:neurons], code[neurons:], out)
    else:
        if perturbation.method == outer_.LAYER:
            outer_.only_layer(pattern % perturbation.rows.size, perturbation.rows, code)
        outer_.outer(perturbation.coordinates, code[:neurons], lines, out)


@njit(inline="always", _nrt=False)
def perturb(perturbation, now):
    """Make the perturbations of a step, if they are not those of the step before."""
    p = perturbation
    pattern = pattern_number(p.tau_p, now)
    if pattern != p.made[0]:
        values(p.plan, p.quarter, pattern, p.high, p.low, p.code)
        if p.method:
            expand(p, pattern, p.code, p.bias, p.signs)
        p.made[0] = pattern


@njit
def gather(perturbation, lines):
    """Write `codes` from the line codes of `golden.forward.Rails`."""
    at = 0
    for k in range(perturbation.columns.size):
        for c in range(perturbation.columns[k]):
            perturbation.codes[at] = lines[k, 1, c]
            at += 1


@njit
def correlated(perturbation, lines, now):
    """Write `factors`, what the cost that arrives at a step is correlated with, where they are not `signs`.

    Parameters
    ----------
    lines : int32 array
        Line codes, as of `golden.forward.Rails`.
    """
    p = perturbation
    pattern = pattern_number(p.tau_p, now - p.delay)
    fresh = pattern != p.made[1]
    if fresh:
        values(p.factor_plan, p.quarter, pattern, p.high, p.low, p.later)
        p.made[1] = pattern
    if p.method > outer_.RANK_ONE:  # line codes change at every step
        gather(p, lines)
        expand(p, pattern, p.later, p.codes, p.factors)
    elif fresh and p.method:
        expand(p, pattern, p.later, p.bias, p.factors)
    elif fresh:
        for i in range(p.factors.size):
            p.factors[i] = p.later[i]
