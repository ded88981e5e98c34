"""From what the neurons give to C~ as it reaches the correlator: cost, readings, difference, limits, delay line."""

from typing import NamedTuple

import numpy as np

from . import methods  # noqa: F401, which makes methods of groups known to Numba
from .blocks.control.sequencer import refreshes
from .blocks.lib.fixed import i32
from .blocks.measure.cost import FORWARD, Cost, difference, error
from .compiled import njit


class Measurement(NamedTuple):
    """The cost unit, and what it keeps.

    Attributes
    ----------
    cost : Cost
    memory : int64 array
        See `golden.blocks.measure.cost.difference`, and of the low-pass `golden.defects.array.settle`.
    pending : int32 array, shape (latency,)
        C~ on their way, see `golden.blocks.measure.delay_line`.
    """

    cost: Cost
    memory: np.ndarray
    pending: np.ndarray


@njit
def sums(function, act, targets):
    """S of both rails from the last neurons' outputs.

    Parameters
    ----------
    function : int
        MSE or L1.
    act : int32 array, shape (neurons, 2)
    targets : int32 array, shape (outputs,)
    """
    s0 = i32(0)
    s1 = i32(0)
    first = act.shape[0] - targets.size
    for j in range(targets.size):
        s0 = i32(s0 + error(function, act[first + j, 0], targets[j]))
        s1 = i32(s1 + error(function, act[first + j, 1], targets[j]))
    return np.int64(s0), np.int64(s1)


@njit
def measure(measurement, sequencer, cells, both, now):
    """C~ of a step from S of both rails, before it saturates and after.

    Parameters
    ----------
    measurement : Measurement
    sequencer : Sequencer
    cells : golden.blocks.array.crossbar.Ideal or golden.defects.array.Hardware
    both : tuple of (int, int)
        S.
    now : int
        The step.
    """
    cost, memory, s = measurement.cost, measurement.memory, sequencer
    averages = (s.average, s.average_c0 if cost.mode == FORWARD else s.average)
    refresh = refreshes(s.refresh, s.tau_x, s.tau_theta, now)
    total0, total1 = cells.read(cost.mode, averages, now, refresh, both, memory)
    changed = now % s.tau_x == 0
    raw = difference(
        cost.mode, cost.decay, averages[0], averages[1], total0, total1, refresh, changed, memory
    )  # fmt: skip
    bound = (1 << (cost.bits - 1)) - 1
    return raw, min(max(raw, -bound), bound)
