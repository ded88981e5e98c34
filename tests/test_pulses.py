"""Pulse trains: probabilities by their equation, exact counts of deterministic ones, statistics of random ones."""

from fractions import Fraction
from math import floor, log2

import numpy as np
import pytest

from ohmgrad.golden.blocks.lib.mixer import TRAIN, key, mix
from ohmgrad.golden.blocks.tiki_taka.pulses import RATE_BITS, WIDE_BITS, Pulses, orient, probabilities, train

from .test_codes_statistics import extreme

ONE = 1 << 16
SEED = 20210301


def pulses(**of) -> Pulses:
    """A generator for 12 rows of signs and 20 lines of 8 bits."""
    plain = Pulses(SEED, 10, False, True, 12, 20, 2, 8, 15, 100, 6)
    return plain._replace(**of)


def chances(block: Pulses, magnitude: int, vector) -> np.ndarray:
    """`probabilities` of a vector."""
    vector = np.array(vector, np.int32)
    out = np.full(vector.size, 9, np.int64)
    probabilities(block, block.line_shift, magnitude, vector, out)
    return out


def trains(block: Pulses, signed: np.ndarray, numbers) -> np.ndarray:
    """Pulses of all slots of some updates, shape (updates * BL, elements)."""
    order, out = block.order(), np.zeros((len(numbers) * block.slots, signed.size), np.int32)
    for k, number in enumerate(numbers):
        for slot in range(block.slots):
            train(block, order, number, slot, signed, out[k * block.slots + slot])
    return out


# Probabilities.


def shares(block: Pulses, magnitude: int, vector) -> tuple[list[Fraction], int, int]:
    """P before m, and the bit lengths of the largest of d and of x, in 2**-16 and by the equations."""
    most = (1 << WIDE_BITS) - 1
    k = min(floor(Fraction(magnitude * block.rate, 1 << block.shift)), most)
    full = 1 if block.line_bits == 2 else 1 << (block.line_bits - 1)
    d = [Fraction(min(k * abs(v), most)) for v in vector[: block.rows]]
    x = [Fraction(ONE * abs(v), full) for v in vector[block.rows :]]
    return d + x, int(max(d)).bit_length(), int(max(x)).bit_length()


WIDTHS = [(2, 8, 15, 6), (2, 2, 15, 8), (8, 8, 20, 13), (6, 12, 24, 0), (2, 12, 9, 0), (3, 3, 4, 0), (8, 16, 30, 4)]


@pytest.mark.parametrize("management", [False, True])
@pytest.mark.parametrize(("row_bits", "line_bits", "magnitude_bits", "shift"), WIDTHS)
def test_probabilities(row_bits, line_bits, magnitude_bits, shift, management):
    """P_d = min(1, K |d| 2**m), P_x = min(1, |x| 2**-m), rounded down, with the signs of d and x."""
    block = pulses(management=management, row_bits=row_bits, line_bits=line_bits, shift=shift)
    draw = np.random.default_rng([SEED, row_bits, line_bits])
    seen = set()
    for case in range(200):
        magnitude = int(2 ** draw.uniform(0, magnitude_bits)) - 1 if case else (1 << magnitude_bits) - 1
        scaled = block._replace(rate=int(draw.choice([0, 1, 255, *draw.integers(256, size=5)])))
        tops = [(1 << bits - 1) - 1 for bits in (row_bits, line_bits)]
        vector = [int(v) for top, n in zip(tops, (12, 20), strict=True) for v in draw.integers(-top, top + 1, n)]
        if case % 20 == 1:
            vector[:12] = [0] * 12
        if case % 20 == 2:
            vector[12:] = [0] * 20
        exact, of_d, of_x = shares(scaled, magnitude, vector)
        m = (of_x - of_d) // 2 if management else 0
        seen.add(m)
        raised = [p * Fraction(2) ** (m if i < 12 else -m) for i, p in enumerate(exact)]
        expected = [min(ONE, floor(p)) * (-1 if v < 0 else 1) for p, v in zip(raised, vector, strict=True)]
        assert chances(scaled, magnitude, vector).tolist() == expected
    assert len(seen) > 3 * management, seen


