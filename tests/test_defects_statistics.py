"""Sizes and independence of the noises of `golden.defects.array`, and shares of defects, over many draws.

A mean of n draws deviates by sigma / sqrt(n), a variance by at most sqrt(2 / n) of it, as sums of uniform
numbers have lighter tails than normal ones, a correlation by 1 / sqrt(n). Five of these are allowed.
"""

import numpy as np
import pytest

from ohmgrad.golden.blocks.lib.mixer import key
from ohmgrad.golden.defects.draws import SIGMA, normal

from .chips import FILTERED, engine, small

SEED, STEPS = 41, 4000
UNIT = 2 * 511**2
"""LSBs of S in a unit of C."""
DEAF = {"seed": SEED, "cost.bits": 22, "defects.stuck": 1.0}
"""No perturbation reaches the network: C~ is noise alone, and S is one of four."""


def lagged(x, lag):
    """Largest correlation of a series with itself, so many steps later, in standard errors."""
    return abs(np.corrcoef(x[:-lag], x[lag:])[0, 1]) * (len(x) - lag) ** 0.5


def test_draws_are_nearly_normal():
    """Excess kurtosis of eight uniform numbers: -1.2 / 8, of 24 / n variance."""
    x = np.array([normal(key(SEED, 5, 0), i) for i in range(20000)]) / SIGMA
    moments = [(x**k).mean() for k in (1, 2, 3, 4)]
    print(f"seed {SEED}: moments {np.round(moments, 3)}")
    assert abs(np.array(moments) - [0, 1, 0, 3 - 0.15]) == pytest.approx(0, abs=5 * (96 / 20000) ** 0.5)
    assert abs(moments[0]) < 5 / 20000**0.5 and abs(moments[1] - 1) < 5 * (2 / 20000) ** 0.5
    assert max(lagged(x, lag) for lag in (1, 2, 8)) < 5


@pytest.mark.parametrize(
    ("changes", "variance"),
    [
        ({}, 2),  # a noise of its own on each rail
        ({"cost.average": 4}, 2 / 4),
        ({"cost.average": 16}, 2 / 16),
        ({"cost.mode": "forward"}, 2),
        ({"cost.mode": "forward", "cost.average": 8, "cost.average_c0": 2}, 1 / 8 + 1 / 2),
        ({"cost.mode": "forward", "cost.average_c0": 16}, 1 + 1 / 16),
        ({"cost.function": "l1"}, 2),
    ],
    ids=str,
)
def test_noise_of_the_cost(changes, variance):
    """Of C~, whose rounding adds 1/12, that of each reading as much."""
    sigma = 0.02
    learner = engine(small(**DEAF, **changes, **{"defects.cost_noise": sigma}))
    trace = learner.trace(learner.initial(), STEPS)
    unit = 2 * 511 if "cost.function" in changes else UNIT
    assert (trace.sums[:, 0] == trace.sums[:, 1]).all()
    c = trace.cost / (sigma * unit)
    want = variance * (1 + 1 / 12 / (sigma * unit) ** 2)
    print(f"seed {SEED}: variance {c.var():.4f} of {want:.4f}, mean {c.mean():.4f}")
    assert c.var() == pytest.approx(want, rel=5 * (2 / STEPS) ** 0.5)
    assert abs(c.mean()) < 5 * (variance / STEPS) ** 0.5
    assert max(lagged(c, lag) for lag in (1, 2, 4, 7)) < 5
    other = engine(small(**{**DEAF, **changes, "seed": SEED + 1}, **{"defects.cost_noise": sigma}))
    d = other.trace(other.initial(), STEPS).cost
    assert abs(np.corrcoef(c, d)[0, 1]) < 5 / STEPS**0.5


