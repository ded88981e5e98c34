"""Scales that bring weights and activations into a chip's range where they change nothing.

relu(s z) = s relu(z), so a hidden layer's weights and biases may be divided by s if the next layer's weights are
multiplied by it; as may those of a linear one. Scales are powers of two, which round nothing, and at least 1.
"""

import numpy as np

from .layers import Array, Layer

HOMOGENEOUS = ("relu", "linear")
"""Activations that a scale passes through."""


def scaled(
    layers: list[Layer], activations: tuple[str, ...], outputs: list[Array], largest: float
) -> tuple[list[Layer], list[float]]:
    """Scale hidden layers whose weights are beyond a range, or whose outputs are beyond 1.

    Parameters
    ----------
    layers : list of Layer
    activations : tuple of str
    outputs : list of float64 array
        Of each layer, for the samples to be learned (`golden.weights.network.forward`).
    largest : float
        Largest weight.

    Returns
    -------
    list of Layer, list of float
        And for each layer what its outputs are divided by.
    """
    before, results, scales = 1.0, [], []
    for k, (layer, name, out) in enumerate(zip(layers, activations, outputs, strict=True)):
        weight, bias, scale = layer.weight * before, layer.bias, 1.0
        if name in HOMOGENEOUS and k < len(layers) - 1:
            need = max(abs(weight).max() / largest, abs(bias).max() / largest, abs(out).max())
            scale = 2.0 ** max(0, np.ceil(np.log2(max(need, 1e-300))))
        results.append(Layer(weight / scale, bias / scale, layer.names))
        scales.append(scale)
        before = scale
    return results, scales
