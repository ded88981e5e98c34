"""Pulsed rank-one updates: how x and d become pulse trains on the lines, and the coincidences that move the cells.

w <- w - lr d x^T in the mean: a cell gets a pulse where the trains of its two lines coincide, up where d x < 0. Names
and conventions are aihwkit's (`UpdateParameters`).
"""

from dataclasses import dataclass, field

import numpy as np

from ..compiled import njit
from ..inputs import integer, number, refuse, settings
from .draws import generator
from .periphery import choice
from .pulse import pulse
from .trains import ONE, TRAIN, WORD, draw, largest, quantised, scales

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
MOST_SLOTS = 1 << 16
"""Slots of a train; a longer one would take minutes a vector."""


@dataclass(frozen=True, kw_only=True)
class Update:
    """How an array is updated.

    Trains have BL slots. A line has a pulse in each with probability min(1, A |d|), min(1, B |x|), with g the device's
    granularity and A = B = sqrt(lr / (g BL)).

    Attributes
    ----------
    desired_bl : int
        BL, up to 65,536, or with `update_bl_management` its largest value.
    fixed_bl : bool
        If false, BL = ceil(lr / g) and A = B = 1 (before management) where lr / g is above `desired_bl`; without
        `update_bl_management`.
    pulse_type : str
        stochastic-compressed; stochastic; deterministic-implicit: round(BL A |d| B |x|) pulses;
        mean-count: round(round(BL A |d|) round(BL B |x|) / BL); none: w -= lr d x^T, none-with-device: then clipped.
    update_bl_management : bool
        BL = min(ceil(k), desired_bl), k = lr max|x| max|d| / g. Switches `update_management` on.
    update_management : bool
        A times sqrt(max|x| / max|d|), B divided by it, so that both lines' largest probabilities are equal (Gokmen and
        Vlasov, Frontiers in Neuroscience 10, 2016). Where k > `desired_bl` max|d| counts desired_bl / k times, so that
        x is not clipped, with any BL.
    um_grad_scale : float
        Factor of max|d| in both rules.
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
        settings(self)
        integer("Update.desired_bl", self.desired_bl, 1, MOST_SLOTS)
        number("Update.um_grad_scale", self.um_grad_scale, 0, above=True)
        kind = choice("Update.pulse_type", self.pulse_type, tuple(KINDS))
        object.__setattr__(self, "pulse_type", kind)
        steps = [1 / r if r > 1 else max(r, 0.0) for r in (self.res, self.x_res_implicit, self.d_res_implicit)]
        managed = self.update_management or self.update_bl_management
        flags = self.fixed_bl, self.update_bl_management, managed, self.sto_round
        train = np.array([(KINDS[kind], self.desired_bl, *flags, *steps, self.um_grad_scale)], TRAIN)
        object.__setattr__(self, "train", train)

    def check_rate(self, lr: float, granularity: float) -> None:
        """Refuse a rate whose trains of free length would have more than MOST_SLOTS."""
        if not self.fixed_bl and not self.update_bl_management and abs(lr) > MOST_SLOTS * granularity:
            refuse("update: lr", f"{lr:g}", f"up to {MOST_SLOTS * granularity:g}, {MOST_SLOTS} slots of a free length")


@njit
def _stochastic(t, cells, w, x, d, trains, rng):
    """Pulses of stochastic trains; a positive product of x and d moves a cell down."""
    model, shared, each = cells
    x_lines, x_words = np.empty(x.size, np.int32), np.empty(x.size, np.uint64)
    d_lines, d_words = np.empty(d.size, np.int32), np.empty(d.size, np.uint64)
    hits = np.empty(x.size, np.int32)
    for start in range(0, trains.length, WORD):
        slots = min(WORD, trains.length - start)
        columns = draw(t, x, trains.b, slots, x_lines, x_words, rng)
        rows = draw(t, d, trains.a, slots, d_lines, d_words, rng) if columns else 0
        for m in range(rows):
            word, i, falls = d_words[m], abs(d_lines[m]) - 1, d_lines[m] > 0
            # Which lines coincide cannot be predicted: without a branch they are collected at twice the speed.
            count = 0
            for n in range(columns):
                hits[count] = n
                count += (word & x_words[n]) != 0
            for h in range(count):
                n = hits[h]
                both = word & x_words[n]
                j, up = abs(x_lines[n]) - 1, (x_lines[n] > 0) != falls
                while both != 0:
                    w[i, j] = pulse(model, shared, each[i, j], w[i, j], up, rng)
                    both &= both - np.uint64(1)


@njit
def _counted(t, cells, w, x, d, trains, rng):
    """Pulses whose number follows from x and d."""
    model, shared, each = cells
    xs, slots = np.empty(x.size, np.float32), np.float32(trains.length)
    implicit = t.kind == DETERMINISTIC
    for j in range(x.size):
        xs[j] = min(quantised(trains.b * abs(x[j]), t.x_res if implicit else np.float32(0), t.sto_round, rng), ONE)
        if not implicit:
            xs[j] = np.rint(slots * xs[j])
    for i in range(d.size):
        p = min(quantised(trains.a * abs(d[i]), t.d_res if implicit else np.float32(0), t.sto_round, rng), ONE)
        if not implicit:
            p = np.rint(slots * p)
        for j in range(x.size if p > 0 else 0):
            for _ in range(int(np.rint(slots * (p * xs[j]) if implicit else p * xs[j] / slots))):
                w[i, j] = pulse(model, shared, each[i, j], w[i, j], (x[j] > 0) != (d[i] > 0), rng)


@njit
def outer(train, cells, w, x, d, lr, granularity, rng):
    """Pulse an array with the outer product of two vectors, in place: w -= lr d x^T in the mean.

    Parameters
    ----------
    train : TRAIN array, shape (1,)
        `Update.train`.
    cells : Cells
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
    x_max, d_max, rate = largest(x), largest(d), np.float32(abs(lr))
    if x_max == 0 or d_max == 0 or rate == 0:
        return
    trains = scales(t, x_max, d_max, rate, np.float32(granularity))
    signed = -d if lr < 0 else d
    if t.kind == STOCHASTIC:
        _stochastic(t, cells, w, x, signed, trains, rng)
    else:
        _counted(t, cells, w, x, signed, trains, rng)


@njit
def outer_batch(train, cells, w, x, d, lr, granularity, handle):
    """`outer` of x[b] and d[b] for each b in turn, for callers in Python, with the generator's handle."""
    rng = generator(handle)
    for b in range(len(x)):
        outer(train, cells, w, x[b], d[b], lr, granularity, rng)
