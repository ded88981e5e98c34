"""Perturbation codes: the generator, independence of the signs, and what each code promises."""

from statistics import NormalDist

import numpy as np
import pytest

from ohmgrad.golden import codes
from ohmgrad.golden.codes import RANDOM, SEQUENTIAL, WALSH, Codes, pattern_signs

from . import reference

SEED, P, PATTERNS = 20230401, 220, 20000


def extreme(count: int, alarm: float = 1e-4) -> float:
    """Bound that the largest of `count` standard normal |z| passes with probability below `alarm`."""
    return NormalDist().inv_cdf(1 - alarm / 2 / count)


def table(code: Codes, patterns) -> np.ndarray:
    return np.array([pattern_signs(code, p) for p in patterns], np.float32)


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    return table(Codes(RANDOM, SEED, P), range(PATTERNS))


def test_the_reference_is_speck():
    """Its round function gives the paper's Speck32/64 test vector."""
    left, keys = [0x0908, 0x1110, 0x1918], [0x0100]
    for r in range(21):
        x, y = reference.speck_round(left[r], keys[r], r)
        left.append(x)
        keys.append(y)
    x, y = 0x6574, 0x694C
    for k in keys:
        x, y = reference.speck_round(x, y, k)
    assert (x, y) == (0xA868, 0x42F2)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, SEED])
def test_words_are_speck_rounds(seed):
    for domain in (codes.PATTERN, codes.SAMPLE, codes.DEVICE, codes.CYCLE):
        for number in (0, 1, 65535, 65536, 2**32 - 1):
            key = reference.key(seed, domain, number)
            assert codes.key(seed, domain, number) == key
            assert codes.mix(*key, number) == reference.mix(key, number)


@pytest.mark.parametrize("kind", [RANDOM, SEQUENTIAL, WALSH])
@pytest.mark.parametrize("size", [1, 2, 9, 32, 33, 220])
def test_signs(kind, size):
    code = Codes(kind, SEED, size)
    for pattern in [*range(40), 255, 256, 257, 511, 512, 2**31, 2**32 - 1]:
        assert pattern_signs(code, pattern).tolist() == reference.signs(code, pattern), pattern


@pytest.mark.parametrize("kind", [RANDOM, SEQUENTIAL, WALSH])
def test_any_order_gives_the_same_signs(kind):
    """The generator keeps nothing between patterns, though its scratch space is used again."""
    code = Codes(kind, SEED, 70)
    alone = [pattern_signs(code, p).tolist() for p in range(300)]
    space = codes.scratch(code.size)
    for p in np.random.default_rng(SEED).permutation(300).tolist():
        codes.signs(kind, SEED, code.stride, code.cycle_bits, code.size, p, *space)
        assert space[2][: code.size].tolist() == alone[p]


@pytest.mark.parametrize("kind", [RANDOM, WALSH])
def test_signs_do_not_depend_on_the_number_of_parameters(kind):
    """A smaller network sees the first signs of a larger one (Walsh: within the smaller one's cycle)."""
    for size in (9, 33, 64, 219):
        for pattern in range(9):
            whole = pattern_signs(Codes(kind, SEED, P), pattern)
            assert pattern_signs(Codes(kind, SEED, size), pattern).tolist() == whole[:size].tolist()


# Correlation of the random code. A product of signs, summed over N patterns and divided by sqrt(N), is a
# standard normal z if they are independent; the largest |z| of M must stay below `extreme(M)`.


def pairs(s: np.ndarray) -> np.ndarray:
    return (s.T @ s / len(s) ** 0.5)[np.triu_indices(s.shape[1], 1)]


def triples(s: np.ndarray) -> np.ndarray:
    """All parameters with all pairs of neighbours: z of s_i s_j s_(j+1)."""
    z = s.T @ (s[:, :-1] * s[:, 1:]) / len(s) ** 0.5
    j = np.arange(s.shape[1] - 1)
    z[j, j] = z[j + 1, j] = 0
    return z.ravel()


