"""Pulsed rank-one updates: how x and d become pulse trains on the lines, and the coincidences that move the cells.

w <- w - lr d x^T in the mean: a cell gets a pulse where the trains of its two lines coincide, up where d x < 0. Names
and conventions are aihwkit's (`UpdateParameters`).
"""

from dataclasses import dataclass, field

import numpy as np
from numba import njit

from .periphery import choice
from .pulse import pulse
from .refusals import require

STOCHASTIC, DETERMINISTIC, MEAN_COUNT, NONE = range(4)
KINDS = {
    "stochastic-compressed": STOCHASTIC,
    "stochastic": STOCHASTIC,
    "deterministic-implicit": DETERMINISTIC,
    "mean-count": MEAN_COUNT,
    "none": NONE,
    "none-with-device": NONE,
}
"""Pulse types; the two stochastic ones differ in the order of pulses only, which no cell sees."""
TRAIN = np.dtype(
    [("kind", np.int8), ("desired_bl", np.int32)]
    + [(name, np.bool_) for name in ("fixed_bl", "bl_management", "management", "sto_round")]
    + [(name, np.float32) for name in ("res", "x_res", "d_res", "grad_scale")],
    align=True,
)
"""One record: the settings of an update as its kernel takes them."""
ONE = np.float32(1)
WORD = 64


@dataclass(frozen=True, kw_only=True)
class Update:
    """How an array is updated.

    Trains have BL slots. A line has a pulse in each with probability min(1, A |d|), min(1, B |x|), with g the device's
    granularity and A = B = sqrt(lr / (g BL)).

    Attributes
    ----------
    desired_bl : int
        BL, or with `update_bl_management` its largest value.
    fixed_bl : bool
        If false, BL = ceil(lr / g) and A = B = 1 where lr / g is above `desired_bl`; without `update_bl_management`.
    pulse_type : str
        stochastic-compressed; stochastic; deterministic-implicit: round(BL A |d| B |x|) pulses;
        mean-count: round(round(BL A |d|) round(BL B |x|) / BL); none: w -= lr d x^T, none-with-device: then clipped.
    update_bl_management : bool
        BL = min(ceil(k), desired_bl), k = lr max|x| max|d| / g.
    update_management : bool
        A times sqrt(max|x| / max|d|), B divided by it. Where k > `desired_bl` max|d| counts desired_bl / k times.
    um_grad_scale : float
        Factor of max|d| in both rules, with `update_management`.
    res : float
        Step of the probabilities of stochastic trains, or its inverse if above 1; <= 0: none.
    x_res_implicit, d_res_implicit : float
        The same of B |x| and A |d| of deterministic-implicit ones.
    sto_round : bool
        Round to these steps stochastically.
    """

    desired_bl: int = 31
    fixed_bl: bool = True
    pulse_type: str = "stochastic-compressed"
    update_bl_management: bool = True
    update_management: bool = True
    um_grad_scale: float = 1.0
    res: float = 0.0
    x_res_implicit: float = 0.0
    d_res_implicit: float = 0.0
    sto_round: bool = False
    train: np.ndarray = field(init=False, repr=False, compare=False)
    """TRAIN array, shape (1,)."""

    def __post_init__(self) -> None:
        require(self.desired_bl >= 1, "Update.desired_bl", self.desired_bl, "an integer from 1")
        require(self.um_grad_scale > 0, "Update.um_grad_scale", self.um_grad_scale, "a number above 0")
        kind = choice("Update.pulse_type", self.pulse_type, tuple(KINDS))
        object.__setattr__(self, "pulse_type", kind)
        steps = [1 / r if r > 1 else max(r, 0.0) for r in (self.res, self.x_res_implicit, self.d_res_implicit)]
        flags = self.fixed_bl, self.update_bl_management, self.update_management, self.sto_round
        train = np.array([(KINDS[kind], self.desired_bl, *flags, *steps, self.um_grad_scale)], TRAIN)
        object.__setattr__(self, "train", train)


@njit
def _largest(v):
    top = np.float32(0)
    for i in range(v.size):
        top = max(top, abs(v[i]))
    return top


@njit
def _scales(t, x_max, d_max, lr, granularity):
    """BL, A and B. In float32, as a pulse more or less may depend on it."""
    length = t.desired_bl
    if t.management:
        d_max *= t.grad_scale
    k = lr * x_max * d_max / granularity
    if t.bl_management:
        length = min(int(np.ceil(k)), length)
    elif not t.fixed_bl and granularity * np.float32(length) < lr:
        return int(np.ceil(lr / granularity)), ONE, ONE
    a = np.sqrt(lr / (granularity * np.float32(length)))
    b = a
    if t.management:
        if t.bl_management and k > np.float32(t.desired_bl):
            d_max *= np.float32(t.desired_bl) / k
        ratio = np.sqrt(x_max / d_max)
        a *= ratio
        b /= ratio
    return length, a, b


