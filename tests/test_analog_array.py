"""A crossbar as a whole: orientation, seeds, states, lines, programming, ageing."""

import numpy as np
import pytest

from ohmgrad.golden.analog.array import AnalogArray
from ohmgrad.golden.analog.devices import ConstantStep, SoftBounds
from ohmgrad.golden.analog.one_sided import OneSided
from ohmgrad.golden.analog.periphery import Periphery
from ohmgrad.golden.analog.update import Update

PERFECT = Periphery(is_perfect=True)
QUIET = {"dw_min_std": 0.0, "dw_min_dtod": 0.0, "up_down_dtod": 0.0, "w_max_dtod": 0.0, "w_min_dtod": 0.0}
X, D = np.array([0.5, -1.0, 0.25, 0.0]), np.array([1.0, -0.5, 0.75])


def array(device=None, seed=1, **settings):
    return AnalogArray(device or SoftBounds(), 3, 4, seed, **{"forward": PERFECT, **settings})


def test_orientation():
    """W (outputs, inputs): W x, W^T d, and an update that goes down where d x > 0."""
    a = array(ConstantStep(dw_min=2.0**-10, **QUIET), update=Update(pulse_type="deterministic-implicit"))
    w = np.arange(12).reshape(3, 4) / 32 - 0.2
    a.hold(w)
    np.testing.assert_array_equal(a.weights, w.astype(np.float32))
    np.testing.assert_allclose(a.forward(X), w @ X, rtol=1e-6)
    np.testing.assert_allclose(a.backward(D), D @ w, rtol=1e-6)
    np.testing.assert_allclose(a.forward([X, 2 * X]), [w @ X, 2 * (w @ X)], rtol=1e-6)
    for k in range(4):
        np.testing.assert_array_equal(a.read_line(k), a.weights[:, k])
    for k in range(3):
        np.testing.assert_array_equal(a.read_line(k, columns=False), a.weights[k])
    a.update(X, D, 2.0**-7)
    np.testing.assert_array_equal(np.rint((a.weights - w) * 1024), -np.rint(8 * np.outer(D, X)))


def test_lines_are_pulsed_by_counts():
    """Signed counts along a column and along a row; other lines stay."""
    a = array(ConstantStep(dw_min=2.0**-10, **QUIET))
    a.pulse_line(2, [1, -3, 0])
    a.pulse_line(1, [2, 0, 5, -1], columns=False)
    assert (a.weights * 1024).tolist() == [[0, 0, 1, 0], [2, 0, 2, -1], [0, 0, 0, 0]]


def test_seeds():
    """One seed is one array and one noise; another differs in every device, line and draw."""
    noisy = Periphery(out_noise_std=0.3)
    a, b, c = (array(seed=s, forward=noisy) for s in (1, 1, 2))
    for v in (a, b, c):
        v.hold(np.full((3, 4), 0.2))
        v.update(X, D, 0.1)
    assert (a.weights == b.weights).all() and (a.forward(X) == b.forward(X)).all()
    assert (a.weights != c.weights)[:, :3].any() and (a.cells.each != c.cells.each).any()
    assert (a.forward_ends.lines[0] != a.backward_ends.lines[0, :3]).any()


@pytest.mark.parametrize("device", [SoftBounds(write_noise_std=1.0), OneSided(device=SoftBounds(), refresh_every=3)])
def test_state(device):
    """Going on from a state gives the same numbers, also where cells hold more than the weights."""
    a = array(device, forward=Periphery(noise_management="average-abs-max"))

    def go_on():
        for k in range(5):
            a.update(X * (k + 1), D, 0.05)
        return np.concatenate([a.weights, a.forward(X)[:, None], a.cells.each.reshape(3, -1)], axis=1)

    go_on()
    state = a.state()
    later = go_on()
    assert (go_on() != later).any()
    a.restore(state)
    np.testing.assert_array_equal(go_on(), later)
    assert a.updates == 10


def test_batch_is_one_vector_after_another():
    one, all_ = array(), array()
    rng = np.random.default_rng(3)
    x, d = rng.uniform(-1, 1, (7, 4)), rng.uniform(-1, 1, (7, 3))
    for k in range(7):
        one.update(x[k], d[k], 0.01)
    all_.update(x, d, 0.01)
    assert (one.weights == all_.weights).all() and one.weights.any() and all_.updates == 7


def test_worn_pairs_are_refreshed_on_time():
    """After 4 of 6 vectors, also within a batch: both devices near their bound go back, their difference stays."""
    single = ConstantStep(dw_min=2.0**-6, w_max=1.0, w_min=0.0, reset_std=0.0, **QUIET)
    a = array(OneSided(device=single, refresh_every=4), update=Update(pulse_type="deterministic-implicit"))
    for _ in range(56):
        a.pulse_line(0, [1, 0, 0])
        a.pulse_line(0, [-1, 0, 0])
    a.pulse_line(0, [4, 0, 0])
    plus = a.cells.hidden(a.weights)[0]
    assert plus[0, 0] == 60 / 64 and a.weights[0, 0] == 4 / 64
    a.update(np.zeros((3, 4)), np.zeros((3, 3)), 0.1)
    assert a.cells.hidden(a.weights)[0][0, 0] == 60 / 64
    a.update(np.zeros((3, 4)), np.zeros((3, 3)), 0.1)
    assert [s[0, 0] for s in a.cells.hidden(a.weights)] == [4 / 64, 0] and a.weights[0, 0] == 4 / 64
    assert a.updates == 6 and a.refresh() == 0
    with pytest.raises(ValueError, match="allowed are OneSided pairs"):
        array().refresh()


