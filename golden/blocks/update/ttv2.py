"""Tiki-Taka v2 digital filter: integrates readings of a line, fires single pulses.

    H <- H + c z 2**f                       or, leaky ([W25] eq. 14):  H <- H + (c z 2**f - H) / 2**l
    where |H| >= T: one pulse sign(H) onto the slow array, and H is reset.

The learning rate is folded into the integer threshold T, so there is no multiplier
([G21]; spec "no multiplier is needed"). z are words of -G (`filtered`), or ADC codes of a line of the fast
array (`tiki-taka`); f fractional bits of H make room for resets, rescaling and means.
Reset variants: zero (H = 0), subtract (H -= sign T), keep (H = H / 2**keep_shift, to nearest).

AGAD ([R24]) subtracts a mean from each reading, in units of 2**-f: where the line's chopper c has switched
at its last reading, past <- mean; then H <- H + c (z 2**f - past); then mean <- mean + (z 2**f - mean) / 2**s.
"""

from typing import NamedTuple

from ...compiled import njit
from ..lib.fixed import i32, limit, round_shift, saturate
from ..lib.kinds import refusal

ZERO, SUBTRACT, KEEP = range(3)
RESETS = {"zero": ZERO, "subtract": SUBTRACT, "keep": KEEP}
"""All resets, by the names of a chip description; each has a case in `fire` and in `rtl.update.ttv2`."""
UNKNOWN = refusal("reset of the filter", RESETS)


class Ttv2(NamedTuple):
    """Configuration of the filter.

    Attributes
    ----------
    bits, gradient_bits : int
        Widths of the words of H and of readings z.
    reset, keep_shift : int
        ZERO, SUBTRACT or KEEP; the shift of KEEP.
    schedule : tuple of (int, int)
        (first step, threshold T); first steps rise from 0, thresholds are 1 .. 2**(bits-1) - 1.
    negate : bool
        z is the negated input: what comes in is +gradient (`filtered`).
    fraction : int
        f.
    leak : int
        l of the leaky filter; 0: no leak.
    mean : int
        s of AGAD's means; 0: no means.
    rescale : int
        Largest |shift| of `rescale`; 0: H is never rescaled.
    """

    bits: int
    gradient_bits: int
    reset: int
    keep_shift: int
    schedule: tuple[tuple[int, int], ...]
    negate: bool = False
    fraction: int = 0
    leak: int = 0
    mean: int = 0
    rescale: int = 0

    @property
    def bound(self) -> int:
        """Largest |H|."""
        return limit(self.bits)

    @property
    def mean_bits(self) -> int:
        """Width of AGAD's means."""
        return self.gradient_bits + self.fraction


@njit(inline="always")
def fire(bound, reset, keep_shift, threshold, raw):
    """H after an integration to `raw`, the pulse, and whether H saturated."""
    word = saturate(raw, bound)
    over = raw != word
    pulse = 0
    if abs(word) >= threshold:
        pulse = 1 if word > 0 else -1
        if reset == ZERO:
            word = i32(0)
        elif reset == SUBTRACT:
            word = i32(word - pulse * threshold)
        elif reset == KEEP:
            word = round_shift(word, i32(keep_shift))
        else:
            raise ValueError(UNKNOWN)
    return word, pulse, over


@njit
def transfer(bound, reset, keep_shift, threshold, g, h, pulses):
    """Integrate -G into H in place, clear G, and write the pulses (`filtered`: f, l and s are 0).

    Parameters
    ----------
    g, h, pulses : int32 arrays, shape (P,)
        `pulses[i]` becomes -1, 0 or +1.

    Returns
    -------
    bool
        Whether a word of H saturated.
    """
    over = False
    for i in range(h.size):
        h[i], pulses[i], saturated = fire(bound, reset, keep_shift, threshold, h[i] - g[i])
        over |= saturated
        g[i] = 0
    return over


@njit
def transfer_line(ttv2, threshold, chopper, switched, hold, z, h, mean, past, pulses):
    """Integrate one line's readings into its words of H in place, and write the pulses.

    Parameters
    ----------
    ttv2 : Ttv2
        With an empty schedule.
    threshold : int
        T.
    chopper : int
        c, +1 or -1.
    switched : bool
        The chopper has switched at the line's last reading (AGAD).
    hold : bool
        H is reset as ever, but no pulse is given (AGAD, until the means are known).
    z, h, mean, past, pulses : int32 arrays, shape (length of the line,)
        `mean` and `past` are empty without AGAD.

    Returns
    -------
    bool
        Whether a word of H saturated.
    """
    bound = i32((1 << (ttv2.bits - 1)) - 1)
    over = False
    for i in range(z.size):
        reading = i32(-z[i] if ttv2.negate else z[i]) << i32(ttv2.fraction)
        centred = reading
        if ttv2.mean:
            if switched:
                past[i] = mean[i]
            centred = i32(reading - past[i])
            mean[i] += round_shift(i32(reading - mean[i]), i32(ttv2.mean))
        step = i32(chopper * centred)
        if ttv2.leak:
            step = round_shift(i32(step - h[i]), i32(ttv2.leak))
        h[i], pulse, saturated = fire(bound, ttv2.reset, ttv2.keep_shift, threshold, i32(h[i] + step))
        pulses[i] = 0 if hold else pulse
        over |= saturated
    return over


@njit
def rescale(bits, shift, h):
    """H <- H 2**shift in place, to nearest: keeps H in real units where the threshold becomes T 2**shift.

    Returns whether a word saturated.
    """
    bound = (1 << (bits - 1)) - 1
    over = False
    for i in range(h.size):
        if shift < 0:
            h[i] = round_shift(h[i], i32(-shift))
        else:
            raw = int(h[i]) << shift
            word = min(max(raw, -bound), bound)
            over |= raw != word
            h[i] = i32(word)
    return over
