"""Small chips for tests: one with odd sizes, changed by overrides."""

import numpy as np

from ohmgrad.golden.chip import Chip
from ohmgrad.golden.config import ChipConfig
from ohmgrad.golden.datasets import Split, load
from ohmgrad.golden.engine import Engine

SMALL = ChipConfig.model_validate(
    {
        "name": "small",
        "seed": 77,
        "network": {"layers": [2, 5, 3, 1], "activation": ["tanh", "sigmoid", "tanh"]},
        "data": {"set": "xor"},
        "perturbation": {"amplitude": 0.25},
        "update": {"path": "digital", "eta": 0.05},
        "weights": {"bits": 18, "dac_bits": 12, "init": 2.0},
        "run": {"steps": 1000},
    }
)
"""37 parameters, 9 neurons."""

FILTERED = {"update.path": "filtered", "device": {"states": 40, "asymmetry": 0.1}, "update.eta": 0.5}
"""Overrides that move the weights into devices."""


def small(**overrides) -> Chip:
    return Chip(SMALL.with_(**overrides))


def engine(chip: Chip) -> Engine:
    """The engine with the set's samples; those of XOR are moved off the corners to fill the DACs' codes."""
    data = chip.config.data
    split = load(data.set, data.train, data.test, chip.config.seed)
    if data.set != "xor":
        return Engine(chip, split)
    moved = np.random.default_rng(3).uniform(-1, 1, split.train_x.shape)
    parts = {name: getattr(split, name) for name in Split.__dataclass_fields__}
    return Engine(chip, Split(**{**parts, "train_x": moved, "train_t": split.train_t * 0.7}))
