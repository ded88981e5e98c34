"""Pulsed devices of the emulated array, in integers.

A pulse moves the state by a step that depends on the state, as in aihwkit:

ConstantStep  dw (1 + sigma_c xi)
SoftBounds    dw (1 - w / bound) (1 + sigma_c xi)

then clips at the device's own bounds. Steps, their asymmetry and both bounds differ from device to
device. xi and the spreads are sums of four uniform 4-bit numbers from the seeded generator: mean 0,
standard deviation sqrt(85), limited to +-3.25 standard deviations.
"""

from typing import NamedTuple

import numpy as np

from ...compiled import njit
from ..lib.fixed import limit
from ..lib.kinds import unlisted
from ..lib.mixer import CYCLE, DEVICE, key, mix

SOFT_BOUNDS, CONSTANT_STEP = range(2)
MODELS = {"soft-bounds": SOFT_BOUNDS, "constant-step": CONSTANT_STEP}
"""All models, by the names of a chip description; each has a case in `Devices.slope` and `rtl.array.devices.SLOPES`."""

SIGMA = 85**0.5
"""Standard deviation of `normal`."""
SPREAD_BITS = 12
"""Spreads multiply by (2**12 + q n) / 2**12."""
SLOPE_BITS = 16
"""Slopes are in units of 2**-16 a state LSB."""
NOISE_BITS = 12
"""Cycle noise multiplies a step by (2**12 + q n) / 2**12."""


class Devices(NamedTuple):
    """Statistics of the devices, in state LSBs and fractions of 2**12.

    Attributes
    ----------
    model : int
        SOFT_BOUNDS or CONSTANT_STEP.
    seed : int
        Seed of the device-to-device draw and of the cycle-to-cycle noise.
    bits : int
        Width of a state.
    step, bound : int
        Mean step and mean bound.
    step_spread, asymmetry, bound_spread, noise : int
        Spreads q: round(sigma * 2**12 / SIGMA).
    """

    model: int
    seed: int
    bits: int
    step: int
    bound: int
    step_spread: int
    asymmetry: int
    bound_spread: int
    noise: int

    @property
    def step_bits(self) -> int:
        """Unsigned width of a step at zero."""
        reach = (1 << SPREAD_BITS) + 30 * (self.step_spread + self.asymmetry)
        return max(1, (self.step * reach >> SPREAD_BITS).bit_length())

    @property
    def slope_bits(self) -> int:
        """Unsigned width of a slope: a step divided by a bound of at least one LSB, in 2**-16."""
        return self.step_bits + SLOPE_BITS

    def slope(self, step: int, bound: int) -> int:
        """By how much a step shrinks an LSB of the state towards its bound, in 2**-16.

        Raises
        ------
        ValueError
            The model is not on the list.
        """
        if self.model == SOFT_BOUNDS:
            return (step << SLOPE_BITS) // bound
        if self.model == CONSTANT_STEP:
            return 0
        raise unlisted("model of the devices", self.model, MODELS)

    def sample(self, size: int) -> np.ndarray:
        """Device-to-device sample of `size` devices.

        Returns
        -------
        int64 array, shape (size, 6)
            Columns: step up, step down, slope up, slope down, bound up, bound down, where bounds are
            magnitudes and slopes are in 2**-16.
        """
        out = np.empty((size, 6), np.int64)
        for i in range(size):
            n_step, n_asymmetry, n_up, n_down = (normal(k) for k in key(self.seed, DEVICE, i))
            base = self.step * ((1 << SPREAD_BITS) + self.step_spread * n_step) >> SPREAD_BITS
            skew = self.step * self.asymmetry * n_asymmetry >> SPREAD_BITS
            for k, (step, n) in enumerate(((base + skew, n_up), (base - skew, n_down))):
                bound = self.bound * ((1 << SPREAD_BITS) + self.bound_spread * n) >> SPREAD_BITS
                bound = min(max(bound, 1), limit(self.bits))
                step = max(step, 1)
                out[i, k] = step
                out[i, 2 + k] = self.slope(step, bound)
                out[i, 4 + k] = bound
        return out


@njit(inline="always")
def normal(bits):
    """Approximately normal integer from 16 random bits: mean 0, variance 85, within +-30."""
    return (bits & 15) + ((bits >> 4) & 15) + ((bits >> 8) & 15) + ((bits >> 12) & 15) - 30


@njit(inline="always")
def noise_of(words, i):
    """Draw of element i under a key: two elements share 32 bits."""
    return normal((mix(words[0], words[1], words[2], words[3], i >> 1) >> (16 * (i & 1))) & 0xFFFF)


@njit
def pulse(noise, n, state, polarity, device):
    """State of one device after one pulse.

    Parameters
    ----------
    noise, n : int
        Spread of the cycle noise, and its draw.
    state : int
    polarity : int
        +1 or -1.
    device : int64 array, shape (6,)
        Row of `Devices.sample`.
    """
    side = 0 if polarity > 0 else 1
    # Towards its bound the step shrinks, past zero on the other side it grows.
    step = device[side] - ((device[2 + side] * state * polarity) >> SLOPE_BITS)
    step = (step * ((1 << NOISE_BITS) + noise * n)) >> NOISE_BITS
    return min(max(state + polarity * step, -device[5]), device[4])


@njit
def pulse_all(seed, noise, number, pulses, devices, states):
    """Apply one word of pulses a device in place; `number` counts the transfers."""
    words = key(seed, CYCLE, number)
    for i in range(states.size):
        if pulses[i] != 0:
            states[i] = pulse(noise, noise_of(words, i), states[i], pulses[i], devices[i])
