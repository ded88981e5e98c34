"""From S to C~ as it reaches the correlator: readings, difference, limits, delay line."""

from typing import NamedTuple

import numpy as np

from . import methods  # noqa: F401, which makes methods of groups known to Numba
from .blocks.control.sequencer import refreshes
from .blocks.measure.cost import FORWARD, Cost, difference
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
