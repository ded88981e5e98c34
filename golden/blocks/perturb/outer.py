"""Outer products of a value a neuron with a value a line: one a parameter.

Parameter i is the weight from line l(i) to neuron n(i), so whatever is an outer product u v^T in every
layer needs one value a neuron and one a line, and no memory of P words:

rank-one perturbation   s_i = r_n c_l, because (r c^T) x = r (c.x): one extra line a layer makes it.
node perturbation       s_i = s_n on the bias line, which moves the neuron's input by a s_n, and
                        e_i = C~ s_n x_l / a^2 ([O25]: dW = (C~ s) x^T), x the line codes of rail 1.
node-by-layer           the same with s_n = 0 but in layer (pattern mod layers).

Lines are numbered layer by layer, each layer's bias line last. The code generator makes the values of
all neurons, and for rank-one those of all lines behind them.
"""

from typing import NamedTuple

import numpy as np

from ...compiled import njit
from ..lib.kinds import unlisted
from ..lib.layout import Layout

WEIGHT, RANK_ONE, NODE, LAYER = range(4)
METHODS = {"weight": WEIGHT, "rank-one": RANK_ONE, "node": NODE, "node-by-layer": LAYER}
"""What can be perturbed, by the names of a chip description; all but WEIGHT are outer products."""


class Outer(NamedTuple):
    """Configuration of the outer products.

    Attributes
    ----------
    method : int
        RANK_ONE, NODE or LAYER.
    code_bits, line_bits : int
        Widths of the code's values and of line codes.
    """

    method: int
    code_bits: int
    line_bits: int

    @property
    def factor_bits(self) -> int:
        """Width of what the cost is multiplied by."""
        if self.method == RANK_ONE:
            return self.code_bits
        if self.method in (NODE, LAYER):
            return self.code_bits + self.line_bits - 1
        raise unlisted("method of outer products", self.method, {k: v for k, v in METHODS.items() if v != WEIGHT})


def lines(layout: Layout) -> int:
    """Number of lines of all layers, bias lines included."""
    return sum(layout.columns)


def coordinates(layout: Layout) -> np.ndarray:
    """Neuron and line of each parameter: int32 array, shape (P, 2)."""
    rows, neuron, line = [], 0, 0
    for columns, count in zip(layout.columns, layout.rows, strict=True):
        row, column = np.indices((count, columns)).reshape(2, -1)
        rows.append(np.stack([neuron + row, line + column], axis=1))
        neuron, line = neuron + count, line + columns
    return np.concatenate(rows).astype(np.int32)


@njit
def outer(coordinates, u, v, out):
    """Write `out[i] = u[n(i)] v[l(i)]`; all int32."""
    for i in range(out.size):
        out[i] = u[coordinates[i, 0]] * v[coordinates[i, 1]]


@njit
def only_layer(layer, rows, u):
    """Clear the values of the neurons of all other layers; `rows` holds the neurons of each: int64 array."""
    neuron = 0
    for k in range(rows.size):
        if k != layer:
            u[neuron : neuron + rows[k]] = 0
        neuron += rows[k]
