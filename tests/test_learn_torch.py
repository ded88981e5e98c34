"""The same run on NumPy and on PyTorch."""

import numpy as np
import pytest

from ohmgrad.golden.learn import MGD, Conv, Defects, Dense, MaxPool, Network, Trainer, models
from ohmgrad.golden.learn.checkpoint import restore, save
from ohmgrad.golden.learn.perturbations import Maker, keys

torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is an extra, and nothing else needs it")

SEED = 11
IMAGES = Network((6, 6, 1), [Conv(2, "relu", padding="same"), MaxPool(), Conv(3, "tanh"), Dense(2)], "cross-entropy")


@pytest.mark.parametrize("size", [1, 33, 1000])
def test_signs_are_equal(size):
    table = keys(np.arange(3), 0, np.arange(5))
    want = Maker(np, np.float32, "cpu").signs(table, size)
    np.testing.assert_array_equal(maker().signs(table, size).numpy(), want)


def maker():
    from array_api_compat import torch as xp

    return Maker(xp, torch.float32, "cpu")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mode": "forward", "tau_p": 2, "tau_x": 3, "tau_theta": 6, "momentum": 0.9},
        {"patterns": "sample"},
        {"method": "rank-one", "adam": True},
        {"method": "node", "mode": "forward", "inputs": "clean", "normalise": True},
        {"method": "node-by-layer", "clamp": 1e-3},
        {"code": "walsh-upper"},
        {"code": "sequential"},
        {"code": "sinusoidal"},
        {"mode": "analog", "tau_x": 12, "blanking": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("network", [models.dense((36, 5, 2)), IMAGES], ids=["dense", "images"])
def test_a_run_is_equal(network, settings):
    """In double precision, to the rounding of 30 updates: e = C~ / a magnifies that of the cost by 1 / a."""
    rng = np.random.default_rng(SEED)
    x, t = rng.random((20, 36)), np.eye(2)[rng.integers(0, 2, 20)]
    settings = {"batch": 4, "eta": 0.01, "amplitude": 0.01} | settings
    thetas = []
    for make in (np.asarray, torch.asarray):
        trainer = Trainer(network, MGD(**settings), make(x), make(t), range(3))
        state = trainer.run(trainer.initial(), 30)
        assert tuple(value.shape for value in trainer.evaluate(state.theta)) == ((3,), (3,))
        thetas.append(np.asarray(state.theta))
    assert not np.array_equal(thetas[0][0], thetas[0][1])
    np.testing.assert_allclose(thetas[1], thetas[0], rtol=0, atol=1e-9)


def test_defects_and_checkpoint_are_equal(tmp_path):
    """What is saved by one is restored by the other."""
    rng = np.random.default_rng(SEED)
    x, t = rng.random((20, 36)), np.eye(2)[rng.integers(0, 2, 20)]
    defects = Defects(cost_noise=0.01, update_noise=1e-3, activation=0.1, dac_range=1.0, dac_bits=16, dac_bend=0.1,
                      adc_range=2.0, adc_bend=0.1, drift=1e-3, bandwidth=2.0, stuck=0.1, flipped=0.1)  # fmt: skip
    network, settings = models.dense((36, 5, 2)), MGD(batch=4, eta=0.01, amplitude=0.05)
    one = Trainer(network, settings, x, t, range(3), defects)
    other = Trainer(network, settings, torch.asarray(x), torch.asarray(t), range(3), defects)
    state = other.run(other.initial(), 20)
    save(tmp_path / "state", other, state)
    state = one.run(restore(tmp_path / "state", one), 20)
    np.testing.assert_allclose(state.theta, one.run(one.initial(), 40).theta, rtol=0, atol=1e-3)