def test_c0_keeps_its_noise_until_it_is_measured_again():
    """Eight steps share a C0: covariance sigma^2 / 4 among them with four readings of it, and none beyond."""
    changes = {"cost.mode": "forward", "cost.refresh": 8, "cost.average_c0": 4, "perturbation.tau_x": STEPS}
    learner = engine(small(**DEAF, **changes, **{"defects.cost_noise": 0.02}))
    c = learner.trace(learner.initial(), STEPS).cost.reshape(-1, 8) / (0.02 * UNIT)
    covariance = (c.T @ c / len(c))[np.triu_indices(8, 1)]
    # The mean of 28 pairs that share one number: its square has a variance of 2 / 16.
    allowed = 5 * ((2 / 16 + 2 * 1.25 / 8) / len(c)) ** 0.5
    print(f"seed {SEED}: covariance {covariance.mean():.3f} of 0.25, allowed {allowed:.3f}")
    assert covariance.mean() == pytest.approx(0.25, abs=allowed)
    assert abs(np.corrcoef(c[:-1, -1], c[1:, 0])[0, 1]) < 5 / len(c) ** 0.5


def test_noise_of_updates():
    """In each parameter its own; sigma = 0.02 are 328 LSBs of 8 / 2**17; tau_theta = 2."""
    learner = engine(small(**DEAF, **{"defects.update_noise": 0.02, "perturbation.tau_theta": 2}))
    state, steps = learner.initial(), []
    for n in range(2000):
        before = state.theta.copy()
        learner.run(state, 1)
        if n % 2:
            steps.append((state.theta - before) * 8 / 2**17 / 0.02)
        else:
            assert (state.theta == before).all()
    noise = np.array(steps)
    print(f"seed {SEED}: variance {noise.var():.4f}, mean {noise.mean():.4f}")
    assert noise.var() == pytest.approx(1, rel=5 * (2 / noise.size) ** 0.5)
    assert abs(noise.mean()) < 5 / noise.size**0.5
    assert abs(np.corrcoef(noise.T) - np.eye(37)).max() < 5 / len(noise) ** 0.5
    assert max(lagged(noise[:, i], lag) for i in range(37) for lag in (1, 2)) < 5


def test_noise_of_updates_ends_at_the_bounds_and_spares_frozen_layers():
    noisy = {"defects.update_noise": 4.0}
    learner = engine(small(**DEAF, **noisy, **{"update.layers": [1, 0, 0.5]}))
    state, initial = learner.initial(), learner.initial().theta
    learner.run(state, 50)
    moved = np.concatenate([(m != 0).ravel() for m in learner.chip.matrices(state.theta - initial)[::2]])
    assert (learner.chip.matrices(state.theta - initial)[1] == 0).all() and moved.mean() > 0.95
    assert abs(state.theta).max() == 2**17 - 1 and state.flags == 4
    learner = engine(small(**DEAF, **noisy, **FILTERED))
    state, rows = learner.initial(), learner.chip.path.devices.sample(37)
    learner.run(state, 50)
    assert ((-rows[:, 5] <= state.theta) & (state.theta <= rows[:, 4])).all()
    assert (state.theta == rows[:, 4]).any() and (state.theta == -rows[:, 5]).any() and state.flags == 4


def test_shares_of_stuck_and_flipped_weights():
    many = {"network.layers": [2, 1000, 1], "network.activation": "tanh"}

    def signs(**changes):
        return engine(small(**many, **{"seed": SEED, **changes})).cells.sign

    sign = signs(**{"defects.stuck": 0.2, "defects.flipped": 0.3})
    for value, share in ((0, 0.2), (-1, 0.8 * 0.3), (1, 0.8 * 0.7)):
        got = (sign == value).mean()
        print(f"seed {SEED}: {got:.4f} of sign {value}, {share} expected")
        assert got == pytest.approx(share, abs=5 * (share * (1 - share) / 4001) ** 0.5)
    assert lagged((sign == 0).astype(float), 1) < 5 and lagged((sign < 0).astype(float), 1) < 5
    other = signs(**{"defects.stuck": 0.2, "seed": SEED + 1})
    assert abs(np.corrcoef(sign == 0, other == 0)[0, 1]) < 5 / 4001**0.5
