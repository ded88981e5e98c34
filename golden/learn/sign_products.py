"""Products of random signs with inputs, compiled; `kernels.product` says what they are."""

import numpy as np

from ..compiled import njit
from .sign_words import LANES, MASKS, f32, is_set, u32, words_at, words_of


@njit(nogil=True, fastmath=True)
def _add8(words, low, x, i, at, sums):
    """sums[b] += x[i + m, at + b] wherever bit low + m of words[b] is set, for m = 0 .. 7.

    Written out, so that the loop over items is the innermost and fills the lanes.
    """
    to = at + sums.size
    x0, x1, x2, x3 = x[i, at:to], x[i + 1, at:to], x[i + 2, at:to], x[i + 3, at:to]
    x4, x5, x6, x7 = x[i + 4, at:to], x[i + 5, at:to], x[i + 6, at:to], x[i + 7, at:to]
    zero = f32(0)
    for b in range(sums.size):
        v = u32(words[b] >> u32(low))
        s = x0[b] if is_set(v, u32(1)) else zero
        s += x1[b] if is_set(v, u32(2)) else zero
        s += x2[b] if is_set(v, u32(4)) else zero
        s += x3[b] if is_set(v, u32(8)) else zero
        s += x4[b] if is_set(v, u32(16)) else zero
        s += x5[b] if is_set(v, u32(32)) else zero
        s += x6[b] if is_set(v, u32(64)) else zero
        s += x7[b] if is_set(v, u32(128)) else zero
        sums[b] += s


@njit(nogil=True, fastmath=True)
def _add1(words, low, x, sums):
    """sums[b] += x[b] wherever bit `low` of words[b] is set."""
    mask = MASKS[low]
    for b in range(sums.size):
        sums[b] += x[b] if is_set(words[b], mask) else f32(0)


@njit(nogil=True, fastmath=True)
def product(keys, start, x, totals, row, stop, out):
    """Rows row .. stop - 1 of the product; all items; see `kernels.product`."""
    columns, items = x.shape
    words = np.empty(LANES, np.uint32)
    sums = np.empty(LANES, np.float32)
    for at in range(0, items, LANES):
        count = min(LANES, items - at)
        w, s = words[:count], sums[:count]
        for j in range(row, stop):
            s[:] = 0
            i = 0
            bit = start + j * columns
            while i < columns:
                low = bit & 31
                n = min(32 - low, columns - i)
                words_at(keys, at, bit >> 5, w)
                bit += n
                while n >= 8:
                    _add8(w, low, x, i, at, s)
                    low, i, n = low + 8, i + 8, n - 8
                while n:
                    _add1(w, low, x[i, at : at + count], s)
                    low, i, n = low + 1, i + 1, n - 1
            for b in range(count):
                out[j, at + b] = totals[at + b] - f32(2) * s[b]


@njit(nogil=True, fastmath=True)
def _masked_sum(words, bit, x, sums):
    """Sum of x wherever the bits of the words from number `bit` on are set; `sums` is scratch, float32 (32,)."""
    sums[:] = 0
    rest = f32(0)
    i = 0
    while i < x.size:
        low = bit & 31
        n = min(32 - low, x.size - i)
        v = words[bit >> 5]
        part = x[i : i + n]
        if n == 32:
            for m in range(32):
                sums[m] += part[m] if is_set(v, MASKS[m]) else f32(0)
        else:
            for m in range(n):
                rest += part[m] if is_set(v, MASKS[low + m]) else f32(0)
        i, bit = i + n, bit + n
    return rest + sums.sum()


@njit(nogil=True, fastmath=True)
def product_of_few(keys, start, x, totals, row, stop, out):
    """The same for items that do not fill the lanes, which are inputs here; x is (items, columns)."""
    items, columns = x.shape
    first = (start + row * columns) >> 5
    words = np.empty(((start + stop * columns) >> 5) + 1 - first, np.uint32)
    sums = np.empty(32, np.float32)
    for b in range(items):
        words_of(keys, b, first, words)
        for j in range(row, stop):
            out[j, b] = totals[b] - f32(2) * _masked_sum(words, start + j * columns - 32 * first, x[b], sums)
