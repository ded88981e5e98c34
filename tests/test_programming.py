"""Write-verify: by plain integers, within the bound that its docstring derives, into devices that hold too little."""

from math import ceil

import numpy as np
import pytest

from ohmgrad.golden.blocks.array.devices import CONSTANT_STEP, SOFT_BOUNDS, Devices
from ohmgrad.golden.programming import Verify, held, in_states, program

from . import reference

SEED, SIZE, READ = 51, 300, 9
SPREAD = round(0.3 * 4096 / 85**0.5)
"""30 %."""


def array(soft, noise=0, spread=SPREAD, step=200, bound=8000, seed=SEED):
    """Devices of 80 states, and their sample."""
    devices = Devices(SOFT_BOUNDS if soft else CONSTANT_STEP, seed, 16, step, bound, spread, spread // 4, spread, noise)
    return devices, devices.sample(SIZE)


def drawn(sample, reach):
    """States to start from, and targets, within a part of what each device can hold."""
    draw = np.random.default_rng(SEED)
    low, high = -reach * sample[:, 5], reach * sample[:, 4]
    return (draw.uniform(low, high).astype(np.int32) for _ in range(2))


def plainly(devices, row, i, state, target, verify, number):
    """State, pulses and success of one device."""
    target = min(max(target, -row[5]), row[4])
    for n in range(verify.rounds + 1):
        word = reference.mix(reference.key(devices.seed, READ, number + n), i // 2)
        noise = verify.read_noise * reference.normal(word >> 16 * (i % 2)) // 4096
        code = reference.nearest(reference.Fraction(state + noise, 2**verify.read_shift))
        error = code * 2**verify.read_shift - target
        if abs(error) <= verify.tolerance:
            return state, n, True
        if n < verify.rounds:
            draw = reference.cycle_normal(devices.seed, number + n, i)
            state = reference.pulse(row, state, -1 if error > 0 else 1, devices.noise, draw)
    return state, verify.rounds, False


@pytest.mark.parametrize("soft", [True, False])
@pytest.mark.parametrize("verify", [Verify(40, 100), Verify(7, 30, 6, 20000), Verify(0, 100, 3)])
def test_write_verify_by_plain_integers(verify, soft):
    devices, sample = array(soft, noise=SPREAD)
    states, targets = drawn(sample, 1.2)
    before, number = states.copy(), 2**31
    got = program(devices, sample, states, targets, verify, number)
    expected = [
        plainly(devices, row, i, int(s), int(t), verify, number)
        for i, (row, s, t) in enumerate(zip(sample.tolist(), states, targets, strict=True))
    ]
    assert list(zip(got.states.tolist(), got.pulses.tolist(), got.done.tolist(), strict=True)) == expected
    assert (states == before).all(), "the states to start from were changed"
    assert got.done.any() and (not got.done.all() or verify.rounds == 40)


def largest_step(devices, sample, targets):
    """Largest step of each device within two mean steps of its target, a draw of 30 of the cycle noise included."""
    up, down, slope_up, slope_down, _, _ = sample.T
    reach = 2 * devices.step
    step = np.maximum(
        up - slope_up * (targets - reach) / 65536, down + slope_down * (targets + reach) / 65536
    )
    return np.ceil(step * (1 + 30 * devices.noise / 4096)) + 1


@pytest.mark.parametrize(("shift", "read_noise"), [(0, 0), (6, 0), (5, 6000)])
@pytest.mark.parametrize("noise", [0, SPREAD // 3])
@pytest.mark.parametrize("soft", [True, False])
def test_error_is_within_half_a_step_and_the_errors_of_reading(soft, noise, shift, read_noise):
    """max(tolerance, s - tolerance) + r, see `golden.programming`, at a tolerance of half the mean step.

    Targets stay within 70 % of the bounds, so that soft bounds leave steps of 30 %. The slowest of these devices needs
    some 320 pulses; of those that 3000 rounds do not bring near enough, steps are so long that they go to and fro.
    """
    devices, sample = array(soft, noise)
    states, targets = drawn(sample, 0.7)
    verify = Verify(3000, devices.step // 2, shift, read_noise)
    got = program(devices, sample, states, targets, verify)
    r = (1 << shift >> 1) + ceil(30 * read_noise / 4096)
    bound = np.maximum(verify.tolerance, largest_step(devices, sample, targets) - verify.tolerance) + r
    print(f"seed {SEED}: {got.statistics()}, largest share of the bound {(abs(got.error) / bound).max():.3f}")
    assert (abs(got.error) <= bound).all()
    assert (abs(got.error[got.done]) <= verify.tolerance + r).all()
    assert (abs(got.error) / bound).max() > 0.6, "the bound is never come near, and so proves too little"


@pytest.mark.parametrize("soft", [True, False])
def test_no_device_jumps_over_a_tolerance_of_half_a_step_and_the_errors_of_reading(soft):
    devices, sample = array(soft, SPREAD // 3)
    states, targets = drawn(sample, 0.7)
    r = 16 + ceil(30 * 1000 / 4096)
    most = largest_step(devices, sample, targets).max()
    got = program(devices, sample, states, targets, Verify(3000, ceil(most / 2) + r, 5, 1000))
    assert got.done.all() and got.statistics()["failed"] == 0
    assert (np.sign(targets - states) * got.error <= most / 2).all()


def test_equal_constant_steps_find_the_nearest_multiple():
    """From 0, without noise: s round(target / s) after so many pulses, and an error as of uniform rounding."""
    devices, sample = array(False, spread=0)
    targets = np.random.default_rng(SEED).integers(-7900, 7900, SIZE)
    targets = targets[targets % 200 != 100]  # halves would be reached from both sides
    got = program(devices, sample[: targets.size], np.zeros(targets.size, np.int32), targets, Verify(100, 100))
    multiple = np.rint(targets / 200).astype(int)
    assert got.states.tolist() == (200 * multiple).tolist() and got.pulses.tolist() == abs(multiple).tolist()
    error, statistics = 200 * multiple - targets, got.statistics()
    assert statistics["rms"] == pytest.approx(np.sqrt(np.mean(error**2)))
    assert statistics["mean"] == pytest.approx(error.mean()) and statistics["largest"] == abs(error).max()
    assert statistics["most_pulses"] == abs(multiple).max()
    assert statistics["pulses"] == pytest.approx(abs(multiple).mean())
    # sigma of u^2 over its mean is sqrt(4 / 5) of u uniform, so that of the mean square, five of which are allowed:
    assert abs(statistics["rms"] ** 2 / (200**2 / 12) - 1) < 5 * (0.8 / targets.size) ** 0.5


@pytest.mark.parametrize("soft", [True, False])
def test_states_rise_with_targets_and_errors_fall_with_rounds(soft):
    """Without noise, one device for all: it stops at the first of its states that is near enough."""
    devices, sample = array(soft, spread=0)
    targets, start = np.linspace(-8000, 8000, SIZE).astype(int), np.full(SIZE, 1234, np.int32)
    tolerance = devices.step  # half of the largest step of soft bounds
    previous = abs(start - targets)
    for rounds in (1, 2, 5, 20, 100, 400):
        got = program(devices, sample, start, targets, Verify(rounds, tolerance))
        assert (np.diff(got.states) >= 0).all(), f"not monotone after {rounds} rounds"
        assert (abs(got.error) <= previous).all() and got.pulses.max() <= rounds
        previous = abs(got.error)
    assert got.done.all()


@pytest.mark.parametrize("soft", [True, False])
def test_devices_of_small_bounds_saturate(soft):
    """Targets beyond a device's own bounds become the bounds, and so do the states, within the tolerance.

    Constant steps s take b / s pulses to a bound b, and soft ones, whose distance shrinks by 1 - s / b a pulse,
    b / s ln(b / tolerance) at most.
    """
    devices, sample = array(soft)
    up = np.arange(SIZE) % 2
    targets, steps = np.where(up, 20000, -20000), np.where(up, sample[:, 0], sample[:, 1])
    bounds = np.where(up, sample[:, 4], -sample[:, 5])
    most = abs(bounds) / steps * (np.log(abs(bounds) / 100) if soft else 1) + 1
    got = program(devices, sample, np.zeros(SIZE, np.int32), targets, Verify(ceil(most.max()), 100))
    print(f"seed {SEED}: {got.pulses.max()} pulses, at most {most.max():.0f}")
    assert (got.pulses <= most).all()
    assert got.targets.tolist() == bounds.tolist() == held(sample, targets).tolist()
    assert got.done.all() and abs(got.states - bounds).max() <= 100
    assert (abs(got.states) <= abs(bounds)).all()


def test_a_seed_and_a_number_give_a_result():
    devices, sample = array(True, SPREAD)
    states, targets = drawn(sample, 0.9)
    verify = Verify(60, 60, 4, 2000)
    first, again, later, other = (
        program(d, sample, states, targets, verify, number).states
        for d, number in ((devices, 0), (devices, 0), (devices, 1000), (devices._replace(seed=SEED + 1), 0))
    )
    assert (first == again).all()
    assert (first != later).mean() > 0.5 and (first != other).mean() > 0.5


@pytest.mark.parametrize("drop", [0, 4])
def test_states_of_codes_are_in_the_middle_of_what_has_that_code(drop):
    codes = np.array([-3, -2.6, -0.5, 0, 0.2, 0.4999, 1, 7.75])
    states = in_states(codes, drop)
    assert (states >> drop).tolist() == [-3, -3, 0, 0, 0, 0, 1, 8]
    if drop:
        assert states[[0, 3, 6]].tolist() == [-3 * 16 + 8, 8, 24]
        for error in (-8, 7):
            assert ((states[[0, 3, 6]] + error) >> drop).tolist() == [-3, 0, 1]
