"""Writing a model into pulsed devices with write-verify: read, and pulse towards the target, until it is near enough.

In each round every device that is not done yet is read, z = round((state + noise) / 2**q), the code of an ADC whose
LSB is 2**q. Where |z 2**q - target| is at most the tolerance it is done, and is left alone from then on; else it gets
one pulse towards the target, by the model of `golden.blocks.array.devices` with its cycle noise.

With r = 2**(q-1) + the largest noise, a device that is done is within tolerance + r of its target, and one that is
pulsed was more than tolerance - r away: a step s that jumps over the target ends less than s - (tolerance - r)
beyond it. So what has once come near stays within max(tolerance, s - tolerance) + r, which is least, half a step and r,
at a tolerance of half a step. From a tolerance of s / 2 + r on no device jumps over, and all are done.

Targets are states of the target devices, clipped to what each can hold.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .blocks.array.devices import NOISE_BITS, Devices, noise_of, pulse
from .blocks.lib.fixed import round_wide
from .blocks.lib.mixer import CYCLE, READ, key
from .compiled import njit


class Verify(NamedTuple):
    """Settings of write-verify.

    Attributes
    ----------
    rounds : int
        Most pulses that a device is given.
    tolerance : int
        In LSBs of a state.
    read_shift, read_noise : int
        q; spread of the noise, in 2**-12 LSBs of a state an LSB of `devices.normal`.
    """

    rounds: int
    tolerance: int
    read_shift: int = 0
    read_noise: int = 0


class Programmed(NamedTuple):
    """What write-verify leaves.

    Attributes
    ----------
    states, targets : int32 arrays, shape (P,)
        States of the devices, and what they were to be, clipped.
    pulses : int32 array, shape (P,)
        Pulses that each device was given.
    done : bool array, shape (P,)
        Whether it was read within the tolerance.
    """

    states: NDArray[np.int32]
    targets: NDArray[np.int32]
    pulses: NDArray[np.int32]
    done: NDArray[np.bool_]

    @property
    def error(self) -> NDArray[np.int64]:
        """States less targets: int64 array, shape (P,)."""
        return self.states.astype(np.int64) - self.targets

    def statistics(self) -> dict[str, float]:
        """Mean, rms and largest error in LSBs of a state, share not done, and pulses a device, mean and most."""
        error = self.error.astype(float)
        return {
            "mean": float(error.mean()), "rms": float(np.sqrt((error**2).mean())), "largest": float(abs(error).max()),
            "failed": float(1 - self.done.mean()),
            "pulses": float(self.pulses.mean()), "most_pulses": int(self.pulses.max()),
        }  # fmt: skip


def held(sample: NDArray[np.int64], targets: NDArray) -> NDArray[np.int32]:
    """Targets clipped to the bounds of devices of `Devices.sample`: int32 array, shape (P,)."""
    return np.clip(targets, -sample[:, 5], sample[:, 4]).astype(np.int32)


def in_states(codes: NDArray[np.float64], drop: int) -> NDArray[np.int64]:
    """States whose weight codes are the nearest to `codes`, in the middle of the states that have such a code.

    A weight code is a state >> drop: a state of `code << drop` is at the lower end of its code, where the least error
    of programming makes it another one.

    Parameters
    ----------
    codes : float array, shape (P,)
        In weight codes of the target array, whole or not, as of `golden.blocks.update.average.mean`.
    """
    return np.floor(np.ldexp(np.asarray(codes) + 0.5, drop)).astype(np.int64)


def program(
    devices: Devices,
    sample: NDArray[np.int64],
    states: NDArray[np.int32],
    targets: NDArray,
    verify: Verify,
    number: int = 0,
) -> Programmed:
    """Write targets into devices.

    Parameters
    ----------
    devices : Devices
        Statistics of the target array; seed of cycle noise and read noise.
    sample : int64 array, shape (P, 6)
        `devices.sample(P)`.
    states : int32 array, shape (P,)
        To start from; left as they are.
    targets : int array, shape (P,)
    verify : Verify
    number : int
        Of the first round, which seeds the noise: round n of the same array has number + n.

    Returns
    -------
    Programmed
    """
    clipped, after, pulses = held(sample, targets), states.astype(np.int32), np.zeros(len(sample), np.int32)
    done = np.zeros(len(sample), np.bool_)
    write(devices.seed, devices.noise, sample, verify, number, clipped, after, pulses, done)
    return Programmed(after, clipped, pulses, done)


@njit
def write(seed, noise, sample, verify, number, targets, states, pulses, done):
    """`program` in place, on arrays as of `Programmed`."""
    for n in range(verify.rounds + 1):
        read_key = key(seed, READ, (number + n) & 0xFFFFFFFF)
        cycle_key = key(seed, CYCLE, (number + n) & 0xFFFFFFFF)
        left = False
        for i in range(states.size):
            if done[i]:
                continue
            state = np.int64(states[i])
            disturbance = (verify.read_noise * noise_of(read_key, i)) >> NOISE_BITS
            error = (round_wide(state + disturbance, verify.read_shift) << verify.read_shift) - targets[i]
            if abs(error) <= verify.tolerance:
                done[i] = True
            elif n < verify.rounds:
                states[i] = pulse(noise, noise_of(cycle_key, i), state, -1 if error > 0 else 1, sample[i])
                pulses[i] += 1
                left = True
        if not left:
            break
