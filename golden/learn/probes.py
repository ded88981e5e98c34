"""Perturbed passes: the costs of many patterns on many samples at once, and what their correlation is.

A probe is called with parameters theta (R, P), samples x (R or 1, K, B, features) with their targets, the numbers of
K patterns, (K,) or one a sample (K, B), and the polarities of the passes (0 is unperturbed). It returns the costs,
shape (R, polarities, K, B), and a function that adds sum e s of e, shape (R, *patterns.shape), to G, shape (R, P).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import kernels
from .functions import Array
from .networks import Network, Spread
from .perturbations import PATTERN, Maker, keys

Correlate = Callable[[Array, Array], None]


class Probe:
    """What all probes share.

    Parameters
    ----------
    network : Network
    maker : Maker
    kind : str
        The code.
    amplitude : float
    seeds : int64 array, shape (R,)
    effective : callable
        From parameters to the weights that the network has.
    spread : list, optional
        Deviations of the activations, see `Network.forward`.
    """

    def __init__(self, network: Network, maker: Maker, kind: str, amplitude: float, seeds: np.ndarray,
                 effective: Callable[[Array], Array], spread: Spread | None):  # fmt: skip
        self.network, self.maker, self.xp = network, maker, maker.xp
        self.kind, self.amplitude, self.seeds = kind, amplitude, seeds
        self.effective, self.spread = effective, spread

    def __call__(self, theta: Array, x: Array, t: Array, patterns: np.ndarray, rails: tuple[int, ...]
                 ) -> tuple[Array, Correlate]:  # fmt: skip
        raise NotImplementedError

    def values(self, size: int, patterns: np.ndarray) -> Array:
        """Values of the code, shape (R or 1, *patterns.shape, size)."""
        return self.maker.code(self.kind, size, self.seeds, patterns)

    def taller(self, theta: Array, x: Array, t: Array, rails: tuple[int, ...], inject: Any) -> Array:
        """Costs of passes that share their weights: all samples are rows of one product.

        `inject` makes len(rails) times as many samples of those of the first layer, rails outermost.
        """
        xp, (groups, patterns, batch, features) = self.xp, x.shape
        y = self.network.propagate(self.effective(theta), xp.reshape(x, (groups, patterns * batch, features)), inject,
                                 self.spread)  # fmt: skip
        y = xp.reshape(y, (len(theta), len(rails), patterns, batch, y.shape[-1]))
        return self.network.costs(y, t[:, None])


class Explicit(Probe):
    """Signs as an array, a perturbed set of weights for each pattern: any code, network and defect."""

    def signs(self, patterns: np.ndarray) -> Array:
        """Signs of the parameters."""
        return self.values(self.network.size, patterns)

    def __call__(self, theta, x, t, patterns, rails):
        xp, per_sample = self.xp, patterns.ndim == 2
        s = self.signs(patterns)
        polarity = xp.reshape(self.maker.array(rails) * self.amplitude, (-1, *[1] * (s.ndim - 1)))
        weights = self.effective(xp.reshape(theta, (len(theta), *[1] * (s.ndim - 1), -1)) + polarity * s[:, None, ...])
        x = x[:, None, :, :, None, :] if per_sample else x[:, None, ...]
        y = self.network.propagate(weights, x, None, self.spread)
        costs = self.network.costs(y[..., 0, :] if per_sample else y, t[:, None, ...])
        return costs, self.correlator(s)

    def correlator(self, s: Array) -> Correlate:
        """The function that correlates with signs s, shape (R or 1, *patterns.shape, P)."""
        xp = self.xp
        s = xp.reshape(s, (len(s), -1, self.network.size))

        def correlate(e: Array, g: Array) -> None:
            flat = xp.reshape(e, (len(e), -1))
            g += flat @ s[0] if len(s) == 1 else xp.matmul(flat[:, None, :], s)[:, 0, :]

        return correlate


class ExplicitRankOne(Explicit):
    """Rank-one signs as an array, where defects of the weights need each of them."""

    def signs(self, patterns):
        xp = self.xp
        parts = [r[..., :, None] * c[..., None, :] for r, c in factors(self, patterns)]
        return xp.concat([xp.reshape(part, (*part.shape[:-2], -1)) for part in parts], axis=-1)


def factors(probe: Probe, patterns: np.ndarray) -> list[tuple[Array, Array]]:
    """Rank-one factors of each layer of weights: a value a neuron, and a value a line with the bias line last.

    The code numbers all neurons first, then all lines, as `golden.blocks.perturb.outer` does.
    """
    blocks = probe.network.blocks
    neurons = sum(b.outputs for b in blocks)
    values = probe.values(neurons + sum(b.inputs + 1 for b in blocks), patterns)
    out, neuron, line = [], 0, neurons
    for b in blocks:
        out.append((values[..., neuron : neuron + b.outputs], values[..., line : line + b.inputs + 1]))
        neuron, line = neuron + b.outputs, line + b.inputs + 1
    return out


class RankOne(Probe):
    """s = r c^T in each layer, so (r c^T) x = r (c.x): no sign of a single weight is ever made."""

    def __call__(self, theta, x, t, patterns, rails):
        xp = self.xp
        count = patterns.size
        pairs = [tuple(xp.reshape(v, (len(v), count, -1)) for v in pair) for pair in factors(self, patterns)]

        def inject(number, z, columns):
            r, c = pairs[number]
            split = 1 if number == 0 else len(rails)
            pixels, outputs = z.shape[-2:]
            inputs = xp.reshape(columns, (len(columns), split, count, -1, columns.shape[-1]))
            dot = xp.matmul(inputs, c[:, None, :, :-1, None]) + c[:, None, :, -1:, None]
            change = self.amplitude * dot * r[:, None, :, None, :]
            z = xp.reshape(z, (len(z), split, count, -1, outputs))
            z = xp.concat([z[:, k % split, None] + p * change[:, k % split, None] for k, p in enumerate(rails)], axis=1)
            return xp.reshape(z, (len(z), -1, pixels, outputs))

        def correlate(e, g):
            e = xp.reshape(e, (len(e), count, 1))
            for block, (r, c) in zip(self.network.blocks, pairs, strict=True):
                part = xp.matmul(xp.matrix_transpose(e * r), c)
                g[:, block.start : block.stop] += xp.reshape(part, (len(e), -1))

        return self.taller(theta, x, t, rails, inject), correlate


class InRegisters(Probe):
    """Random signs on dense layers, a pattern for each sample, made in registers by `kernels` (NumPy, float32)."""

    def __call__(self, theta, x, t, patterns, rails):
        seeds, items = len(theta), patterns.size
        table = np.ascontiguousarray(keys(self.seeds, PATTERN, patterns).reshape(-1, 4).T).astype(np.uint32)

        def inject(number, z, columns):
            block = self.network.blocks[number]
            split = 1 if number == 0 else len(rails)
            inputs = columns.reshape(len(columns), split, items, block.inputs)
            z = z.reshape(seeds, split, items, block.outputs)
            out = np.empty((seeds, len(rails), items, block.outputs), np.float32)
            change = None
            for k, polarity in enumerate(rails):
                out[:, k] = z[:, k % split]
                if polarity == 0:
                    continue
                if change is None or split > 1:
                    each = np.broadcast_to(inputs[:, k % split], (seeds, items, block.inputs))
                    change = self._product(table, block, each)
                out[:, k] += np.float32(polarity * self.amplitude) * change
            return out.reshape(seeds, -1, 1, block.outputs)

        def correlate(e, g):
            kernels.correlate(table, np.ascontiguousarray(e.reshape(seeds, items), np.float32), g)

        return self.taller(theta, x, t, rails, inject), correlate

    @staticmethod
    def _product(table, block, inputs):
        """Signs times inputs and bias line, shape (R, items, outputs)."""
        lines = np.ones((block.inputs + 1, table.shape[1]), np.float32)
        lines[:-1] = inputs.reshape(-1, block.inputs).T
        out = kernels.product(table, block.start, block.outputs, lines)
        return out.T.reshape(*inputs.shape[:2], block.outputs)
