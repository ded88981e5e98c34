"""From sections of the chip file to devices in integers; shared by the paths whose weights are devices."""

from typing import TYPE_CHECKING

from ...blocks.array.devices import MODELS, SIGMA, SPREAD_BITS, Devices
from ...blocks.lib.fixed import limit

if TYPE_CHECKING:
    from ..chip import Chip
    from ..config import Device


def devices(chip: "Chip", section: "Device | None", seed: int) -> Devices:
    """Devices of an array, as a section describes them; the checks of the file have seen that it is there."""
    assert section is not None
    full = limit(chip.config.weights.bits)
    bound = round(section.bound * full)

    def spread(sigma: float) -> int:
        return round(sigma * (1 << SPREAD_BITS) / SIGMA)

    return Devices(
        MODELS[section.model], seed, chip.config.weights.bits,
        max(1, round(2 * bound / section.states)), bound,
        spread(section.step_spread), spread(section.asymmetry), spread(section.bound_spread),
        spread(section.cycle_noise),
    )  # fmt: skip
