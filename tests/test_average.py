"""The running averages by exact fractions, their range, where they rest, and what they take off a wandering weight."""

from fractions import Fraction

import numpy as np
import pytest

from ohmgrad.golden.blocks.update.average import SHIFT_MOST, Average, iterate, mean

from .reference import nearest

SEED = 41


def codes(draw, bits, size):
    """Codes of a width, both ends of its range among them."""
    half = 2 ** (bits - 1)
    values = draw.integers(-half, half, size)
    values[:4] = -half, half - 1, -half, 0
    return values.astype(np.int32)


@pytest.mark.parametrize(("weight_bits", "bits"), [(12, 32), (8, 12), (5, 5)])
@pytest.mark.parametrize("shift", [0, 1, 3, SHIFT_MOST])
def test_exponential_average_by_fractions(shift, weight_bits, bits):
    """From any V, ends of its range among them; never out of it, never flagged."""
    draw = np.random.default_rng([SEED, shift, bits])
    memory = codes(draw, bits, 60)
    for n in range(40):
        weights = codes(draw, weight_bits, memory.size)
        first = n == 20
        exact = []
        for v, w in zip(memory.tolist(), weights.tolist(), strict=True):
            target = w * 2 ** (bits - weight_bits)
            exact.append(target if first else v + nearest(Fraction(target - v, 2**shift)))
        assert iterate(Average(weight_bits, bits), shift, first, weights, memory) is False
        assert memory.tolist() == exact
        assert -(2 ** (bits - 1)) <= min(exact) and max(exact) < 2 ** (bits - 1)


@pytest.mark.parametrize(("fraction", "shift"), [(20, 8), (6, 6), (4, 9)])
def test_exponential_average_rests_within_half_of_2_to_the_k(fraction, shift):
    """A weight that stands still: V stops at the last d with |d| < 2**(k-1), from above and from below."""
    average, size = Average(10, 10 + fraction), 50
    draw = np.random.default_rng(SEED)
    weights, memory = codes(draw, 10, size), np.zeros(size, np.int32)
    iterate(average, 0, True, codes(draw, 10, size), memory)
    apart = abs(mean(average, 0, memory) - weights) > 2.0 ** (shift - fraction)
    # (1 - 2**-k)**n < 2**-11 - fraction brings any distance of codes below 1 LSB but for the rounding.
    for _ in range((12 + fraction) << shift):
        iterate(average, shift, False, weights, memory)
    distance = abs(memory - (weights.astype(np.int64) << fraction))
    assert distance.max() < 2 ** (shift - 1), "it rests too far away"
    assert apart.any() and (distance[apart] == 2 ** (shift - 1) - 1).all()


@pytest.mark.parametrize("shift", [3, 6])
def test_exponential_average_quietens_a_wandering_weight(shift):
    """Independent iterates of variance s2 leave s2 a / (2 - a), a = 2**-k; the first one has died out.

    A sample variance of n normal numbers deviates by sqrt(2 / n) of itself; five of these are allowed. Rounding of
    the iterates is in s2; that of V adds at most 2**k / 12 of its LSB's square, here 2**-24: nothing beside it.
    """
    average, size, spread = Average(12, 24), 4000, 100
    draw = np.random.default_rng(SEED)
    memory = np.zeros(size, np.int32)
    for n in range(12 << shift):
        weights = np.rint(300 + draw.normal(0, spread, size)).astype(np.int32)
        iterate(average, shift, n == 0, weights, memory)
    got, a = mean(average, 0, memory), 2.0**-shift
    expected = (spread**2 + 1 / 12) * a / (2 - a)
    print(f"seed {SEED}: mean {got.mean():.3f}, variance {got.var():.3f}, expected 300 and {expected:.3f}")
    assert abs(got.mean() - 300) < 5 * (expected / size) ** 0.5
    assert abs(got.var() / expected - 1) < 5 * (2 / size) ** 0.5


@pytest.mark.parametrize("shift", [0, 4])
def test_cumulative_average_is_exact(shift):
    """Iterates of the ends of the range for 2**k = 2**f of them, which just fit, and any others."""
    average, size = Average(9, 9 + shift, True), 50
    draw = np.random.default_rng(SEED)
    memory, total = draw.integers(-99, 99, size).astype(np.int32), np.zeros(size, np.int64)
    for n in range(2**shift):
        weights = codes(draw, 9, size)
        weights[:2] = -256, 255
        assert not iterate(average, 0, n == 0, weights, memory)
        total += weights
    assert memory.tolist() == total.tolist()
    assert mean(average, shift, memory).tolist() == [float(Fraction(int(t), 2**shift)) for t in total]
    assert mean(average, shift, memory)[:2].tolist() == [-256, 255]


def test_cumulative_average_saturates_and_says_so():
    """From one LSB below, and above, each end of 12-bit words."""
    average = Average(10, 12, True)
    for start, weight, expected, flagged in (
        (2046, 1, 2047, False), (2047, 1, 2047, True), (1700, 511, 2047, True),
        (-2047, -1, -2048, False), (-2048, -1, -2048, True), (-2000, -512, -2048, True),
    ):  # fmt: skip
        memory = np.array([start], np.int32)
        assert iterate(average, 0, False, np.array([weight], np.int32), memory) == flagged
        assert memory[0] == expected
    memory = np.array([2047], np.int32)
    assert not iterate(average, 0, True, np.array([-7], np.int32), memory) and memory[0] == -7


def test_mean_is_in_units_of_the_weights():
    memory = np.array([-2048, 3, 2047], np.int32)
    assert mean(Average(4, 12), 7, memory).tolist() == [-8, 3 / 256, 2047 / 256]
    assert mean(Average(4, 12, True), 7, memory).tolist() == [-16, 3 / 128, 2047 / 128]