@njit(inline="always")
def _quantised(v, step, stochastic, rng):
    if step <= 0:
        return v
    if stochastic:
        return np.floor(v / step + np.float32(rng.random())) * step
    return np.rint(v / step) * step


@njit
def _trains(t, v, scale, slots, lines, words, rng):
    """Draw up to WORD slots of each line's train, a bit each; returns the number of lines that have a pulse.

    `lines` gets i + 1 of those, negative where v_i is, `words` their bits. The bits come from a SplitMix64 sequence
    (Steele et al., OOPSLA 2014) that starts anywhere, two 32-bit draws a step: the probability is exact to 2**-32.
    """
    state = np.uint64(rng.random() * 2.0**53) * np.uint64(0xD1342543DE82EF95)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    count = 0
    for i in range(v.size):
        if v[i] == 0:
            continue
        p = _quantised(scale * abs(v[i]), t.res, t.sto_round, rng)
        if p <= 0:
            continue
        limit = np.uint64(4294967296.0 * min(np.float64(p), 1.0))
        word, bit = np.uint64(0), np.uint64(1)
        for _ in range((slots + 1) // 2):
            state += np.uint64(0x9E3779B97F4A7C15)
            z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z ^= z >> np.uint64(31)
            word |= bit if (z & low) < limit else np.uint64(0)
            bit <<= np.uint64(1)
            word |= bit if (z >> half) < limit else np.uint64(0)
            bit <<= np.uint64(1)
        if slots & 1:
            word &= (np.uint64(1) << np.uint64(slots)) - np.uint64(1)
        if word != 0:
            lines[count] = i + 1 if v[i] > 0 else -i - 1
            words[count] = word
            count += 1
    return count


@njit
def _stochastic(t, model, shared, each, w, x, d, length, a, b, rng):
    """Pulses of stochastic trains; a positive product of x and d moves a cell down."""
    x_lines, x_words = np.empty(x.size, np.int32), np.empty(x.size, np.uint64)
    d_lines, d_words = np.empty(d.size, np.int32), np.empty(d.size, np.uint64)
    for start in range(0, length, WORD):
        slots = min(WORD, length - start)
        columns = _trains(t, x, b, slots, x_lines, x_words, rng)
        rows = _trains(t, d, a, slots, d_lines, d_words, rng) if columns else 0
        for m in range(rows):
            word, i, falls = d_words[m], abs(d_lines[m]) - 1, d_lines[m] > 0
            for n in range(columns):
                both = word & x_words[n]
                if both != 0:
                    j, up = abs(x_lines[n]) - 1, (x_lines[n] > 0) != falls
                    while both != 0:
                        w[i, j] = pulse(model, shared, each[i, j], w[i, j], up, rng)
                        both &= both - np.uint64(1)


@njit
def _counted(t, model, shared, each, w, x, d, length, a, b, rng):
    """Pulses whose number follows from x and d."""
    xs, slots = np.empty(x.size, np.float32), np.float32(length)
    implicit = t.kind == DETERMINISTIC
    for j in range(x.size):
        xs[j] = min(_quantised(b * abs(x[j]), t.x_res if implicit else np.float32(0), t.sto_round, rng), ONE)
        if not implicit:
            xs[j] = np.rint(slots * xs[j])
    for i in range(d.size):
        p = min(_quantised(a * abs(d[i]), t.d_res if implicit else np.float32(0), t.sto_round, rng), ONE)
        if not implicit:
            p = np.rint(slots * p)
        for j in range(x.size if p > 0 else 0):
            for _ in range(int(np.rint(slots * (p * xs[j]) if implicit else p * xs[j] / slots))):
                w[i, j] = pulse(model, shared, each[i, j], w[i, j], (x[j] > 0) != (d[i] > 0), rng)


@njit
def outer(train, model, shared, each, w, x, d, lr, granularity, rng):
    """Pulse an array with the outer product of two vectors, in place: w -= lr d x^T in the mean.

    Parameters
    ----------
    train : TRAIN array, shape (1,)
        `Update.train`.
    model, shared, each
        Of the `Cells`.
    w : float32 array, shape (rows, columns), C order
    x, d : float32 array, shape (columns,) and (rows,), C order
    lr : float
        Negative: w += |lr| d x^T.
    granularity : float
        Of the device, g.
    rng : numpy.random.Generator
    """
    t = train[0]
    if t.kind == NONE:
        for i in range(d.size):
            step = np.float32(lr) * d[i]
            for j in range(x.size):
                w[i, j] -= step * x[j]
        return
    x_max, d_max, rate = _largest(x), _largest(d), np.float32(abs(lr))
    if x_max == 0 or d_max == 0 or rate == 0:
        return
    length, a, b = _scales(t, x_max, d_max, rate, np.float32(granularity))
    signed = -d if lr < 0 else d
    if t.kind == STOCHASTIC:
        _stochastic(t, model, shared, each, w, x, signed, length, a, b, rng)
    else:
        _counted(t, model, shared, each, w, x, signed, length, a, b, rng)
