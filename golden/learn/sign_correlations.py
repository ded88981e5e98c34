"""Correlation of costs with random signs, compiled; `kernels.correlate` says what it is."""

import numpy as np

from ..compiled import njit
from .sign_words import LANES, MASKS, f32, is_set, u32, words_at, words_of


@njit(nogil=True, fastmath=True)
def _sum8(words, low, costs):
    """Sums of costs[b] over the set bits low + 0 .. 7 of words[b]."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = zero = f32(0)
    for b in range(costs.size):
        v, c = u32(words[b] >> u32(low)), costs[b]
        s0 += c if is_set(v, u32(1)) else zero
        s1 += c if is_set(v, u32(2)) else zero
        s2 += c if is_set(v, u32(4)) else zero
        s3 += c if is_set(v, u32(8)) else zero
        s4 += c if is_set(v, u32(16)) else zero
        s5 += c if is_set(v, u32(32)) else zero
        s6 += c if is_set(v, u32(64)) else zero
        s7 += c if is_set(v, u32(128)) else zero
    return s0, s1, s2, s3, s4, s5, s6, s7


@njit(nogil=True, fastmath=True)
def _correlate_word(words, costs, total, row):
    """Up to 32 parameters, whose bits are in one word of each item; `total` is the sum of the costs."""
    for low in range(0, row.size, 8):
        sums = _sum8(words, low, costs)
        for m in range(min(8, row.size - low)):
            row[low + m] += total - f32(2) * sums[m]


@njit(nogil=True, fastmath=True)
def correlate(keys, costs, seeds, words, out):
    """A range of seeds and a range of words of parameters; see `kernels.correlate`."""
    size, items = out.shape[1], costs.shape[1]
    made = np.empty(LANES, np.uint32)
    for r in range(seeds[0], seeds[1]):
        for at in range(0, items, LANES):
            c = costs[r, at : min(at + LANES, items)]
            w = made[: c.size]
            total = c.sum()
            for word in range(words[0], words[1]):
                words_at(keys, r * items + at, word, w)
                _correlate_word(w, c, total, out[r, 32 * word : min(32 * word + 32, size)])


@njit(nogil=True, fastmath=True)
def _add_signs(words, first, cost, row):
    """row[i] += cost s_i for the parameters of the words, whose first is word number `first` of the row."""
    full = row.size // 32
    table = row[: 32 * full].reshape(full, 32)
    for n in range(words.size):
        v, word = words[n], first + n
        if word < full:
            for m in range(32):
                table[word, m] += -cost if is_set(v, MASKS[m]) else cost
        else:
            for i in range(32 * word, row.size):
                row[i] += -cost if is_set(v, MASKS[i & 31]) else cost


@njit(nogil=True, fastmath=True)
def correlate_few(keys, costs, seeds, words, out):
    """The same for items that do not fill the lanes, which are parameters here."""
    items = costs.shape[1]
    made = np.empty(words[1] - words[0], np.uint32)
    for r in range(seeds[0], seeds[1]):
        for b in range(items):
            words_of(keys, r * items + b, words[0], made)
            _add_signs(made, words[0], costs[r, b], out[r])
