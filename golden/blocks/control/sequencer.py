"""The time constants of MGD, and what follows from them for each step.

One step is one pair of cost measurements. All are registers: they can be changed between runs.

tau_p      steps for which one perturbation pattern is held
tau_x      steps for which one sample is held
tau_theta  steps between parameter updates (analog mode: it updates after each)
([M23], "time constants".)
"""

from math import lcm
from typing import NamedTuple

from ...compiled import njit


class Sequencer(NamedTuple):
    """Settings of the sequencer.

    Attributes
    ----------
    tau_p, tau_x, tau_theta : int
        In steps, each 1 .. 2**20.
    refresh : int
        C0 is measured anew every so many steps; 0: whenever the sample or theta has changed.
    average, average_c0 : int
        log2 of the readings whose mean is a cost, and of those whose mean is a C0.
    blanking : int
        First steps of a sample whose cost is not correlated.
    delay : int
        Steps by which the correlator's pattern lags, for a cost that arrives so late.
    settle : int
        Clocks between a pattern and the first conversion; golden has no clocks.
    """

    tau_p: int
    tau_x: int
    tau_theta: int
    refresh: int = 1
    average: int = 0
    average_c0: int = 0
    blanking: int = 0
    delay: int = 0
    settle: int = 0


@njit(inline="always")
def pattern_number(tau_p, step):
    """Perturbation pattern in force at a step."""
    return step // tau_p


@njit(inline="always")
def sample_number(tau_x, step):
    """Number of the sample presented at a step."""
    return step // tau_x


@njit(inline="always")
def updates(tau_theta, step):
    """Whether the parameters are updated at the end of a step."""
    return (step + 1) % tau_theta == 0


@njit(inline="always")
def refreshes(refresh, tau_x, tau_theta, step):
    """Whether C0 is measured at a step."""
    if refresh:
        return step % refresh == 0
    return step % tau_x == 0 or step % tau_theta == 0


@njit(inline="always")
def correlates(delay, tau_x, blanking, step):
    """Whether the cost that arrives at a step is correlated: that of step - delay, unless it is blanked."""
    return step >= delay and (step - delay) % tau_x >= blanking


def cost_evaluations(sequencer: Sequencer, rails: int, refreshed: bool, steps: int) -> int:
    """Cost evaluations of so many steps from the first on, every reading counted.

    Parameters
    ----------
    rails : int
        Perturbed measurements a step: 2 if antithetic, else 1.
    refreshed : bool
        Whether there is a C0.
    """
    count = steps * rails << sequencer.average
    if refreshed and sequencer.refresh:
        count += -(-steps // sequencer.refresh) << sequencer.average_c0
    elif refreshed:
        x, theta = sequencer.tau_x, sequencer.tau_theta
        times = -(-steps // x) + -(-steps // theta) - -(-steps // lcm(x, theta))
        count += times << sequencer.average_c0
    return count
