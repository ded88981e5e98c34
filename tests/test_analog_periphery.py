"""The periphery of a crossbar against its equations, without noise: codes exactly."""

import numpy as np
import pytest

from ohmgrad.golden.analog.periphery import Periphery

from .analog_reads import BARE, F, arrays, read

GRID = {"inp_res": 1 / 128, "out_res": 1 / 64, "out_noise": 0}
"""Powers of two: with weights in 64ths every sum of products is exact in float32, in whatever order."""


def quantised(v, bound, res):
    step = F(F(res) * 2 * F(bound))
    return (np.rint(v / step) * step).astype(F)


def expected(p, w, x, bound_management):
    """What the periphery makes of one vector, by NumPy: noise management, DAC, product, ADC, bound management."""
    top = {"abs-max": abs(x).max(), "max": x.max(), "constant": F(p.nm_thres), "none": F(1)}[p.noise_management]
    if p.nm_thres > 0:
        top = min(top, F(p.nm_thres))
    if top <= 0:
        return np.zeros(len(w), F)
    factor = 1
    while True:
        scale = F(1) / top / F(factor)
        driven = np.clip(quantised(x * scale, p.inp_bound, p.inp_res), -F(p.inp_bound), F(p.inp_bound))
        parts = [driven] if p.mv_type == "one-pass" else [np.minimum(driven, 0), np.maximum(driven, 0)]
        currents = [(w @ part.astype(float)).astype(F) for part in parts]
        if p.mv_type == "pos-neg-separate":
            currents = [sum(currents)]
        codes = [quantised(current, p.out_bound, p.out_res) for current in currents]
        clipped = any((c > F(p.out_bound)).any() or (c < -F(p.out_bound)).any() for c in codes)
        y = sum(np.clip(c, -F(p.out_bound), F(p.out_bound)) for c in codes)
        limit = factor > p.max_bm_factor or factor > p.max_bm_res / (2 * p.inp_bound * p.inp_res)
        if bound_management == "none" or not clipped or limit:
            back = F(p.out_scale) * top if bound_management == "none" and p.bound_management == "iterative" else 1
            return y * (F(p.out_scale) / scale if back == 1 else back)
        factor *= 2


@pytest.mark.parametrize("mv_type", ["one-pass", "pos-neg-separate", "pos-neg-separate-digital-sum"])
@pytest.mark.parametrize("noise", [{"noise_management": "none"}, {"noise_management": "max"}, {"nm_thres": 0.5}, {},
                                   {"noise_management": "constant", "nm_thres": 0.25}])  # fmt: skip
def test_codes_against_numpy(noise, mv_type):
    """Forward with bound management, backward without, rows of a batch and one by one."""
    w, x = arrays()
    for bound in ({"out_bound": 0.5}, {"out_bound": 8}, {"out_bound": 0.125, "max_bm_factor": 3, "out_scale": 2}):
        p = Periphery(**GRID, mv_type=mv_type, **noise, **bound)
        want = np.stack([expected(p, w, row, "iterative") for row in x])
        assert read(p, w, x)[0].tolist() == want.tolist()
        assert [read(p, w, row)[0][0].tolist() for row in x] == want.tolist()
        want = np.stack([expected(p, w, row, "none") for row in x])
        assert read(p, w.T.copy(), x, backward=True)[0].tolist() == want.tolist()


def test_half_way_values_go_to_even_codes():
    """Inputs and outputs in half steps; a step is 1/4 here, and beyond +-1 they clip."""
    p = Periphery(**{**BARE, "inp_res": 1 / 8, "out_res": 1 / 8, "out_bound": 1.0})
    halves = np.arange(-11, 12) / 8
    y, drive = read(p, np.ones((1, 1)), halves[:, None])
    even = np.clip(np.array([np.floor(4 * h + 0.5) - (4 * h % 2 == 0.5) for h in halves]) / 4, -1, 1)
    assert drive[:, 0].tolist() == even.tolist() and y[:, 0].tolist() == even.tolist()
    assert read(Periphery(**{**BARE, "out_res": 8, "out_bound": 1.0}), np.ones((1, 1)), halves[:, None])[0][
        :, 0].tolist() == even.tolist()  # fmt: skip


def test_float32_decides():
    """Three traps: float32(1/126) is above 1/126, so half of the largest input is 31.4999 steps, not 31.5; an input is
    multiplied by the rounded reciprocal of the largest; and the top code of 1/510 may lie above its bound and clip."""
    _, drive = read(Periphery(out_noise=0, out_bound=0.84), [[1.0]], [[1.0]])
    assert drive[0, 0] == F(31) * (F(1 / 126) * F(2))
    step = F(1 / 126) * F(2)
    for largest in np.linspace(0.5, 1, 1000).astype(F):
        # Nearest to half-way between the 56th and the 57th step.
        x = F(56.5) * step * largest
        if np.rint(x * (F(1) / largest) / step) != np.rint(x / largest / step):
            _, drive = read(Periphery(out_noise=0), np.zeros((1, 2)), [[largest, x]])
            assert drive[0, 1] == np.rint(x * (F(1) / largest) / step) * step
            break
    else:
        pytest.fail("no input whose quotient rounds otherwise than its product")
    clips = {}
    for bound in np.linspace(0.5, 12, 47).astype(F):
        top = F(255) * (F(1 / 510) * F(2) * bound)
        _, drive = read(Periphery(**{**BARE, "out_res": 1 / 510, "out_bound": bound, "bound_management": "iterative"}),
                        [[bound]], [[1.0]])  # fmt: skip
        clips[bool(top > bound)] = clips.get(bool(top > bound), set()) | {float(drive[0, 0])}
    assert clips == {True: {0.5}, False: {1.0}}


