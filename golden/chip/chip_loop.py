"""From the chip description to the integers of the path `tiki-taka`; see `golden.chip.chip`."""

from math import floor, log2
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..blocks.array.devices import NOISE_BITS, SIGMA, Devices
from ..blocks.lib.fixed import limit
from ..blocks.perturb import outer
from ..blocks.tiki_taka.lines import RANDOM, Lines, lines_of
from ..blocks.tiki_taka.pulses import PROBABILITY_BITS, RATE_BITS, Pulses
from ..blocks.tiki_taka.tiki_taka import TikiTaka
from ..blocks.update.ttv2 import RESETS, Ttv2
from .config import Fast

if TYPE_CHECKING:
    from .chip import Chip

FAST_SEED = 0x9E3779B9
"""Added to the seed for the fast array."""


class Loop(NamedTuple):
    """Blocks between the cost and the slow array.

    Attributes
    ----------
    settings : TikiTaka
        Reading of the fast array, and choppers.
    fast : Devices
        Of the fast array.
    pulses : Pulses
        Trains onto the fast array: rate times the gradient estimate, in steps of its devices.
    lines : Lines
        Lines of the fast array.
    ttv2 : Ttv2
        Filter; T = dw / eta in units of readings, for the layer that has the most lines.
    thresholds : tuple of (int, tuple of int)
        (first step, T of each layer): a layer of few lines has each read the more often, hence T is higher.
    exponents : int64 array
        log2 of what H has been rescaled by in each entry of the schedule.
    """

    settings: TikiTaka
    fast: Devices
    pulses: Pulses
    lines: Lines
    ttv2: Ttv2
    thresholds: tuple[tuple[int, tuple[int, ...]], ...]
    exponents: np.ndarray


def derive(chip: "Chip", fast: Devices) -> Loop:
    """Blocks of a chip whose fast array has these devices; ConfigError as of `Chip`."""
    section, transfer = chip.config.fast, chip.config.transfer
    assert section is not None
    settings = _settings(chip, section)
    lines = lines_of(chip.layout, settings.rows)
    etas = [eta for _, _, eta in chip.etas]
    rescales = transfer.change == "rescale"
    exponents = np.array([round(log2(etas[0] / eta)) if rescales else 0 for eta in etas], np.int64)
    ttv2 = _filter(chip, settings, int(np.ptp(exponents)))
    most = max(count for count, _ in lines.layers)
    thresholds = tuple(
        (start, tuple(min(round(value * most / count), ttv2.bound) for count, _ in lines.layers))
        for start, value in ttv2.schedule
    )
    return Loop(settings, fast, _pulses(chip, section, fast), lines, ttv2, thresholds, exponents)


def _settings(chip: "Chip", section: Fast) -> TikiTaka:
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
    return TikiTaka(
        chip.config.seed, transfer.lines == "rows", section.adc_bits, shift,
        round(section.read_noise / chip.state_unit * (1 << NOISE_BITS) / SIGMA),
        round(transfer.chopper * 65536), period, scans + 1 if transfer.means else 0,
    )  # fmt: skip


def _filter(chip: "Chip", settings: TikiTaka, rescale: int) -> Ttv2:
    update, transfer = chip.config.update, chip.config.transfer
    assert chip.devices is not None
    reading = 2.0 ** (settings.read_shift - transfer.fraction)  # what an LSB of H stands for, in LSBs of a state
    unit, bound = chip.devices.step / reading, limit(transfer.bits)
    for key, _, eta in chip.etas:
        if not 1 <= round(unit / eta) <= bound:
            raise chip.error(
                key, eta,
                f"gives a filter threshold of {round(unit / eta)}; allowed with transfer.bits = {transfer.bits} "
                f"and this ADC are etas of {unit / bound:.2g} to {unit:.2g}",
            )  # fmt: skip
    return Ttv2(
        transfer.bits, settings.read_bits, RESETS[update.reset], update.keep_shift,
        tuple((start, round(unit / eta)) for _, start, eta in chip.etas),
        fraction=transfer.fraction, leak=transfer.leak, mean=transfer.means, rescale=rescale,
    )  # fmt: skip


def _pulses(chip: "Chip", section: Fast, fast: Devices) -> Pulses:
    rank_one = chip.config.perturbation.code == "rank-one"
    line_bits = 2 if rank_one else chip.config.array.input_bits
    gain = chip.cost.unit / (chip.crossbar.amplitude * chip.weight_unit) / (fast.step * chip.state_unit)
    gain *= 2.0**PROBABILITY_BITS / section.slots
    if not rank_one:  # full scale is a probability of 2**-(b-1) less than 1
        gain *= (1 << (line_bits - 1)) / chip.crossbar.one
    shift = floor(log2(((1 << RATE_BITS) - 1) / (gain * section.rate)))
    if not 0 <= shift <= 30:
        low, high = (255 / (gain * 2.0**k) for k in (30, 0))
        raise chip.error(
            "fast.rate", section.rate,
            "cannot be held by the 8-bit rate of the pulse trains; allowed with these widths are "
            f"{low:.2g} to {high:.2g}",
        )  # fmt: skip
    return Pulses(
        fast.seed, section.slots, section.trains == "deterministic", section.management, chip.layout.neurons,
        outer.lines(chip.layout), chip.codes.bits, line_bits, chip.config.cost.bits - 1,
        round(gain * section.rate * 2.0**shift), shift,
    )  # fmt: skip
