"""Path `filtered`: words of G, filtered in words of H, whose single pulses go to the devices that are the weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ...blocks.array.devices import Devices
from ...blocks.lib.fixed import bits_for
from ...blocks.update.ttv2 import RESETS, Ttv2
from ..memories import Memory, of_parameters
from .base import Path, Schedule, gradient, gradient_unit, held, states, writable
from .pulsed import devices

if TYPE_CHECKING:
    from ..chip import Chip

MOST = 31
"""Most bits of a word of H."""


@dataclass(frozen=True)
class Filtered(Path):
    """Blocks of the path.

    Attributes
    ----------
    devices : Devices
        Their states are the weights.
    ttv2 : Ttv2
        Filter; T = dw / eta in units of G.
    """

    devices: Devices
    ttv2: Ttv2

    pulsed: ClassVar[bool] = True
    gradient: ClassVar[bool] = True
    sections: ClassVar[tuple[str, ...]] = ("device",)
    keys: ClassVar[tuple[str, ...]] = ("reset", "keep_shift")
    streams: ClassVar[tuple[str, ...]] = ("pulses", "transfer")

    @classmethod
    def derive(cls, chip: "Chip") -> Self:
        update, cells = chip.config.update, devices(chip, chip.config.device, chip.config.seed)
        unit, bound = cells.step * chip.state_unit / chip.gradient_unit, chip.correlator.bound
        schedule = tuple((start, round(unit / eta)) for _, start, eta in chip.etas)
        for (key, _, eta), (_, threshold) in zip(chip.etas, schedule, strict=True):
            if threshold < 1 or bits_for(2 * (threshold + bound)) > MOST:
                raise held(chip, key, eta, "the filter's threshold", unit / 2**28, unit)
        bits = bits_for(2 * (max(threshold for _, threshold in schedule) + bound))
        return cls(
            cells,
            Ttv2(bits, chip.correlator.bits, RESETS[update.reset], update.keep_shift, schedule, negate=True),
        )

    @property
    def rates(self) -> tuple[int, ...]:
        return tuple(threshold for _, threshold in self.ttv2.schedule)

    @property
    def schedule(self) -> Schedule:
        return tuple((start, (threshold,)) for start, threshold in self.ttv2.schedule)

    def memories(self, chip: "Chip") -> tuple[Memory, ...]:
        ttv2 = self.ttv2
        return (
            states(chip, "array.devices.memory"),
            *gradient(chip),
            of_parameters(chip, "filter", "H", ttv2.bits, ttv2.bound, "engine.ttv2.memory", "h"),
            *writable(chip, self, "thresholds", ttv2.bits - 1, ttv2.bound),
        )

    def units(self, chip: "Chip") -> list[tuple[str, str, str]]:
        thresholds = ", ".join(str(value) for _, value in self.ttv2.schedule)
        return [gradient_unit(chip), ("filter word H", f"{self.ttv2.bits} bits", f"threshold {thresholds} LSB of G")]

    def parameters(self) -> dict[str, Any]:
        return {"ttv2": self.ttv2, "devices": self.devices}
