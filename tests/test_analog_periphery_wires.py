"""Wires and voltages at the ends of a crossbar's lines, against Kirchhoff's law and hand calculation."""

import numpy as np
import pytest

from ohmgrad.golden.analog.periphery import Periphery
from ohmgrad.golden.analog.wires import exact

from .analog_reads import BARE, arrays, read

FREE = {**BARE, "inp_bound": np.inf, "out_bound": np.inf}


def nodes(g, x, ratio):
    """Current into the virtual ground, from the full matrix of node equations."""
    n = len(g)
    laplacian = np.diag(np.full(n, 2.0)) - np.eye(n, k=1) - np.eye(n, k=-1)
    laplacian[-1, -1] = 1
    return ratio * np.linalg.solve(ratio * laplacian + np.diag(g), g * x)[0]


def test_exact_is_the_solution_of_the_node_equations():
    rng = np.random.default_rng(34)
    for n, ratio in ((1, 3.0), (2, 0.5), (30, 1000.0), (100, 10.0)):
        g, x = rng.random(n), rng.uniform(-1, 1, n)
        assert exact(g, x, ratio) == pytest.approx(nodes(g, x, ratio), rel=1e-9)
    # A long uniform wire: tanh(s) / s of what flows without it, s^2 = n^2 g / ratio (the cable equation).
    n, s = 2000, 1.3
    assert exact(np.ones(n), np.ones(n), n * n / s**2) / n == pytest.approx(np.tanh(s) / s, rel=1e-3)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(("load", "equal", "uneven"), [(0.05, 0.01, 0.08), (0.4, 0.02, 0.08), (1.0, 0.08, 0.12)])
def test_drop_follows_kirchhoff(load, equal, uneven, backward):
    """What wires take from the currents of cells that are equal, and of random ones half of whose lines are on.

    For equal cells `exact` is the cable equation's tanh(s) / s, a = s^2: 2 a^2 / 15 and 17 a^3 / 315, the closed form's
    2 a^2 / 15 and a^3 / 30, hence off by 0.06 a^2 of the drop; sums over n cells differ from integrals by some 1 / n.
    Random cells lose more than equal ones where more of them sit far out, which 300 do by some 1 / sqrt(300).
    """
    n = 300
    rng = np.random.default_rng(35)
    even, on = np.repeat(rng.uniform(0.8, 1, (5, 1)), n, 1), np.ones(n)
    for w, x, tolerance in ((even, on, equal), (rng.random((5, n)), rng.integers(0, 2, n).astype(float), uneven)):
        total = w @ x
        ratio = n * total.max() / load
        p, seen = Periphery(**FREE, ir_drop=1.0, ir_drop_g_ratio=ratio), w.T.copy() if backward else w
        y, _ = read(p, seen, x, backward)
        drops = total - [exact(row * x, x, ratio) for row in w]
        print(f"seed 35: drop {drops / total}, closed form off by {(total - y[0]) / drops - 1}")
        np.testing.assert_allclose(total - y[0], drops, rtol=tolerance)
        half, _ = read(Periphery(**FREE, ir_drop=0.5, ir_drop_g_ratio=ratio), seen, x, backward)
        np.testing.assert_allclose(total - half[0], (total - y[0]) / 2, rtol=1e-3)


def test_offset_and_series_resistance():
    """By hand: (1 - V)(y + y0) / (1 + r |y + y0|) - (1 + V) y0 / (1 + r |y0|), y0 = sum x as w_min = -1."""
    w, x = arrays(4, 6, 5)
    v_of = Periphery(**FREE, v_offset_std=0.2)
    v = v_of.ends(6, 4, seed=7).lines[1].astype(float)
    assert (v > 0).any()
    y, y0 = x @ w.T, x.sum(1, keepdims=True)
    for series in (0.0, 0.3):
        p = Periphery(**FREE, v_offset_std=0.2, r_series=series)
        want = (1 - v) * (y + y0) / (1 + series * abs(y + y0)) - (1 + v) * y0 / (1 + series * abs(y0))
        np.testing.assert_allclose(read(p, w, x, ends=p.ends(6, 4, seed=7))[0], want, rtol=1e-4, atol=1e-5)
        p = Periphery(**FREE, v_offset_std=0.2, r_series=series, v_offset_w_min=0)
        want = (1 - v) * y / (1 + series * abs(y))
        np.testing.assert_allclose(read(p, w, x, ends=p.ends(6, 4, seed=7))[0], want, rtol=1e-4, atol=1e-5)
