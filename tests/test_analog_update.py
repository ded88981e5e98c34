"""Pulsed updates against their equations: counts exactly where they are determined, else moments of many draws."""

import numpy as np
import pytest

from ohmgrad.golden.analog.devices import ConstantStep, SoftBounds
from ohmgrad.golden.analog.draws import handle
from ohmgrad.golden.analog.update import Update, outer_batch

SEED, G = 36, 2.0**-10
EQUAL = {"dw_min_dtod": 0, "dw_min_std": 0, "up_down_dtod": 0, "w_max_dtod": 0, "w_min_dtod": 0}
DEVICE = ConstantStep(dw_min=G, w_max=64, w_min=-64, **EQUAL)
"""Steps of 2**-10, so that sums are exact and a weight is a number of pulses."""
FIXED = {"update_bl_management": False, "update_management": False}
RNG = np.random.default_rng(SEED)
X, D = (RNG.uniform(-1, 1, n).astype(np.float32) for n in (6, 5))


def pulses(settings, x, d, lr, repeats=1, seed=SEED, device=DEVICE):
    """Signed pulses of each cell in each of many updates: float64 (repeats, rows, columns)."""
    x, d = (np.asarray(v, np.float32) for v in (x, d))
    out = np.zeros((repeats, len(d), len(x)), np.float32)
    train, cells, rng = Update(**settings).train, device.sample(out.shape[1:], 0), np.random.default_rng(seed)
    for w in out:
        outer_batch(train, cells, w, x[None], d[None], lr, device.granularity, handle(rng))
    return out.astype(float) / G


def binomial(p, q, length):
    """Mean and covariance of coincidences of trains with probabilities p (rows), q (columns)."""
    mean = length * np.outer(p, q)
    both_p, both_q = (np.outer(v, v) + np.diag(v - v * v) for v in (p, q))
    cov = length * (np.einsum("ij,kl->ikjl", both_p, both_q) - np.einsum("i,k,j,l->ikjl", p, q, p, q))
    size = mean.size
    return mean, cov.reshape(size, size)


def check(counts, mean, cov):
    """z tests of means (5 allowed) and of covariances (6, for their heavier tails) of 20,000 updates."""
    n = len(counts)
    flat = counts.reshape(n, -1)
    z = (flat.mean(0) - mean.ravel()) / np.sqrt(np.diag(cov) / n + 1e-12)
    c = flat - mean.ravel()
    own, fourth = c.T @ c / n, (c**2).T @ c**2 / n
    z_cov = (own - cov) / np.sqrt(np.maximum(fourth - own**2, 0) / n + 1e-9)
    print(f"seed {SEED}: largest z {abs(z).max():.2f} (means), {abs(z_cov).max():.2f} (covariances)")
    assert abs(z).max() < 5 and abs(z_cov).max() < 6


@pytest.mark.parametrize("length", [1, 7, 10, 31, 64])
def test_trains_are_independent_bernoulli_slots(length):
    """Cells of a line share its train, others share nothing, and slots are independent (the variance is binomial's)."""
    lr = 0.6 * length * G
    scale = np.sqrt(lr / (G * length))
    p, q = (np.minimum(1, scale * abs(v)) for v in (D, X))
    mean, cov = binomial(p, q, length)
    sign = -np.sign(np.outer(D, X))
    counts = pulses({"desired_bl": length, **FIXED}, X, D, lr, 20_000)
    assert set(np.unique(counts * sign)) <= set(range(length + 1))
    check(counts * sign, mean, cov)


def test_free_length_beyond_a_word():
    """BL = ceil(lr / g) = 100 slots with probabilities |x|, |d|."""
    mean, cov = binomial(abs(D).astype(float), abs(X).astype(float), 100)
    counts = pulses({"desired_bl": 31, "fixed_bl": False, **FIXED}, X, D, 99.5 * G, 20_000)
    check(-counts * np.sign(np.outer(D, X)), mean, cov)
    short = pulses({"desired_bl": 31, "fixed_bl": False, **FIXED}, X, D, 31 * G)
    assert short.tolist() == pulses({"desired_bl": 31, **FIXED}, X, D, 31 * G).tolist()


