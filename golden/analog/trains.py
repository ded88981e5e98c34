"""Pulse trains on the lines of a crossbar, for `update`: their length, their probabilities, their bits."""

from typing import NamedTuple

import numpy as np

from ..compiled import njit

TRAIN = np.dtype(
    [("kind", np.int8), ("desired_bl", np.int32)]
    + [(name, np.bool_) for name in ("fixed_bl", "bl_management", "management", "sto_round")]
    + [(name, np.float32) for name in ("res", "x_res", "d_res", "grad_scale")],
    align=True,
)
"""One record: the settings of an `Update` as its kernel takes them."""
ONE = np.float32(1)
WORD = 64
"""Slots that are drawn at once, a bit each."""
TINY, FAR = np.finfo(np.float32).tiny, np.float32(2**60)
"""Least divisor, and how far a line's probability may be from another's: beyond them float32 has no numbers."""


class Trains(NamedTuple):
    """Trains of one outer product.

    Attributes
    ----------
    length : int
        BL, slots.
    a, b : float32
        A and B: probability of a pulse in a slot by |d| and |x|.
    """

    length: int
    a: np.float32
    b: np.float32


@njit
def largest(v):
    """max |v|."""
    top = np.float32(0)
    for i in range(v.size):
        top = max(top, abs(v[i]))
    return top


@njit
def scales(t, x_max, d_max, lr, granularity):
    """The `Trains` of vectors with these largest values. In float32, as a pulse more or less may depend on it."""
    length, most = int(t.desired_bl), np.float32(t.desired_bl)
    if t.management:
        d_max *= t.grad_scale
    k = lr * x_max * d_max / granularity
    free = not t.fixed_bl and not t.bl_management and granularity * most < lr
    if free:
        length = int(np.ceil(lr / granularity))
    elif t.bl_management:
        # Of vectors so small that float32 has no k left there is a slot all the same.
        length = int(max(min(np.ceil(k), most), ONE))
    a = ONE if free else np.sqrt(lr / (granularity * np.float32(length)))
    b = a
    if t.management:
        if k > most:
            d_max *= most / k
        ratio = min(max(np.sqrt(x_max / max(d_max, TINY)), ONE / FAR), FAR)
        a *= ratio
        b /= ratio
    return Trains(length, a, b)


@njit(inline="always")
def quantised(v, step, stochastic, rng):
    """v in whole steps, if there are any."""
    if step <= 0:
        return v
    if stochastic:
        return np.floor(v / step + np.float32(rng.random())) * step
    return np.rint(v / step) * step


@njit
def draw(t, v, scale, slots, lines, words, rng):
    """Draw up to WORD slots of each line's train, a bit each; returns the number of lines that have a pulse.

    `lines` gets i + 1 of those, negative where v_i is, `words` their bits. The bits come from a SplitMix64 sequence
    (Steele et al., OOPSLA 2014) that starts anywhere, two 32-bit draws a step: the probability is exact to 2**-32.
    """
    counter = np.uint64(rng.random() * 2.0**53) * np.uint64(0xD1342543DE82EF95)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    count = 0
    for i in range(v.size):
        if v[i] == 0:
            continue
        p = quantised(scale * abs(v[i]), t.res, t.sto_round, rng)
        if p <= 0:
            continue
        limit = np.uint64(4294967296.0 * min(np.float64(p), 1.0))
        word, bit = np.uint64(0), np.uint64(1)
        for _ in range((slots + 1) // 2):
            counter += np.uint64(0x9E3779B97F4A7C15)
            z = (counter ^ (counter >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
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
