"""Path `tiki-taka`: a fast array collects, a filter moves what it holds to the devices that are the weights.

See `golden.blocks.tiki_taka.tiki_taka`.
"""

from dataclasses import dataclass
from math import floor, log2
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ...blocks.array.devices import NOISE_BITS, SIGMA, Devices
from ...blocks.lib.fixed import limit
from ...blocks.perturb import outer
from ...blocks.tiki_taka import tiki_taka
from ...blocks.tiki_taka.lines import RANDOM, Lines, lines_of
from ...blocks.tiki_taka.pulses import PROBABILITY_BITS, RATE_BITS, Pulses
from ...blocks.update.ttv2 import RESETS, Ttv2
from ..memories import Memory, Region, of_parameters
from .base import Path, Schedule, held, states
from .pulsed import devices
from .tiki_taka_checks import check

if TYPE_CHECKING:
    from ..chip import Chip
    from ..config import ChipConfig, Fast

FAST_SEED = 0x9E3779B9
"""Added to the seed for the fast array."""


@dataclass(frozen=True)
class TikiTaka(Path):
    """Blocks between the cost and the slow array, and both arrays' devices.

    Attributes
    ----------
    settings : golden.blocks.tiki_taka.tiki_taka.Transfer
        Reading of the fast array, and choppers.
    devices, fast : Devices
        Of the slow array, whose states are the weights, and of the fast one.
    pulses : Pulses
        Trains onto the fast array: rate times the gradient estimate, in steps of its devices.
    lines : Lines
        Lines of the fast array.
    ttv2 : Ttv2
        Filter; T = dw / eta in units of readings, for the layer that has the most lines.
    thresholds : tuple of (int, tuple of int)
        (first step, T of each layer): a layer of few lines has each read the more often, hence T is higher.
    exponents : tuple of int
        log2 of what H has been rescaled by in each entry of the schedule.
    """

    settings: tiki_taka.Transfer
    devices: Devices
    fast: Devices
    pulses: Pulses
    lines: Lines
    ttv2: Ttv2
    thresholds: Schedule
    exponents: tuple[int, ...]

    pulsed: ClassVar[bool] = True
    gradient: ClassVar[bool] = False
    sections: ClassVar[tuple[str, ...]] = ("device", "fast", "transfer")
    keys: ClassVar[tuple[str, ...]] = ("reset", "keep_shift")
    streams: ClassVar[tuple[str, ...]] = ("pulse", "train", "read", "reading")

    @classmethod
    def check(cls, config: "ChipConfig") -> None:
        check(config)

    @classmethod
    def derive(cls, chip: "Chip") -> Self:
        section, transfer, seed = chip.config.fast, chip.config.transfer, chip.config.seed
        assert section is not None  # the checks of the file have seen it
        slow, fast = devices(chip, chip.config.device, seed), devices(chip, section, (seed + FAST_SEED) & 0xFFFFFFFF)
        settings = _settings(chip, section)
        lines = lines_of(chip.layout, settings.rows)
        etas = [eta for _, _, eta in chip.etas]
        rescales = transfer.change == "rescale"
        exponents = tuple(round(log2(etas[0] / eta)) if rescales else 0 for eta in etas)
        ttv2 = _filter(chip, settings, slow, max(exponents) - min(exponents))
        most = max(count for count, _ in lines.layers)
        thresholds = tuple(
            (start, tuple(min(round(value * most / count), ttv2.bound) for count, _ in lines.layers))
            for start, value in ttv2.schedule
        )
        return cls(settings, slow, fast, _pulses(chip, section, fast), lines, ttv2, thresholds, exponents)

    @property
    def rates(self) -> tuple[int, ...]:
        return self.pulses.rate, *(threshold for _, row in self.thresholds for threshold in row)

    @property
    def schedule(self) -> Schedule:
        return self.thresholds

    @property
    def elements(self) -> int:
        """Neurons and lines, of which each has a pulse or none in a vector."""
        return self.pulses.rows + self.pulses.lines

    def sent(self, chip: "Chip") -> int:
        return super().sent(chip) if chip.emulated else (self.pulses.slots + 1) * self.elements

    def memories(self, chip: "Chip") -> tuple[Memory, ...]:
        """C, H, A, R; with AGAD its means; lines' cursors and choppers; rate and thresholds, which a host may set."""
        bits, bound, filter_ = self.fast.bits, 1 << self.fast.bits - 1, "engine.tiki_taka.ttv2"
        words = chip.layout.parameters

        def of_lines(name: str, symbol: str, bits: int, bound: int, path: str, field: str) -> Memory:
            return Memory(
                name, symbol, Region[name.upper()], words, bits, bound, path, self.lines.lanes, self.lines.depth, field
            )

        found = [
            states(chip, "array.pair.slow.memory"),
            of_lines("filter", "H", self.ttv2.bits, self.ttv2.bound, f"{filter_}.memory", "h"),
            of_parameters(chip, "fast", "A", bits, bound, "array.pair.fast.memory", "a"),
            of_parameters(chip, "reference", "R", bits, bound, "array.pair.reference", "reference"),
        ]
        if self.ttv2.mean:
            mean, most = self.ttv2.mean_bits, 1 << self.ttv2.mean_bits - 1
            found.append(of_lines("mean", "means", mean, most, f"{filter_}.mean", "mean"))
            found.append(of_lines("past", "past means", mean, most, f"{filter_}.past", "past"))
        cursor = "engine.tiki_taka.cursor"
        if self.settings.chopped:
            lines = sum(count for count, _ in self.lines.layers)
            found.append(
                Memory("chopper", "choppers", Region.CHOPPER, lines, 2, 3, cursor, field="chopper", signed=False)
            )
        bound = 2**31 - 1
        bounds = tuple(most for count, _ in self.lines.layers for most in (count - 1, bound))
        found.append(
            Memory(
                "cursor", "cursors", Region.CURSOR, len(bounds), 32, bound, cursor, field="cursor", signed=False,
                bounds=bounds,
            )  # fmt: skip
        )
        bounds = (2**RATE_BITS - 1, *[self.ttv2.bound] * (len(self.rates) - 1))
        bits, symbol = max(RATE_BITS, self.ttv2.bits - 1), "rate and thresholds"
        found.append(
            Memory(
                "rates", symbol, Region.RATES, len(bounds), bits, max(bounds), "engine.tiki_taka", signed=False,
                bounds=bounds,
            )  # fmt: skip
        )
        return tuple(found)

    def units(self, chip: "Chip") -> list[tuple[str, str, str]]:
        unit, ttv2 = chip.state_unit * 2**self.settings.read_shift, self.ttv2
        thresholds = ", ".join(" / ".join(map(str, values)) for _, values in self.thresholds)
        return [
            ("state of a device of A", f"{self.fast.bits} bits",
             f"{chip.state_unit:.3g} of weight, a pulse {self.fast.step * chip.state_unit:.3g}"),
            ("reading of A", f"{self.settings.read_bits} bits", f"{unit:.3g} of weight"),
            ("filter word H", f"{ttv2.bits} bits",
             f"{unit / 2**ttv2.fraction:.3g} of weight, threshold {thresholds} LSB"),
        ]  # fmt: skip

    def parameters(self) -> dict[str, Any]:
        own = {name: getattr(self, name)._asdict() for name in ("settings", "fast", "pulses", "lines")}
        own |= {"thresholds": self.thresholds, "exponents": self.exponents}
        return {"ttv2": self.ttv2, "devices": self.devices, "tiki_taka": own}


