"""Neurons: a table from the ADC code of a pre-activation to a line code, or to an output code.

One table a layer of weights. Hidden layers give codes of the next layer's DACs, the last layer
gives output codes; both are symmetric, +-(2**(bits-1) - 1) standing for +-1.
"""

from typing import NamedTuple

import numpy as np

from ..lib.fixed import limit

ACTIVATIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: np.maximum(z, 0),
    "linear": lambda z: z,
}
"""All activation functions, by the names of a chip description; the RTL has tables of their values."""


class Neuron(NamedTuple):
    """Configuration of the neurons.

    Attributes
    ----------
    activations : tuple of str
        One of tanh, sigmoid, relu, linear for each layer of weights.
    adc_bits : int
        Width of a pre-activation code.
    adc_unit : float
        Pre-activation that one ADC code stands for.
    line_bits, output_bits : int
        Widths of hidden and of output codes.
    """

    activations: tuple[str, ...]
    adc_bits: int
    adc_unit: float
    line_bits: int
    output_bits: int

    def tables(self) -> np.ndarray:
        """Tables of all layers: int32 array, shape (layers, 2**adc_bits).

        Entry [k, c mod 2**adc_bits] is the code for ADC code c; codes beyond +-1 are clipped.
        """
        return np.array([self.table(k) for k in range(len(self.activations))])

    def table(
        self, layer: int, gain: float = 1.0, slope: float = 1.0, x0: float = 0.0, y0: float = 0.0
    ) -> np.ndarray:
        """Table of gain f(slope (z - x0)) + y0, with f the activation of a layer of weights: int32."""
        codes = np.arange(1 << self.adc_bits)
        codes = np.where(codes >= 1 << (self.adc_bits - 1), codes - (1 << self.adc_bits), codes)
        last = layer == len(self.activations) - 1
        full = limit(self.output_bits if last else self.line_bits)
        name = self.activations[layer]
        if name not in ACTIVATIONS:
            raise ValueError(f"unknown activation {name!r}; allowed are {', '.join(ACTIVATIONS)}.")
        values = gain * ACTIVATIONS[name](slope * (codes * self.adc_unit - x0)) + y0
        return np.rint(np.clip(values, -1, 1) * full).astype(np.int32)
