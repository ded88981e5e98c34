"""Networks of the papers ([M23] McCaughan et al. 2023, [O25] Oripov et al. 2025)."""

from ..inputs import integer
from ..inputs import widths as sizes
from .networks import Conv, Dense, MaxPool, Network


def dense(widths: tuple[int, ...], hidden: str = "sigmoid", output: str = "sigmoid", cost: str = "mse") -> Network:
    """Fully connected network; `widths` are inputs, hidden layers, outputs.

    (2, 2, 1) is the XOR network of [M23] with 9 parameters, (49, 4, 4) that of NIST7x7 with 220.
    """
    widths = sizes("widths", widths)
    layers = [Dense(n, hidden) for n in widths[1:-1]] + [Dense(widths[-1], output)]
    return Network(widths[:1], layers, cost)


def fashion_cnn() -> Network:
    """[M23], Fashion-MNIST: 14,378 parameters.

    The count fixes the layout: without padding 28 pixels become 26, 13, 11, 5, 3, 1, so the dense layer has
    32 inputs; 160 + 4640 + 9248 + 330. Activations are not implied by it; these are ReLU.
    """
    return _cnn((28, 28, 1), (16, 32, 32))


def cifar_cnn() -> Network:
    """[M23], CIFAR-10: 26,154 parameters.

    As `fashion_cnn`: 32 pixels become 30, 15, 13, 6, 4, 2, so the dense layer has 2 x 2 x 64 inputs;
    448 + 4640 + 18496 + 2570.
    """
    return _cnn((32, 32, 3), (16, 32, 64))


def _cnn(shape: tuple[int, ...], channels: tuple[int, ...]) -> Network:
    convolutions = [layer for n in channels for layer in (Conv(n, "relu"), MaxPool())]
    return Network(shape, [*convolutions, Dense(10)], "cross-entropy")


def deep_cnn(width: int, activation: str = "tanh") -> Network:
    """[O25], Fashion-MNIST: 6 convolutions and 3 dense layers that grow with a width d.

    P = 439 d^2 + 71 d + 10 meets every figure of the paper: 28.7k at d = 8, 255k at 24, 1.8M at 64, and a factor of
    3467 from d = 1 to 64. It is that of pairs of d, 2 d and 4 d channels with padding, a pooling behind each pair
    (28 pixels become 14, 7, 3), and dense layers of 4 d, 4 d and 10 neurons on 3 x 3 x 4 d inputs.
    """
    width = integer("width", width, 1)
    pairs = [layer for n in (1, 2, 4) for layer in (*[Conv(n * width, activation, padding="same")] * 2, MaxPool())]
    layers = [*pairs, Dense(4 * width, activation), Dense(4 * width, activation), Dense(10)]
    return Network((28, 28, 1), layers, "cross-entropy")
