"""Combinations of keys of the update path `tiki-taka` that a chip file must not ask for."""

from math import log2
from typing import TYPE_CHECKING

from ..rules import require, show

if TYPE_CHECKING:
    from ..config import ChipConfig

MEANS = 28
"""Most bits of a mean reading: codes of the ADC and the fraction."""


def check(chip: "ChipConfig") -> None:
    """Raise `golden.chip.rules.Conflict` for the first combination that is not allowed."""
    _source(chip)
    _filter(chip)
    _schedule(chip)


def _source(chip: "ChipConfig") -> None:
    taus, engine = chip.perturbation, chip.engine
    require(
        (taus.method == "node" and taus.code != "sinusoidal") or taus.code == "rank-one",
        "perturbation.method",
        f'{show(taus.method)} with code = {show(taus.code)} does not go with update.path = "tiki-taka", which writes '
        'outer products of signs; allowed are "node" with codes of signs, or "weight" with code = "rank-one"',
    )
    late = engine.delay or chip.array.latency
    require(
        not late,
        "engine.delay" if engine.delay else "array.latency",
        f'{late} has no use with update.path = "tiki-taka", which writes each step at its end; allowed is 0',
    )
    for key, value, only in (("window", engine.window, 1), ("gradient", engine.gradient, "memory")):
        require(
            value == only,
            f"engine.{key}",
            f'{show(value)} has no use with update.path = "tiki-taka", which has no digital gradient; '
            f"allowed is {show(only)}",
        )


def _filter(chip: "ChipConfig") -> None:
    transfer, fast = chip.transfer, chip.fast
    require(
        transfer.chopper == 0 or transfer.chopper_period == 0,
        "transfer.chopper_period",
        f"{transfer.chopper_period} beside transfer.chopper = {show(transfer.chopper)}: choppers flip by one of "
        "both; allowed is 0",
    )
    require(
        transfer.means == 0 or transfer.chopper > 0 or transfer.chopper_period > 0,
        "transfer.means",
        f"{transfer.means} without choppers takes all that is read away; allowed is 0, or transfer.chopper or "
        "transfer.chopper_period above 0",
    )
    assert fast is not None
    bits = fast.adc_bits + transfer.fraction
    require(
        bits <= min(MEANS, transfer.bits),
        "transfer.fraction",
        f"{transfer.fraction} with fast.adc_bits = {fast.adc_bits} makes readings of {bits} bits, more than H has "
        f"(transfer.bits = {transfer.bits}); allowed are integers up to {min(MEANS, transfer.bits) - fast.adc_bits}",
    )


def _schedule(chip: "ChipConfig") -> None:
    if chip.transfer.change != "rescale":
        return
    for k, (_, eta) in enumerate(chip.update.schedule):
        ratio = log2(eta / chip.update.eta)
        require(
            abs(ratio - round(ratio)) < 1e-9,
            f"update.schedule[{k}][1]",
            f"{show(eta)} is no power of two times update.eta = {show(chip.update.eta)}, by which "
            'transfer.change = "rescale" can shift H; allowed are such, or change = "threshold"',
        )
