"""Noise and defects of `golden.learn`: each against its definition."""

import numpy as np
import pytest

from ohmgrad.golden.learn import MGD, Defects, Dense, Network, Trainer

from .learn_reference import FUNCTIONS, linear, quadratic

SEEDS = range(2000)


def silent(defects, seeds=SEEDS, **settings):
    """A trainer whose cost does not depend on its three parameters: a neuron that is off."""
    network = Network((2,), [Dense(1, "relu")])
    settings = {"amplitude": 1e-2, "tau_theta": 1 << 30} | settings
    trainer = Trainer(network, MGD(**settings), np.ones((2, 2)), np.ones((2, 1)), seeds, defects)
    return trainer, trainer.initial(theta=np.array([-1.0, -1.0, -10.0]))


@pytest.mark.parametrize(
    ("settings", "variance"),
    [
        ({"mode": "forward"}, 2),  # C and C0 each have their own
        ({"mode": "forward", "c0_readings": 4, "readings": 2}, 1 / 2 + 1 / 4),
        ({"mode": "antithetic"}, 1 / 2),
        ({"mode": "forward", "batch": 2, "order": "cyclic"}, 2 / 2),
        ({"mode": "forward", "refresh": 8, "tau_x": 64}, 1 + 1),
        ({"mode": "forward", "method": "node"}, 2),
    ],
    ids=str,
)
def test_noise_of_the_cost(settings, variance):
    """Var C~ of one step, seen in G = C~ s / a^2 of a neuron's bias; 5 standard errors of a variance."""
    trainer, state = silent(Defects(cost_noise=0.1), **settings)
    g = trainer.run(state, 1).g[:, -1] * 1e-2
    assert (g**2).mean() == pytest.approx(variance * 0.1**2, rel=5 * (2 / g.size) ** 0.5)


def test_c0_keeps_its_noise_until_it_is_measured_again():
    """Over k steps with one C0 the noise of C0 adds up with the signs: Var(sum s (n_k - n_0)), signs known."""
    trainer, state = silent(Defects(cost_noise=0.1), mode="forward", tau_x=100, code="sequential")
    g = trainer.run(state, 30).g * 1e-2  # each parameter 10 times: sum of 10 noises minus 10 C0
    assert (g**2).mean() == pytest.approx(0.1**2 * (10 + 100), rel=0.1)
    # All three parameters share that C0.
    assert np.corrcoef(g[:, 0], g[:, 1])[0, 1] == pytest.approx(100 / 110, abs=0.03)


def test_noise_of_updates_is_independent_in_all_parameters():
    network, x, t, _ = linear(50, 1)
    trainer = Trainer(network, MGD(eta=0.0), x, t, range(200), Defects(update_noise=0.3))
    state = trainer.initial(np.zeros(50))
    first = trainer.run(state, 1).theta.copy()
    second = trainer.run(state, 1).theta - first
    n = first.size
    assert first.std() == pytest.approx(0.3, rel=5 / (2 * n) ** 0.5)
    bound = 5 / 200**0.5
    correlation = np.corrcoef(first.T) - np.eye(50)
    assert abs(correlation).max() < bound and abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 5 / n**0.5


def test_activation_defects():
    """L f(k (z - x0)) + y0, one draw a neuron and seed, of the stated spreads."""
    network, x, t, theta, _ = quadratic(4, 3, 1)
    network = Network((4,), [Dense(3, "sigmoid")])
    trainer = Trainer(network, MGD(), x, t, SEEDS, Defects(activation=0.2))
    gain, slope, x0, y0 = trainer.hardware.spread[0]
    for values, mean in ((gain, 1), (slope, 1), (x0, 0), (y0, 0)):
        assert values.shape == (2000, 3)
        assert values.mean() == pytest.approx(mean, abs=5 * 0.2 / 6000**0.5)
        assert values.std() == pytest.approx(0.2, rel=5 / 12000**0.5)
    assert abs(np.corrcoef([gain.ravel(), slope.ravel(), x0.ravel(), y0.ravel()]) - np.eye(4)).max() < 5 / 6000**0.5
    r = 17
    z = np.concatenate([x, np.ones((3, 1))], 1) @ theta.reshape(3, 5).T
    want = gain[r] * FUNCTIONS["sigmoid"][0](slope[r] * (z - x0[r])) + y0[r]
    costs = trainer.costs(np.tile(theta, (2000, 1)))
    np.testing.assert_allclose(costs[r], ((want - t) ** 2).sum(1) / 2)


def test_converters_of_weights():
    """Four bits in +-0.7 are steps of 0.1; beyond the range they clip; the bend is a cubic that keeps the ends."""
    network, x, t, _ = linear(4, 1)
    plain = Trainer(network, MGD(), x, t, [0], Defects(dac_bits=4, dac_range=0.7)).hardware
    np.testing.assert_allclose(plain.effective(np.array([[0.04, 0.26, -9.0, -0.66]]))[0], [0, 0.3, -0.7, -0.7])
    bent = Trainer(network, MGD(), x, t, [0], Defects(dac_bend=0.5, dac_range=2.0)).hardware
    w = np.array([[0.0, 1.0, 2.0, -1.0]])
    np.testing.assert_allclose(bent.effective(w)[0], [0, 1 + 0.5 * 0.75, 2, -1 - 0.5 * 0.75])