def check(z: np.ndarray) -> None:
    print(f"seed {SEED}: largest |z| of {z.size} is {abs(z).max():.2f}, bound {extreme(z.size):.2f}")
    assert abs(z).max() < extreme(z.size)


def test_each_sign_is_fair(drawn):
    check(drawn.sum(0) / PATTERNS**0.5)


def test_no_pair_is_correlated(drawn):
    z = pairs(drawn)
    check(z)
    assert abs(z.std() - 1) < 5 / (2 * z.size) ** 0.5, "the spread of z is not that of independent signs"


def test_no_triple_is_correlated(drawn):
    check(triples(drawn))
    rows = np.ascontiguousarray(drawn.T)
    draw = np.random.default_rng(SEED)
    apart = [draw.choice(P, 3, replace=False) for _ in range(4000)]
    check(np.array([(rows[i] * rows[j] * rows[k]).sum() for i, j, k in apart]) / PATTERNS**0.5)


def test_patterns_are_not_correlated_with_their_successors(drawn):
    check((drawn[1:].T @ drawn[:-1] / (PATTERNS - 1) ** 0.5).ravel())


def test_the_triples_would_find_shifted_taps_of_one_register():
    """x^15 + x^14 + 1: pairs look independent, but s_t s_(t+1) s_(t+15) is constant."""
    bits = [1] * 15
    while len(bits) < PATTERNS + 40:
        bits.append(bits[-15] ^ bits[-14])
    taps = 1 - 2 * np.lib.stride_tricks.sliding_window_view(np.array(bits, np.float32), 40)[:PATTERNS]
    check(pairs(taps))
    assert abs(triples(taps)).max() == pytest.approx(PATTERNS**0.5)


@pytest.mark.parametrize("other", [SEED + 1, SEED ^ 1 << 31, SEED ^ 1 << 16])
def test_seeds_are_independent(drawn, other):
    few = drawn[:4000]
    check((few.T @ table(Codes(RANDOM, other, P), range(4000)) / 4000**0.5).ravel())


def test_domains_are_independent():
    keys = {codes.key(SEED, domain, n) for domain in range(4) for n in range(1000)}
    assert len(keys) == 4000


def test_the_words_of_a_key_are_independent():
    """Each bit of the low word against each of the high word, over successive numbers."""
    words = np.array([codes.key(SEED, codes.DEVICE, n) for n in range(PATTERNS)])
    bits = 1 - 2.0 * (words[:, :, None] >> np.arange(16) & 1).reshape(PATTERNS, 64)
    check((bits[:, :32].T @ bits[:, 32:] / PATTERNS**0.5).ravel())


# The codes with a cycle.


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9, 37, 64, 220])
def test_walsh_is_a_hadamard_matrix_that_flips_every_cycle(size):
    hadamard = np.ones((1, 1), int)
    while len(hadamard) < max(2, size):
        hadamard = np.kron([[1, 1], [1, -1]], hadamard)
    code = Codes(WALSH, SEED, size)
    cycle = len(hadamard)
    assert code.cycle == cycle
    first, second, third = (table(code, range(k * cycle, (k + 1) * cycle)) for k in range(3))
    assert (first.T == hadamard[:size]).all()
    assert (second == -first).all() and (third == first).all()
    assert (first.T @ first == cycle * np.eye(size)).all(), "rows are not orthogonal"
    assert (first.sum(0) + second.sum(0) == 0).all(), "the all-ones row keeps an offset"


def test_sequential_visits_every_parameter_once_a_cycle():
    for size in [*range(1, 70), 220, 1210]:
        code = Codes(SEQUENTIAL, SEED, size)
        assert code.cycle == size
        cycle = table(code, range(size))
        assert (np.sort(cycle, axis=None) == [0] * (size * size - size) + [1] * size).all()
        assert (cycle.sum(0) == 1).all() and (cycle.sum(1) == 1).all(), size


def test_sequential_is_shuffled():
    visited = table(Codes(SEQUENTIAL, SEED, P), range(P)).argmax(1)
    distance = abs(np.diff(visited))
    assert distance.min() > P // 4, "successive parameters are close"
