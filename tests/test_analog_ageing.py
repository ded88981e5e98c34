"""Decay, diffusion, drift and reset against their closed forms."""

import numpy as np
import pytest

from ohmgrad.golden.analog.ageing import Ageing
from ohmgrad.golden.analog.devices import ConstantStep, Drift, SoftBounds, pulse_all
from ohmgrad.golden.analog.one_sided import OneSided

SEED, SHAPE = 3, (100, 200)
SIZE = 20000
WIDE = {"w_max": 5.0, "w_min": -5.0, "w_max_dtod": 0.0, "w_min_dtod": 0.0}


def aged(device, weights):
    """Ageing of a sample, its weights and a generator of other numbers than the sample's."""
    cells = device.sample(np.shape(weights), SEED)
    weights = cells.hold(np.asarray(weights))
    return Ageing(getattr(device, "device", device), cells, SEED), weights, np.random.default_rng(SEED + 1)


def test_decay_goes_to_the_reset_value_in_the_lifetime():
    start = np.linspace(-1, 1, 20).reshape(4, 5)
    ageing, weights, rng = aged(ConstantStep(lifetime=8, reset=0.25, **WIDE), start)
    ageing.decay(weights, rng)
    np.testing.assert_allclose(weights, 0.25 + (start - 0.25) * 7 / 8, atol=1e-6)
    ageing.decay(weights, rng, alpha=2)
    np.testing.assert_allclose(weights, 0.25 + (start - 0.25) * 7 / 8 * 6 / 8, atol=1e-6)
    for _ in range(200):
        ageing.decay(weights, rng)
    np.testing.assert_allclose(weights, 0.25, atol=1e-5)


def test_decay_may_spare_the_last_column():
    ageing, weights, rng = aged(ConstantStep(lifetime=2, **WIDE), np.ones((3, 4)))
    ageing.decay(weights, rng, spare_bias=True)
    assert (weights == [0.5, 0.5, 0.5, 1]).all()


@pytest.mark.parametrize(("lifetime", "kept"), [(0, 1.0), (0.5, 0.0), (1, 0.0), (4, 0.75)])
def test_lifetimes_at_the_edge(lifetime, kept):
    ageing, weights, rng = aged(ConstantStep(lifetime=lifetime, **WIDE), np.ones((2, 2)))
    ageing.decay(weights, rng)
    assert (weights == np.float32(kept)).all()


def test_spread_of_lifetimes():
    """20,000 lifetimes: mean and standard deviation within 5 standard errors, and decay is each cell's own."""
    ageing, weights, rng = aged(ConstantStep(lifetime=100, lifetime_dtod=0.1, **WIDE), np.ones(SHAPE))
    ageing.retain(weights, 10, rng)
    lifetimes = 1 / (1 - weights.astype(float) ** 0.1)
    print(f"seed {SEED}: lifetime {lifetimes.mean():.2f} of 100, standard deviation {lifetimes.std():.2f} of 10")
    assert abs(lifetimes.mean() - 100) < 5 * 10 / SIZE**0.5
    assert lifetimes.std() == pytest.approx(10, rel=5 / (2 * SIZE) ** 0.5)


def test_retention_is_decay_again_and_again():
    start = np.linspace(-1, 1, 20).reshape(4, 5)
    device = ConstantStep(lifetime=30, lifetime_dtod=0.3, reset=0.1, reset_dtod=0.2, **WIDE)
    (ageing, once, rng), (_, often, _) = aged(device, start), aged(device, start)
    ageing.retain(once, 7, rng)
    for _ in range(7):
        ageing.decay(often, rng)
    np.testing.assert_allclose(once, often, atol=7 * 2.0**-24)


def test_diffusion():
    """A random walk of 4 periods: 20,000 weights within 5 standard errors of 2 rho; a spread of rho adds to it."""
    for spread in (0.0, 0.5):
        ageing, weights, rng = aged(ConstantStep(diffusion=0.05, diffusion_dtod=spread, **WIDE), np.zeros(SHAPE))
        for _ in range(4):
            ageing.diffuse(weights, rng)
        expected = 0.1 * (1 + spread**2) ** 0.5
        # With spread the walk's fourth moment is that of rho^4: 3 (1 + 6 s^2 + 3 s^4) / (1 + s^2)^2.
        kurtosis = 3 * (1 + 6 * spread**2 + 3 * spread**4) / (1 + spread**2) ** 2
        error = ((kurtosis - 1) / 4 / SIZE) ** 0.5
        print(f"seed {SEED}: {weights.std():.5f} of {expected:.5f}, standard error {error:.4f} of it")
        assert abs(weights.mean()) < 5 * expected / SIZE**0.5
        assert weights.std() == pytest.approx(expected, rel=5 * error)


def test_ageing_stays_within_bounds():
    device = SoftBounds(diffusion=1.0, reset=3.0)
    ageing, weights, rng = aged(device, np.zeros((20, 20)))
    low, high = ageing.cells.bounds
    ageing.diffuse(weights, rng)
    assert ((low <= weights) & (weights <= high)).all() and (weights == high).sum() > 20
    ageing.reset(weights, rng)
    assert (weights == high).all()


