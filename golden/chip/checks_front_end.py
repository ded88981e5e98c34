"""Combinations of keys on front ends and pulse drivers that a chip file must not ask for."""

from typing import TYPE_CHECKING

from .front_ends import FRONT_ENDS, KEYS
from .rules import either, require, show

if TYPE_CHECKING:
    from .config import ChipConfig


def check_front_end(chip: "ChipConfig") -> None:
    """Raise `golden.chip.rules.Conflict` for the first combination that is not allowed."""
    if chip.front_end is not None:
        _streams(chip)
    _driver(chip)
    if chip.front_end is None:
        return
    array, cost = chip.array, chip.cost
    require(
        array.kind == "external",
        "front_end",
        f"the section is of an array outside, and array.kind is {show(array.kind)}; "
        'it is allowed with array.kind = "external"',
    )
    require(
        cost.source == "external",
        "front_end",
        f"the section has an ADC for the cost, and cost.source is {show(cost.source)}; "
        'it is allowed with cost.source = "external"',
    )
    require(
        array.rails == 1,
        "array.rails",
        f"{array.rails} shows both rails at once, and a front end has one bank of DACs; allowed with front_end is 1",
    )
    _words(chip)
    _keys(chip)


def _streams(chip: "ChipConfig") -> None:
    """What an array would give beside its cost."""
    method, path = chip.perturbation.method, chip.update.path
    require(
        method == "weight",
        "perturbation.method",
        f"{show(method)} takes codes of lines, for which a front end has no converters; allowed with front_end is "
        '"weight"',
    )
    require(
        path != "tiki-taka",
        "update.path",
        f"{show(path)} takes readings of lines, for which a front end has no converters; allowed with front_end are "
        '"digital", "filtered"',
    )


def _words(chip: "ChipConfig") -> None:
    """What fits the converters."""
    assert chip.front_end is not None
    name, bits = chip.front_end.kind, chip.weights.dac_bits
    kind = FRONT_ENDS[name]
    require(
        bits == kind.dac_bits,
        "weights.dac_bits",
        f"{bits} does not fit the DACs of front_end.kind = {show(name)} ({kind.parts}); allowed is {kind.dac_bits}",
    )
    require(
        chip.cost.word_bits >= kind.adc_bits,
        "cost.word_bits",
        f"{chip.cost.word_bits} does not hold a code of the ADC of front_end.kind = {show(name)} ({kind.parts}); "
        f"allowed are integers from {kind.adc_bits} to 24",
    )
    require(
        chip.front_end.safe < 1 << kind.dac_bits,
        "front_end.safe",
        f"{chip.front_end.safe} is no code of the DACs; allowed are integers from 0 to {(1 << kind.dac_bits) - 1}",
    )


def _keys(chip: "ChipConfig") -> None:
    """Keys of another kind, and more buses than parts."""
    front = chip.front_end
    assert front is not None
    kind = FRONT_ENDS[front.kind]
    for key in sorted(KEYS - set(kind.keys)):
        others = [name for name, other in FRONT_ENDS.items() if key in other.keys]
        require(
            key not in front.model_fields_set,
            f"front_end.{key}",
            f"{show(getattr(front, key))} has no use with kind = {show(front.kind)}; "
            f"it is allowed with kind = {either(others)}",
        )
    parts = -(-chip.size // kind.channels)
    require(
        front.buses <= parts,
        "front_end.buses",
        f"{front.buses} is more than the parts for {chip.size} parameters; allowed are integers from 1 to {parts}",
    )


def _driver(chip: "ChipConfig") -> None:
    """A driver of pulses where there are pulses, behind a front end."""
    driver, path = chip.pulse_driver, show(chip.update.path)
    require(
        driver is None or chip.front_end is not None,
        "pulse_driver",
        "the section is a part of a front end; it is allowed with the section front_end",
    )
    if chip.front_end is None:
        return
    pulsed = chip.update.path != "digital"
    require(
        driver is None or pulsed,
        "pulse_driver",
        f'the section has no use with update.path = {path}; it is allowed with update.path = "filtered"',
    )
    require(
        driver is not None or not pulsed,
        "pulse_driver",
        f"missing section, without which nothing pulses devices of update.path = {path}; required in it are "
        "level, width, limit",
    )
    if driver is not None:
        require(
            driver.level < 1 << driver.bits,
            "pulse_driver.level",
            f"{driver.level} is no code of {driver.bits} bits; allowed are integers from 1 to {(1 << driver.bits) - 1}",
        )
