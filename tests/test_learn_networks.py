"""Networks of `golden.learn`: against plain loops, and the papers' parameter counts."""

import numpy as np
import pytest

from ohmgrad.golden.learn import Conv, Dense, MaxPool, Network, models
from ohmgrad.golden.learn.functions import ACTIVATIONS

from .learn_reference import FUNCTIONS

SEED = 7


def plain_conv(image, matrix, size, padding):
    """One convolution, pixel by pixel, channel by channel: (height, width, channels)."""
    rim = size // 2 if padding == "same" else 0
    height, width, channels = image.shape
    out = np.zeros((height + 2 * rim - size + 1, width + 2 * rim - size + 1, len(matrix)))
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for o, row in enumerate(matrix):
                total = row[-1]
                for i in range(size):
                    for j in range(size):
                        v, u = y + i - rim, x + j - rim
                        if 0 <= v < height and 0 <= u < width:
                            at = (i * size + j) * channels
                            total += row[at : at + channels] @ image[v, u]
                out[y, x, o] = total
    return out


@pytest.mark.parametrize(("size", "padding"), [(3, "valid"), (3, "same"), (2, "valid"), (5, "same"), (1, "valid")])
def test_convolution(size, padding):
    rng = np.random.default_rng(SEED)
    network = Network((5, 6, 2), [Conv(3, "tanh", size, padding)])
    theta, images = rng.normal(size=(2, network.size)), rng.normal(size=(4, 5, 6, 2))
    got = network.forward(theta, images.reshape(1, 4, -1))
    for r in range(2):
        for n in range(4):
            want = np.tanh(plain_conv(images[n], theta[r].reshape(3, -1), size, padding))
            np.testing.assert_allclose(got[r, n], want.ravel(), atol=1e-12)


def test_max_pooling_drops_what_fills_no_square():
    image = np.random.default_rng(SEED).normal(size=(5, 7, 2))
    network = Network((5, 7, 2), [MaxPool(2), Dense(12)])
    theta = np.concatenate([np.eye(12), np.zeros((12, 1))], axis=1).ravel()
    want = [image[2 * y : 2 * y + 2, 2 * x : 2 * x + 2, c].max() for y in range(2) for x in range(3) for c in range(2)]
    np.testing.assert_allclose(network.forward(theta[None], image.reshape(1, 1, -1))[0, 0], want)


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_dense_layers_in_the_order_of_the_integer_model(activation):
    """Neuron by neuron, a neuron's weights and then its bias."""
    rng = np.random.default_rng(SEED)
    network = Network((3,), [Dense(4, activation), Dense(2)])
    theta, x = rng.normal(size=(5, network.size)), rng.normal(size=(5, 6, 3))
    got = network.forward(theta, x)
    for r in range(5):
        w1, w2 = theta[r, :16].reshape(4, 4), theta[r, 16:].reshape(2, 5)
        for n in range(6):
            h = FUNCTIONS[activation][0](w1 @ np.append(x[r, n], 1))
            np.testing.assert_allclose(got[r, n], w2 @ np.append(h, 1), atol=1e-12)


def test_functions_far_from_zero():
    """No exponential overflows, in float32 either."""
    z = np.array([-1e4, -100, 0, 100, 1e4], np.float32)
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_array_equal(ACTIVATIONS["sigmoid"](np, z), [0, 0, 0.5, 1, 1])
        np.testing.assert_array_equal(ACTIVATIONS["softmax"](np, z), [0, 0, 0, 0, 1])
        network = Network((1,), [Dense(5)], "cross-entropy")
        np.testing.assert_allclose(network.costs(z, np.eye(5, dtype=np.float32)), 1e4 - z, rtol=1e-6)


def test_costs():
    y, t = np.array([[0.2, -0.5, 1.0]]), np.array([[1.0, 0.0, 0.0]])
    network = {cost: Network((1,), [Dense(3)], cost) for cost in ("mse", "l1", "cross-entropy")}
    assert network["mse"].costs(y, t)[0] == pytest.approx((0.64 + 0.25 + 1) / 2)
    assert network["l1"].costs(y, t)[0] == pytest.approx(0.8 + 0.5 + 1)
    softmax = np.exp(y) / np.exp(y).sum()
    assert network["cross-entropy"].costs(y, t)[0] == pytest.approx(-np.log(softmax[0, 0]))


def test_parameter_counts_of_the_papers():
    assert models.dense((2, 2, 1)).size == 9
    assert models.dense((49, 4, 4)).size == 220
    assert models.fashion_cnn().size == 14378
    assert models.cifar_cnn().size == 26154
    deep = {width: models.deep_cnn(width).size for width in (1, 8, 24, 64)}
    assert (round(deep[8] / 1e3, 1), round(deep[24] / 1e3), round(deep[64] / 1e6, 1)) == (28.7, 255, 1.8)
    assert round(deep[64] / deep[1]) == 3467


@pytest.mark.parametrize(
    ("shape", "layers", "text"),
    [
        ((4, 4), [Dense(1)], "shape: (4, 4) is refused; allowed is (features,) or (height, width, channels)."),
        ((4,), [MaxPool(), Dense(1)], "layers[0]: MaxPool(size=2) is refused; allowed is Dense behind"),
        ((4, 4, 1), [Conv(2), Conv(2)], "layers[1]: Conv(channels=2, activation='linear', size=3, padding='valid') is"),
        ((4,), [Dense(0)], "layers[0].outputs: 0 is refused; allowed is an integer from 1."),
        ((4,), [Dense(2, "gelu")], "layers[0].activation: 'gelu' is refused; allowed is one of linear, "),
        ((4, 4, 1), [MaxPool()], "layers: "),
    ],
)
def test_refusals(shape, layers, text):
    with pytest.raises(ValueError, match="is refused") as error:
        Network(shape, layers)
    assert str(error.value).startswith(text)