def test_reset():
    """20,000 cells: reset value, its spread over devices and from cycle to cycle, within 5 standard errors."""
    ageing, weights, rng = aged(ConstantStep(reset=0.2, reset_dtod=0.05, reset_std=0.02, **WIDE), np.ones(SHAPE))
    where = np.zeros(SHAPE, bool)
    where[:50] = True
    ageing.reset(weights, rng, where)
    assert (weights[50:] == 1).all()
    ageing.reset(weights, rng)
    first = weights.copy()
    ageing.reset(weights, rng)
    cycle, error = (weights - first).std() / 2**0.5, 5 / (2 * SIZE) ** 0.5
    print(f"seed {SEED}: {weights.mean():.4f}, in all {weights.std():.5f}, from cycle to cycle {cycle:.5f}")
    assert weights.mean() == pytest.approx(0.2, abs=5 * 0.054 / SIZE**0.5)
    assert weights.std() == pytest.approx((0.05**2 + 0.02**2) ** 0.5, rel=error)
    assert cycle == pytest.approx(0.02, rel=error)


def test_drift_is_a_power_law_from_when_a_weight_was_written():
    ageing, weights, rng = aged(ConstantStep(drift=Drift(nu=0.1, t_0=2.0), **WIDE), [[1.0, -0.5]])
    ageing.drift(weights, 1, rng)
    np.testing.assert_allclose(weights, [[1.0, -0.5]], rtol=1e-6)  # fresh for t_0
    ageing.drift(weights, 5, rng)
    np.testing.assert_allclose(weights, np.array([[1.0, -0.5]]) * 3**-0.1, rtol=1e-6)
    weights[0, 1] = 0.8
    ageing.drift(weights, 2, rng)  # the change is seen now, and drifts from here
    np.testing.assert_allclose(weights, [[4**-0.1, 0.8]], rtol=1e-6)
    ageing.drift(weights, 20, rng)
    np.testing.assert_allclose(weights, [[14**-0.1, 0.8 * 10**-0.1]], rtol=1e-6)


def test_drift_of_conductances():
    """nu falls with the logarithm of the conductance, and the offset is what drifts along with a weight."""
    drift = Drift(nu=0.08, nu_k=0.02, log_g0=0.5, wg_ratio=0.5, g_offset=2.0, w_offset=0.1)
    ageing, weights, rng = aged(ConstantStep(drift=drift, **WIDE), [[1.0, -0.5, -2.0]])
    ageing.drift(weights, 100, rng)
    w = np.array([1.0, -0.5, -2.0])
    g = (w - 0.1) / 0.5 + 2
    nu = 0.08 - 0.02 * (np.log(np.where(g > 0, g, np.exp(0.5))) - 0.5)
    np.testing.assert_allclose(weights[0], w + (w + 2 * 0.5 + 0.1) * (100.0**-nu - 1), rtol=1e-5)


def test_spreads_of_drift():
    """20,000 weights: log w / log t has the spread of nu over devices and from call to call, then the read noise."""
    for drift, expected in (
        (Drift(nu=0.1, nu_dtod=0.2), 0.02),
        (Drift(nu=0.1, nu_std=0.3), 0.03),
        (Drift(nu=0.1, w_noise_std=0.001), 0.001 / 10**-0.1 / np.log(10)),
    ):
        ageing, weights, rng = aged(ConstantStep(drift=drift, **WIDE), np.ones(SHAPE))
        ageing.drift(weights, 10, rng)
        nu = -np.log(weights.astype(float)) / np.log(10)
        print(f"seed {SEED}: {drift}: nu {nu.mean():.5f}, spread {nu.std():.5f} of {expected:.5f}")
        assert nu.mean() == pytest.approx(0.1, abs=5 * expected / SIZE**0.5 + 1e-6)
        assert nu.std() == pytest.approx(expected, rel=5 / (2 * SIZE) ** 0.5)


def test_ageing_moves_what_write_noise_hides():
    ageing, weights, rng = aged(ConstantStep(lifetime=2, write_noise_std=50.0, **WIDE), np.ones(SHAPE))
    ageing.decay(weights, rng)
    assert (ageing.cells.hidden(weights)[0] == 0.5).all()
    # Noise of 50 dw_min = 0.05 on the hidden weights.
    assert (weights - 0.5).std() == pytest.approx(0.05, rel=5 / (2 * SIZE) ** 0.5)


def test_ageing_of_a_pair_is_that_of_both_devices():
    device = ConstantStep(lifetime=4, reset=0.5, dw_min=0.125, dw_min_dtod=0, dw_min_std=0, up_down_dtod=0, **WIDE)
    ageing, weights, rng = aged(OneSided(device=device), np.zeros((2, 3)))
    pulse_all(*ageing.cells, weights, np.full((2, 3), 8), rng)
    pulse_all(*ageing.cells, weights, np.full((2, 3), -4), rng)
    assert (weights == 0.5).all()
    ageing.decay(weights, rng)
    plus, minus = ageing.cells.hidden(weights)
    assert (plus == 0.875).all() and (minus == 0.5).all() and (weights == 0.375).all()
