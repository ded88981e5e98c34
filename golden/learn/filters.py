"""What lies between the fast array A and the weights' array C: settings of the digital filter, with aihwkit's names.

Every `transfer_every` vectors, line k of A is read as z, and each word of H on that line takes

    w = decay H + c rate z,    n = trunc(w / threshold) within +-transfer_bl,    C gets n pulses,
    H = w where n = 0, else momentum w (forget_buffer) or w - (1 - momentum) n threshold,

c the product of the line's and the word's chopper signs. The units (with choppers: `choppers`):

| class | decay | rate | threshold |
|---|---|---|---|
| `Buffered` | 1 | transfer rate (times gamma if > 0) | thres_scale dw_min(C) |
| `Chopped`, `Dynamic` (AGAD) | 1 | transfer rate / (buffer_granularity dw_min(A)) | 1 |
| `Leaky` | 1 - beta | beta | thres_scale dw_min(C) |
| `Units` | 1 | lambda_h | threshold dw_min(C) |

The transfer rate is transfer_lr, times the learning rate if scale_transfer_lr; dw_min is a device's granularity.
Sources: [G21] Gokmen 2021 (TTv2); [R24] Rasch et al. 2024 (c-TTv2, AGAD); [W25] arXiv 2502.06309; aihwkit 1.2.0.
"""  # fmt: skip

from dataclasses import dataclass

import numpy as np

from ..analog.update import MOST_SLOTS
from ..inputs import choice, integer, number, require, settings

FILTER = np.dtype([(name, np.float64) for name in (
    "rate", "threshold", "decay", "momentum", "forget", "pulses",
    "cap", "tail", "wait", "correct", "period", "in_prob", "out_prob",
)])  # fmt: skip
"""One record: the constants of a filter as `filter_line` takes them.

The first six are those of the table above: `forget` is 1 where `momentum` multiplies w after a pulse, and not only what
was transferred; `pulses` is transfer_bl. `cap` limits what stays in H, `tail` is the weight of AGAD's mean, `wait` its
sweeps before the first pulse, `correct` the limit of its correction of the rate; 0: none. Signs flip every `period`
sweeps, or with the two probabilities.
"""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """When and where A is read; alone it makes TTv1, where each read z is pulsed onto C as it is, at the transfer rate.

    Attributes
    ----------
    transfer_every : int
        n_s: vectors between two transfers.
    n_reads_per_transfer : int
        Lines a transfer, one behind the other; after the last line comes the first.
    transfer_columns : bool
        Lines are columns (inputs) of A, else rows (outputs).
    transfer_lr, scale_transfer_lr
        Transfer rate.
    fast_lr, scale_fast_lr
        Learning rate of A's outer product, times the learning rate if scaled; 0: the learning rate itself.
    gamma : float
        The weights are gamma A + C.
    """

    transfer_every: int = 1
    n_reads_per_transfer: int = 1
    transfer_columns: bool = True
    transfer_lr: float = 1.0
    scale_transfer_lr: bool = True
    fast_lr: float = 0.0
    scale_fast_lr: bool = False
    gamma: float = 0.0

    def __post_init__(self):
        name = type(self).__name__
        settings(self)
        integer(f"{name}.transfer_every", self.transfer_every, 1)
        integer(f"{name}.n_reads_per_transfer", self.n_reads_per_transfer, 1)
        for field in ("transfer_lr", "fast_lr", "gamma"):
            require(getattr(self, field) >= 0, f"{name}.{field}", getattr(self, field), "a number from 0")

    def fast_rate(self, lr: float) -> float:
        """Learning rate of the outer product onto A."""
        return (self.fast_lr or lr) * (lr if self.fast_lr and self.scale_fast_lr else 1)

    def transfer_rate(self, lr: float) -> float:
        """Transfer rate: transfer_lr, times the learning rate if it is scaled by it."""
        return self.transfer_lr * (lr if self.scale_transfer_lr else 1)

    def constants(self, lr: float, steps: tuple[float, float], lines: int) -> np.ndarray:
        """All that a transfer needs: a FILTER array, shape (1,).

        Parameters
        ----------
        lr : float
            Learning rate.
        steps : tuple of float
            Granularities of A and of C.
        lines : int
            Lines of A.
        """
        out = np.zeros(1, FILTER)
        out["rate"] = self.transfer_rate(lr)
        for name in ("threshold", "decay", "pulses"):
            out[name] = 1
        return out


