"""A file's network in floating point, without converters: what an import is held against."""

import numpy as np
from numpy.typing import NDArray

from ..blocks.measure.neuron import ACTIVATIONS
from .layers import Array, Layer


def forward(layers: list[Layer], activations: tuple[str, ...], x: NDArray[np.floating]) -> list[Array]:
    """Outputs of each layer.

    Parameters
    ----------
    layers : list of Layer
    activations : tuple of str
        One of `golden.blocks.measure.neuron.ACTIVATIONS` for each.
    x : float array, shape (samples, inputs)

    Returns
    -------
    list of float64 array, shape (samples, neurons)
    """
    outputs = []
    with np.errstate(over="ignore"):  # exp of what is far below 0 in a sigmoid
        for layer, name in zip(layers, activations, strict=True):
            x = ACTIVATIONS[name](x @ layer.weight.T + layer.bias)
            outputs.append(x)
    return outputs
