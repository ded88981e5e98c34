"""Settings of the filters with choppers, c-TTv2 and AGAD [R24], with aihwkit's names; the rest is in `filters`."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from ..inputs import require
from .filters import Filtered, above_zero


@dataclass(frozen=True, kw_only=True)
class Chopped(Filtered):
    """TTv2 with H in pulses, and c-TTv2 [R24] if in_chop_prob > 0: aihwkit's ChoppedTransferCompound.

    Mind the units: the threshold is a number of dw_min of A here, of C in `Buffered`.

    Attributes
    ----------
    buffer_granularity : float
        H a pulse, in dw_min(A).
    auto_granularity : float
        If > 0, buffer_granularity is multiplied by auto_granularity / (lines transfer_every): a threshold that does
        not depend on the size of the layer.
    correct_gradient_magnitudes : bool
        buffer_granularity is multiplied by the rate of A times dw_min(C) / dw_min(A).
    no_buffer : bool
        H is taken as 0 at each read.
    in_chop_prob : float
        Probability that a line's sign flips after its read.
    in_chop_random : bool
        Flip at random; else each N = max(ceil(1 / in_chop_prob), 2) sweeps over all lines.
    out_chop_prob : float
        Probability that a word's sign, common to all lines, flips after a sweep.
    """

    buffer_granularity: float = 1.0
    auto_granularity: float = 0.0
    correct_gradient_magnitudes: bool = False
    no_buffer: bool = False
    in_chop_prob: float = 0.0
    in_chop_random: bool = True
    out_chop_prob: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        name = type(self).__name__
        above_zero(self, "buffer_granularity")
        require(self.auto_granularity >= 0, f"{name}.auto_granularity", self.auto_granularity, "a number from 0")
        for field in ("in_chop_prob", "out_chop_prob"):
            value = getattr(self, field)
            require(0 <= value <= 1, f"{name}.{field}", value, "a probability")

    @property
    def period(self) -> int:
        """N: sweeps over all lines between two flips of a line's sign (the mean number, if they are random), or 0."""
        return max(ceil(1 / self.in_chop_prob), 2) if self.in_chop_prob > 0 else 0

    def constants(self, lr: float, steps: tuple[float, float], lines: int) -> np.ndarray:
        out = super().constants(lr, steps, lines)
        granularity = self.buffer_granularity * steps[0]
        if self.auto_granularity > 0:
            granularity *= self.auto_granularity / (lines * self.transfer_every)
        if self.correct_gradient_magnitudes:
            granularity *= steps[1] / steps[0] * self.fast_rate(lr)
        out["rate"], out["decay"] = self.transfer_rate(lr) / granularity, not self.no_buffer
        out["period"] = 0 if self.in_chop_random else self.period
        out["in_prob"], out["out_prob"] = self.in_chop_prob if self.in_chop_random else 0, self.out_chop_prob
        return out


@dataclass(frozen=True, kw_only=True)
class Dynamic(Chopped):
    """AGAD (TTv4) [R24]: A is read against its mean over the last chopper period, so that any offset is tolerated.

    At a line's first read after its sign flipped, past <- mean; z - past takes z's place; then mean <- (1 - s) mean
    + s z, s = min(tail_weightening / N, 1). C gets no pulse in the first N + 1 sweeps, though H is reduced.

    Attributes
    ----------
    tail_weightening : float
        Of the mean: the larger, the more it is one of the period's last reads.
    buffer_cap : float
        If > 0, what stays in H is clipped at +-transfer_bl buffer_cap.
    experimental_correct_accumulation : bool
        The rate is divided by min(sweeps since the regular flip + 1, 1 / dw_min(A)).
    """

    in_chop_prob: float = 0.1
    in_chop_random: bool = False
    tail_weightening: float = 5.0
    buffer_cap: float = 0.0
    experimental_correct_accumulation: bool = False

    def __post_init__(self):
        super().__post_init__()
        above_zero(self, "tail_weightening", "in_chop_prob")
        require(self.buffer_cap >= 0, "Dynamic.buffer_cap", self.buffer_cap, "a number from 0")

    def constants(self, lr: float, steps: tuple[float, float], lines: int) -> np.ndarray:
        out = super().constants(lr, steps, lines)
        out["tail"], out["wait"] = min(self.tail_weightening / self.period, 1), self.period
        out["cap"] = self.buffer_cap * self.transfer_bl
        out["correct"] = 1 / steps[0] if self.experimental_correct_accumulation else 0
        return out
