"""Small chips for tests: one with odd sizes, changed by overrides."""

from copy import deepcopy
from dataclasses import replace

import numpy as np

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ChipConfig
from ohmgrad.golden.data.datasets import Split, load
from ohmgrad.golden.engine import Engine
from ohmgrad.rtl.engine import Engine as RTL

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
LOOP = {
    "update.path": "tiki-taka", "device": DEVICE, "fast": {**DEVICE, "states": 30, "zero_shift": 10, "rate": 0.5},
    "perturbation.method": "node", "perturbation.tau_theta": 2, "update.eta": 0.1, "transfer.bits": 14,
}  # fmt: skip
"""Overrides that put a fast array and a filter before the devices."""


def small(**overrides) -> Chip:
    return Chip(SMALL.with_(**deepcopy(overrides)))


def engine(chip: Chip) -> Engine:
    """The engine with the set's samples; those of XOR are moved off the corners to fill the DACs' codes."""
    data = chip.config.dataset
    split = load(data.set, data.train, data.test, chip.config.seed)
    if data.set != "xor":
        return Engine(chip, split)
    moved = np.random.default_rng(3).uniform(-1, 1, split.train_x.shape)
    parts = {name: getattr(split, name) for name in Split.__dataclass_fields__}
    return Engine(chip, Split(**{**parts, "train_x": moved, "train_t": split.train_t * 0.7}))


def linear(target=1.0, **overrides):
    """A chip without rounding: one ADC code is one product of LSBs and one output code; and its gradient.

    Targets are +-target; at 1 they are beyond reach, so that with L1 the cost is linear in the weights. With MSE
    it is a quadratic.
    """
    config = ChipConfig.model_validate(
        {
            "name": "linear",
            "network": {"layers": [49, 4], "activation": "linear"},
            "data": {"set": "nist7x7", "train": 1, "test": 0},
            "cost": {"function": "l1", "mode": "antithetic", "bits": 11},
            "perturbation": {"amplitude": 2 * 3 / 8191, "tau_x": 4096, "tau_theta": 4096},
            "update": {"path": "digital", "eta": 1e-5},
            "weights": {"bits": 16, "dac_bits": 12, "range": 2048 * 3 / 8191, "init": 40 * 3 / 8191},
            "array": {"input_bits": 3, "adc_bits": 14, "adc_bound": 1.0, "output_bits": 14},
            "run": {"steps": 4096},
        }
    ).with_(**overrides)
    chip, data = Chip(config), config.dataset
    split = load(data.set, data.train, data.test, config.seed)
    targets = np.full_like(split.train_t, target)
    targets[:, ::2] = -target
    learner = Engine(chip, replace(split, train_t=targets))
    state = learner.initial()
    x = np.array([*learner.inputs[0], 3])
    outputs = np.array([w @ x for w in chip.matrices(state.theta >> chip.crossbar.drop)[0].astype(np.int64)])
    slope = -2 * np.sign(targets[0])
    if config.cost.function == "mse":
        slope = 2 * (outputs - learner.targets[0])
    sides = 2 if config.cost.mode == "antithetic" else 1
    return learner, state, (sides * chip.crossbar.amplitude * np.outer(slope, x)).ravel().astype(int)


def engine_members(chip: Chip) -> dict:
    """Members of the engine in RTL, which is not elaborated."""
    block = RTL(chip)
    for part in (block, block.sequencer):
        part._MustUse__silence = True
    return block.signature.members
