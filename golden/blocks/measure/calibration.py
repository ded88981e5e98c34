"""Latency calibration: how many steps after its pattern a cost arrives.

A misaligned random code correlates the cost with signs that are independent of it, and learns nothing.
The engine measures the delay itself: in each of 16 rounds of 32 steps it shows one sample, perturbs at
step 8 alone, learns nothing, and adds |C~| of steps 8 to 23 to a sum of each lag. The first largest sum
is the delay; if all are zero the delay stays.
"""

from typing import TYPE_CHECKING

import numpy as np

from ...errors import ConfigError
from . import cost as cost_

if TYPE_CHECKING:
    from ...chip.config import ChipConfig

ROUNDS = 16
PERIOD = 32
PERTURBED = 8
LAGS = 16


def require_calibration(config: "ChipConfig") -> None:
    """Raise `ConfigError` if the chip is made without the block that measures the delay."""
    if not config.engine.calibration:
        raise ConfigError(
            f"{config.name}: engine.calibration: false leaves out the block that measures the delay; "
            "a chip that is to be calibrated needs true."
        )


def calibration_delay(costs: np.ndarray, before: int) -> int:
    """Delay from the C~ of all steps as they arrived, shape (ROUNDS * PERIOD,); `before` is that in force."""
    sums = np.abs(costs.reshape(ROUNDS, PERIOD)[:, PERTURBED : PERTURBED + LAGS]).sum(0)
    return int(sums.argmax()) if sums.any() else before


def arriving(chip, measured: list[tuple[int, int]]) -> np.ndarray:
    """C~ as they arrive, from S of both rails at all steps; the channel is empty at first."""
    memory = np.zeros(2, np.int64)
    costs = []
    for n, (s0, s1) in enumerate(measured):
        changed = n % PERIOD == 0
        raw = cost_.difference(chip.cost.mode, chip.cost.decay, 0, 0, s0, s1, True, changed, memory)
        costs.append(min(max(raw, -chip.cost.bound), chip.cost.bound))
    latency = chip.config.array.latency
    return np.array([0] * latency + costs)[: len(costs)]
