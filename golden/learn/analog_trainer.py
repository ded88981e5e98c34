"""Training of a network whose layers are arrays: any source of errors, sample by sample or in mini-batches."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .extraction import Average
from .float_layer import FloatLayer
from .layered import Layered
from .refusals import positive, require
from .sources import Backpropagation, Source

Array = NDArray[np.float32]


class AnalogTrainer:
    """Trains a network in place.

    Parameters
    ----------
    network : Layered
        Of layers on arrays (`on_array`) or of `FloatLayer`s.
    source : Source
        Where the error vectors come from.
    lr : float
        Learning rate of a mini-batch's mean gradient; a public attribute, which may change between steps.
    batch : int
        Samples a step. All of them are presented with the same weights; a layer then gets their outer products one
        behind the other, with d / batch, so that rates of a layer's own are those of the mean gradient too.
    seed : int
        Of the order of the samples: one permutation an epoch.
    average : Average, optional
        Observes the weights after every step: model extraction.

    Attributes
    ----------
    steps : int
        Steps so far.
    """

    def __init__(
        self,
        network: Layered,
        source: Source | None = None,
        lr: float = 0.1,
        batch: int = 1,
        seed: int = 0,
        average: Average | None = None,
    ):
        require(lr > 0, "lr", lr, "a number above 0")
        self.network, self.source, self.lr = network, source or Backpropagation(), lr
        self.batch, self.average, self.steps = positive("batch", batch), average, 0
        self.rng = np.random.default_rng(seed)

    def step(self, x: Array, t: Array) -> float:
        """One step on samples x (n, features) with targets t (n, outputs); returns their mean cost before it."""
        cost, pairs = self.source(self.network, x, t)
        for layer, (columns, rows) in zip(self.network.layers, pairs, strict=True):
            layer.update(columns, rows / np.float32(len(x)) if len(x) > 1 else rows, self.lr)
        self.steps += 1
        if self.average is not None:
            self.average.observe(self.steps, self.network)
        return float(cost.mean())

    def epoch(self, x: Array, t: Array, progress: Callable[[int, int], None] | None = None) -> float:
        """Every sample once, in random order; returns the mean cost while training.

        `progress` is called with samples done and in all, about a hundred times.
        """
        order = self.rng.permutation(len(x))
        starts = range(0, len(x), self.batch)
        every, total = max(1, len(starts) // 100), 0.0
        for number, start in enumerate(starts):
            index = order[start : start + self.batch]
            total += self.step(x[index], t[index]) * len(index)
            if progress and number % every == 0:
                progress(start + len(index), len(x))
        return total / len(x)

    def evaluate(self, x: Array, t: Array, weights: Sequence[ArrayLike] | None = None) -> tuple[float, float]:
        """Mean cost and accuracy on samples, nothing learned; see `evaluate`."""
        return evaluate(self.network if weights is None else with_weights(self.network, weights), x, t)


def evaluate(network: Layered, x: Array, t: Array, chunk: int = 500) -> tuple[float, float]:
    """Mean cost and accuracy of a network on samples x (n, features), targets t (n, outputs)."""
    cost, hits = 0.0, 0
    for start in range(0, len(x), chunk):
        part = t[start : start + chunk]
        y = network.forward(x[start : start + chunk]).y
        cost += float(network.costs(y, part).sum())
        hits += int((y.argmax(1) == part.argmax(1)).sum())
    return cost / len(x), hits / len(x)


def with_weights(network: Layered, weights: Sequence[ArrayLike]) -> Layered:
    """The same network on exact products with these matrices, such as `network.weights` or an average's."""
    return Layered([FloatLayer(w) for w in weights], network.activations[0], network.activations[-1], network.cost)


def uniform(widths: Sequence[int], seed: int) -> list[Array]:
    """Initial matrices of a network of these widths, biases last: U(+-1/sqrt(inputs)), the inputs without the bias."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, (b, a + 1)).astype(np.float32) / np.float32(np.sqrt(a))
            for a, b in zip(widths[:-1], widths[1:], strict=True)]  # fmt: skip
