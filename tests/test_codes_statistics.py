"""Independence of the perturbation signs: pairs, triples, successors, seeds, and which quadruples are not."""

from statistics import NormalDist

import numpy as np
import pytest

from ohmgrad.golden.blocks.lib import mixer
from ohmgrad.golden.blocks.perturb.codes import RANDOM, SINUSOIDAL, WALSH, WALSH_UPPER, Codes, pattern_signs

from .chips import engine, small

SEED, P, PATTERNS = 20230401, 220, 20000


def extreme(count: int, alarm: float = 1e-4) -> float:
    """Bound that the largest of `count` standard normal |z| passes with probability below `alarm`."""
    return NormalDist().inv_cdf(1 - alarm / 2 / count)


def table(code: Codes, patterns) -> np.ndarray:
    return np.array([pattern_signs(code, p) for p in patterns], np.float32)


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    return table(Codes(RANDOM, SEED, P), range(PATTERNS))


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


def test_acceptance_5_no_pair_is_correlated(drawn):
    z = pairs(drawn)
    check(z)
    assert abs(z.std() - 1) < 5 / (2 * z.size) ** 0.5, "the spread of z is not that of independent signs"


def test_acceptance_5_no_triple_is_correlated(drawn):
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
    keys = {mixer.key(SEED, domain, n) for domain in range(5) for n in range(1000)}
    assert len(keys) == 5000


def test_the_words_of_a_key_are_independent():
    """Each bit of the low word against each of the high word, over successive numbers."""
    words = np.array([mixer.key(SEED, mixer.DEVICE, n) for n in range(PATTERNS)])
    bits = 1 - 2.0 * (words[:, :, None] >> np.arange(16) & 1).reshape(PATTERNS, 64)
    check((bits[:, :32].T @ bits[:, 32:] / PATTERNS**0.5).ravel())


# The other codes.


def cycle(kind: int, size: int, cycles: int = 1, **of) -> np.ndarray:
    code = Codes(kind, SEED, size, **of)
    return table(code, range(cycles * code.cycle)).astype(np.int64)


def all_triples(s: np.ndarray) -> np.ndarray:
    """Sum over the patterns of s_i s_j s_k, all i < j < k."""
    sums = np.einsum("pi,pj,pk->ijk", s, s, s, optimize=True)
    i, j, k = np.indices(sums.shape)
    return sums[(i < j) & (j < k)]


@pytest.mark.parametrize("size", [5, 23, 64])
def test_acceptance_5_walsh_rows(size):
    """Pairs sum to exactly 0 over a cycle, of both kinds of rows.

    Three rows multiply to row i xor j xor k, which is never that of ones in the upper half: triples of it sum
    to 0 too. Of plain rows a triple with i xor j = k is constant within a cycle: a Hessian's term, and the error
    of forward mode on a quadratic. The flip of every other cycle makes it sum to 0 over two.
    """
    for kind in (WALSH, WALSH_UPPER):
        s = cycle(kind, size)
        assert (s.T @ s == len(s) * np.eye(size)).all()
    assert not all_triples(cycle(WALSH_UPPER, size)).any()
    s = cycle(WALSH, size)
    i, j, k = np.indices((size,) * 3)
    ordered = (i < j) & (j < k)
    assert (all_triples(s) == len(s) * ((i ^ j) == k)[ordered]).all() and all_triples(s).any()
    assert not all_triples(cycle(WALSH, size, cycles=2)).any()


@pytest.mark.parametrize(("peak", "frequency"), [(3, (1, 1)), (23, (1, 1)), (1448, (5, 3))])
def test_acceptance_5_sines(peak, frequency):
    """Pairs are as apart as rounding allows; triples sum to exactly 0, each being odd in the pattern number.

    v = peak sin + e with |e| <= 1/2, and the sines are orthogonal over a period, so that a mean of v_i v_j is
    within peak 2 / pi + 1/4 of peak^2 / 2 times delta_ij: mean |sin| is 2 / pi, or less.
    """
    v = cycle(SINUSOIDAL, 40, peak=peak, first=frequency[0], spacing=frequency[1])
    apart = abs(v.T @ v / len(v) - peak**2 / 2 * np.eye(40)).max()
    bound = peak * 2 / np.pi + 0.25
    print(f"peak {peak}: means within {apart:.3f}, bound {bound:.3f}")
    assert apart < bound and not v.sum(0).any()
    assert not all_triples(v).any()


def test_acceptance_5_rank_one():
    """r_i c_j: pairs and triples are independent, the corners of a rectangle are not.

    (r_i c_j) (r_i c_l) (r_k c_j) (r_k c_l) = 1 at every pattern. An odd number of signs always leaves an r or a
    c over, so a second-order term of the cost, two signs, never looks like a parameter's sign. But where four
    signs make a constant, so do one and three: third-order terms of the cost get into G, and so does what
    antithetic pairs leave, at the third power of the amplitude; and the noise of two words of G is not independent.
    """
    learner = engine(small(**{"perturbation.code": "rank-one", "seed": SEED}))
    s = np.array([learner.perturbations(p) for p in range(8000)], np.float32)
    check(s.sum(0) / len(s) ** 0.5)
    check(pairs(s))
    check(all_triples(s.astype(np.int64)) / len(s) ** 0.5)
    second = s[:, 15:33].reshape(-1, 3, 6)  # the second layer, 3 neurons and 6 lines
    for i, k in ((0, 1), (0, 2), (1, 2)):
        for j in range(6):
            corners = second[:, i, j] * second[:, k, j]
            assert (corners[:, None] * second[:, i] * second[:, k] == 1).all()


@pytest.mark.parametrize("code", ["random", "sequential", "walsh", "walsh-upper", "sinusoidal", "rank-one"])
def test_acceptance_5_signs_depend_on_seed_step_and_index_only(code):
    """Not on lanes, time constants, what was done before, or what is learned; and on the seed, if random."""
    overrides = {"perturbation.code": code, "cost.bits": 16}
    base = engine(small(**overrides))
    others = [
        engine(small(**overrides, **{"engine.lanes": 1, "perturbation.tau_theta": 64, "data.order": "cyclic"})),
        engine(small(**overrides, **{"cost.mode": "forward", "update.momentum": 0.5})),
    ]
    others[1].run(others[1].initial(), 50)
    seeded = engine(small(**overrides, **{"seed": 78}))
    different = False
    for pattern in (5, 2, 2, 300, 1, 2**32 - 1):
        signs = base.perturbations(pattern).tolist()
        assert all(other.perturbations(pattern).tolist() == signs for other in others)
        different |= seeded.perturbations(pattern).tolist() != signs
    assert different == (code in ("random", "rank-one"))
