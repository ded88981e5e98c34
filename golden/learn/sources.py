"""Where the error vectors come from: each source gives every layer a pair (x, d), and d x^T is what it learns.

Any source drives any layer. Rates and arrays are not its business: it presents samples, reads the cost or the error at
the outputs, and says for each sample and layer which vector goes to the columns (x, the bias's last) and which to the
rows (d).
The mean of d x^T is the gradient of the sample's cost, or an approximation where a source says so.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..analog.pulsed import extent
from ..inputs import LARGE, choice, finite, float_samples, generator, instance, number, require
from .layered import Layered, slope
from .passes import POLARITIES, RESPONSES, correlated_inputs

Array = NDArray[np.float32]
INPUTS = ("mean", "second")
"""What a layer on an array has of `passes.INPUTS`: it has no unperturbed pass."""


class Errors(NamedTuple):
    """What a source found for n samples.

    Attributes
    ----------
    cost : array, shape (n,)
        Cost of each sample, as it was presented.
    pairs : list of (x, d)
        For each layer, arrays of shape (n, inputs + 1) and (n, outputs).
    """

    cost: Array
    pairs: list[tuple[Array, Array]]


class Source(Protocol):
    """What a trainer asks of a source."""

    def __call__(self, network: Layered, x: Array, t: Array) -> Errors:
        """Present samples x (n, features) with targets t (n, outputs)."""
        ...


class Backpropagation:
    """Exact but for the arrays' own faults: d_l = (W_{l+1}^T d_{l+1}) f'(z_l), through each layer's transposed read."""

    def __call__(self, network: Layered, x: Array, t: Array) -> Errors:
        """See `Source`."""
        x, t = presented(network, x, t)
        inputs, y = network.forward(x)
        d = network.error(y, t)
        pairs = [(inputs[-1], d)]
        for k in range(len(inputs) - 1, 0, -1):
            d = network.layers[k].backward(d)[:, :-1] * slope(network.activations[k - 1], inputs[k][:, :-1])
            pairs.insert(0, (inputs[k - 1], d))
        return Errors(network.costs(y, t), pairs)


class DirectFeedback:
    """Direct feedback alignment (Noekland 2016): d_l = (B_l e) f'(z_l), B_l fixed and random; no transposed read.

    Parameters
    ----------
    shapes : sequence of (outputs, inputs)
        Those of the network's layers; the last one's outputs are those of e.
    seed : int
    scale : float
        B_l holds +-scale / sqrt(outputs of the network), so that |B_l e| is about scale |e|.
    """

    def __init__(self, shapes: Sequence[tuple[int, ...]], seed: int = 0, scale: float = 1.0):
        rng = generator("DirectFeedback: seed", seed)
        number("DirectFeedback: scale", scale, 0, LARGE)
        require(isinstance(shapes, Sequence) and len(shapes) > 0, "DirectFeedback: shapes", shapes, "those of layers")
        shapes = [extent(f"DirectFeedback: shapes[{k}]", shape) for k, shape in enumerate(shapes)]
        outputs = shapes[-1][0]
        size = np.float32(scale / np.sqrt(outputs))
        self.shapes = shapes
        self.feedback: list[Array] = [size * signs(rng, outputs, shape[0]) for shape in shapes[:-1]]

    def __call__(self, network: Layered, x: Array, t: Array) -> Errors:
        """See `Source`."""
        x, t = presented(network, x, t)
        require(self.shapes == [*map(tuple, network.shapes)], "network: shapes", network.shapes, str(self.shapes))
        inputs, y = network.forward(x)
        e = network.error(y, t)
        d = [(e @ b) * slope(name, h[:, :-1])
             for b, name, h in zip(self.feedback, network.activations[:-1], inputs[1:], strict=True)]  # fmt: skip
        return Errors(network.costs(y, t), list(zip(inputs, [*d, e], strict=True)))


