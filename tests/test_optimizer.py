"""theta -= round(G rate / 2**shift), by fractions."""

from fractions import Fraction

import numpy as np
import pytest

from ohmgrad.golden.optimizer import Optimizer, scheduled, update

from .reference import clipped, nearest


@pytest.mark.parametrize("shift", [0, 1, 9, 30])
@pytest.mark.parametrize("rate", [0, 1, 129, 255])
def test_update(shift, rate):
    draw = np.random.default_rng(shift)
    bound = Optimizer(20, 23, shift, ((0, rate),)).bound
    assert bound == 2**19 - 1
    g = draw.integers(-(2**22) + 1, 2**22, 300).astype(np.int32)
    g[:4] = 0, 1, -1, 2**22 - 1
    theta = draw.integers(-bound, bound + 1, g.size).astype(np.int32)
    change = [nearest(Fraction(int(x) * rate, 2**shift)) for x in g]
    exact = [int(t) - c for t, c in zip(theta, change, strict=True)]
    over = update(np.int64(bound), shift, rate, g, theta)
    assert theta.tolist() == [clipped(x, bound) for x in exact]
    assert over == any(abs(x) > bound for x in exact)
    assert not g.any(), "G was not cleared"


@pytest.mark.parametrize(("theta", "g", "over"), [(-7, 0, False), (-6, 1, False), (-7, 1, True), (7, -1, True)])
def test_saturation_is_symmetric_and_flagged(theta, g, over):
    theta, g = np.array([theta], np.int32), np.array([g], np.int32)
    assert update(np.int64(7), 0, 1, g, theta) == over
    assert abs(theta[0]) == 7


def test_schedule_holds_from_its_step_on():
    starts, values = np.array([0, 10, 25]), np.array([200, 100, 50])
    assert [scheduled(starts, values, s) for s in (0, 9, 10, 24, 25, 10**9)] == [200, 200, 100, 100, 50, 50]
