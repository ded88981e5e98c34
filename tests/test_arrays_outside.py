"""Arrays outside are what they say, the bowl's theory holds, and an engine's RTL trains one as floats do."""

from importlib.resources import files

import numpy as np
import pytest

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.learn import Dense, Network
from ohmgrad.scripts.long_runs.arrays_outside import (
    by_floats,
    by_rtl,
    contraction,
    expected,
    start,
    step_size,
    steps_bound,
)
from ohmgrad.scripts.long_runs.outside_arrays import Bowl, Mesh, Net
from ohmgrad.scripts.long_runs.outside_bench import Bench

SMALL = {"parameters.count": 40, "engine.lanes": 4, "update.eta": 0.015}
"""Overrides of the example: 40 parameters, which learn in 200 steps."""


@pytest.fixture(scope="module")
def chip():
    return Chip(load(str(files("ohmgrad.examples") / "external.toml")).with_(**SMALL))


def bowl(curvatures, minimum=0.0):
    """A bowl of these curvatures."""
    made = Bowl(len(curvatures))
    made.curvatures, made.minimum = np.array(curvatures, float), np.full(len(curvatures), minimum)
    return made


def test_the_mesh_is_made_of_interferometers():
    """Two modes and three columns are one Mach-Zehnder interferometer: the cross port has cos^2 of half the phase."""
    mesh = Mesh(6, modes=2, gain=3.0)
    for theta in np.random.default_rng(1).uniform(-2, 2, (5, 6)):
        phases = mesh.left + np.pi / 2 * theta.reshape(3, 2)
        inner = (phases[1:, 0] - phases[1:, 1]).sum()
        assert mesh(theta) == pytest.approx(3 * np.sin(inner / 2) ** 2)


def test_the_mesh_loses_nothing():
    mesh, theta = Mesh(300), np.random.default_rng(2).uniform(-2, 2, 300)
    costs = []
    for mesh.port in range(12):
        costs.append(mesh(theta))
    assert sum(1 - np.array(costs) / mesh.gain) == pytest.approx(1)


def test_the_net_is_that_of_the_float_trainer():
    net, theta = Net(300), np.random.default_rng(3).uniform(-1, 1, 300)
    network = Network((14,), (Dense(14, "tanh"), Dense(6)))
    outputs = network.forward(theta[None], net.inputs[None])[0]
    assert net.outputs(theta) == pytest.approx(outputs)
    assert net(theta) == pytest.approx(net.gain * network.costs(outputs, net.targets).mean())


def test_contraction():
    """Of equal curvatures h it is 1 - 2 eta h + P (eta h)^2; least, 1 - 1 / P, at eta = 1 / (P h)."""
    assert contraction(bowl([2.0] * 10), 0.01) == pytest.approx(1 - 0.04 + 10 * 0.02**2)
    assert contraction(bowl([2.0] * 10), 1 / 20) == pytest.approx(1 - 1 / 10)


def test_expected_cost_is_that_of_many_seeds_and_within_the_bound(chip):
    """Costs after 4 and 8 steps, mean of 500 seeds within four of its standard errors; the bound is above."""
    small = Chip(chip.config.with_(**{"parameters.count": 12, "update.eta": 0.05}))
    physics, eta = bowl([0.3, 1.0, 2.0] * 4, 0.4), step_size(small)
    costs = np.array([by_floats(small, physics, seed, 8, 4) for seed in range(500)])
    first = costs[0, 0]
    for at, theory in enumerate(expected(physics, start(small), eta, 8, 4)):
        error = costs[:, at].std() / 500**0.5
        assert abs(costs[:, at].mean() - theory) <= 4 * error + 1e-9
        assert theory <= first * contraction(physics, eta) ** (4 * at) + 1e-9
    steps = steps_bound(physics, eta)
    assert all(by_floats(small, physics, seed, steps, steps)[-1] < 0.01 * first for seed in range(5))


def test_rtl_trains_a_bowl_as_floats_do(chip, tmp_path):
    """40 parameters: every word replayed; costs are those of floats with the same signs, but for converters."""
    rtl = by_rtl(Bench(chip, tmp_path, "-O0"), chip, "bowl", 200, 50)
    floats = by_floats(chip, Bowl(40), 1, 200, 50)
    assert rtl["steps"] == 200 and rtl["words"] == 200 * 41
    assert rtl["costs"][-1] < 0.01 * rtl["costs"][0] and rtl["largest_word"] < 2**16 - 1
    assert rtl["costs"] == pytest.approx(floats, rel=0.1, abs=1e-3)
