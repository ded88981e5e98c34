"""The way of the cost from the array to the engine: it arrives `array.latency` steps after its pattern."""

from ...compiled import njit


@njit(inline="always")
def arrive(pending, step, cost):
    """C~ that arrives at a step, and that of the step sent on its way.

    Parameters
    ----------
    pending : int32 array, shape (latency,)
        C~ on their way, that of step n at n mod latency; changed in place.
    step, cost : int
        Number of the step, and its C~.
    """
    if pending.size == 0:
        return cost
    place = step % pending.size
    late = pending[place]
    pending[place] = cost
    return late