def test_programming():
    """Write-verify ends within the tolerance of what is read, for every cell that can reach its target."""
    rng = np.random.default_rng(5)
    target = rng.uniform(-0.2, 0.2, (3, 4))
    a = array(SoftBounds(dw_min=0.01, dw_min_std=0.3), seed=6)
    done = a.program(target, rounds=200, tolerance=0.012)
    print(f"seed 6: {done.rounds} rounds, {done.pulses} pulses")
    assert done.rounds < 200 and abs(done.error).max() <= 0.012
    np.testing.assert_allclose(done.error, a.weights - target, atol=1e-7)
    # At least the distance, in steps of at most (1 + 4 sigma) twice the mean one.
    assert done.pulses >= abs(target).sum() / 0.01 / 4
    again = a.program(target, tolerance=0.012)
    assert again.rounds == 0 and again.pulses == 0
    # One round of one pulse each: 12 pulses, all towards the target.
    a.hold(np.zeros((3, 4)))
    once = a.program(target, rounds=1, tolerance=1e-4, most=1)
    assert once.rounds == 1 and once.pulses == 12 and (np.sign(a.weights) == np.sign(target)).all()
    # Also where less than half a step is missing.
    a.hold(np.zeros((3, 4)))
    assert a.program(np.full((3, 4), 0.004), rounds=1, tolerance=1e-4).pulses == 12


def test_programming_through_a_noisy_converter():
    """Reads that are averaged program closer: errors of about noise / sqrt(reads) beyond the tolerance."""
    target, errors = np.full((30, 40), 0.1), []
    for reads in (1, 64):
        a = AnalogArray(SoftBounds(dw_min=0.005, dw_min_std=0), 30, 40, 7, forward=Periphery(out_noise=0.06))
        errors.append(a.program(target, rounds=25, reads=reads).error.std())
    print(f"seed 7: standard deviations of the error {errors}")
    assert errors[1] < 0.5 * errors[0]


def test_without_device_and_with():
    """Floating-point updates, without bounds and with those of each cell."""
    for kind, clipped in (("none", False), ("none-with-device", True)):
        a = array(update=Update(pulse_type=kind))
        a.update(X, D, 10.0)
        want = -10 * np.outer(D, X)
        np.testing.assert_allclose(a.weights, np.clip(want, *a.cells.bounds) if clipped else want, rtol=1e-6)


def test_ageing_is_that_of_the_cells():
    a = array(SoftBounds(lifetime=10.0, diffusion=0.01, reset=0.05, reset_std=0.0, **QUIET))
    a.hold(np.full((3, 4), 0.25))
    a.decay()
    np.testing.assert_allclose(a.weights, 0.05 + 0.2 * 0.9, rtol=1e-6)
    before = a.weights.copy()
    a.diffuse()
    assert 0 < abs(a.weights - before).max() < 0.06
    where = np.zeros((3, 4), bool)
    where[1, 2] = True
    a.reset(where)
    assert a.weights[1, 2] == np.float32(0.05) and (a.weights[~where] != np.float32(0.05)).all()
    a.drift(2.0)


def test_refusals():
    a = array()
    for call, message in (
        (lambda: a.forward(D), "AnalogArray.forward: x: shape (3,) is refused; allowed is (4,) or (batch, 4)."),
        (lambda: a.backward(X), "AnalogArray.backward: d: shape (4,) is refused; allowed is (3,) or (batch, 3)."),
        (lambda: a.update([X, X], D, 0.1), "AnalogArray.update: x, d: (2, 1) is refused; allowed is as many vectors"),
        (lambda: a.read_line(4), "AnalogArray.read_line: k: 4 is refused; allowed is an integer from 0 to 3."),
        (lambda: a.pulse_line(3, X, False), "AnalogArray.pulse_line: k: 3 is refused; allowed is an integer fr"),
        (lambda: a.pulse_line(0, X), "AnalogArray.pulse_line: counts: shape (4,) is refused; allowed is (3,)."),
        (lambda: a.program(np.zeros((3, 4)), rounds=0), "program: rounds: 0 is refused; allowed is an integer fr"),
        (lambda: AnalogArray(SoftBounds(), 0, 4), "AnalogArray.rows: 0 is refused; allowed is an integer from 1."),
    ):
        with pytest.raises(ValueError, match="refused") as error:
            call()
        assert str(error.value).startswith(message)
