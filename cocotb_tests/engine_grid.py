"""The configurations of `test_engine` and `test_top`, in parts, and what both make of one."""

import os
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.dataset import split_of
from ohmgrad.golden.chip.memory_map import SAMPLE_WORD
from ohmgrad.golden.engine import Engine as Golden
from ohmgrad.rtl.engine import Engine
from ohmgrad.rtl.top import Top

from .engine_chips import BUILT, CHIPS, COARSE, EMULATED, LANES, NARROWER, NIST, SMALL


def cases() -> dict[str, tuple[str, int, dict[str, Any]]]:
    """Chip file, number of steps and overrides of every configuration: the grid, or the one that is to be verified."""
    if path := os.environ.get("OHMGRAD_CHIP"):
        config = load(path)
        overrides: dict[str, Any] = {"run.checkpoints": None}
        if config.fast:  # the RTL is given the points that golden finds; so few are found without being compiled
            overrides["fast.zero_shift"] = 20
        steps = max(4, min(60, 20000 // Chip(config.with_(**overrides)).layout.words))
        return {"engine_chip": (path, steps, overrides), "chip_chip": (path, 4 * steps, overrides)}
    grid = {}
    examples = files("ohmgrad.examples")
    for name, (example, steps, overrides) in CHIPS.items():
        grid[f"engine_{name}"] = (str(examples / example), steps, {**COARSE, **overrides})
        if name in EMULATED:
            grid[f"chip_{name}"] = str(examples / example), steps, {**COARSE, **overrides, **NARROWER.get(name, {})}
    for name, lanes in LANES.items():
        overrides = {**COARSE, **SMALL, "perturbation.tau_theta": 2, "engine.lanes": lanes}
        grid[name] = (str(examples / NIST), 30, overrides)
    return grid


GRID = cases()
TOPS = [name for name in GRID if name.startswith("chip_")]
"""With the emulated array; all others are engines alone."""


def parts(prefix: str, names: list[str], count: int) -> dict[str, list[str]]:
    """Names in parts of about equal work, a simulation each, that processes can share."""
    return {f"{prefix}_{i}": names[i::count] for i in range(min(count, len(names)))}


ENGINE_PARTS = parts("engines", [name for name in GRID if name not in TOPS], 6)
TOP_PARTS = parts("chips", [name for name in TOPS if name not in LANES], 4)
if LANES.keys() & {*TOPS}:
    TOP_PARTS["lanes"] = [*LANES]


@cache
def described(name: str) -> Chip:
    """The chip of a configuration."""
    file, _, overrides = GRID[name]
    return Chip(load(file).with_(**overrides))


def make(name: str) -> Engine | Top:
    """The component of one configuration."""
    chip = described(name)
    if name in BUILT:
        chip = Chip(chip.config.with_(**BUILT[name]))
    return Top(chip) if name.startswith("chip_") else Engine(chip)


def golden(chip: Chip, traced: bool = False) -> Golden:
    """The golden engine with its samples.

    A replayed window is lost where a run ends; to be `traced` step by step, it is that with a memory of G.
    """
    if traced and chip.correlator.replay:
        chip = Chip(chip.config.with_(**{"engine.gradient": None}))
    return Golden(chip, split_of(chip.config))


def records(engine: Golden) -> np.ndarray:
    """Contents of the sample memory, by index in `Region.SAMPLES`."""
    parts = [np.pad(c, ((0, 0), (0, -c.shape[1] % SAMPLE_WORD))) for c in (engine.inputs, engine.targets)]
    return np.hstack(parts).ravel()
