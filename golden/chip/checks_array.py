"""Combinations of keys on what the array is and what comes back from it that a chip file must not ask for."""

from typing import TYPE_CHECKING

from .rules import require, show, unused

if TYPE_CHECKING:
    from .config import ChipConfig

WORD_BITS = 24
"""Most bits of S as a word."""


def check_array(chip: "ChipConfig") -> None:
    """Raise `golden.chip.rules.Conflict` for the first combination that is not allowed."""
    external = chip.cost.source == "external"
    for key in ("word_bits", "signed", "unit"):
        unused(chip, "cost", key, external, "source", '"external"')
    _sections(chip, external)
    outside = chip.array.kind == "external"
    require(
        outside or "timeout" not in chip.engine.model_fields_set,
        "engine.timeout",
        f'{chip.engine.timeout} has no use with array.kind = "emulated"; it is allowed with "external"',
    )
    alone = outside and external and chip.update.path != "tiki-taka" and "node" not in (chip.perturbation.method or "")
    require(
        alone or not chip.engine.bring_up,
        "engine.bring_up",
        'true needs an array that gives costs alone; it is allowed with array.kind = "external", '
        'cost.source = "external", without node perturbation, and not with update.path = "tiki-taka"',
    )
    require(
        not (external and chip.engine.inference),
        "engine.inference",
        'true needs outputs; it is allowed with cost.source = "outputs"',
    )
    if outside:
        _outside(chip)
    _rails(chip)
    if external:
        _parameters(chip)


def _sections(chip: "ChipConfig", external: bool) -> None:
    """A network with data; or parameters, whose samples are in memory, come by a stream, or are the array's own."""
    needed = {"network": "layers, activation", "data": "set"} if not external else {"parameters": "count"}
    for name, keys in needed.items():
        require(getattr(chip, name) is not None, name, f"missing section; required in it are {keys}")
    for name in ("network",) if external else ("parameters", "stream"):
        require(
            getattr(chip, name) is None,
            name,
            f"the section has no use with cost.source = {show(chip.cost.source)}; "
            f'it is allowed with cost.source = "{"outputs" if external else "external"}"',
        )
    require(
        chip.stream is None or chip.data is None,
        "stream",
        "the section brings samples, and so does data; allowed is one of them",
    )


def _outside(chip: "ChipConfig") -> None:
    """What only the emulated array has."""
    for name in ("defects", "average"):
        require(
            getattr(chip, name) is None,
            name,
            'the section is of emulated cells; it is allowed with array.kind = "emulated"',
        )


def _rails(chip: "ChipConfig") -> None:
    """What only an array with one rail has."""
    array, cost = chip.array, chip.cost
    if array.rails == 2:
        for key in ("readings", "trim"):
            unused(chip, "array", key, False, "rails", "1")
        return
    require(
        array.kind == "external",
        "array.rails",
        f"1 has no use with array.kind = {show(array.kind)}, which has two rails; allowed is 2",
    )
    if cost.source == "outputs":
        _neurons(chip)
    bits = array.readings.bit_length() - 1
    require(
        cost.word_bits + bits <= WORD_BITS,
        "array.readings",
        f"{array.readings} with cost.word_bits = {cost.word_bits} makes sums of {cost.word_bits + bits} bits, more "
        f"than {WORD_BITS}; allowed are powers of two up to {1 << WORD_BITS - cost.word_bits}",
    )
    require(
        chip.update.path == "digital" or not array.trim,
        "array.trim",
        f"true is for codes of DACs, and with update.path = {show(chip.update.path)} weights are states of devices; "
        "allowed is false",
    )


def _neurons(chip: "ChipConfig") -> None:
    """What one rail has not whose codes go to neurons of the engine, sweep by sweep."""
    array, cost, method = chip.array, chip.cost, chip.perturbation.method
    require(
        array.readings == 1,
        "array.readings",
        f"{array.readings} sums up costs, and with cost.source = {show(cost.source)} codes of neurons come back; "
        "allowed is 1, and cost.average for means of several readings",
    )
    require(
        cost.mode == "antithetic" or method == "weight",
        "perturbation.method",
        f"{show(method)} takes line codes of the last sweep, which with array.rails = 1 and cost.mode = "
        f'{show(cost.mode)} may be of the perturbed rail; allowed is "weight", or cost.mode = "antithetic"',
    )


def _parameters(chip: "ChipConfig") -> None:
    assert chip.parameters is not None
    given, count = chip.parameters.groups, chip.parameters.count
    require(
        chip.array.kind == "external",
        "array.kind",
        f'{show(chip.array.kind)} has no cost for cost.source = "external"; allowed is "external"',
    )
    require(
        chip.size == count,
        "parameters.count",
        f"{count} is not the sum of parameters.groups; allowed is {chip.size}",
    )
    unused(chip, "cost", "function", False, "source", '"outputs"')
    method, code = chip.perturbation.method, chip.perturbation.code
    coded = chip.data or chip.stream or method != "weight"
    for key in ("adc_bits", "adc_bound", *(() if coded else ("input_bits", "output_bits"))):
        require(
            key not in chip.array.model_fields_set,
            f"array.{key}",
            f'{show(getattr(chip.array, key))} has no use with cost.source = "external"'
            + (" and samples of the array's own" if "put" in key else "")
            + '; it is allowed with cost.source = "outputs"',
        )
    lined = bool(given) and not any(isinstance(group, int) for group in given)
    for key, value, other in (("code", code, code != "rank-one"), ("method", method, method == "weight")):
        require(
            lined or other,
            f"perturbation.{key}",
            f"{show(value)} needs rows and columns; it is allowed with parameters.groups of lists [rows, columns] "
            "alone",
        )
    require(
        chip.engine.samples == "codes" or chip.data,
        "engine.samples",
        '"bits" has no use without data; allowed is "codes"',
    )