def test_perfect_and_bare():
    w, x = arrays()
    for p in (Periphery(is_perfect=True, out_scale=3), Periphery(mv_type="IDEAL", out_scale=3)):
        np.testing.assert_array_equal(read(p, w, x)[0], 3 * (x @ w.T.astype(F)))
        np.testing.assert_array_equal(read(p, w.T.copy(), x, True)[0], 3 * (x @ w.T.astype(F)))
        np.testing.assert_array_equal(read(p, w, x[3])[0][0], 3 * (w.astype(F) @ x[3]))
    y, drive = read(Periphery(**{**BARE, "inp_bound": 0.5, "out_bound": 0.75}), w, x)
    np.testing.assert_array_equal(drive, np.clip(x, -0.5, 0.5))
    np.testing.assert_allclose(y, np.clip(drive @ w.T, -0.75, 0.75), atol=1e-6)


def test_alpha_of_sums_and_of_the_mean():
    """No output can clip at max(max|x|, w_max max(sum of x > 0, -sum of x < 0) / out_bound), and the running mean."""
    x = np.array([[1.0, 1, 1, -0.5], [-1, -1, -1, -1], [0.25, 0, 0, 0]])
    free = {**BARE, "inp_bound": np.inf, "noise_management": "ABS_MAX_NP_SUM"}
    _, drive = read(Periphery(**free, out_bound=1.5, nm_assumed_wmax=1.0), np.zeros((1, 4)), x)
    np.testing.assert_allclose(x[:, 0] / drive[:, 0], [2, 4 / 1.5, 0.25], rtol=1e-6)
    # Inputs that are rounded are not scaled down to fewer steps than max_bm_res asks for.
    free |= {"inp_res": 1 / 16, "inp_bound": 1.0}
    _, drive = read(Periphery(**free, out_bound=0.1, nm_assumed_wmax=1.0), np.zeros((1, 4)), x)
    assert drive[:, 0].tolist() == [0.5, -0.5, 0.5]
    _, drive = read(Periphery(**{**BARE, "inp_bound": np.inf, "noise_management": "average-abs-max"}, nm_decay=0.25),
                    np.zeros((1, 4)), x)  # fmt: skip
    np.testing.assert_allclose(x[:, 0] / drive[:, 0], [1, 1, 0.75 + 0.25 * 0.25], rtol=1e-6)


def test_worst_case_and_shift():
    """A read with max|x| that clips is repeated with the sums' alpha; shifting takes the overshoot from all."""
    w, x = np.array([[1.0, 1, 1], [0.5, 0, 0]]), np.array([[1.0, 1, 0.5], [1, -1, 0]])
    managed = {"bound_management": "iterative-worst-case", "noise_management": "abs-max", "nm_assumed_wmax": 1.0}
    p = Periphery(**{**BARE, **managed, "out_bound": 1.25})
    y, drive = read(p, w, x)
    np.testing.assert_allclose(y, x @ w.T, rtol=1e-6)
    np.testing.assert_allclose(drive, x / [[2], [1]], rtol=1e-6)
    assert read(p, w, x[:1])[1].tolist() == drive[:1].tolist()
    y, _ = read(Periphery(**{**BARE, "bound_management": "shift", "out_bound": 1.25}), w, x)
    np.testing.assert_allclose(y, [[1.25, 0.5 - 1.25], [0, 0.5]], rtol=1e-6)


def test_negative_bound_may_be_left_alone():
    one = Periphery(**{**BARE, "out_bound": 1.0, "bound_management": "iterative"}, bm_test_negative_bound=False)
    y, _ = read(one, np.eye(2) * 1.5, [[1, 0], [-1, 0], [1, -1]])
    assert y.tolist() == [[1.5, 0], [-1, 0], [1.5, -1.5]]


def test_amplifier():
    """Asymmetries, and y / (1 + n |y|) with slope 1 where it is calibrated."""
    y, drive = read(Periphery(**BARE, inp_asymmetry=0.1, out_asymmetry=0.05), np.eye(2), [[0.5, -0.5]])
    np.testing.assert_allclose(drive, [[0.5, -0.45]], rtol=1e-6)
    np.testing.assert_allclose(y, [[0.5, -0.45 * 0.95]], rtol=1e-6)
    bend = Periphery(**{**BARE, "out_bound": 2.0}, out_nonlinearity=0.5)
    np.testing.assert_allclose(read(bend, np.eye(2), [[1, -0.5]])[0], [[1 / 1.25, -0.5 / 1.125]], rtol=1e-6)
    straight = Periphery(**{**BARE, "out_bound": 2.0}, out_nonlinearity=0.5, slope_calibration=0.25)
    near = read(straight, np.eye(2), [[0.5, 0.501]])[0][0]
    assert near[1] - near[0] == pytest.approx(0.001, rel=1e-3)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("mv_type", "one", "Periphery.mv_type: 'one' is refused; allowed is one of ideal, one-pass, pos-neg-separate,"),
        ("inp_bound", 0, "Periphery.inp_bound: 0 is refused; allowed is a number above 0, inf only with inp_res <= 0."),
        ("out_bound", np.inf, "Periphery.out_bound: inf is refused; allowed is a number above 0, inf only with"),
        ("out_noise", -0.1, "Periphery.out_noise: -0.1 is refused; allowed is a number from 0."),
    ],
)
def test_refusals(field, value, message):
    with pytest.raises(ValueError, match="Periphery") as error:
        Periphery(**{field: value})
    assert str(error.value).startswith(message)
