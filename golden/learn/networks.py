"""Networks as functions of one flat parameter vector, so that many vectors run as one batched product.

The order of parameters is that of the integer model: layer by layer, neuron by neuron; a neuron's input
weights, then its bias. A convolution is the product of its weights with patches of the image (im2col); the
inputs of a patch are ordered row, column, channel. Images are (height, width, channels).
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device

from ..inputs import choice, integer, refuse, require, tensor, trailing
from .functions import ACTIVATIONS, COSTS, Array

PADDINGS = ("valid", "same")

Spread = list[tuple[Array, Array, Array, Array]]

Inject = Callable[[int, Array, Array], Array]
"""Called with number of the layer of weights, pre-activations z and inputs; returns what z becomes."""


class Dense(NamedTuple):
    """Fully connected layer; an image that comes in is flattened."""

    outputs: int
    activation: str = "linear"


class Conv(NamedTuple):
    """Convolution with square kernels of `size`, stride 1; padding "valid" (none) or "same" (zeros)."""

    channels: int
    activation: str = "linear"
    size: int = 3
    padding: str = "valid"


class MaxPool(NamedTuple):
    """Largest value of each square of `size`; rows and columns that fill no square are dropped."""

    size: int = 2


class Block(NamedTuple):
    """Where the weights of a layer are: theta[start : stop] is a matrix of `outputs` rows and `inputs` + 1 columns.

    `pixels` is how often the matrix is used on one sample.
    """

    start: int
    stop: int
    outputs: int
    inputs: int
    pixels: int


class Network:
    """A network of layers with one cost.

    Parameters
    ----------
    shape : tuple of int
        (features,) or (height, width, channels) of a sample.
    layers : sequence of Dense, Conv, MaxPool
    cost : str
        "mse" (1/2 sum of squares), "l1" or "cross-entropy" (on logits).

    Attributes
    ----------
    size : int
        Number of parameters P.
    nodes : int
        Number of pre-activations of one sample.
    blocks : tuple of Block
        The layers of weights.
    features, outputs : int
        Values of a sample, and of what the network gives for it.

    Raises
    ------
    ValueError
        A layer that does not fit what comes before it.
    """

    def __init__(self, shape: tuple[int, ...], layers: Sequence[Dense | Conv | MaxPool], cost: str = "mse"):
        allowed = "(features,) or (height, width, channels)"
        require(isinstance(shape, Sequence) and len(shape) in (1, 3), "shape", shape, allowed)
        shape = tuple(integer("shape", n, 1) for n in shape)
        known = isinstance(layers, Sequence) and all(isinstance(layer, Dense | Conv | MaxPool) for layer in layers)
        require(known, "layers", layers, "a list of Dense, Conv and MaxPool")
        require(any(not isinstance(layer, MaxPool) for layer in layers), "layers", layers, "a list with Dense or Conv")
        choice("cost", cost, COSTS)
        self.shape, self.layers, self.cost = shape, tuple(layers), cost
        self.shapes = [shape]
        blocks: list[Block] = []
        for k, layer in enumerate(self.layers):
            out = _shape(f"layers[{k}]", layer, shape)
            if not isinstance(layer, MaxPool):
                inputs = layer.size**2 * shape[2] if isinstance(layer, Conv) else prod(shape)
                start = blocks[-1].stop if blocks else 0
                blocks.append(Block(start, start + out[-1] * (inputs + 1), out[-1], inputs, prod(out[:-1])))
            self.shapes.append(shape := out)
        self.blocks, self.size = tuple(blocks), blocks[-1].stop
        self.features, self.outputs = prod(self.shape), prod(shape)
        single = cost == "cross-entropy" and self.outputs == 1
        require(not single, "cost", cost, "mse or l1 of a network with one output, which has no other class")
        self.nodes = sum(b.outputs * b.pixels for b in blocks)

    def forward(self, theta: Array, x: Array) -> Array:
        """Outputs of the network, (..., samples, outputs), of parameters (..., P) and samples (..., samples, features).

        Leading axes broadcast: each parameter vector can see its own samples.
        """
        theta, x = tensor("theta", theta, self.size), tensor("x", x, "samples", self.features)
        try:
            array_namespace(theta, x)
            np.broadcast_shapes(tuple(theta.shape[:-1]), tuple(x.shape[:-2]))
        except (TypeError, ValueError):
            allowed = f"an array of theta's library, with leading axes that fit those of theta, {tuple(theta.shape)}"
            refuse("x", f"a {type(x).__name__} of shape {tuple(x.shape)}", allowed)
        return self.propagate(theta, x)

    def propagate(self, theta: Array, x: Array, inject: Inject | None = None, spread: Spread | None = None) -> Array:
        """`forward` of arrays that are checked, with what probes and defects add.

        Parameters
        ----------
        theta : array, shape (..., P)
        x : array, shape (..., samples, features)
            Leading axes broadcast with those of theta: each parameter vector can see its own samples.
        inject : callable, optional
            Changes pre-activations z, shape (..., samples, pixels, outputs), of each layer of weights, given its
            inputs, shape (..., samples, pixels, inputs). It may change the number of samples.
        spread : list, optional
            For each layer of weights (L, k, x0, y0): activation L f(k (z - x0)) + y0; each of shape (R, outputs),
            R the first axis of theta.

        Returns
        -------
        array, shape (..., samples, outputs)
        """
        xp = array_namespace(theta, x)
        number = 0
        for layer, shape in zip(self.layers, self.shapes, strict=False):
            if isinstance(layer, MaxPool):
                x = _pool(xp, xp.reshape(x, (*x.shape[:-1], *shape)), layer.size)
                continue
            if isinstance(layer, Conv):
                columns = patches(xp, xp.reshape(x, (*x.shape[:-1], *shape)), layer)
            else:
                columns = x[..., None, :]
            z = affine(xp, theta, self.blocks[number], columns)
            if inject is not None:
                z = inject(number, z, columns)
            function = ACTIVATIONS[layer.activation]
            if spread is None:
                z = function(xp, z)
            else:
                gain, slope, x0, y0 = (xp.reshape(v, (v.shape[0], *[1] * (z.ndim - 2), -1)) for v in spread[number])
                z = gain * function(xp, slope * (z - x0)) + y0
            x = xp.reshape(z, (*z.shape[:-2], z.shape[-2] * z.shape[-1]))
            number += 1
        return x

    def costs(self, outputs: Array, targets: Array) -> Array:
        """Cost of each sample, shape (..., samples), of outputs and targets (..., samples, outputs)."""
        fit = trailing("outputs", outputs, self.outputs), trailing("targets", targets, self.outputs)
        try:
            return COSTS[self.cost](array_namespace(*fit), *fit)
        except (TypeError, ValueError, RuntimeError):
            allowed = f"an array of the library of outputs, with axes that fit theirs, {tuple(outputs.shape)}"
            refuse("targets", f"a {type(targets).__name__} of shape {tuple(targets.shape)}", allowed)


def _shape(place: str, layer: Dense | Conv | MaxPool, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape that a layer makes of another; ValueError if it cannot."""
    if not isinstance(layer, MaxPool):
        choice(f"{place}.activation", layer.activation, ACTIVATIONS)
    if isinstance(layer, Dense):
        return (integer(f"{place}.outputs", layer.outputs, 1),)
    require(len(shape) == 3, place, layer, "Dense behind a layer that gives no image")
    integer(f"{place}.size", layer.size, 1)
    height, width, channels = shape
    require(layer.size <= min(height, width), place, layer, f"a size up to {min(height, width)}")
    if isinstance(layer, MaxPool):
        return height // layer.size, width // layer.size, channels
    choice(f"{place}.padding", layer.padding, PADDINGS)
    integer(f"{place}.channels", layer.channels, 1)
    if layer.padding == "valid":
        return height - layer.size + 1, width - layer.size + 1, layer.channels
    require(layer.size % 2 == 1, place, layer, 'an odd size where padding is "same"')
    return height, width, layer.channels


