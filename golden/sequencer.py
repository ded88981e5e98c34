"""The three time constants of MGD, in steps; one step is one pair of cost measurements.

tau_p      steps for which one perturbation pattern is held
tau_x      steps for which one sample is held
tau_theta  steps between parameter updates
([M23], "time constants".)
"""

from typing import NamedTuple

from numba import njit


class Sequencer(NamedTuple):
    """Time constants in steps, each 1 .. 2**20."""

    tau_p: int
    tau_x: int
    tau_theta: int


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
