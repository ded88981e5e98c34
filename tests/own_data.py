"""Chip files with the user's own data, for tests."""

from pathlib import Path

from ohmgrad.golden.chip.config import ChipConfig, load

CHIP = """\
name = "own"

[network]
layers = {layers}
activation = ["tanh", "{activation}"]

[data]
{data}

[perturbation]
amplitude = 0.05

[update]
path = "digital"
eta = 0.02

[run]
steps = 300
checkpoints = 3
"""


def write(data: str, layers: str = "[2, 2, 2]", activation: str = "sigmoid") -> Path:
    """A chip file in the folder that the test runs in."""
    path = Path("chip.toml")
    path.write_text(CHIP.format(data=data, layers=layers, activation=activation))
    return path


def chip(data: str, layers: str = "[2, 2, 2]", activation: str = "sigmoid") -> ChipConfig:
    """The chip that it describes."""
    return load(str(write(data, layers, activation)))
