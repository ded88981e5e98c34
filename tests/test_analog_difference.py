"""Two arrays read against each other."""

import numpy as np
import pytest

from ohmgrad.golden.analog.array import AnalogArray
from ohmgrad.golden.analog.devices import ConstantStep, SoftBounds
from ohmgrad.golden.analog.difference import Difference
from ohmgrad.golden.analog.periphery import Periphery
from ohmgrad.golden.analog.update import Update
from ohmgrad.golden.analog.zero_shift import zero_shift

SEED = 23
PERFECT = Periphery(is_perfect=True)
EXACT = {"dw_min_dtod": 0.0, "dw_min_std": 0.0, "up_down_dtod": 0.0, "w_max_dtod": 0.0, "w_min_dtod": 0.0}


def two(device, shape):
    update = Update(pulse_type="deterministic-implicit", desired_bl=31)
    return [AnalogArray(device, *shape, seed=SEED + k, forward=PERFECT, update=update) for k in range(2)]


@pytest.mark.parametrize(("both", "moved"), [(False, (1.0, 0.0)), (True, (0.5, -0.5))])
def test_reads_and_updates_of_a_difference(both, moved):
    """w -= lr d x^T in units of W = 2 (A - R), in whole steps of 1/1024: exact."""
    plus, minus = two(ConstantStep(dw_min=1 / 1024, w_max=4.0, w_min=-4.0, **EXACT), (3, 4))
    rng = np.random.default_rng(SEED)
    plus.hold(rng.integers(-99, 99, (3, 4)) / 128)
    minus.hold(rng.integers(-99, 99, (3, 4)) / 128)
    pair, before = Difference(plus, minus, scale=2.0, both=both), [plus.weights.copy(), minus.weights.copy()]
    w = 2 * (before[0] - before[1])
    assert (pair.weights == w).all() and pair.shape == (3, 4)
    x, d = np.float32([1, 0, -1, 0.5]), np.float32([1, -1, 0])
    np.testing.assert_allclose(pair.forward(x), w @ x, rtol=1e-6)
    np.testing.assert_allclose(pair.backward(d), d @ w, rtol=1e-6)
    np.testing.assert_allclose(pair.read_line(2), w[:, 2], rtol=1e-6)
    np.testing.assert_allclose(pair.read_line(1, columns=False), w[1], rtol=1e-6)
    pair.update(x, d, lr=16 / 1024)
    for array, old, share in zip((plus, minus), before, moved, strict=True):
        np.testing.assert_allclose(array.weights - old, -share * 8 / 1024 * np.outer(d, x), atol=1e-6)


def test_a_zero_shifted_array_is_read_as_a_minus_r():
    """R holds what A shows at its symmetry points, within R's own bounds: then A - R rests at zero."""
    plus, minus = two(SoftBounds(dw_min=0.01, up_down=0.2, dw_min_std=0.0), (6, 5))
    points = zero_shift(plus.cells, plus.weights, 500, plus.rng)
    minus.hold(points)
    low, high = minus.cells.bounds
    reached = (low < points) & (points < high)
    steps = plus.cells.each[..., :2].max(-1)
    print(f"seed {SEED}: {reached.sum()} of 30 points within R's bounds")
    assert reached.sum() > 15 and (abs(Difference(plus, minus).weights) < steps)[reached].all()


def test_refusals_of_a_difference():
    (a, _), (b, _) = two(SoftBounds(), (2, 3)), two(SoftBounds(), (3, 2))
    with pytest.raises(ValueError, match=r"^Difference.minus: \(3, 2\) is refused; allowed is an array of \(2, 3\).$"):
        Difference(a, b)
    with pytest.raises(ValueError, match=r"^Difference.scale: 0 is refused; allowed is a number above 0.$"):
        Difference(a, a, 0)
