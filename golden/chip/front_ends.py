"""Front ends by the name that a chip file has for them: which parts they take, and what they are at a chip's clock.

A front end stands between the port of the array and real converters (`golden.blocks.front_ends`).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..blocks.front_ends.converter_array import ConverterArray
from ..blocks.front_ends.parallel_rail import ParallelRail, parallel_dac_per_cell
from ..blocks.front_ends.pulse_driver import PulseDriver
from ..blocks.front_ends.spi import clocks
from ..blocks.front_ends.spi_rail import SpiRail, dac_per_cell

if TYPE_CHECKING:
    from .config import ChipConfig


class Kind(NamedTuple):
    """A kind of front end.

    Attributes
    ----------
    parts : str
        What its converters are.
    dac_bits, adc_bits : int
        Widths of their codes.
    channels : int
        DACs of a part.
    keys : tuple of str
        Keys of the section that it has, besides those that all have.
    rail : callable
        Makes it for a chip.
    """

    parts: str
    dac_bits: int
    adc_bits: int
    channels: int
    keys: tuple[str, ...]
    rail: Callable[["ChipConfig"], SpiRail | ParallelRail]


def _spi(chip: "ChipConfig") -> SpiRail:
    front = chip.front_end
    assert front is not None
    return dac_per_cell(front.clock, chip.size, front.buses, chip.engine.lanes, front.safe, front.divider, front.busy)


def _parallel(chip: "ChipConfig") -> ParallelRail:
    front = chip.front_end
    assert front is not None
    return parallel_dac_per_cell(front.clock, chip.size, chip.engine.lanes, front.safe, chip.cost.signed)


FRONT_ENDS = {
    "spi": Kind("AD5391, ADS7950", 12, 12, 16, ("buses", "divider", "busy"), _spi),
    "parallel": Kind("DAC7624, AD7865", 12, 14, 4, (), _parallel),
}
"""By the name that `front_end.kind` has in a chip file."""
KEYS = {key for kind in FRONT_ENDS.values() for key in kind.keys}
"""Keys that some of them have."""


def front_end(chip: "ChipConfig") -> ConverterArray | None:
    """The front end of a chip, None where its file has none."""
    if chip.front_end is None:
        return None
    rail, pulses = FRONT_ENDS[chip.front_end.kind].rail(chip), chip.pulse_driver
    if pulses is None:
        return ConverterArray(rail)
    hz, step = chip.front_end.clock, pulses.level if pulses.step is None else pulses.step
    driver = PulseDriver(
        chip.size, pulses.bits, clocks(pulses.setup, hz), clocks(pulses.width, hz), clocks(pulses.dead, hz), step,
        pulses.limit,
    )  # fmt: skip
    return ConverterArray(rail, driver, pulses.level)
