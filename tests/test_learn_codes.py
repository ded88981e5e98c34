"""Codes and random numbers of `golden.learn`: those of the integer model, on every path."""

import numpy as np
import pytest

from ohmgrad.golden.blocks.lib import mixer
from ohmgrad.golden.blocks.measure import samples
from ohmgrad.golden.blocks.perturb import codes
from ohmgrad.golden.learn import kernels
from ohmgrad.golden.learn.perturbations import CODES, COST_NOISE, Maker, keys, mix, sample_indices

SEEDS = np.array([0, 1, 20230401, 2**32 - 1])
PATTERNS = np.array([0, 1, 2, 31, 255, 256, 511, 512, 65536, 2**31, 2**32 - 1])


def makers():
    """The compiled path, and the one in array operations that every other namespace takes."""
    compiled, plain = Maker(np, np.float64, "cpu"), Maker(np, np.float64, "cpu")
    plain.numpy = False
    return {"compiled": compiled, "plain": plain}


@pytest.mark.parametrize("path", ["compiled", "plain"])
@pytest.mark.parametrize("size", [1, 9, 32, 33, 220])
@pytest.mark.parametrize("kind", ["random", "sequential", "walsh", "walsh-upper"])
def test_signs_are_those_of_the_integer_model(kind, size, path):
    got = makers()[path].code(kind, size, SEEDS, PATTERNS)
    for r, seed in enumerate(SEEDS.tolist()):
        for k, pattern in enumerate(PATTERNS.tolist()):
            want = codes.pattern_signs(codes.Codes(codes.KINDS[kind], seed, size), pattern)
            np.testing.assert_array_equal(got[r % len(got), k], want)


def test_an_unknown_code_is_refused():
    """Each code of the integer model is a code here, and nothing else is taken for one."""
    assert set(CODES) == set(codes.KINDS)
    text = r"^code: 'gold' is refused; allowed is one of random, sequential, walsh, walsh-upper, sinusoidal\.$"
    with pytest.raises(ValueError, match=text):
        makers()["plain"].code("gold", 9, SEEDS, PATTERNS)


@pytest.mark.parametrize("size", [1, 9, 63, 220])
def test_sines(size):
    """sqrt(2) sin(2 pi (i + 1) p / 2^N), 2^N the smallest above 2 P + 2: over a period orthogonal, of mean square 1."""
    period = 1
    while period <= 2 * size + 2:
        period *= 2
    p, i = np.arange(period), np.arange(size)
    got = makers()["plain"].code("sinusoidal", size, SEEDS, p)[0]
    np.testing.assert_allclose(got, 2**0.5 * np.sin(2 * np.pi * np.outer(p, i + 1) / period), atol=1e-12)
    np.testing.assert_allclose(got.T @ got / period, np.eye(size), atol=1e-12)


@pytest.mark.parametrize("items", [1, 7, 300])
def test_kernels_make_the_signs_of_the_code(items):
    """A product with rows that begin within a word, and a correlation, for few items and for many."""
    rng = np.random.default_rng(items)
    start, rows, columns = 37, 5, 70
    table = keys(np.array([3]), mixer.PATTERN, np.arange(items))
    signs = Maker(np, np.float64, "cpu").signs(table, start + rows * columns)[0]
    packed = np.ascontiguousarray(table[0].T).astype(np.uint32)
    x = rng.normal(size=(columns, items)).astype(np.float32)
    want = np.einsum("bji,ib->jb", signs[:, start:].reshape(items, rows, columns), x)
    # Sums of 70 float32 numbers near 1, of either sign and added in any order.
    np.testing.assert_allclose(kernels.product(packed, start, rows, x), want, atol=1e-4)
    costs, out = rng.normal(size=(1, items)).astype(np.float32), np.ones((1, signs.shape[1]), np.float32)
    kernels.correlate(packed, costs, out)
    np.testing.assert_allclose(out, 1 + costs @ signs, atol=1e-4)


def test_words_and_keys():
    table = keys(SEEDS, mixer.SAMPLE, PATTERNS)
    for r, seed in enumerate(SEEDS.tolist()):
        for k, number in enumerate(PATTERNS.tolist()):
            key = mixer.key(seed, mixer.SAMPLE, number)
            assert tuple(table[r, k]) == key
            high, low = mix(key, number)
            assert high << 16 | low == mixer.mix(*key, number)


@pytest.mark.parametrize("order", ["random", "cyclic"])
def test_samples_are_drawn_as_by_the_integer_model(order):
    numbers = np.arange(500)
    got = sample_indices(order, 37, SEEDS, numbers)
    for r, seed in enumerate(SEEDS.tolist()):
        stream = samples.stream(seed)
        assert got[r].tolist() == [samples.sample_index(samples.ORDERS[order], 37, stream, n) for n in range(500)]


def test_normal_numbers():
    """Mean, variance, kurtosis, and correlation of neighbours, each within 5 standard errors."""
    n = 100_000
    z = makers()["compiled"].normal(keys(np.array([5]), COST_NOISE, range(10)), n // 10).ravel()
    assert abs(z.mean()) < 5 / n**0.5
    assert abs((z**2).mean() - 1) < 5 * (2 / n) ** 0.5
    assert abs((z**4).mean() - 3) < 5 * (96 / n) ** 0.5
    assert abs((z[1:] * z[:-1]).mean()) < 5 / n**0.5
