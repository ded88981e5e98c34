"""Two arrays read against each other."""

from inspect import signature

import numpy as np
import pytest

from ohmgrad.golden.analog.array import AnalogArray
from ohmgrad.golden.analog.crossbar import Crossbar
from ohmgrad.golden.analog.devices import ConstantStep, Drift, SoftBounds
from ohmgrad.golden.analog.difference import Difference
from ohmgrad.golden.analog.periphery import Periphery
from ohmgrad.golden.analog.update import Update
from ohmgrad.golden.analog.zero_shift import zero_shift

SEED = 23
PERFECT = Periphery(is_perfect=True)
EXACT = {"dw_min_dtod": 0.0, "dw_min_std": 0.0, "up_down_dtod": 0.0, "w_max_dtod": 0.0, "w_min_dtod": 0.0}


def two(device, shape):
    update = Update(pulse_type="deterministic-implicit", desired_bl=31)
    return [AnalogArray(device, *shape, seed=SEED + k, forward=PERFECT, update=update) for k in range(2)]


@pytest.mark.parametrize(("both", "moved"), [(False, (1.0, 0.0)), (True, (0.5, -0.5))])
def test_reads_and_updates_of_a_difference(both, moved):
    """w -= lr d x^T in units of W = 2 (A - R), in whole steps of 1/1024: exact."""
    plus, minus = two(ConstantStep(dw_min=1 / 1024, w_max=4.0, w_min=-4.0, **EXACT), (3, 4))
    rng = np.random.default_rng(SEED)
    plus.hold(rng.integers(-99, 99, (3, 4)) / 128)
    minus.hold(rng.integers(-99, 99, (3, 4)) / 128)
    pair, before = Difference(plus, minus, scale=2.0, both=both), [plus.weights.copy(), minus.weights.copy()]
    w = 2 * (before[0] - before[1])
    assert (pair.weights == w).all() and pair.shape == (3, 4)
    x, d = np.float32([1, 0, -1, 0.5]), np.float32([1, -1, 0])
    np.testing.assert_allclose(pair.forward(x), w @ x, rtol=1e-6)
    np.testing.assert_allclose(pair.backward(d), d @ w, rtol=1e-6)
    np.testing.assert_allclose(pair.read_line(2), w[:, 2], rtol=1e-6)
    np.testing.assert_allclose(pair.read_line(1, columns=False), w[1], rtol=1e-6)
    pair.update(x, d, lr=16 / 1024)
    for array, old, share in zip((plus, minus), before, moved, strict=True):
        np.testing.assert_allclose(array.weights - old, -share * 8 / 1024 * np.outer(d, x), atol=1e-6)


def test_a_zero_shifted_array_is_read_as_a_minus_r():
    """R holds what A shows at its symmetry points, within R's own bounds: then A - R rests at zero."""
    plus, minus = two(SoftBounds(dw_min=0.01, up_down=0.2, dw_min_std=0.0), (6, 5))
    points = zero_shift(plus.cells, plus.weights, 500, plus.rng)
    minus.hold(points)
    low, high = minus.cells.bounds
    reached = (low < points) & (points < high)
    steps = plus.cells.each[..., :2].max(-1)
    print(f"seed {SEED}: {reached.sum()} of 30 points within R's bounds")
    assert reached.sum() > 15 and (abs(Difference(plus, minus).weights) < steps)[reached].all()


@pytest.mark.parametrize(("both", "low"), [(False, -4.0), (True, -4.0), (True, 0.0)])
def test_a_difference_is_held_and_programmed(both, low):
    """Any W within what both arrays reach, of devices of one sign too: held exactly, programmed to half a step."""
    plus, minus = two(ConstantStep(dw_min=1 / 1024, w_max=4.0, w_min=low, **EXACT), (3, 4))
    pair, w = Difference(plus, minus, scale=0.5, both=both), np.random.default_rng(SEED).integers(-99, 99, (3, 4)) / 128
    assert pair.granularity == 1 / 2048
    pair.hold(w)
    assert (pair.weights == w.astype(np.float32)).all()
    for array in (plus, minus):
        array.hold(np.full((3, 4), 0.5))
    reference = minus.weights.copy()
    done = pair.program(w, rounds=100, most=64)
    assert (abs(pair.weights - w) <= 1 / 2048).all()
    np.testing.assert_allclose(done.error, pair.weights - w, atol=1e-7)
    assert both == bool((minus.weights != reference).any())


