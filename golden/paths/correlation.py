"""The correlator of the paths that keep G in a digital memory."""

from ..blocks.update.correlator import correlate, correlate_leaky
from ..compiled import njit


@njit
def add_cost(correlator, g, cost, factors):
    """Add the cost of one step times the factors to G in place; returns whether a word saturated.

    Parameters
    ----------
    correlator : Correlator
    g, factors : int32 arrays, shape (P,)
    cost : int
        C~.
    """
    bound = (1 << (correlator.bits - 1)) - 1
    if correlator.leaky:
        return correlate_leaky(bound, correlator.leak, cost, factors, g)
    return correlate(bound, cost, factors, g)
