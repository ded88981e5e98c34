"""Training of a network whose layers are arrays: any source of errors, sample by sample or in mini-batches."""

from collections.abc import Callable, Sequence
from math import isfinite
from types import NoneType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RunStopped
from ..inputs import LARGE, finite, float_samples, floats, generator, instance, integer, number, require
from ..inputs import widths as sizes
from .extraction import Average
from .float_layer import FloatLayer
from .functions import right
from .layered import Layered
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
        instance("network", network, Layered)
        require(source is None or callable(source), "source", source, "a source of error vectors, see `sources`")
        instance("average", average, Average, NoneType)
        number("lr", lr, 0, LARGE, above=True)
        self.network, self.source, self.lr = network, source or Backpropagation(), lr
        self.batch, self.average, self.steps = integer("batch", batch, 1), average, 0
        self.rng = generator("seed", seed)

    def step(self, x: Array, t: Array) -> float:
        """One step on samples x (n, features) with targets t (n, outputs); returns their mean cost before it.

        Raises
        ------
        ValueError
            Samples of a wrong shape or type, or not finite.
        RunStopped
            A cost or an error vector that is not finite, or that a layer refuses: with the number of the step, and the
            network, whose layers are as the step before left them.
        """
        return self._step(*_samples(self.network, x, t))

    def _step(self, x: Array, t: Array) -> float:
        """`step` of samples that are checked; layers are only updated once all that they are to learn is finite."""
        try:
            cost, pairs = self.source(self.network, x, t)
            mean, lr = float(cost.mean()), number("lr", self.lr, 0, LARGE, above=True)
            if not (isfinite(mean) and all(finite(rows) for _, rows in pairs)):
                text = f"a mean cost of {mean:g} with error vectors" + ("" if isfinite(mean) else " of it")
                raise ValueError(f"{text} is refused; allowed are finite numbers, as of a smaller lr than {lr:g}.")
            for layer, (columns, rows) in zip(self.network.layers, pairs, strict=True):
                layer.update(columns, rows / np.float32(len(x)) if len(x) > 1 else rows, lr)
        except ValueError as error:
            raise RunStopped(f"step {self.steps + 1}: {error}", self.network) from error
        self.steps += 1
        if self.average is not None:
            self.average.observe(self.steps, self.network)
        return mean

    def epoch(self, x: Array, t: Array, progress: Callable[[int, int], None] | None = None) -> float:
        """Every sample once, in random order; returns the mean cost while training.

        `progress` is called with samples done and in all, about a hundred times.
        """
        x, t = _samples(self.network, x, t)
        order = self.rng.permutation(len(x))
        starts = range(0, len(x), self.batch)
        every, total = max(1, len(starts) // 100), 0.0
        for place, start in enumerate(starts):
            index = order[start : start + self.batch]
            total += self._step(x[index], t[index]) * len(index)
            if progress and place % every == 0:
                progress(start + len(index), len(x))
        return total / len(x)

    def evaluate(self, x: Array, t: Array, weights: Sequence[ArrayLike] | None = None) -> tuple[float, float]:
        """Mean cost and accuracy on samples, nothing learned; see `evaluate`."""
        return evaluate(self.network if weights is None else with_weights(self.network, weights), x, t)


def evaluate(network: Layered, x: Array, t: Array, chunk: int = 500) -> tuple[float, float]:
    """Mean cost and accuracy of a network on samples x (n, features), targets t (n, outputs).

    A sample is right if its largest output is that of the largest target; with one output, if it is on the same side of
    the middle between the smallest and the largest target.
    """
    instance("network", network, Layered)
    chunk = integer("chunk", chunk, 1)
    x, t = _samples(network, x, t)
    cost, hits, middle = 0.0, 0, (t.min() + t.max()) / 2
    for start in range(0, len(x), chunk):
        part = t[start : start + chunk]
        y = network.forward(x[start : start + chunk]).y
        cost += float(network.costs(y, part).sum())
        hits += int(right(np, y, part, middle).sum())
    return cost / len(x), hits / len(x)


def _samples(network: Layered, x: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
    """Samples and targets of a network, checked: float32."""
    shapes = network.shapes
    return float_samples(x, t, shapes[0][1] - 1, shapes[-1][0], network.cost == "cross-entropy")


def with_weights(network: Layered, weights: Sequence[ArrayLike]) -> Layered:
    """The same network on exact products with these matrices, such as `network.weights` or an average's."""
    instance("network", network, Layered)
    count = len(network.shapes)
    fitting = isinstance(weights, Sequence) and len(weights) == count
    require(fitting, "weights", weights, f"a list of {count}, a matrix for each layer")
    matrices = [floats(f"weights[{k}]", w, network.shapes[k]) for k, w in enumerate(weights)]
    return Layered([FloatLayer(w) for w in matrices], network.activations[0], network.activations[-1], network.cost)


def uniform(widths: Sequence[int], seed: int) -> list[Array]:
    """Initial matrices of a network of these widths, biases last: U(+-1/sqrt(inputs)), the inputs without the bias."""
    widths, rng = sizes("widths", widths), generator("seed", seed)
    return [rng.uniform(-1, 1, (b, a + 1)).astype(np.float32) / np.float32(np.sqrt(a))
            for a, b in zip(widths[:-1], widths[1:], strict=True)]  # fmt: skip
