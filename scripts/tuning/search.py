"""Search for amplitude and step size by successive halving: many short runs, and the best third of them goes on.

Two brackets: one over the whole `space`, and one in a box around what the first one found. A run goes on where it
stopped, so that no step is done twice. (Jamieson and Talwalkar, "Non-stochastic best arm identification and
hyperparameter optimization", AISTATS 2016.)
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import qmc

from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from ...golden.data.datasets import Split
from ...golden.engine import Engine
from ...golden.state import State
from ...golden.vitals import vitals
from .widths import engine_with, update_size

WIDE, NARROW, THIRD = 27, 9, 3
"""Runs of both brackets, and of how many one goes on."""
SHARES = 144
"""What a whole search does, in lengths of the shortest run: 27 + 9 * 2 + 3 * 6, then 9 * 3 + 3 * 6, then 2 * 18."""
LONGEST = 27
"""The longest run, in lengths of the shortest."""
BOX = 4.0
"""The second bracket reaches from a quarter to four times of what the first one found."""
UPDATES = (1e-5, 1e-2)
"""Least and largest root mean square of a first update that is tried, in full scales of a weight."""
AMPLITUDE = 1 / 16
"""Largest amplitude that is tried, in full scales of a weight; the least is one step of the DAC."""
AROUND = 32.0
"""Where an update cannot be told from C~: how far around the file's value is tried."""

Bounds = dict[str, tuple[float, float]]


@dataclass
class Candidate:
    """Values by key, and how far a run with them is.

    Attributes
    ----------
    values : dict
    engine : Engine
    state : State
    error : float
        Mean squared error over the training samples there.
    """

    values: dict[str, float]
    engine: Engine
    state: State = field(init=False)
    error: float = float("inf")

    def __post_init__(self) -> None:
        self.state = self.engine.initial()

    def go(self, step: int) -> int:
        """Run up to a step, and measure; returns how many steps that took."""
        steps = step - self.state.step
        self.engine.run(self.state, steps)
        self.error = self.engine.error(self.state)
        return steps


def overrides(config: ChipConfig, values: dict[str, float]) -> dict[str, Any]:
    """Overrides of a chip description that give keys these values; later step sizes keep their ratio to the first."""
    changed: dict[str, Any] = dict(values)
    if config.update.schedule and "update.eta" in values:
        ratio = values["update.eta"] / config.update.eta
        changed["update.schedule"] = [[step, rounded(eta * ratio)] for step, eta in config.update.schedule]
    return changed


def rounded(value: float) -> float:
    """A value with three digits, as one would write it."""
    return float(f"{value:.3g}")


def space(engine: Engine) -> Bounds:
    """Least and largest value of each key that is searched, from the C~ of the untrained network."""
    chip = engine.chip
    config = chip.config
    bounds = {"perturbation.amplitude": (chip.weight_unit, config.weights.range * AMPLITUDE)}
    update = update_size(chip, vitals(engine, engine.initial()).signal)
    if config.fast:
        bounds["update.eta"] = (config.update.eta / AROUND, config.update.eta * AROUND)
        bounds["fast.rate"] = (config.fast.rate / AROUND, config.fast.rate * AROUND)
    elif update:
        low, high = (size * config.weights.range / update for size in UPDATES)
        bounds["update.eta"] = (low, high)
    return bounds


def search(config: ChipConfig, split: Split, steps: int, tell: Callable[[int, str], None]) -> list[Candidate]:
    """Candidates from the best one on.

    Parameters
    ----------
    config : ChipConfig
        Its own values are a candidate too.
    split : Split
        Samples; only those for training are used.
    steps : int
        Of the longest run.
    tell : callable
        Gets steps that were done, and what is being done.

    Raises
    ------
    ConfigError
        The chip cannot be run.
    """
    shortest = max(1, steps // LONGEST)
    engine = Engine(Chip(config), split)
    limits = space(engine)
    own = Candidate({key: float(config.value(key)) for key in limits}, engine)
    drawn = _drawn(config, split, limits, WIDE - 1)
    wide = _halve([own, *drawn], [shortest, 3 * shortest, 9 * shortest], tell, "wide")
    box = {
        key: (max(low, wide[0].values[key] / BOX), min(high, wide[0].values[key] * BOX))
        for key, (low, high) in limits.items()
    }
    narrow = _halve(
        [*wide[:1], *_drawn(config, split, box, NARROW - 1)], [3 * shortest, 9 * shortest], tell, "narrow"
    )
    return _halve(narrow[:2], [max(steps, 9 * shortest)], tell, "longest")


def _halve(
    candidates: list[Candidate], lengths: list[int], tell: Callable[[int, str], None], name: str
) -> list[Candidate]:
    """Run candidates to each length, a third of them to the next; all that came to the last, best first."""
    for length in lengths:
        for candidate in candidates:
            tell(candidate.go(max(length, candidate.state.step)), f"{name}: {len(candidates)} to step {length:,}")
        candidates = sorted(candidates, key=lambda candidate: candidate.error)
        if length != lengths[-1]:
            candidates = candidates[: max(1, len(candidates) // THIRD)]
    return candidates


def _drawn(config: ChipConfig, split: Split, bounds: Bounds, count: int) -> list[Candidate]:
    """Candidates spread evenly over the logarithms; values that the chip refuses are left out for others."""
    found: list[Candidate] = []
    for values in _points(bounds, config.seed, 8 * count):
        if candidate := _candidate(config, split, values):
            found.append(candidate)
        if len(found) == count:
            break
    return found


def _points(bounds: Bounds, seed: int, count: int) -> Iterator[dict[str, float]]:
    low, high = np.log(np.array(list(bounds.values()))).T
    for point in qmc.Halton(len(bounds), rng=seed).random(count):
        yield dict(zip(bounds, map(rounded, np.exp(low + point * (high - low))), strict=True))


def _candidate(config: ChipConfig, split: Split, values: dict[str, float]) -> Candidate | None:
    """A run with these values; None where the chip cannot have them."""
    engine = engine_with(config, split, overrides(config, values))
    return engine and Candidate(values, engine)