def _settings(chip: "Chip", section: "Fast") -> tiki_taka.Transfer:
    transfer = chip.config.transfer
    period = transfer.chopper_period.bit_length() - 1 if transfer.chopper_period else RANDOM
    scans = transfer.chopper_period or (round(1 / transfer.chopper) if transfer.chopper else 0)
    finest, bound = chip.state_unit * limit(section.adc_bits), section.adc_bound or chip.config.weights.range
    shift = round(log2(bound / finest))
    if not 0 <= shift <= chip.config.weights.bits:
        raise chip.error(
            "fast.adc_bound", bound,
            f"makes an ADC step of 2**{shift} steps of a state; "
            f"allowed are numbers from {finest:.3g} to {finest * 2**chip.config.weights.bits:.3g}",
        )  # fmt: skip
    return tiki_taka.Transfer(
        chip.config.seed, transfer.lines == "rows", section.adc_bits, shift,
        round(section.read_noise / chip.state_unit * (1 << NOISE_BITS) / SIGMA),
        round(transfer.chopper * 65536), period, scans + 1 if transfer.means else 0,
    )  # fmt: skip


def _filter(chip: "Chip", settings: tiki_taka.Transfer, slow: Devices, rescale: int) -> Ttv2:
    update, transfer = chip.config.update, chip.config.transfer
    reading = 2.0 ** (settings.read_shift - transfer.fraction)  # what an LSB of H stands for, in LSBs of a state
    unit, bound = slow.step / reading, limit(transfer.bits)
    for key, _, eta in chip.etas:
        if not 1 <= round(unit / eta) <= bound:
            raise held(chip, key, eta, "the filter's threshold", unit / bound, unit)
    return Ttv2(
        transfer.bits, settings.read_bits, RESETS[update.reset], update.keep_shift,
        tuple((start, round(unit / eta)) for _, start, eta in chip.etas),
        fraction=transfer.fraction, leak=transfer.leak, mean=transfer.means, rescale=rescale,
    )  # fmt: skip


def _pulses(chip: "Chip", section: "Fast", fast: Devices) -> Pulses:
    rank_one = chip.config.perturbation.code == "rank-one"
    line_bits = 2 if rank_one else chip.config.array.input_bits
    gain = chip.cost.unit / (chip.crossbar.amplitude * chip.weight_unit) / (fast.step * chip.state_unit)
    gain *= 2.0**PROBABILITY_BITS / section.slots
    if not rank_one:  # full scale is a probability of 2**-(b-1) less than 1
        gain *= (1 << (line_bits - 1)) / chip.crossbar.one
    shift = floor(log2(((1 << RATE_BITS) - 1) / (gain * section.rate)))
    if not 0 <= shift <= 30:
        low, high = (255 / (gain * 2.0**k) for k in (30, 0))
        raise held(chip, "fast.rate", section.rate, "the 8-bit rate of the pulse trains", low, high)
    return Pulses(
        fast.seed, section.slots, section.trains == "deterministic", section.management, chip.layout.neurons,
        outer.lines(chip.layout), chip.codes.bits, line_bits, chip.config.cost.bits - 1,
        round(gain * section.rate * 2.0**shift), shift,
    )  # fmt: skip
