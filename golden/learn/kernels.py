"""What is compiled, shared out over threads: products with random signs, keys, sample numbers."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

from ..blocks.lib.mixer import key
from ..blocks.measure.samples import sample_index, stream
from ..compiled import njit
from . import sign_correlations, sign_products, sign_words

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Threads of each kernel."""
FEW = 12
"""Items below which lanes are parameters instead."""


@njit(nogil=True)
def keys(seeds, domain, numbers, out):
    """out[r, n] = `golden.blocks.lib.mixer.key` of seed r and number n; out is int32 (R, numbers, 4)."""
    for r in range(seeds.size):
        for n in range(numbers.size):
            k = key(seeds[r], domain, numbers[n])
            for m in range(4):
                out[r, n, m] = k[m]


@njit(nogil=True)
def indices(order, size, seeds, numbers, out):
    """out[r, n] = index of sample number n of seed r, see `golden.blocks.measure.samples`."""
    for r in range(seeds.size):
        sample_key = stream(seeds[r])
        for n in range(numbers.size):
            out[r, n] = sample_index(order, size, sample_key, numbers[n])


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS)


def _share(work: Callable[[int, int], object], count: int, cost: int) -> None:
    """Call work(first, stop) on parts of range(count), in threads if `cost` operations are worth it."""
    parts = min(THREADS, count) if cost > 1 << 18 else 1
    edges = [count * k // parts for k in range(parts + 1)]
    if parts == 1:
        work(0, count)
    else:
        list(_pool().map(work, edges[:-1], edges[1:]))


def product(keys: np.ndarray, start: int, rows: int, x: np.ndarray) -> np.ndarray:
    """out[j, b] = sum_i s(b, start + j columns + i) x[i, b], with the signs of the random code.

    Parameters
    ----------
    keys : uint32 array, shape (4, items), C order
        Key of each item's pattern.
    start : int
        Number of the parameter that is the first of the matrix.
    x : float32 array, shape (columns, items), C order

    Returns
    -------
    float32 array, shape (rows, items)
    """
    out = np.empty((rows, x.shape[1]), np.float32)
    totals = x.sum(0)
    if x.shape[1] < FEW:
        turned = np.ascontiguousarray(x.T)
        _share(lambda j, k: sign_products.product_of_few(keys, start, turned, totals, j, k, out), rows, rows * x.size)
    else:
        _share(lambda j, k: sign_products.product(keys, start, x, totals, j, k, out), rows, rows * x.size)
    return out


def correlate(keys: np.ndarray, costs: np.ndarray, out: np.ndarray) -> None:
    """out[r, i] += sum_m costs[r, m] s(r M + m, i), with the signs of the random code.

    Parameters
    ----------
    keys : uint32 array, shape (4, R M), C order
    costs : float32 array, shape (R, M)
    out : float32 array, shape (R, P)
    """
    seeds, size = out.shape
    words = -(-size // 32)
    cost = size * costs.size
    work = sign_correlations.correlate_few if costs.shape[1] < FEW else sign_correlations.correlate
    if seeds >= THREADS:
        _share(lambda a, b: work(keys, costs, (a, b), (0, words), out), seeds, cost)
    else:
        _share(lambda a, b: work(keys, costs, (0, seeds), (a, b), out), words, cost)


def signs(keys: np.ndarray, out: np.ndarray) -> None:
    """out[b, i] = s(b, i), the signs of the random code: out is (items, P) floating, keys int32 (items, 4)."""
    _share(lambda first, stop: sign_words.signs(keys, first, stop, out), len(out), out.size)
