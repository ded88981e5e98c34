"""Spreads of 20,000 devices and of their cycles against the chip description.

The mean of n draws deviates by sigma / sqrt(n), their standard deviation by at most sigma / sqrt(2 n), as
the sum of four uniform numbers has lighter tails than a normal one. Five of these are allowed, and half
an LSB of the spread, whose integer is in 2**-12 / SIGMA.
"""

import numpy as np
import pytest

from ohmgrad.golden.blocks.array.devices import SIGMA, SOFT_BOUNDS, Devices, pulse_all

from .chips import FILTERED, small

SEED, SIZE = 31, 20000


def check_spread(values, mean, sigma):
    allowed = 5 * sigma / SIZE**0.5
    got = values.mean(), values.std()
    print(f"seed {SEED}: mean {got[0]:.5f} of {mean}, spread {got[1]:.5f} of {sigma}, allowed {allowed:.5f}")
    assert abs(got[0] - mean) < allowed + 1e-4
    assert abs(got[1] - sigma) < allowed / 2**0.5 + SIGMA / 2 / 4096


def test_spreads_of_devices():
    sigma = {"step": 0.2, "skew": 0.05, "bound": 0.3}
    chip = small(
        **FILTERED, seed=SEED,
        **{"device.bound": 0.5, "device.step_spread": 0.2, "device.asymmetry": 0.05, "weights.bits": 22},
    )  # fmt: skip
    devices = chip.path.devices
    step, bound = 2 * 0.5 * 2**21 / 40, 0.5 * 2**21
    up, down, slope_up, slope_down, high, low = devices.sample(SIZE).T
    check_spread((up + down) / 2 / step, 1, sigma["step"])
    check_spread((up - down) / 2 / step, 0, sigma["skew"])
    check_spread(high / bound, 1, sigma["bound"])
    check_spread(low / bound, 1, sigma["bound"])
    assert (slope_up == (up << 16) // high).all() and (slope_down == (down << 16) // low).all()


def test_spreads_of_a_device_are_independent():
    devices = Devices(SOFT_BOUNDS, SEED, 22, 50000, 10**6, 89, 22, 133, 0)
    up, down, _, _, high, low = devices.sample(SIZE).T
    z = np.corrcoef([up + down, up - down, high, low])[np.triu_indices(4, 1)] * SIZE**0.5
    print(f"seed {SEED}: z of the six pairs {z.round(1)}, bound 5")
    assert abs(z).max() < 5


@pytest.mark.parametrize("sigma", [0.0, 0.3, 1.0])
def test_cycle_noise(sigma):
    chip = small(**FILTERED, **{"device.cycle_noise": sigma})
    step = 10000
    rows = np.tile([step, step, 0, 0, 10**6, 10**6], (SIZE, 1))
    steps = []
    for number, polarity in [(0, 1), (1, 1), (1, -1)]:
        states = np.zeros(SIZE, np.int32)
        pulse_all(SEED, chip.path.devices.noise, number, np.full(SIZE, polarity, np.int32), rows, states)
        steps.append(states / polarity / step)
        check_spread(steps[-1], 1, sigma)
    if sigma:
        assert abs(np.corrcoef(steps[0], steps[1])[0, 1]) * SIZE**0.5 < 5, "transfers share their noise"
        assert abs(np.corrcoef(steps[0][::2], steps[0][1::2])[0, 1]) * (SIZE / 2) ** 0.5 < 5
    assert sigma == 0 or np.unique(steps[0]).size > 50


def test_spreads_are_seeded():
    def sample(seed):
        return Devices(SOFT_BOUNDS, seed, 20, 500, 200000, 133, 0, 133, 0).sample(50)

    assert (sample(1) == sample(1)).all() and (sample(1) != sample(2)).any()