class _Perturbation:
    """What both perturbations share: presentations with +a and -a (or +a and none), C~ from the two costs.

    Parameters
    ----------
    amplitude : float
        a, of each pre-activation (nodes) or weight (rank-one).
    seed : int
    mode : str
        "antithetic": C~ = (C(+a) - C(-a)) / 2; "forward": C~ = C(+a) - C(0).
    """

    def __init__(self, amplitude: float = 1e-2, seed: int = 0, mode: str = "antithetic"):
        number("amplitude", amplitude, float(np.finfo(np.float32).eps), 100)
        choice("mode", mode, RESPONSES)
        self.amplitude, self.mode = np.float32(amplitude), mode
        self.rng = generator("seed", seed)

    def _costs(self, network: Layered, x: Array, t: Array, change) -> tuple[Array, Array, list[list[Array]]]:
        """C~ / a and the mean cost of each sample, and the layers' inputs in the two presentations."""
        passes, costs = [], []
        for polarity in (*POLARITIES[self.mode], 0)[:2]:
            a = polarity * self.amplitude
            inputs, y = network.forward(x, lambda k, z, v, a=a: z + a * change(k, v))
            passes.append(inputs)
            costs.append(network.costs(y, t))
        return RESPONSES[self.mode](*costs) / self.amplitude, 0.5 * (costs[0] + costs[1]), passes


class NodePerturbation(_Perturbation):
    """MGD on pre-activations: z_j + a s_j with signs s, so d = (C~ / a) s and x is what the layer was given.

    A sample has its own signs. To first order in a, the mean of d is dC/dz.

    Parameters
    ----------
    amplitude, seed, mode
        a, in units of z; the signs' seed; "antithetic" or "forward".
    inputs : str
        x of the "mean" of the two presentations, or of the "second", which hardware that keeps none has at hand.
    """

    def __init__(self, amplitude: float = 1e-2, seed: int = 0, mode: str = "antithetic", inputs: str = "mean"):
        super().__init__(amplitude, seed, mode)
        choice("inputs", inputs, INPUTS)
        self.inputs = inputs

    def __call__(self, network: Layered, x: Array, t: Array) -> Errors:
        """See `Source`."""
        x, t = presented(network, x, t)
        s = [signs(self.rng, len(x), shape[0]) for shape in network.shapes]
        e, cost, (first, second) = self._costs(network, x, t, lambda k, v: s[k])
        inputs = [correlated_inputs(self.inputs, passes) for passes in zip(first, second, strict=True)]
        return Errors(cost, [(v, e[:, None] * part) for v, part in zip(inputs, s, strict=True)])


class RankOne(_Perturbation):
    """MGD on weights by one extra line for each array: (W + a r c^T) x = W x + a r (c . x), with signs r and c.

    d = (C~ / a) r and x = c, the code and not the layer's input: to first order the mean of d x^T is dC/dW, as
    r_i c_j r_k c_l averages to 0 unless i = k and j = l. Each sample has its own signs; the bias's column has one too.
    """

    def __call__(self, network: Layered, x: Array, t: Array) -> Errors:
        """See `Source`."""
        x, t = presented(network, x, t)
        r = [signs(self.rng, len(x), shape[0]) for shape in network.shapes]
        c = [signs(self.rng, len(x), shape[1]) for shape in network.shapes]
        e, cost, _ = self._costs(network, x, t, lambda k, v: r[k] * (c[k] * v).sum(1, keepdims=True))
        return Errors(cost, [(columns, e[:, None] * rows) for columns, rows in zip(c, r, strict=True)])


def presented(network: Layered, x: Array, t: Array) -> tuple[Array, Array]:
    """Samples x (n, features) and targets t (n, outputs), float32; those of a trainer are so already."""
    if type(network) is not Layered:
        instance("network", network, Layered)
    features, outputs = network.shapes[0][1] - 1, network.shapes[-1][0]
    for v, width in ((x, features), (t, outputs)):
        right = type(v) is np.ndarray and v.dtype == np.float32 and v.ndim == 2 and v.shape[1] == width
        if not right or len(v) != len(x) or not finite(v):
            return float_samples(x, t, features, outputs, network.cost == "cross-entropy")
    return x, t


def signs(rng: np.random.Generator, *shape: int) -> Array:
    """Random -1 and +1."""
    return (2 * rng.integers(0, 2, shape, np.int8) - 1).astype(np.float32)
