"""Compiled loops over random signs that are made in registers and never stored; `kernels` calls them.

Lanes of the vector unit are items (a sample under its own pattern), so that 16 items of one parameter need one test
of a bit and one masked addition: sum_i s_i x_i = sum_i x_i - 2 sum over set bits of x_i. Where items are few, lanes
are parameters.
"""

import numpy as np
from numba import njit

from ..blocks.perturb.codes import ROUNDS

LANES = 256
"""Items that are worked on together: their sums stay in the first-level cache."""
u32, f32 = np.uint32, np.float32
MASKS = u32(1) << np.arange(32, dtype=u32)


@njit(inline="always")
def _mix(k0, k1, k2, k3, counter):
    """`golden.blocks.perturb.codes.mix` in 32-bit arithmetic."""
    x = u32(counter >> u32(16))
    y = u32(counter & u32(0xFFFF))
    for r in range(ROUNDS):
        k = k0 if r & 3 == 0 else k1 if r & 3 == 1 else k2 if r & 3 == 2 else k3
        x = u32(u32(u32(u32(u32(x >> u32(7)) | u32(x << u32(9))) + y) & u32(0xFFFF)) ^ u32(k ^ u32(r)))
        y = u32(u32(u32(u32(y << u32(2)) | u32(y >> u32(14))) & u32(0xFFFF)) ^ x)
    return u32(u32(x << u32(16)) | y)


@njit(inline="always")
def _set(word, mask):
    """Whether the bit of the mask is set; the casts keep lanes at 32 bits, of which there are twice as many."""
    return u32(word & mask) != u32(0)


@njit(nogil=True)
def _words(keys, first, word, out):
    """Word number `word` of items from `first` on; `keys` is (4, items)."""
    to = first + out.size
    k0, k1, k2, k3 = keys[0, first:to], keys[1, first:to], keys[2, first:to], keys[3, first:to]
    counter = u32(word)
    for b in range(out.size):
        out[b] = _mix(k0[b], k1[b], k2[b], k3[b], counter)


@njit(nogil=True)
def _words_of(keys, item, word, out):
    """Words from number `word` on of one item."""
    k0, k1, k2, k3 = keys[0, item], keys[1, item], keys[2, item], keys[3, item]
    for n in range(out.size):
        out[n] = _mix(k0, k1, k2, k3, u32(word + n))


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
        s = x0[b] if _set(v, u32(1)) else zero
        s += x1[b] if _set(v, u32(2)) else zero
        s += x2[b] if _set(v, u32(4)) else zero
        s += x3[b] if _set(v, u32(8)) else zero
        s += x4[b] if _set(v, u32(16)) else zero
        s += x5[b] if _set(v, u32(32)) else zero
        s += x6[b] if _set(v, u32(64)) else zero
        s += x7[b] if _set(v, u32(128)) else zero
        sums[b] += s


@njit(nogil=True, fastmath=True)
def _add1(words, low, x, sums):
    """sums[b] += x[b] wherever bit `low` of words[b] is set."""
    mask = MASKS[low]
    for b in range(sums.size):
        sums[b] += x[b] if _set(words[b], mask) else f32(0)


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
                _words(keys, at, bit >> 5, w)
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
def product_of_few(keys, start, x, totals, row, stop, out):
    """The same for items that do not fill the lanes, which are inputs here; x is (items, columns)."""
    items, columns = x.shape
    first = (start + row * columns) >> 5
    words = np.empty(((start + stop * columns) >> 5) + 1 - first, np.uint32)
    sums = np.empty(32, np.float32)
    for b in range(items):
        _words_of(keys, b, first, words)
        for j in range(row, stop):
            sums[:] = 0
            rest = f32(0)
            i, bit = 0, start + j * columns
            while i < columns:
                low = bit & 31
                n = min(32 - low, columns - i)
                v = words[(bit >> 5) - first]
                part = x[b, i : i + n]
                if n == 32:
                    for m in range(32):
                        sums[m] += part[m] if _set(v, MASKS[m]) else f32(0)
                else:
                    for m in range(n):
                        rest += part[m] if _set(v, MASKS[low + m]) else f32(0)
                i, bit = i + n, bit + n
            out[j, b] = totals[b] - f32(2) * (rest + sums.sum())


@njit(nogil=True, fastmath=True)
def _sum8(words, low, costs):
    """Sums of costs[b] over the set bits low + 0 .. 7 of words[b]."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = zero = f32(0)
    for b in range(costs.size):
        v, c = u32(words[b] >> u32(low)), costs[b]
        s0 += c if _set(v, u32(1)) else zero
        s1 += c if _set(v, u32(2)) else zero
        s2 += c if _set(v, u32(4)) else zero
        s3 += c if _set(v, u32(8)) else zero
        s4 += c if _set(v, u32(16)) else zero
        s5 += c if _set(v, u32(32)) else zero
        s6 += c if _set(v, u32(64)) else zero
        s7 += c if _set(v, u32(128)) else zero
    return s0, s1, s2, s3, s4, s5, s6, s7


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
                _words(keys, r * items + at, word, w)
                row = out[r, 32 * word : min(32 * word + 32, size)]
                for low in range(0, row.size, 8):
                    sums = _sum8(w, low, c)
                    for m in range(min(8, row.size - low)):
                        row[low + m] += total - f32(2) * sums[m]


@njit(nogil=True, fastmath=True)
def correlate_few(keys, costs, seeds, words, out):
    """The same for items that do not fill the lanes, which are parameters here."""
    size, items = out.shape[1], costs.shape[1]
    made = np.empty(words[1] - words[0], np.uint32)
    full = size // 32
    for r in range(seeds[0], seeds[1]):
        table = out[r, : 32 * full].reshape(full, 32)
        for b in range(items):
            _words_of(keys, r * items + b, words[0], made)
            c = costs[r, b]
            for n in range(made.size):
                v, word = made[n], words[0] + n
                if word < full:
                    for m in range(32):
                        table[word, m] += -c if _set(v, MASKS[m]) else c
                else:
                    for i in range(32 * word, size):
                        out[r, i] += -c if _set(v, MASKS[i & 31]) else c


@njit(nogil=True)
def signs(keys, first, stop, out):
    """Items first .. stop - 1 of `kernels.signs`."""
    size = out.shape[1]
    blocks = (size + 31) // 32
    words = np.empty(blocks, np.uint32)
    for b in range(first, stop):
        k0, k1, k2, k3 = u32(keys[b, 0]), u32(keys[b, 1]), u32(keys[b, 2]), u32(keys[b, 3])
        for word in range(blocks):
            words[word] = _mix(k0, k1, k2, k3, u32(word))
        full = size // 32
        table = out[b, : 32 * full].reshape(full, 32)
        for word in range(full):
            v = words[word]
            for m in range(32):
                table[word, m] = f32(-1) if _set(v, MASKS[m]) else f32(1)
        for i in range(32 * full, size):
            out[b, i] = f32(-1) if _set(words[full], MASKS[i & 31]) else f32(1)