def test_full_scale():
    """Signs are a P of 1 alone; full scale of 8 bits is 127 / 128, and K one 2**-16 a unit of its numerator."""
    block = pulses(management=False, rows=2, lines=2, rate=255, shift=6)
    assert chances(block, 1000, [1, -1, 127, -1]).tolist() == [1000 * 255 // 64, -(1000 * 255 // 64), 127 << 9, -512]
    assert chances(block._replace(line_bits=2), 32767, [1, 0, 1, -1]).tolist() == [ONE, 0, ONE, -ONE]


def test_management_shares_the_range_and_keeps_products():
    """Bit lengths of the largest P of d and x differ by at most 1 after it.

    One of the two is shifted up, exactly; the other down, and rounded down by less than 2**-16: so a product falls
    by less than 2**-16 of the one that was shifted up, where neither is clipped.
    """
    draw, compared = np.random.default_rng(SEED), 0
    for _ in range(300):
        block = pulses(rate=int(draw.integers(1, 256)), row_bits=4, shift=8)
        magnitude = int(2 ** draw.uniform(0, 15))
        vector = [*draw.integers(-7, 8, 12), *(draw.integers(-127, 128, 20) >> draw.integers(0, 6))]
        vector = [int(v) for v in vector]
        exact, of_d, of_x = shares(block, magnitude, vector)
        if not of_d or not of_x:
            continue
        after = abs(chances(block, magnitude, vector))
        d, x = after[:12], after[12:]
        assert of_d > 17 or 0 <= int(x.max()).bit_length() - int(d.max()).bit_length() <= 1
        for i, before_d in enumerate(exact[:12]):
            for j, before_x in enumerate(exact[12:]):
                if d[i] < ONE and x[j] < ONE:
                    lost = before_d * before_x - int(d[i]) * int(x[j])
                    assert 0 <= lost <= max(d[i], x[j]), (before_d, before_x, d[i], x[j])
                    compared += 1
    assert compared > 10000


def test_orient():
    """d = -sign(C~) values; bit 0 of a chopper inverts, on either side."""
    block = pulses(rows=3, lines=2)
    for cost, sign in ((5, -1), (-5, 1), (0, 1)):
        for first in (0, 3):
            vector = np.array([3, -4, 0, 5, -6], np.int32)
            orient(block, cost, np.array([1, 2], np.int32), first, vector)
            turned = [sign * v for v in (3, -4, 0)] + [5, -6]
            turned[first] *= -1
            assert vector.tolist() == turned
    vector = np.array([1, 1, 1, 1, 1], np.int32)
    orient(block, 1, np.zeros(0, np.int32), 0, vector)
    assert vector.tolist() == [-1, -1, -1, 1, 1]


# Deterministic trains.


@pytest.mark.parametrize("slots", [1, 2, 3, 10, 16, 31, 63])
def test_deterministic_counts(slots):
    """round(BL P) pulses, halves down, for every P; those of lines in the first slots."""
    p = np.arange(ONE + 1)
    counts = -((ONE - 2 * slots * p) // (2 * ONE))  # ceil(BL P - 1/2)
    for thresholds in pulses(slots=slots).order():
        assert (np.searchsorted(np.sort(thresholds), p) == counts).all()
    assert (np.diff(pulses(slots=slots).order()[1]) > 0).all()


def test_deterministic_coincidences():
    """BL P_x P_d but for the discrepancy of the order, for all pairs of counts.

    The first n van der Corput points have |A(v) - n v| <= log2(n) / 3 + 1 =: D(n) below any v (Bejian and Faure
    1977). A row with c of all BL pulses fires below a v with |c - BL v| <= D(BL), so that of a line's first n slots
    |A - n c / BL| <= D(n) + D(BL) n / BL.
    """
    worst = 0.0
    for slots in range(1, 64):
        rows, lines = pulses(slots=slots).order()
        rank = np.argsort(np.argsort(rows))
        assert (np.argsort(lines) == np.arange(slots)).all()
        n, c = np.indices((slots + 1, slots + 1))
        coincide = np.zeros_like(n)
        coincide[1:] = np.cumsum(rank[:, None] < np.arange(slots + 1), axis=0)
        apart = abs(coincide - n * c / slots)
        bound = np.log2(np.maximum(n, 1)) / 3 + 1 + (log2(slots) / 3 + 1) * n / slots
        assert (apart <= bound).all(), slots
        worst = max(worst, apart.max())
        if slots == 32:
            assert apart.max() < 2, "powers of two are spread evenly"
    print(f"coincidences differ by at most {worst:.2f}")


@pytest.mark.parametrize("row_bits", [2, 5])
def test_deterministic_trains(row_bits):
    """Counts and polarities as above, of every update alike, with the rows' and the lines' own slots."""
    block = pulses(deterministic=True, slots=31, row_bits=row_bits)
    draw = np.random.default_rng(SEED)
    top = (1 << row_bits - 1) - 1
    vector = np.concatenate([draw.integers(-top, top + 1, 12), draw.integers(-127, 128, 20)])
    signed = chances(block, 9000, vector)
    first, second = trains(block, signed, [0, 2**32 - 1]).reshape(2, 31, -1)
    assert (first == second).all()
    counts = [-((ONE - 2 * 31 * abs(int(p))) // (2 * ONE)) for p in signed]
    assert (first.sum(0) == counts * np.sign(vector)).all() and len(set(counts)) > 5
    spread = sorted(range(31), key=lambda k: int(f"{k:05b}"[::-1], 2))
    for i, count in enumerate(counts):
        slots = spread[:count] if i < 12 else range(count)
        assert set(np.flatnonzero(first[:, i])) == set(slots)


# Random trains.


def test_a_pulse_is_a_draw_below_p():
    """16 bits of word i // 2 of the slot's key, by the parity of i; slots are numbered through all updates."""
    block = pulses(slots=7, rows=3, lines=4)
    signed = np.array([-ONE, 40000, -1, 300, -20000, 65535, 0])
    for number in (0, 5, 2**32 - 1):
        got = trains(block, signed, [number])
        for slot in range(7):
            words = key(SEED, TRAIN, (7 * number + slot) % 2**32)
            draws = [mix(*words, i // 2) >> 16 * (i % 2) & 0xFFFF for i in range(7)]
            expected = [int(np.sign(p)) * (draw < abs(p)) for p, draw in zip(signed.tolist(), draws, strict=True)]
            assert got[slot].tolist() == expected


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """P from 0.004 to 0.9, and 0 and 1, of 30 elements; 100,000 slots, as magnitudes."""
    signed = np.concatenate([[0, ONE], np.geomspace(250, 60000, 28).astype(np.int64)])
    signed[3::4] *= -1
    return abs(signed) / ONE, abs(trains(pulses(slots=20, rows=12, lines=18), signed, range(5000)))


def check(z: np.ndarray) -> None:
    """Largest |z| of so many standard normal numbers: passes that bound once in 10,000 seeds."""
    print(f"seed {SEED}: largest |z| of {z.size} is {abs(z).max():.2f}, bound {extreme(z.size):.2f}")
    assert abs(z).max() < extreme(z.size)


def standard(drawn, least: float = 0.0) -> np.ndarray:
    """Pulses less their P, divided by the deviation; of elements that draw and have at least this P."""
    p, fired = drawn
    some = (p >= least) & (p > 0) & (p < 1)
    return (fired[:, some] - p[some]) / (p[some] * (1 - p[some])) ** 0.5


def test_rates_are_binomial(drawn):
    """z of each count. A P that is 8 sqrt((1 - P) / (P N)) off is seen with 99.9 %: 2.5 % at 0.5, 8 % at 0.1."""
    z = standard(drawn)
    check(z.sum(0) / len(z) ** 0.5)
    p, fired = drawn
    assert not fired[:, p == 0].any() and fired[:, p == 1].all()


# Of a product of two standardized pulses, too, the sum over N slots divided by sqrt(N) is a standard normal z if they
# are independent; but for skewness, which is 0.1 at N P^2 = 100, P = 0.03. A correlation of 9 / sqrt(N), 3 %, is seen.


def test_elements_are_independent(drawn):
    """Rows and lines, and all others: coincidences have P_d P_x."""
    z = standard(drawn, 0.03)
    check((z.T @ z / len(z) ** 0.5)[np.triu_indices(z.shape[1], 1)])


@pytest.mark.parametrize("lag", [1, 2, 19, 20, 21])
def test_slots_are_independent(drawn, lag):
    """Of one update, and of two that follow each other (20 slots)."""
    z = standard(drawn, 0.03)
    check((z[lag:].T @ z[:-lag] / (len(z) - lag) ** 0.5).ravel())


def test_other_seeds_are_independent(drawn):
    signed = (drawn[0] * ONE).astype(np.int64)
    other = abs(trains(pulses(slots=20, rows=12, lines=18, seed=SEED ^ 1 << 31), signed, range(1000)))
    a, b = standard(drawn, 0.03)[: len(other)], standard((drawn[0], other), 0.03)
    check((a.T @ b / len(a) ** 0.5).ravel())


def test_updates_follow_the_outer_product():
    """Coincidences of an update have the mean BL K |d x|, with the polarity of d x, under management too.

    The sum of 3,000 updates has at most the variance BL P_d P_x (1 - P_d P_x) each, as slots are independent.
    """
    block = pulses(rows=3, lines=4, rate=1 << RATE_BITS - 1, shift=9, row_bits=4)
    vector, magnitude, count = np.array([7, -3, 1, 127, -60, 25, -4], np.int32), 3000, 3000
    k = magnitude * block.rate // (1 << block.shift)
    product = np.outer(vector[:3], vector[3:]) * k / ONE / 128
    fired = trains(block, chances(block, magnitude, vector), range(count))
    total = np.einsum("si,sj->ij", fired[:, :3], fired[:, 3:], dtype=np.int64)
    slots = count * block.slots
    # Nothing is rounded: K is whole, and m = 1 or 2 shifts out some of the 9 zeros below a line's code.
    check((total - slots * product) / (slots * abs(product) * (1 - abs(product))) ** 0.5)
    assert (np.sign(total) == np.sign(product)).all() and abs(product).max() > 0.05
