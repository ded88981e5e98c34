"""Node perturbation: pre-activations are moved, and dW = (C~ s) x^T for the inputs x of each layer ([O25])."""

import numpy as np

from .networks import weights
from .passes import correlated_inputs
from .probes import Probe


class Node(Probe):
    """A pattern of all pre-activations for each sample; `inputs` and `by_layer` as in `MGD`."""

    inputs = "mean"
    by_layer = False

    def __call__(self, theta, x, t, patterns, rails):
        xp, network = self.xp, self.network
        seeds, items = len(theta), patterns.size
        active = None
        if self.by_layer:
            number = patterns[:, 0] // patterns.shape[1] % len(network.blocks)
            active = self.maker.array(np.repeat(number, patterns.shape[1]), xp.int32)
        s = self.values(network.nodes, patterns)
        s = xp.reshape(s, (len(s), items, network.nodes))
        inputs, signs, first = [], [], 0
        for k, b in enumerate(network.blocks):
            part = xp.reshape(s[..., first : first + b.outputs * b.pixels], (len(s), items, b.pixels, b.outputs))
            if active is not None:
                part = part * xp.astype(active == k, part.dtype)[:, None, None]
            signs.append(part)
            first += b.outputs * b.pixels

        def inject(number, z, columns):
            inputs.append(self._inputs(number, columns, rails))
            z = xp.reshape(z, (len(z), 1 if number == 0 else len(rails), items, *z.shape[-2:]))
            change = self.amplitude * signs[number]
            z = xp.concat([z[:, k % z.shape[1]] + p * change for k, p in enumerate(rails)], axis=1)
            return z

        def correlate(e, g):
            e = xp.reshape(e, (len(e), items, 1, 1))
            for block, sign, columns in zip(network.blocks, signs, inputs, strict=True):
                delta = xp.reshape(e * sign, (seeds, -1, block.outputs))
                columns = xp.reshape(columns, (len(columns), -1, block.inputs))
                part = weights(xp, g, block)
                part[..., :-1] += xp.matmul(xp.matrix_transpose(delta), columns)
                part[..., -1] += xp.sum(delta, axis=1)

        return self.taller(theta, x, t, rails, inject), correlate

    def _inputs(self, number, columns, rails):
        """The inputs of a layer that the cost is correlated with."""
        if number == 0:
            return columns
        xp = self.xp
        columns = xp.reshape(columns, (len(columns), len(rails), -1, *columns.shape[-2:]))
        perturbed = [columns[:, k] for k, polarity in enumerate(rails) if polarity]
        return correlated_inputs(self.inputs, perturbed, columns[:, rails.index(0)] if 0 in rails else None)