@pytest.mark.parametrize("k", [0.3, 4.2, 40.0])
def test_management(k):
    """BL = min(ceil(k), 10); below 10 A |d| and B |x| share the largest probability sqrt(k / BL), beyond it x saturates
    first: max|d| counts 10 / k times, so that A max|d| = k / 10 and B max|x| = 1."""
    x_max, d_max = abs(X).max(), abs(D).max()
    length = min(int(np.ceil(k)), 10)
    lr = k * G / (x_max * d_max)
    p, q = (np.minimum(1, np.sqrt(k / length) * abs(v) / top) for v, top in ((D, d_max), (X, x_max)))
    if k > 10:
        p, q = np.minimum(1, k / 10 * abs(D) / d_max), abs(X) / x_max
    mean, cov = binomial(p.astype(float), q.astype(float), length)
    counts = pulses({"desired_bl": 10}, X, D, lr, 20_000)
    check(-counts * np.sign(np.outer(D, X)), mean, cov)


SHARED = [(True, True), (True, False), (False, True)]


@pytest.mark.parametrize(("management", "lengths"), SHARED)
def test_management_does_not_depend_on_that_of_the_length(management, lengths):
    """k = 30 g of x = 1, d = 1 at BL = 10: A = 3 / max|d|, B = 1, by either switch; 10 min(1, 3 d) x pulses.

    Counts by hand: d = 1 gives 10, 5, 1; d = 0.3 has A d = 0.9 and gives 9, 4.5 and 0.9. Without management A = B is
    sqrt(3), and x = 0.5 is clipped too.
    """
    settings = {"pulse_type": "deterministic-implicit", "desired_bl": 10}
    x, d = [1.0, 0.5, 0.1], [1.0, 0.3]
    flags = {"update_management": management, "update_bl_management": lengths}
    counts = -pulses({**settings, **flags}, x, d, 30 * G)[0]
    assert counts[0].tolist() == [10, 5, 1] and counts[1].tolist() in ([9, 4, 1], [9, 5, 1])
    assert (-pulses({**settings, **FIXED}, x, d, 30 * G)[0]).tolist() == [[10, 9, 2], [5, 4, 1]]


def test_management_of_trains_of_free_length():
    """BL = 40 at lr = 40 g, k = 40 > 10: max|d| counts a quarter, so A = 2 / max|d| and B = 1 / 2 of x = d = 1."""
    settings = {"pulse_type": "deterministic-implicit", "desired_bl": 10, "fixed_bl": False}
    counts = -pulses({**settings, "update_bl_management": False}, [1.0, 0.5], [1.0, 0.25], 40 * G)[0]
    assert counts.tolist() == [[20, 10], [10, 5]]


@pytest.mark.parametrize("kind", ["stochastic", "deterministic-implicit", "mean-count"])
@pytest.mark.parametrize(("x", "d"), [(1e-30, 1e-30), (1e-45, 1e38), (1e38, 1e-45), (1e30, 1e30)])
def test_management_of_vectors_that_float32_hardly_holds(kind, x, d):
    """At most BL pulses a cell, and none the wrong way."""
    counts = -pulses({"pulse_type": kind, "desired_bl": 10}, [x, 0.0], [d, -d], G)[0]
    assert 0 <= counts[0, 0] <= 10 and -10 <= counts[1, 0] <= 0 and not counts[:, 1].any()


def test_gradient_scale_counts_for_both_rules():
    """um_grad_scale 1/4 of 4 d at lr / 4: k, BL and A |d| / 4 = A' |d| as before, so that B |x| is what it was."""
    lr = 5.5 * G / (abs(X).max() * abs(D).max())
    scaled = pulses({"desired_bl": 10, "um_grad_scale": 0.25}, X, 4 * D, lr / 4, 20_000)
    length = int(np.ceil(5.5 / 4))
    p, q = (np.minimum(1, np.sqrt(5.5 / 4 / length) * abs(v) / abs(v).max()) for v in (D, X))
    p = np.minimum(1, 4 * np.sqrt(5.5 / 4 / length) * abs(D) / abs(D).max())
    check(-scaled * np.sign(np.outer(D, X)), *binomial(p.astype(float), q.astype(float), length))