def test_a_perturbation_below_half_a_step_of_the_converter_shows_nothing():
    network, x, t, want = linear(4, 1)
    for a, seen in ((0.04, 0.0), (0.06, 0.1 / 0.06)):
        m = MGD(code="sequential", amplitude=a, tau_theta=1 << 30)
        trainer = Trainer(network, m, x, t, [0], Defects(dac_bits=4, dac_range=0.7))
        g = trainer.run(trainer.initial(np.zeros(4)), 4).g
        np.testing.assert_allclose(g[0], seen * want, atol=1e-9)


@pytest.mark.parametrize("method", ["weight", "rank-one"])
def test_stuck_and_flipped_weights(method):
    """A stuck weight does not answer, one with the wrong sign answers with the other sign; both in their number."""
    network, x, t, want = linear(500, 1)
    m = MGD(code="walsh" if method == "weight" else "random", method=method, tau_theta=1 << 30)
    trainer = Trainer(network, m, x, t, [5], Defects(stuck=0.2, stuck_range=0.5, flipped=0.3))
    (stuck, values), sign = trainer.hardware.stuck, trainer.hardware.sign
    assert stuck.mean() == pytest.approx(0.2, abs=0.09) and (sign < 0).mean() == pytest.approx(0.3, abs=0.1)
    weights = trainer.hardware.effective(np.full((1, 500), 3.0))
    np.testing.assert_array_equal(weights, np.where(stuck, values, 3 * sign))
    assert abs(values).max() < 0.5 and values.std() == pytest.approx(0.5 / 3**0.5, rel=0.1)
    if method == "weight":
        g = trainer.run(trainer.initial(np.zeros(500)), 512).g[0] / 512
        np.testing.assert_allclose(g, np.where(stuck[0], 0, want * sign[0]), atol=1e-8)


def test_drift():
    """Forward: the cost has moved by drift times the steps since C0. Antithetic: by half a step, always."""
    for mode, want in (("forward", 0.5 * np.arange(6)), ("antithetic", [-0.5 * 0.5 / 2] * 6)):
        trainer, state = silent(Defects(drift=0.5), [0], mode=mode, tau_x=100, code="walsh-upper", tau_p=100)
        changes = np.diff([0, *(trainer.run(state, 1).g[0, 0] * 1e-2 for _ in range(6))])
        np.testing.assert_allclose(changes, want, atol=1e-9)


def test_converter_of_the_cost():
    """Steps of 0.1 at 4 bits in +-0.7; the costs of this neuron are 0.5."""
    trainer, _ = silent(Defects(adc_bits=4, adc_range=0.7), [0])
    costs = np.array([0.04, 0.26, 0.9, -0.31]).reshape(1, 1, 4, 1)
    read, _ = trainer.hardware.read(costs, np.arange(4), (1,), {1: 1}, np.ones((1, 4), bool), np.zeros(1))
    np.testing.assert_allclose(read.ravel(), [0, 0.3, 0.7, -0.3])


@pytest.mark.parametrize("mode", ["forward", "antithetic"])
def test_bandwidth(mode):
    """A first-order low-pass over all presentations in their order, C0 first; what is not read does not count."""
    trainer, _ = silent(Defects(bandwidth=3.0), [0, 1], mode=mode)
    rng = np.random.default_rng(1)
    rails = (1, 0) if mode == "forward" else (1, -1)
    costs, taken = rng.normal(size=(2, 2, 90, 4)), np.ones((2, 90), bool)
    if mode == "forward":
        taken[1] = rng.random(90) < 0.3
    pole = rng.normal(size=2)
    read, after = trainer.hardware.read(costs, np.arange(90), rails, {1: 1, 0: 1, -1: 1}, taken, pole)
    for r in range(2):
        y = pole[r]
        for n in range(90):
            for k in (1, 0) if mode == "forward" else (0, 1):
                for b in range(4):
                    if taken[k, n]:
                        y += (costs[r, k, n, b] - y) * (1 - np.exp(-1 / 3.0))
                        assert read[r, k, n, b] == pytest.approx(y)
        assert after[r] == pytest.approx(y)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"cost_noise": -1}, "cost_noise: -1 is refused; allowed is a number from 0."),
        ({"dac_bits": 4}, "dac_range: inf is refused; allowed is a finite number with dac_bits or dac_bend."),
        ({"stuck": 2}, "stuck: 2 is refused; allowed is a fraction from 0 to 1."),
        ({"adc_bits": 1, "adc_range": 1}, "adc_bits: 1 is refused; allowed is 0 (none) or 2 to 24."),
    ],
)
def test_refused_defects(arguments, text):
    with pytest.raises(ValueError, match="is refused") as error:
        Defects(**arguments)
    assert str(error.value) == text