def weights(xp: Any, theta: Array, block: Block) -> Array:
    """Matrix of a layer, shape (..., outputs, inputs + 1), the last column its biases: a view of theta."""
    return xp.reshape(theta[..., block.start : block.stop], (*theta.shape[:-1], block.outputs, block.inputs + 1))


def affine(xp: Any, theta: Array, block: Block, columns: Array) -> Array:
    """Pre-activations (..., samples, pixels, outputs) of inputs (..., samples, pixels, inputs)."""
    w = weights(xp, theta, block)
    samples, pixels, inputs = columns.shape[-3:]
    flat = xp.reshape(columns, (*columns.shape[:-3], samples * pixels, inputs))
    z = xp.matmul(flat, xp.matrix_transpose(w[..., :-1])) + w[..., None, :, -1]
    return xp.reshape(z, (*z.shape[:-2], samples, pixels, block.outputs))


def patches(xp: Any, images: Array, layer: Conv) -> Array:
    """Patches of images (..., height, width, channels) under a kernel: (..., pixels, size * size * channels)."""
    n = layer.size
    if layer.padding == "same":
        for axis in (-3, -2):
            shape = list(images.shape)
            shape[axis] = n // 2
            rim = xp.zeros(tuple(shape), dtype=images.dtype, device=device(images))
            images = xp.concat([rim, images, rim], axis=axis)
    height, width = images.shape[-3] - n + 1, images.shape[-2] - n + 1
    parts = [images[..., i : i + height, j : j + width, :] for i in range(n) for j in range(n)]
    whole = xp.concat(parts, axis=-1)
    return xp.reshape(whole, (*whole.shape[:-3], height * width, whole.shape[-1]))


def _pool(xp: Any, images: Array, n: int) -> Array:
    """Largest values of squares of n x n pixels, flattened."""
    height, width = images.shape[-3] // n, images.shape[-2] // n
    out = None
    for i in range(n):
        for j in range(n):
            part = images[..., i : i + n * (height - 1) + 1 : n, j : j + n * (width - 1) + 1 : n, :]
            out = part if out is None else xp.maximum(out, part)
    assert out is not None
    return xp.reshape(out, (*out.shape[:-3], -1))
