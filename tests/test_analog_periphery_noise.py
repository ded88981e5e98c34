"""Noise and spreads of the periphery within their sampling errors, and the generator that compiled code draws from."""

import numpy as np
import pytest
from numba import njit

from ohmgrad.golden.analog.draws import generator, handle
from ohmgrad.golden.analog.periphery import Periphery

from .analog_reads import BARE, SEED, F, arrays, read


@pytest.mark.parametrize(
    ("noise", "law"),
    [
        ({"out_noise": 0.06}, lambda w, x: 0.06 + 0 * (x @ w.T)),
        ({"inp_noise": 0.05}, lambda w, x: 0.05 * np.linalg.norm(w, axis=1) + 0 * (x @ w.T)),
        ({"w_noise": 0.03, "w_noise_type": "ADDITIVE_CONSTANT"},
         lambda w, x: 0.03 * np.linalg.norm(x, axis=1)[:, None] + 0 * (x @ w.T)),
        ({"w_noise": 0.03, "w_noise_type": "PCM_READ"}, lambda w, x: 0.03 * np.sqrt(x**2 @ abs(w).T)),
    ],
    ids=["output", "input", "weight", "pcm"],
)  # fmt: skip
def test_noise(noise, law):
    """Means and standard deviations of 10,000 reads: errors std / sqrt(n) and std / sqrt(2 n), 5 of these allowed.

    An error of 0.07 standard deviations in one of the 24 means, or of 5 % in a standard deviation, is seen with 99 %.
    """
    w, x = arrays(4, 6, 3, seed=5)
    x, n = np.clip(x, -1, 1) + F(0.1), 10_000
    for backward in (False, True):
        y, _ = read(Periphery(**{**BARE, **noise}), w.T.copy() if backward else w, x, backward, repeats=n)
        want = law(w, x.clip(-1, 1))
        z_mean = abs(y.mean(0, dtype=float) - x.clip(-1, 1) @ w.T) / want * n**0.5
        z_std = abs(y.astype(float).std(0) / want - 1) * (2 * n) ** 0.5
        print(f"seed {SEED}: largest z {z_mean.max():.2f} (means), {z_std.max():.2f} (standard deviations)")
        assert z_mean.max() < 5 and z_std.max() < 5


def test_noise_goes_through_the_converter_and_scales_with_alpha():
    """Codes only, and with abs-max a standard deviation in units of max|x|: sqrt(sigma^2 + step^2 / 12) alpha."""
    y, _ = read(Periphery(out_noise=0.3), np.eye(3), [[4.0, 0, 0]], repeats=10_000)
    step = F(1 / 510) * F(24)
    codes = y[:, 0] / 4 / step
    assert abs(codes - np.rint(codes)).max() < 1e-4
    want = 4 * np.hypot(0.3, step / 12**0.5)
    assert abs(y[:, 0].astype(float).std(0) / want - 1).max() < 5 / 20_000**0.5


def test_each_line_has_its_own_noise():
    """Spread 0.5 of 0.06: standard deviations of 10,000 reads are the lines' within 5 / sqrt(2 n)."""
    p, n = Periphery(**{**BARE, "out_noise": 0.06}, out_noise_std=0.5), 10_000
    ends = p.ends(2, 5, seed=4)
    y, _ = read(p, np.zeros((5, 2)), [[1.0, 0]], repeats=n, ends=ends)
    assert abs(y[:, 0].astype(float).std(0) / ends.lines[0] - 1).max() < 5 / (2 * n) ** 0.5


@pytest.mark.parametrize("end", ["inp", "out"])
def test_stochastic_rounding(end):
    """The two neighbouring codes, the upper with the probability of the fraction: z test of 20,000 reads."""
    p = Periphery(**{**BARE, f"{end}_res": 1 / 8, "out_bound": 1.0, f"{end}_sto_round": True})
    y = read(p, np.ones((1, 1)), [[0.3]], repeats=20_000)[0].ravel()
    assert set(y.tolist()) == {0.25, 0.5}
    assert abs((y == 0.5).mean() - 0.2) < 5 * (0.2 * 0.8 / 20_000) ** 0.5


def test_lines_differ_from_each_other_and_stay_as_drawn():
    """Spreads of 2,000 lines, z < 5 of their moments; the same seed gives the same lines."""
    n = 2000
    p = Periphery(out_noise=0.06, out_noise_std=0.3, out_nonlinearity=0.5, out_nonlinearity_std=0.2, v_offset_std=0.1,
                  w_read_asymmetry_dtod=0.2, out_bound=2.0)  # fmt: skip
    ends = p.ends(3, n, seed=1)
    noise, offsets, bends = ends.lines.astype(float)
    for values, mean, std in ((noise, 0.06, 0.018), (bends, 0.25, 0.05), (ends.polarity.ravel().astype(float), 1, 0.2)):
        assert abs(values.mean() - mean) < 5 * std / len(values) ** 0.5
        assert abs(values.std() / std - 1) < 5 / (2 * len(values)) ** 0.5
    # max(0.1 xi, 0): half are 0, and the mean of the rest is 0.1 sqrt(2 / pi).
    assert abs((offsets == 0).mean() - 0.5) < 5 * 0.5 / n**0.5
    assert abs(offsets[offsets > 0].mean() - 0.1 * (2 / np.pi) ** 0.5) < 5 * 0.06 / (n / 2) ** 0.5
    assert (p.ends(3, n, seed=1).lines == ends.lines).all() and (p.ends(3, n, seed=2).lines != ends.lines).any()
    assert p.ends(3, n, forward=False).polarity.shape == (3, n)


@pytest.mark.parametrize("backward", [False, True])
def test_negative_inputs_see_other_weights(backward):
    w, x = arrays(3, 4)
    w = w.T.copy() if backward else w
    p = Periphery(**{**BARE, "inp_bound": 9}, mv_type="pos-neg-separate", w_read_asymmetry_dtod=0.2)
    ends = p.ends(4, 3, seed=3, forward=not backward)
    plus, minus = (a.T if backward else a for a in (w, w * ends.polarity))
    want = np.maximum(x, 0) @ plus.T + np.minimum(x, 0) @ minus.T
    np.testing.assert_allclose(read(p, w, x, backward, ends=ends)[0], want, rtol=1e-5, atol=1e-6)


def test_handle_draws_what_the_generator_draws():
    @njit
    def draw(handle):
        rng = generator(handle)
        return rng.standard_normal() + rng.random()

    rng, other = np.random.default_rng(SEED), np.random.default_rng(SEED)
    numbers = handle(rng)
    for _ in range(100):
        assert draw(numbers) == other.standard_normal() + other.random()
    assert rng.bit_generator.state == other.bit_generator.state