@pytest.mark.parametrize(("both", "given"), [(False, [[5, -4, 0], [0, 0, 0]]), (True, [[3, -2, 0], [-2, 2, 0]])])
def test_pulses_of_a_difference(both, given):
    plus, minus = two(ConstantStep(dw_min=1 / 1024, w_max=4.0, w_min=-4.0, **EXACT), (3, 4))
    Difference(plus, minus, both=both).pulse_line(1, [5, -4, 0])
    assert [(1024 * array.weights[:, 1]).tolist() for array in (plus, minus)] == given
    assert not plus.weights[:, [0, 2, 3]].any()


def test_time_passes_for_both_arrays_and_a_reset_for_those_written():
    """w <- b + (w - b) (1 - 1 / lifetime): W keeps 0.9 of itself; diffusion spreads as two; drift is w (1 + t)^-nu."""
    ages = {"lifetime": 10.0, "diffusion": 0.01, "drift": Drift(nu=0.5), "reset_std": 0.0}
    device = ConstantStep(w_max=4.0, w_min=-4.0, **ages, **EXACT)
    plus, minus = two(device, (30, 40))
    pair, w = Difference(plus, minus, scale=2.0), np.full((30, 40), 1.0)
    minus.hold(np.full((30, 40), -0.25))
    pair.hold(w)
    assert (minus.weights == -0.25).all() and (plus.weights == 0.25).all()
    pair.decay()
    np.testing.assert_allclose(pair.weights, 0.9, rtol=1e-6)
    pair.diffuse()
    # 1200 sums of two draws: the spread is right within 5 / sqrt(2 x 1200), a tenth.
    assert pair.weights.std() == pytest.approx(2 * 0.01 * 2**0.5, rel=0.1)
    before = pair.weights
    pair.drift(1.0)
    pair.drift(3.0)
    np.testing.assert_allclose(pair.weights, before / 2, rtol=1e-5)
    where = np.zeros((30, 40), bool)
    where[3, 4] = True
    pair.reset(where)
    assert (plus.weights == 0).sum() == 1 and plus.weights[3, 4] == 0 and minus.weights.all()
    with pytest.raises(ValueError, match="allowed are OneSided pairs"):
        pair.refresh()


def test_a_difference_goes_on_from_its_state():
    pair = Difference(*two(SoftBounds(), (2, 3)), both=True)

    def go_on():
        for _ in range(3):
            pair.update([0.3, -1, 0.7], [1, -0.5], 0.01)
        return pair.weights

    go_on()
    state = pair.state()
    later = go_on()
    assert (go_on() != later).any()
    pair.restore(state)
    np.testing.assert_array_equal(go_on(), later)
    before = pair.weights
    with pytest.raises(ValueError, match=r"^AnalogArray.restore: state: .*; allowed is a state with 'weights'.$"):
        pair.restore({name: value for name, value in state.items() if name != "minus.weights"})
    assert (pair.weights == before).all(), "nothing is restored by half"


def test_arrays_and_differences_have_one_protocol():
    """The public methods and properties of both are those of `Crossbar`, with the same arguments and defaults."""
    own = {AnalogArray: {"ageing"}, Difference: set()}
    names = {name for name in vars(Crossbar) if not name.startswith("_")}
    for kind, beside in own.items():
        public = {name for name in dir(kind) if not name.startswith("_")}
        assert public - beside == names - ({"shape", "weights"} if kind is AnalogArray else set())
        for name in names:
            if callable(method := getattr(Crossbar, name)):
                assert list(signature(method).parameters.values()) == list(
                    signature(getattr(kind, name)).parameters.values()
                ), f"{kind.__name__}.{name}"
    array = two(SoftBounds(), (2, 3))[0]
    assert array.shape == (2, 3) and array.weights.shape == (2, 3)


def test_refusals_of_a_difference():
    (a, _), (b, _) = two(SoftBounds(), (2, 3)), two(SoftBounds(), (3, 2))
    with pytest.raises(ValueError, match=r"^Difference.minus: \(3, 2\) is refused; allowed is an array of \(2, 3\).$"):
        Difference(a, b)
    with pytest.raises(ValueError, match=r"^Difference.scale: 0 is refused; allowed is a number above 0.$"):
        Difference(a, two(SoftBounds(), (2, 3))[0], 0)
