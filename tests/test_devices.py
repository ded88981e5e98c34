"""One pulse after the other, against the devices' equations and against aihwkit.

A device is a row: step up, down; slope up, down in 2**-16; bound up, down.
"""

from pathlib import Path

import numpy as np
import pytest

from ohmgrad.golden.blocks.array.devices import pulse, pulse_all

from . import reference
from .chips import DEVICE, FILTERED, small

SEED = 31
AIHWKIT = Path(__file__).parents[2] / "shared" / "reference" / "aihwkit"


def respond(row, start, pulses):
    """States after each of some noiseless pulses."""
    states = [start]
    for polarity in pulses:
        states.append(int(pulse(0, 0, states[-1], polarity, np.array(row))))
    return np.array(states[1:])


def soft(up, down, bound_up, bound_down):
    return [up, down, (up << 16) // bound_up, (down << 16) // bound_down, bound_up, bound_down]


@pytest.mark.parametrize("polarity", [1, -1])
def test_soft_bounds_step_is_dw_1_minus_w_over_bound(polarity):
    """Within the rounding: one LSB of the product and |w| / 2**16 of the slope."""
    row = soft(900, 700, 300000, 250000)
    step, bound = (900, 300000) if polarity > 0 else (700, 250000)
    for w in range(-250000, 300001, 997):
        moved = (int(respond(row, w, [polarity])[0]) - w) * polarity
        assert abs(moved - step * (1 - w * polarity / bound)) <= 1 + abs(w) / 65536


def test_soft_bounds_approaches_its_bounds_geometrically():
    row = soft(4000, 4000, 200000, 100000)
    curve = respond(row, 0, [1] * 200)
    assert abs(curve - 200000 * (1 - 0.98 ** np.arange(1, 201))).max() < 4 / 0.02
    assert (np.diff(curve) >= 0).all() and curve.max() <= 200000
    assert abs(respond(row, 0, [-1] * 400)[-1] + 100000) < 4 / 0.04
    # Up and down cancel where the two steps are equal: 1 - w / 200000 = 1 + w / 100000, at w = 0.
    assert abs(respond(row, 50000, [1, -1] * 300)[-1]) < 4000


def test_constant_step_is_constant_up_to_its_bounds():
    row = [900, 700, 0, 0, 5000, 3000]
    assert respond(row, 0, [1] * 7).tolist() == [900, 1800, 2700, 3600, 4500, 5000, 5000]
    assert respond(row, 0, [-1] * 5).tolist() == [-700, -1400, -2100, -2800, -3000]


@pytest.mark.parametrize("model", ["soft-bounds", "constant-step"])
def test_pulses_and_samples_by_plain_integers(model):
    chip = small(**{**FILTERED, "device": {**DEVICE, "model": model, "asymmetry": 0.3, "bound": 0.9}})
    rows = chip.path.devices.sample(300)
    assert rows.tolist() == [reference.device(chip.path.devices, i) for i in range(300)]
    draw = np.random.default_rng(SEED)
    pulses = draw.integers(-1, 2, 300).astype(np.int32)
    states = draw.integers(-rows[:, 5], rows[:, 4] + 1).astype(np.int32)
    noise, seed = chip.path.devices.noise, chip.path.devices.seed
    expected = [
        reference.pulse(row.tolist(), int(s), int(p), noise, reference.cycle_normal(seed, 2**31, i)) if p else s
        for i, (row, s, p) in enumerate(zip(rows, states, pulses, strict=True))
    ]
    pulse_all(seed, noise, 2**31, pulses, rows, states)
    assert states.tolist() == expected


@pytest.mark.parametrize("model", ["softbounds", "constant"])
def test_aihwkit_responds_alike(model):
    """120 pulses up, 120 down from 8 weights; one LSB is 2**-19.

    A step errs by 2 LSB and |w| / 2**16: soft bounds forget errors at the rate of their slope, constant
    steps gather half an LSB a pulse.
    """
    file = AIHWKIT / f"device_response_{model}.npz"
    if not file.exists():
        pytest.skip("aihwkit's vectors are not in ../shared/reference/aihwkit")
    data, lsb = np.load(file), 2.0**-19
    names = ("dwmin_up", "dwmin_down", "max_bound", "min_bound")
    for k, start in enumerate(data["w0"]):
        up, down, high, low = (round(abs(data[name][k]) / lsb) for name in names)
        row = soft(up, down, high, low) if model == "softbounds" else [up, down, 0, 0, high, low]
        got = respond(row, round(start / lsb), data["pulses"].astype(int).tolist())
        allowed = (2 + high / 65536) * high / up if model == "softbounds" else len(got) / 2
        error = abs(got - data["w"][1:, k] / lsb).max()
        print(f"device {k}: largest difference {error:.1f} LSB, {error / up:.1%} of a step, allowed {allowed:.1f}")
        assert error < allowed and allowed < up / 10
