"""What the studies of Tiki-Taka share: conditions of the arrays, algorithms with their trials of rates."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...golden.analog.devices import SoftBounds
from ...golden.analog.periphery import Periphery
from ...golden.analog.update import Update
from ...golden.data import datasets
from ...golden.learn.choppers import Chopped, Dynamic
from ...golden.learn.filters import Transfer
from ...golden.learn.float_layer import FloatLayer
from ...golden.learn.layered import Layer
from ...golden.learn.on_array import AGAD, ArraySGD, TTv1, TTv2

WIDTHS = (784, 256, 128, 10)
Samples = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Condition:
    """What the arrays are like, in units of the baseline.

    Attributes
    ----------
    states : int
        Range of the mean device over its step at zero weight.
    update_noise : float
        Factor on the cycle-to-cycle noise of 30 % of a step.
    mvm_noise : float
        Factor on the ADC's noise of 0.06: forward, transposed and one-hot reads alike.
    """

    states: int = 1200
    update_noise: float = 1.0
    mvm_noise: float = 1.0

    def device(self) -> SoftBounds:
        """Bounds +-0.6; 30 % from device to device on step and bounds, 1 % of asymmetry."""
        return SoftBounds(
            dw_min=1.2 / self.states, dw_min_std=0.3 * self.update_noise, dw_min_dtod=0.3, up_down=0.0,
            up_down_dtod=0.01, w_max=0.6, w_min=-0.6, w_max_dtod=0.3, w_min_dtod=0.3,
        )  # fmt: skip

    def read(self) -> Periphery:
        """One-hot reads: DAC of 7 bits, ADC of 9 bits with bound 12."""
        return Periphery(noise_management="none", bound_management="none", out_noise=0.06 * self.mvm_noise)

    def mvm(self) -> Periphery:
        """Forward and transposed reads: the same, the input scaled by its largest value and halved while it clips."""
        return Periphery(out_noise=0.06 * self.mvm_noise)

    def programming(self) -> Periphery:
        """One-hot reads for write-verify: 9 bits over +-1, and time enough to average the noise away."""
        return Periphery(noise_management="none", bound_management="none", out_bound=1.0, out_noise=0.0)

    def __str__(self) -> str:
        return f"{self.states} states, update noise {self.update_noise:g}x, MVM noise {self.mvm_noise:g}x"


BASELINE = Condition()
STATES = [replace(BASELINE, states=n) for n in (1200, 100, 30, 10)]
NOISY = replace(BASELINE, states=30)
"""What MVM noise is added to: 1200 states learn slowly for reasons of their own."""
UPDATE = [replace(BASELINE, update_noise=f) for f in (1.0, 10.0, 100.0)]
MVM = [replace(NOISY, mvm_noise=f) for f in (1.0, 3.0, 10.0)]
CONDITIONS = [*STATES, *UPDATE[1:], *MVM[1:]]
TUNED_AT = {UPDATE[1]: BASELINE, MVM[1]: NOISY}
"""Where rates were tried for a condition, if not in that condition itself: the milder noises take those without."""

FLOAT = "floating point"
TRANSFERS = [{"fast": fast, "fires": fires} for fast, fires in product((0.7, 2.5), (0.3, 3.0))]
TRIALS: dict[str, list[dict[str, float]]] = {
    FLOAT: [{"lr": lr} for lr in (0.03, 0.1, 0.2, 0.4)],
    "SGD": [{"lr": lr} for lr in (0.01, 0.03, 0.1, 0.3)],
    "TTv1": [{"fast": fast, "transfer_lr": lr} for fast, lr in product((0.7, 2.5), (0.03, 0.2))],
    "TTv2": TRANSFERS,
    "AGAD": TRANSFERS,
}
"""The same number for each algorithm. fast: rate of A in units of sqrt(dw_min); fires: sum of reads of A that makes one
pulse onto C, in standard deviations of the read noise."""


def layer(algorithm: str, rates: dict[str, float], condition: Condition, weights: Any, seed: int) -> Layer:
    """A fresh layer of an algorithm with these weights, as far as its devices can hold them."""
    if algorithm == FLOAT:
        return FloatLayer(weights)
    (rows, columns), device, mvm = weights.shape, condition.device(), condition.mvm()
    common: dict[str, Any] = {"seed": seed, "forward": mvm, "backward": mvm, "update": Update(desired_bl=10)}
    if algorithm == "SGD":
        made = ArraySGD(rows, columns, device, **common)
    else:
        kind = {"TTv1": TTv1, "TTv2": TTv2, "AGAD": AGAD}[algorithm]
        common |= {"settings": transfer(algorithm, rates, condition), "read": condition.read()}
        if algorithm == "TTv1":
            common["transfer_update"] = Update(desired_bl=1, update_bl_management=False, update_management=False)
        made = kind(rows, columns, device, reference=None if algorithm == "AGAD" else "symmetry", **common)
    made.hold(weights)
    return made


def transfer(algorithm: str, rates: dict[str, float], condition: Condition) -> Transfer:
    """Settings of the transfer: a column each vector, gamma = 0, nothing scaled by the learning rate."""
    step = condition.device().granularity
    common: dict[str, Any] = {"fast_lr": rates["fast"] * step**0.5, "scale_transfer_lr": False}
    if algorithm == "TTv1":
        return Transfer(transfer_lr=rates["transfer_lr"], **common)
    common["buffer_granularity"] = rates["fires"] * condition.read().out_noise / step
    return Chopped(**common) if algorithm == "TTv2" else Dynamic(in_chop_prob=0.2, **common)


@cache
def images(train: int, test: int) -> tuple[Samples, Samples, Samples]:
    """MNIST, pixels 0 to 1: to train, a tenth as many others of the training files to choose rates by, and to test."""
    split = datasets.load("mnist", train + train // 10, test, 1)
    x, t = split.train_x.astype(np.float32), split.train_t.astype(np.float32)
    last = split.test_x.astype(np.float32), split.test_t.astype(np.float32)
    return (x[:train], t[:train]), (x[train:], t[train:]), last
