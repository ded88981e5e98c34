"""Words of the random code's signs, made in registers and never stored: a bit a parameter, set where the sign is -1.

Lanes of the vector unit are items (a sample under its own pattern), so that 16 items of one parameter need one test
of a bit and one masked addition: sum_i s_i x_i = sum_i x_i - 2 sum over set bits of x_i. Where items are few, lanes
are parameters. `sign_products` and `sign_correlations` are the loops, `kernels` calls them.
"""

import numpy as np

from ..blocks.lib.mixer import ROUNDS
from ..compiled import njit

LANES = 256
"""Items that are worked on together: their sums stay in the first-level cache."""
u32, f32 = np.uint32, np.float32
MASKS = u32(1) << np.arange(32, dtype=u32)


@njit(inline="always")
def _mix(k0, k1, k2, k3, counter):
    """`golden.blocks.lib.mixer.mix` in 32-bit arithmetic."""
    x = u32(counter >> u32(16))
    y = u32(counter & u32(0xFFFF))
    for r in range(ROUNDS):
        k = k0 if r & 3 == 0 else k1 if r & 3 == 1 else k2 if r & 3 == 2 else k3
        x = u32(u32(u32(u32(u32(x >> u32(7)) | u32(x << u32(9))) + y) & u32(0xFFFF)) ^ u32(k ^ u32(r)))
        y = u32(u32(u32(u32(y << u32(2)) | u32(y >> u32(14))) & u32(0xFFFF)) ^ x)
    return u32(u32(x << u32(16)) | y)


@njit(inline="always")
def is_set(word, mask):
    """Whether the bit of the mask is set; the casts keep lanes at 32 bits, of which there are twice as many."""
    return u32(word & mask) != u32(0)


@njit(nogil=True)
def words_at(keys, first, word, out):
    """Word number `word` of items from `first` on; `keys` is (4, items)."""
    to = first + out.size
    k0, k1, k2, k3 = keys[0, first:to], keys[1, first:to], keys[2, first:to], keys[3, first:to]
    counter = u32(word)
    for b in range(out.size):
        out[b] = _mix(k0[b], k1[b], k2[b], k3[b], counter)


@njit(nogil=True)
def words_of(keys, item, word, out):
    """Words from number `word` on of one item."""
    k0, k1, k2, k3 = keys[0, item], keys[1, item], keys[2, item], keys[3, item]
    for n in range(out.size):
        out[n] = _mix(k0, k1, k2, k3, u32(word + n))


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
                table[word, m] = f32(-1) if is_set(v, MASKS[m]) else f32(1)
        for i in range(32 * full, size):
            out[b, i] = f32(-1) if is_set(words[full], MASKS[i & 31]) else f32(1)
