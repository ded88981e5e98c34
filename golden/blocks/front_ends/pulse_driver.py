"""A driver of pulses onto single devices: polarity, amplitude and how far it may rise, number of pulses."""

from typing import NamedTuple

import numpy as np

from ...compiled import njit


class PulseDriver(NamedTuple):
    """Configuration of a driver.

    Attributes
    ----------
    devices : int
        Devices that it reaches.
    bits : int
        Width of an amplitude, unsigned: a code of the DAC behind it.
    setup, width, dead : int
        Clocks, from 1: device and amplitude stand before a pulse, the pulse, and the pause after it.
    step : int
        By how much an amplitude may be above that of the device's last pulse, of either polarity; before its first
        pulse that was 0.
    limit : int
        Pulses that a device may get, below 2**31.
    """

    devices: int
    bits: int
    setup: int
    width: int
    dead: int
    step: int
    limit: int

    @property
    def clocks(self) -> int:
        """Clocks from one pulse to the next, if their commands wait."""
        return self.setup + self.width + self.dead + 2

    def initial(self) -> tuple[np.ndarray, np.ndarray]:
        """Pulses that each device has had, and amplitudes of their last ones: int32 arrays, shape (devices,)."""
        return np.zeros(self.devices, np.int32), np.zeros(self.devices, np.int32)


@njit
def drive(counts, amplitudes, device, amplitude, step, limit):
    """A pulse, if the device may have it.

    Parameters
    ----------
    counts, amplitudes : int32 arrays, shape (devices,)
        As `PulseDriver.initial` gives them; changed in place.
    device, amplitude : int
        Which device, and a signed amplitude: its sign is the polarity, 0 is no pulse.
    step, limit : int
        As in `PulseDriver`.

    Returns
    -------
    amplitude : int
        What leaves the driver; 0 if no pulse does.
    limited, worn : bool
        The amplitude was cut down to the step; the device has had all its pulses, and gets none.
    """
    size = abs(amplitude)
    if size == 0:
        return 0, False, False
    if counts[device] >= limit:
        return 0, False, True
    most = amplitudes[device] + step
    given = min(size, most)
    counts[device] += 1
    amplitudes[device] = given
    return (given if amplitude > 0 else -given), size > most, False
