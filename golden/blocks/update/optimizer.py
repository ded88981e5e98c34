"""Parameter update of the `digital` path: theta -= eta G; G = 0.

    plain      theta -= round(G rate / 2**shift)
    momentum   M <- round(M momentum / 2**8) + round(G rate / 2**(shift - 8));  theta -= round(M / 2**8)

([M23]: M = gamma M + eta G; gain 1 / (1 - gamma)). `rate` is an 8-bit step size of each layer, 0 to
freeze it; its schedule is a list of (first step, rates). The real step size is eta = rate / 2**shift in
the units that `golden.chip.chip` derives from the chip description. Rounding is to nearest, halves away from
zero; the last one, to theta, may be stochastic: floor((x + r) / 2**n) with r uniform in 0 .. 2**n - 1 from
the upper or lower half of `mix(key(seed, ROUNDING, step), i // 2)`. Theta and M saturate symmetrically.
"""

from typing import NamedTuple

from ...compiled import njit
from ..lib.fixed import i32, limit, round_shift, round_wide, saturate
from ..lib.mixer import ROUNDING, key, mix

RATE_BITS = 8
MOMENTUM_BITS = 23
"""Width of the words of M, whose LSB is 2**-8 of theta's."""
FRACTION = 8
DITHER_BITS = 16
"""Random bits of a stochastic rounding, which are added before the lower bits are cut off."""
WIDE = 23
"""Words of G up to this many bits times a rate fit 32-bit arithmetic."""


class Optimizer(NamedTuple):
    """Configuration of the optimizer.

    Attributes
    ----------
    bits, gradient_bits : int
        Widths of the words of theta and of G.
    shift : int
        Right shift of the product G * rate, 0 .. 30; with momentum 8 .. 30.
    schedule : tuple of (int, tuple of int)
        (first step, rate of each layer); first steps rise from 0, rates are 0 .. 255.
    momentum : int
        In 2**-8; 0: there is no M.
    stochastic : bool
        Rounding to theta is stochastic.
    seed : int
        Of that rounding.
    """

    bits: int
    gradient_bits: int
    shift: int
    schedule: tuple[tuple[int, tuple[int, ...]], ...]
    momentum: int = 0
    stochastic: bool = False
    seed: int = 0

    @property
    def sections(self) -> tuple[int, ...]:
        """First layer of each section: neighbours with one schedule share one, and its rates."""
        layers = list(zip(*(rates for _, rates in self.schedule), strict=True))
        return tuple(k for k, rates in enumerate(layers) if not k or rates != layers[k - 1])

    @property
    def bound(self) -> int:
        """Largest |theta|."""
        return limit(self.bits)

    @property
    def plain(self) -> bool:
        """Whether `update` will do; else it is `update_with`."""
        return not self.momentum and not self.stochastic and self.gradient_bits <= WIDE


@njit(inline="always")
def scheduled(starts, step):
    """Index of the last start at or before a step."""
    place = 0
    for k in range(1, starts.size):
        if step >= starts[k]:
            place = k
    return place


@njit
def update(bound, shift, rate, g, theta):
    """Update theta in place and clear G.

    Parameters
    ----------
    g, theta : int32 arrays, shape (n,)
        Words of one layer.

    Returns
    -------
    bool
        Whether a word of theta saturated.
    """
    over = i32(0)
    for i in range(theta.size):
        raw = i32(theta[i] - round_shift(i32(g[i] * i32(rate)), i32(shift)))
        word = saturate(raw, i32(bound))
        over |= i32(raw ^ word)
        theta[i] = word
        g[i] = 0
    return over != 0


@njit
def update_with(optimizer, rate, step, first, g, m, theta):
    """Update M and theta in place; G is left.

    Parameters
    ----------
    optimizer : Optimizer
        With an empty schedule.
    rate : int
        Of the layer.
    step, first : int
        Number of the step, and index of the layer's first parameter: they choose the dither.
    g, m, theta : int32 arrays, shape (n,)
        Words of one layer.

    Returns
    -------
    bool
        Whether a word of M or theta saturated.
    """
    over = False
    words = key(optimizer.seed, ROUNDING, step)
    bound, largest = (1 << (optimizer.bits - 1)) - 1, (1 << (MOMENTUM_BITS - 1)) - 1
    for i in range(theta.size):
        x, n = g[i] * rate, optimizer.shift
        if optimizer.momentum:
            raw = round_wide(m[i] * optimizer.momentum, 8) + round_wide(x, n - FRACTION)
            x, n = min(max(raw, -largest), largest), FRACTION
            over |= raw != x
            m[i] = x
        delta = round_randomly(words, first + i, x, n) if optimizer.stochastic else round_wide(x, n)
        raw = theta[i] - delta
        word = min(max(raw, -bound), bound)
        over |= raw != word
        theta[i] = word
    return over


@njit
def round_randomly(words, index, x, n):
    """Stochastic rounding of `x / 2**n`, with the dither that parameter `index` has under a key."""
    dither = (mix(words[0], words[1], words[2], words[3], index >> 1) >> (DITHER_BITS * (index & 1))) & 0xFFFF
    if n > DITHER_BITS:
        dither = (dither << (n - DITHER_BITS)) + (1 << (n - DITHER_BITS - 1))
    else:
        dither >>= DITHER_BITS - n
    return (x + dither) >> n