@dataclass(frozen=True, kw_only=True)
class Filtered(Transfer):
    """What aihwkit's filters have in common.

    Attributes
    ----------
    momentum : float
        Fraction of H (of the transferred amount without forget_buffer) that stays where a pulse was fired.
    forget_buffer : bool
        What the pulses did not carry is lost.
    transfer_bl : int
        At most so many pulses a word and transfer.
    """

    momentum: float = 0.0
    forget_buffer: bool = True
    transfer_bl: int = 1

    def __post_init__(self):
        super().__post_init__()
        integer(f"{type(self).__name__}.transfer_bl", self.transfer_bl, 1, MOST_SLOTS)
        require(0 <= self.momentum <= 1, f"{type(self).__name__}.momentum", self.momentum, "a number from 0 to 1")

    def constants(self, lr: float, steps: tuple[float, float], lines: int) -> np.ndarray:
        out = super().constants(lr, steps, lines)
        out["momentum"], out["forget"], out["pulses"] = self.momentum, self.forget_buffer, self.transfer_bl
        return out


@dataclass(frozen=True, kw_only=True)
class Buffered(Filtered):
    """TTv2 [G21] with H in the units of C's weights: aihwkit's BufferedTransferCompound.

    Attributes
    ----------
    thres_scale : float
        Threshold in dw_min of C.
    """

    momentum: float = 0.1
    thres_scale: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        above_zero(self, "thres_scale")

    def constants(self, lr: float, steps: tuple[float, float], lines: int) -> np.ndarray:
        out = super().constants(lr, steps, lines)
        out["rate"] *= self.gamma or 1
        out["threshold"] = self.thres_scale * steps[1]
        return out


@dataclass(frozen=True, kw_only=True)
class Leaky(Buffered):
    """The moving average of [W25 eq. 14]: H <- (1 - beta) H + beta z; one pulse where |H| >= thres_scale dw_min(C).

    By default H goes on unchanged where it fired (our reading of a moving average); momentum 0 clears it instead.
    The transfer rate has no part in it.
    """

    beta: float = 0.1
    momentum: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        require(0 < self.beta <= 1, "Leaky.beta", self.beta, "a number above 0 up to 1")

    def constants(self, lr: float, steps: tuple[float, float], lines: int) -> np.ndarray:
        out = super().constants(lr, steps, lines)
        out["decay"], out["rate"] = 1 - self.beta, self.beta
        return out


@dataclass(frozen=True, kw_only=True)
class Units(Transfer):
    """TTv2 in the units of the hardware's registers: nothing scales with the learning rate.

    n_s is `transfer_every`, the learning rate of A is `fast_lr`.

    Attributes
    ----------
    lambda_h : float
        H <- H + lambda_h z.
    threshold : float
        In dw_min of C.
    reset : {"zero", "subtract", "keep"}
        What a pulse leaves of H: nothing, all but the threshold, or the fraction 2**-keep_shift.
    """

    lambda_h: float = 1.0
    threshold: float = 1.0
    reset: str = "zero"
    keep_shift: int = 3

    def __post_init__(self):
        super().__post_init__()
        above_zero(self, "lambda_h", "threshold")
        choice("Units.reset", self.reset, ("zero", "subtract", "keep"))
        integer("Units.keep_shift", self.keep_shift, 1)

    def constants(self, lr: float, steps: tuple[float, float], lines: int) -> np.ndarray:
        out = super().constants(lr, steps, lines)
        out["rate"], out["threshold"] = self.lambda_h, self.threshold * steps[1]
        out["forget"] = self.reset != "subtract"
        out["momentum"] = 2.0**-self.keep_shift if self.reset == "keep" else 0
        return out


def above_zero(given: Transfer, *fields: str) -> None:
    """Refuse fields that are not above 0."""
    for field in fields:
        number(f"{type(given).__name__}.{field}", getattr(given, field), 0, above=True)
