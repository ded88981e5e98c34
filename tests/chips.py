"""Small chips for tests: one with odd sizes, changed by overrides."""

from copy import deepcopy

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
        "data": {"set": "xor", "train": 4, "test": 4, "order": "random"},
        "cost": {"function": "mse", "mode": "antithetic", "bits": 20},
        "perturbation": {"code": "random", "amplitude": 0.25},
        "update": {"path": "digital", "eta": 0.05},
        "weights": {"bits": 18, "dac_bits": 12, "range": 8.0, "init": 2.0},
        "array": {"input_bits": 8, "adc_bits": 10, "adc_bound": 8.0, "output_bits": 10},
        "run": {"steps": 1000},
    }
)
"""37 parameters, 9 neurons."""

DEVICE = {
    "model": "soft-bounds",
    "states": 40,
    "bound": 0.6,
    "step_spread": 0.3,
    "bound_spread": 0.3,
    "asymmetry": 0.1,
    "cycle_noise": 0.3,
}
FILTERED = {"update.path": "filtered", "device": DEVICE, "update.eta": 0.5}
"""Overrides that move the weights into devices."""


def small(**overrides) -> Chip:
    return Chip(SMALL.with_(**deepcopy(overrides)))


def engine(chip: Chip) -> Engine:
    """The engine with the set's samples; those of XOR are moved off the corners to fill the DACs' codes."""
    data = chip.config.data
    split = load(data.set, data.train, data.test, chip.config.seed)
    if data.set != "xor":
        return Engine(chip, split)
    moved = np.random.default_rng(3).uniform(-1, 1, split.train_x.shape)
    parts = {name: getattr(split, name) for name in Split.__dataclass_fields__}
    return Engine(chip, Split(**{**parts, "train_x": moved, "train_t": split.train_t * 0.7}))