@pytest.mark.parametrize("kind", ["deterministic-implicit", "mean-count"])
def test_counts(kind):
    """round(BL p q) with p = A |d|, q = B |x| at most 1, half to even; mean-count rounds BL p and BL q first."""
    rng = np.random.default_rng(SEED)
    for length, lr in ((31, 9.3 * G), (7, 20.5 * G), (64, 64 * G)):
        x, d = rng.integers(-16, 17, 9) / 16, rng.integers(-16, 17, 8) / 16
        scale = np.sqrt(lr / (G * length))
        p, q = np.minimum(1, scale * abs(d)), np.minimum(1, scale * abs(x))
        want = length * np.outer(p, q)
        if kind == "mean-count":
            want = np.outer(np.rint(length * p), np.rint(length * q)) / length
        # In 16ths the last case is exact in float32, and has ties; the others have none.
        ties = abs(want - np.floor(want) - 0.5) < 1e-4
        assert ties.any() == (length == 64)
        counts = pulses({"desired_bl": length, "pulse_type": kind, **FIXED}, x, d, lr)[0]
        assert counts.tolist() == (-np.rint(want) * np.sign(np.outer(d, x))).tolist()
        assert counts.tolist() == (-pulses({"desired_bl": length, "pulse_type": kind, **FIXED}, x, d, -lr)[0]).tolist()


def test_resolution():
    """Probabilities in steps of 1/4, of trains and of counts, half to even or at random."""
    x, d, lr = [0.3, 0.375, 0.625, 0.05], [1.0], 8 * G
    implicit = {"desired_bl": 8, "pulse_type": "DETERMINISTIC_IMPLICIT", **FIXED}
    assert (-pulses({**implicit, "x_res_implicit": 4}, x, d, lr)[0]).tolist() == [[2, 4, 4, 0]]
    assert (-pulses({**implicit, "d_res_implicit": 0.25}, d, x, lr)[0]).tolist() == [[2], [4], [4], [0]]
    for settings, q in (({}, [0.25, 0.5, 0.5, 0]), ({"sto_round": True}, x)):
        counts = -pulses({"desired_bl": 8, "res": 0.25, **settings, **FIXED}, x, d, lr, 20_000)[:, 0]
        # One draw rounds a whole train: besides binomial slots, 8 times the spread of the rounded probability.
        low = np.floor(np.array(x) * 4) / 4
        spread = (np.array(x) - low) * (low + 0.25 - x) * 64 if settings else 0
        error = np.sqrt((8 * np.array(q) * (1 - np.array(q)) + spread) / 20_000) + 1e-12
        assert (abs(counts.mean(0) - 8 * np.array(q)) < 5 * error).all()


def test_rare_pulses():
    """A probability of 2**-20 a slot: 4,096 cells of 64 slots and 500 updates get 125 pulses, +-5 sqrt(125)."""
    x, d = np.full(64, 2.0**-10), np.full(64, -(2.0**-10))
    counts = pulses({"desired_bl": 64, **FIXED}, x, d, 64 * G, 500)
    print(f"seed {SEED}: {counts.sum():.0f} pulses")
    assert abs(counts.sum() - 125) < 5 * 125**0.5 and counts.min() == 0


def test_nothing_happens_without_x_d_or_rate():
    for x, d, lr in ((0 * X, D, G), (X, 0 * D, G), (X, D, 0.0)):
        for kind in ("stochastic", "deterministic-implicit", "mean-count", "none"):
            assert not pulses({"pulse_type": kind}, x, d, lr).any()


def test_without_pulses():
    np.testing.assert_allclose(pulses({"pulse_type": "none"}, X, D, 0.1)[0] * G, -0.1 * np.outer(D, X), rtol=1e-6)


def test_pulses_are_the_devices():
    """Down pulses of soft-bounds cells: w_min (1 - (1 - dw / |w_min|)^n), each cell with constants of its own."""
    device = SoftBounds(dw_min=G, dw_min_std=0)
    cells = device.sample((5, 6), 3)
    w = np.zeros((5, 6), np.float32)
    train = Update(desired_bl=64, pulse_type="deterministic-implicit", **FIXED).train
    outer_batch(train, cells, w, abs(X)[None], abs(D)[None], 64 * G, G, handle(np.random.default_rng(0)))
    n = np.rint(64 * np.outer(abs(D), abs(X)))
    low, _ = cells.bounds
    want = low * (1 - (1 - cells.each[..., 1].astype(float) / -low) ** n)
    # 64 float32 additions, each rounded by 2**-25 of at most 0.125.
    np.testing.assert_allclose(w, want, atol=64 * 2.0**-28, rtol=1e-6)


def test_refusals():
    with pytest.raises(ValueError, match="Update.pulse_type: 'sto' is refused; allowed is one of stochastic-compr"):
        Update(pulse_type="sto")
    with pytest.raises(ValueError, match="Update.desired_bl: 0 is refused; allowed is an integer from 1."):
        Update(desired_bl=0)
