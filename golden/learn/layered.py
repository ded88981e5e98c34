"""A network of dense layers that need not hold their weights in memory: each is whatever has a layer's four members.

Biases are the last column of each layer, for an input that is always 1, so that they live on the array too.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..inputs import choice, fits, real, refuse, require, targets, vectors
from .functions import ACTIVATIONS, COSTS, DERIVATIVES, SLOPES

Array = NDArray[np.float32]
Inject = Callable[[int, Array, Array], Array]
"""Called with number of a layer, its pre-activations (n, outputs) and its inputs; returns the new pre-activations."""


class Layer(Protocol):
    """What a network asks of a layer; `FloatLayer` and the algorithms of `on_array` are such layers."""

    @property
    def weights(self) -> Array:
        """What the network computes with, shape (outputs, inputs + 1)."""
        ...

    def forward(self, x: Array) -> Array:
        """Products W x: (n, inputs + 1) -> (n, outputs)."""
        ...

    def backward(self, d: Array) -> Array:
        """Products W^T d: (n, outputs) -> (n, inputs + 1)."""
        ...

    def update(self, x: Array, d: Array, lr: float) -> None:
        """W <- W - lr d x^T in the mean, for the rows of x (n, inputs + 1) and d (n, outputs) one behind the other."""
        ...


class Pass(NamedTuple):
    """One pass through a network.

    Attributes
    ----------
    inputs : list of arrays, shape (n, inputs + 1)
        What each layer was given, the 1 of the bias last.
    y : array, shape (n, outputs)
        Outputs; with cross-entropy the logits.
    """

    inputs: list[Array]
    y: Array


class Layered:
    """A network of dense layers.

    Parameters
    ----------
    layers : sequence of Layer
        Each has one input more than the layer before has outputs.
    hidden, output : str
        Activations: "sigmoid", "tanh", "relu", "linear". Cross-entropy needs linear outputs.
    cost : str
        "cross-entropy" (log-softmax of the outputs, -sum t log p) or "mse" (1/2 sum (y - t)^2).

    Raises
    ------
    ValueError
        Layers that do not fit each other, or an unknown name.
    """

    def __init__(
        self, layers: Sequence[Layer], hidden: str = "sigmoid", output: str = "linear", cost: str = "cross-entropy"
    ):
        require(isinstance(layers, Sequence) and len(layers) > 0, "layers", layers, "a list of at least one")
        for k, layer in enumerate(layers):
            lacks = [name for name in ("weights", "forward", "backward", "update") if not hasattr(layer, name)]
            require(not lacks, f"layers[{k}]", layer, "a layer; it lacks " + ", ".join(lacks))
        choice("hidden", hidden, SLOPES)
        choice("output", output, SLOPES)
        choice("cost", cost, DERIVATIVES)
        single = layers[-1].weights.shape[0] == 1
        require(cost == "mse" or not single, "cost", cost, "mse of a network with one output, which has no other class")
        require(cost == "mse" or output == "linear", "output", output, "linear where the cost is cross-entropy")
        self.layers, self.cost = list(layers), cost
        self.activations = [hidden] * (len(layers) - 1) + [output]
        self.shapes = [layer.weights.shape for layer in layers]
        for k in range(1, len(layers)):
            wanted = self.shapes[k - 1][0] + 1
            require(self.shapes[k][1] == wanted, f"layers[{k}]", self.shapes[k], f"a layer of {wanted} columns")

    @property
    def weights(self) -> list[Array]:
        """The matrices that the layers compute with; copies."""
        return [np.array(layer.weights, np.float32) for layer in self.layers]

    def forward(self, x: Array, inject: Inject | None = None) -> Pass:
        """Present samples, shape (n, features).

        `inject` changes pre-activations, for perturbations.
        """
        inputs, h = [], vectors("Layered.forward: x", x, self.shapes[0][1] - 1)
        for k, layer in enumerate(self.layers):
            v = np.empty((len(h), h.shape[1] + 1), np.float32)
            v[:, :-1], v[:, -1] = h, 1
            inputs.append(v)
            z = layer.forward(v)
            h = ACTIVATIONS[self.activations[k]](np, z if inject is None else inject(k, z, v))
        return Pass(inputs, h)

    def costs(self, y: Array, t: Array) -> Array:
        """Cost of each sample, shape (n,)."""
        y, t = self._outputs("costs", y, t)
        return COSTS[self.cost](np, y, t)

    def error(self, y: Array, t: Array) -> Array:
        """Derivative of each sample's cost with respect to the last layer's pre-activations, shape (n, outputs)."""
        y, t = self._outputs("error", y, t)
        return DERIVATIVES[self.cost](np, y, t) * slope(self.activations[-1], y)

    def _outputs(self, place: str, y: Array, t: Array) -> tuple[Array, Array]:
        """Outputs and targets (n, outputs) of a pass; what is not finite in them is the trainer's to see."""
        y, t = real(f"Layered.{place}: y", y), real(f"Layered.{place}: t", t)
        outputs = self.shapes[-1][0]
        if y.ndim != 2 or y.shape[1] != outputs:
            fits(f"Layered.{place}: y", y, ("samples", outputs))
        if t.shape != y.shape:
            refuse(f"Layered.{place}: t", f"shape {t.shape}", targets(len(y), outputs))
        return (y, t) if y.dtype.kind == "f" else (y.astype(np.float32), t)


def slope(name: str, h: Array) -> Array:
    """Derivative of an activation, from what it gives."""
    return SLOPES[name](np, h)
