"""Model extraction [G21]: a running average over the iterates of a training, kept in digital memory.

The weights on the arrays go on wandering about the optimum, by one step of a device at a time; their average does not.
"""

import numpy as np
from numpy.typing import NDArray

from ..inputs import instance, integer
from .layered import Layered


class Average:
    """Mean of the weights after some of the steps.

    Parameters
    ----------
    start : int
        Steps before the first that counts.
    every : int
        Steps from one that counts to the next.

    Attributes
    ----------
    count : int
        Iterates seen.
    weights : list of float32 arrays
        Their mean, layer by layer; empty before the first.
    """

    def __init__(self, start: int = 0, every: int = 1):
        self.start, self.every = integer("start", start), integer("every", every, 1)
        self.count = 0
        self.weights: list[NDArray[np.float32]] = []

    def observe(self, step: int, network: Layered) -> None:
        """Count the network's weights, if `step` is one that counts: mean_k = mean_{k-1} + (W - mean_{k-1}) / k."""
        instance("observe: network", network, Layered)
        if integer("observe: step", step) <= self.start or (step - self.start) % self.every:
            return
        self.count += 1
        if not self.weights:
            self.weights = network.weights
            return
        for mean, layer in zip(self.weights, network.layers, strict=True):
            mean += (layer.weights - mean) / np.float32(self.count)
