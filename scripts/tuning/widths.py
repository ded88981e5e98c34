"""ADC range and widths of a chip, from what its codes lose of C~.

What a converter loses is measured: the C~ of the same steps and weights, with the width in question and with the widest
that the chip can have, all else as it is.
"""

from collections.abc import Callable
from math import ceil, log2
from typing import Any, NamedTuple

import numpy as np

from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from ...golden.data.datasets import Split
from ...golden.engine import Engine
from ...golden.errors import ConfigError
from ...golden.state import State
from ...golden.vitals import STEPS, clipped, rms
from ..training.guidance import CLIPPED, flat

CONVERTERS = {
    "array.adc_bits": (4, 14), "array.output_bits": (2, 12), "weights.dac_bits": (2, 16), "array.input_bits": (2, 12),
}  # fmt: skip
"""Widths of converters, least and largest; the first lose most, and hide what the others do."""
LOST = 0.1
"""Largest error of C~ by a width, relative to its root mean square: its variance is a hundredth."""
MARGIN = 1
"""Bits of C~ above the largest that was seen."""
COST_BITS = 4, 23
WORD_BITS = 4, 28
BOUNDS = tuple(2.0**k for k in range(-3, 11))
"""ADC ranges that are tried: only powers of two differ."""


class Suggestion(NamedTuple):
    """A key, its value and a better one.

    Attributes
    ----------
    key : str
    now, better : int or float
    needed : bool
        What there is now loses something; else the better value saves something.
    why : str
    """

    key: str
    now: float
    better: float
    needed: bool
    why: str


def widths(config: ChipConfig, split: Split, states: list[State]) -> list[Suggestion]:
    """What ADC range and widths should be at some states of a chip; those that are right are left out.

    Parameters
    ----------
    config : ChipConfig
    split : Split
    states : list of State
        Of a run of it, at which there is something to learn.
    """
    found: list[Suggestion] = []
    least = config
    for look in (range_of, *(_converter(key) for key in CONVERTERS), _cost, _word):
        if suggestion := look(config, split, states):
            change = {suggestion.key: suggestion.better}
            try:
                least = with_all(least, change)
            except ConfigError:  # beside what else saves something
                continue
            found.append(suggestion)
            if suggestion.needed:  # what comes after is seen through it
                config = with_all(config, change)
    return found


def with_all(config: ChipConfig, changes: dict[str, Any]) -> ChipConfig:
    """A chip description with other values; ConfigError also where only its integers refuse them."""
    return Chip(config.with_(**changes)).config


def _clipped(engine: Engine, state: State) -> float:
    """Largest share of a layer's sums that are clipped to its loss."""
    shares, tables = clipped(engine, state), engine.chip.neuron.tables()
    return max(0.0 if flat(engine.chip, table) else share for share, table in zip(shares, tables, strict=True))


def _converter(key: str) -> Callable[[ChipConfig, Split, list[State]], Suggestion | None]:
    """What looks for the least width of a converter."""

    def look(config: ChipConfig, split: Split, states: list[State]) -> Suggestion | None:
        least, most = CONVERTERS[key]
        now = config.value(key)
        tried = ((bits, _costs(config, split, states, key, bits)) for bits in range(least, most + 1))
        costs = {bits: found for bits, found in tried if found is not None}
        losses = {bits: _lost(found, costs[max(costs)], len(states)) for bits, found in costs.items()}
        better = next((bits for bits, lost in losses.items() if lost <= LOST), now)
        if better == now or now not in losses:
            return None
        why = f"C~ is off by {losses[now]:.0%} with {now} bits, by {losses[better]:.0%} with {better}"
        return Suggestion(key, now, better, better > now, why)

    return look


def _cost(config: ChipConfig, split: Split, states: list[State]) -> Suggestion | None:
    """Width of C~."""
    now, (least, most) = config.cost.bits, COST_BITS
    costs = _costs(config, split, states, "cost.bits", now)
    if costs is None:
        return None
    largest = float(np.abs(costs).max()) / Chip(config).cost.unit
    better = min(max(ceil(log2(largest + 1)) + 1 + MARGIN, least), most)
    if better - MARGIN <= now <= better:
        return None
    why = f"the largest C~ of {costs.size} steps takes {better - MARGIN} bits"
    return Suggestion("cost.bits", now, better, better > now, why)


def _word(config: ChipConfig, split: Split, states: list[State]) -> Suggestion | None:
    """Width of digital weights: one LSB is the least root mean square of an update."""
    chip = Chip(config)
    if chip.path.pulsed:
        return None
    costs = _costs(config, split, states, "cost.bits", config.cost.bits)
    assert costs is not None
    eta = min(eta for _, _, eta in chip.etas)
    update = update_size(chip, rms(costs) / chip.cost.unit) * eta
    least, most = WORD_BITS
    better = min(max(ceil(log2(config.weights.range / update)) + 1, least, config.weights.dac_bits), most)
    if better == config.weights.bits:
        return None
    why = f"the smallest updates move a weight by {update:.2g}"
    return Suggestion("weights.bits", config.weights.bits, better, better > config.weights.bits, why)


def update_size(chip: Chip, signal: float) -> float:
    """Root mean square of an update at eta = 1, in units of weight, given that of C~ in LSBs."""
    lines = chip.crossbar.one if chip.lined else 1  # as if all lines had full scale
    return signal * chip.gradient_unit * lines * chip.sequencer.tau_theta**0.5


def range_of(config: ChipConfig, split: Split, states: list[State]) -> Suggestion | None:
    """The least ADC range that loses next to nothing, where it is another."""
    now = config.array.adc_bound
    for bound in BOUNDS:
        engine = engine_with(config, split, {"array.adc_bound": bound})
        if engine and all(_clipped(engine, state) <= CLIPPED for state in states):
            if 2**-0.5 < bound / now < 2**0.5:
                return None
            why = "sums are beyond it" if bound > now else "no sum that matters is beyond it, and its steps are finer"
            return Suggestion("array.adc_bound", now, bound, bound > now, why)
    return None


def engine_with(config: ChipConfig, split: Split, values: dict[str, Any]) -> Engine | None:
    """The chip with other values; None where it cannot have them."""
    try:
        return Engine(Chip(config.with_(**values)), split)
    except ConfigError:
        return None


def _costs(config: ChipConfig, split: Split, states: list[State], key: str, value: float) -> np.ndarray | None:
    """C~ at all states in real units, of all the bits it can have, with another value of a key.

    None where the chip cannot have it, or C~ saturates even so.
    """
    for bits in range(COST_BITS[1], config.cost.bits - 1, -1):
        engine = engine_with(config, split, {"cost.bits": bits} | ({key: value} if key != "cost.bits" else {}))
        if engine:
            chip = engine.chip
            costs = np.concatenate([engine.probe(state, STEPS, chip.crossbar.amplitude).cost for state in states])
            return costs * chip.cost.unit if np.abs(costs).max() < chip.cost.bound else None
    return None


def _lost(costs: np.ndarray, exact: np.ndarray, states: int) -> float:
    """How far C~ are from exact ones, relative to those: the worst state counts."""
    pairs = zip(np.split(costs, states), np.split(exact, states), strict=True)
    return max(rms(found - right) / rms(right) if right.any() else 0.0 for found, right in pairs)
