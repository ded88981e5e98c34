"""theta -= eta G, plain, with momentum, rounded stochastically, by fractions."""

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest

from ohmgrad.golden.blocks.update.optimizer import MOMENTUM_BITS, Optimizer, scheduled, update, update_with

from . import reference
from .reference import clipped, nearest

MOMENTUM_BOUND = 2 ** (MOMENTUM_BITS - 1) - 1


@pytest.mark.parametrize("shift", [0, 1, 9, 30])
@pytest.mark.parametrize("rate", [0, 1, 129, 255])
def test_update(shift, rate):
    draw = np.random.default_rng(shift)
    bound = Optimizer(20, 23, shift, ((0, (rate,)),)).bound
    assert bound == 2**19 - 1
    g = draw.integers(-(2**22) + 1, 2**22, 300).astype(np.int32)
    g[:4] = 0, 1, -1, 2**22 - 1
    theta = draw.integers(-bound, bound + 1, g.size).astype(np.int32)
    change = [nearest(Fraction(int(x) * rate, 2**shift)) for x in g]
    exact = [int(t) - c for t, c in zip(theta, change, strict=True)]
    m, kept, wide = np.zeros_like(g), g.copy(), theta.copy()
    over = update(np.int64(bound), shift, rate, g, theta)
    assert theta.tolist() == [clipped(x, bound) for x in exact]
    assert over == any(abs(x) > bound for x in exact)
    assert not g.any(), "G was not cleared"
    assert over == update_with(Optimizer(20, 23, shift, (), seed=1), rate, 0, 0, kept, m, wide)
    assert np.array_equal(wide, theta) and not m.any(), "with no momentum and to nearest it is the same"


@pytest.mark.parametrize("stochastic", [False, True])
@pytest.mark.parametrize("momentum", [0, 1, 128, 255])
@pytest.mark.parametrize("shift, rate", [(8, 255), (11, 1), (16, 77), (17, 0), (30, 254)])
def test_update_with(shift, rate, momentum, stochastic):
    """Words of 30 bits, whose product with a rate does not fit 32."""
    seed, step, first = 0xDEADBEEF, 2**31 + 5, 1001
    draw = np.random.default_rng([shift, momentum])
    bound = 2**27 - 1
    g, m, theta = (
        draw.integers(-top, top + 1, 300).astype(np.int32) for top in (2**29 - 1, MOMENTUM_BOUND, bound)
    )
    g[:4] = 2**29 - 1, -(2**29) + 1, 0, 0
    m[2:4] = MOMENTUM_BOUND, -MOMENTUM_BOUND
    theta[:2] = -bound, bound
    expected_m, exact, over = m.tolist(), [], False
    for i, (x, before) in enumerate(zip(g.tolist(), theta.tolist(), strict=True)):
        change, bits = x * rate, shift
        if momentum:
            raw = nearest(Fraction(expected_m[i] * momentum, 256)) + nearest(Fraction(change * 256, 2**shift))
            change, bits = clipped(raw, MOMENTUM_BOUND), 8
            over |= raw != change
            expected_m[i] = change
        bits16 = reference.rounding_draw(seed, step, first + i) if stochastic else None
        exact.append(before - reference.rounded(change, bits, bits16))
    kept = g.copy()
    got = update_with(Optimizer(28, 30, shift, (), momentum, stochastic, seed), rate, step, first, g, m, theta)
    assert m.tolist() == expected_m
    assert theta.tolist() == [clipped(x, bound) for x in exact]
    assert got == (over or any(abs(x) > bound for x in exact))
    assert np.array_equal(g, kept)


def test_momentum_multiplies_a_constant_gradient():
    """[M23]: M = gamma M + eta G tends to eta G / (1 - gamma); after n updates to that times 1 - gamma**n."""
    gamma, n = 230, 60
    g, m, theta = np.full(1, 3000, np.int32), np.zeros(1, np.int32), np.zeros(1, np.int32)
    for step in range(n):
        update_with(Optimizer(20, 20, 12, (), gamma), 16, step, 0, g, m, theta)
    eta_g, ratio = 256 * 3000 * 16 / 2**12, gamma / 256
    # Each update rounds M once, by half an LSB; such errors add up to less than 0.5 / (1 - gamma).
    assert abs(m[0] - eta_g * (1 - ratio**n) / (1 - ratio)) <= 0.5 / (1 - ratio)
    assert not Optimizer(20, 20, 12, ((0, (16,)),), gamma).plain


@pytest.mark.parametrize("shift", [17, 20, 28])
def test_a_draw_of_too_few_bits_stands_for_its_middle(shift):
    """floor((x + (draw + 1/2) 2**(n - 16)) / 2**n) goes from -1 to 0 where x + draw 2**(n - 16) = -2**(n - 17)."""
    seed, step, half = 5, 9, 2 ** (shift - 17)
    draws = np.array([reference.rounding_draw(seed, step, i) for i in range(40)])
    for beyond in (0, 1):
        g = (-draws * 2 * half - half - beyond).astype(np.int32)
        theta = np.zeros(g.size, np.int32)
        update_with(Optimizer(20, 30, shift, (), 0, True, seed), 1, step, 0, g, np.zeros_like(g), theta)
        assert theta.tolist() == [beyond] * g.size


@pytest.mark.parametrize("shift", [8, 16, 20])
def test_stochastic_rounding_is_right_in_the_mean(shift):
    """Of a change of 0.3 LSB theta gets 0.3 LSB in the mean, in parameters and in steps, and never 2."""
    parameters, steps = 500, 40
    g, m = np.full(parameters, round(0.3 * 2**shift), np.int32), np.zeros(parameters, np.int32)
    counts = np.zeros((steps, parameters))
    for step in range(steps):
        theta = np.zeros(parameters, np.int32)
        update_with(Optimizer(20, 30, shift, (), 0, True, 7), 1, step, 0, g, m, theta)
        counts[step] = -theta
    assert set(counts.ravel()) == {0, 1}
    p = g[0] / 2**shift
    for axis, n in ((0, steps), (1, parameters)):
        assert np.abs(counts.mean(axis) - p).max() < 5 * sqrt(p * (1 - p) / n), "seed 7"
    assert abs(counts.mean() - p) < 5 * sqrt(p * (1 - p) / counts.size), "seed 7"


@pytest.mark.parametrize(("theta", "g", "over"), [(-7, 0, False), (-6, 1, False), (-7, 1, True), (7, -1, True)])
def test_saturation_is_symmetric_and_flagged(theta, g, over):
    theta, g = np.array([theta], np.int32), np.array([g], np.int32)
    assert update(np.int64(7), 0, 1, g, theta) == over
    assert abs(theta[0]) == 7


def test_schedule_holds_from_its_step_on():
    starts = np.array([0, 10, 25])
    assert [scheduled(starts, s) for s in (0, 9, 10, 24, 25, 10**9)] == [0, 0, 1, 1, 2, 2]
