"""Resistance of the wires and voltages at their ends: what they take from the currents of a crossbar's output lines.

All functions change the outputs `y` of one read in place; `w` is (rows, columns), read forward (y = W x) or backward
(y = W^T x), and x are the lines' voltages after the DAC. All are float32, `x` and `y` one-dimensional, C order.
"""

import numpy as np

from ..compiled import njit


@njit
def product(w, backward, x, y):
    """y <- W x, or W^T x."""
    if backward:
        np.dot(w.T, x, y)
    else:
        np.dot(w, x, y)


@njit
def absolute(w, backward, x, power, y):
    """y_i <- sum_j |w_ij| |x_j|**power, power 1 or 2."""
    y[:] = 0
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            out, at = (j, i) if backward else (i, j)
            y[out] += abs(w[i, j]) * (abs(x[at]) if power == 1 else x[at] * x[at])


@njit
def drop(w, backward, x, scale, ratio, y):
    """Voltage drop along each output wire, in closed form.

    y_i -= scale c sum_j w_ij x_j (1 - (1 - j / n)^2), c = a / 2 - a^2 / 5 + a^3 / 20, a = n / ratio sum_j |w_ij x_j|
    (Rasch et al., RAPA-ConvNets, Frontiers in Neuroscience 13, 2019): line 0 sits at the end that is read. Inputs
    are durations: a cell takes part only while its line is on. It follows `exact` to a few percent of the drop up to
    a = 1.

    Parameters
    ----------
    scale : float
        1: as the wire is.
    ratio : float
        Conductance of the wire between neighbouring cells / of a cell with |w| = 1.
    """
    n = x.size
    current, tapered, lost = np.empty_like(y), np.empty_like(x), np.empty_like(y)
    absolute(w, backward, x, 1, current)
    for j in range(n):
        far = np.float32(1) - np.float32(j) / np.float32(n)
        tapered[j] = x[j] * (np.float32(1) - far * far)
    product(w, backward, tapered, lost)
    for i in range(y.size):
        a = np.float32(n) / ratio * current[i]
        c = a * (a * (np.float32(0.05) * a - np.float32(0.2)) + np.float32(0.5))
        y[i] -= scale * c * lost[i]


@njit
def offset(x, offsets, w_min, series, y):
    """Voltage offset V and series resistance r of each output line.

    y <- (1 - V) (y + y0) / (1 + r |y + y0|) - (1 + V) y0 / (1 + r |y0|), y0 = -w_min sum x the current of the reference
    devices that weights are read against (w_min = 0: none).
    """
    reference = np.float32(0)
    for j in range(x.size):
        reference -= w_min * x[j]
    one = np.float32(1)
    low = reference / (one + series * abs(reference))
    for i in range(y.size):
        total = y[i] + reference
        y[i] = (one - offsets[i]) * total / (one + series * abs(total)) - (one + offsets[i]) * low


@njit
def exact(g, x, ratio):
    """Current of one output wire with a resistance between neighbouring cells, by Kirchhoff's law at every cell.

    The wire ends in a virtual ground next to cell 0. Cell j lets g_j (x_j - v_j) in, v_j the wire's voltage there; what
    flows between cells j and j - 1 is ratio (v_j - v_{j-1}), v_{-1} = 0.

    Parameters
    ----------
    g : float64 array, shape (n,)
        Conductances of the cells in units of the largest, not negative: a weight of either sign is two wires.
    x : float64 array, shape (n,)
    ratio : float
        Conductance of a piece of wire in the same units.

    Returns
    -------
    float
        What arrives, without the wire's resistance sum_j g_j x_j.
    """
    n = g.size
    # Elimination of the tridiagonal system from the far end: v_j = share_j v_{j-1} + own_j.
    share, own = 0.0, 0.0
    for j in range(n - 1, -1, -1):
        outer = ratio if j < n - 1 else 0.0
        diagonal = g[j] + ratio + outer * (1.0 - share)
        own = (g[j] * x[j] + outer * own) / diagonal
        share = ratio / diagonal
    return ratio * own
