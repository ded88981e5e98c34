"""Perturbation codes: what each code promises."""

import numpy as np
import pytest

from ohmgrad.golden.blocks.perturb import codes
from ohmgrad.golden.blocks.perturb.codes import RANDOM, SEQUENTIAL, SINUSOIDAL, WALSH, WALSH_UPPER, Codes, pattern_signs

from . import reference

SEED, P = 20230401, 220


def table(code: Codes, patterns) -> np.ndarray:
    return np.array([pattern_signs(code, p) for p in patterns], np.float32)


@pytest.mark.parametrize("kind", [RANDOM, SEQUENTIAL, WALSH, WALSH_UPPER, SINUSOIDAL])
@pytest.mark.parametrize("size", [1, 2, 9, 32, 33, 220])
def test_signs(kind, size):
    code = Codes(kind, SEED, size, 17 if kind == SINUSOIDAL else 1)
    for pattern in [*range(40), 255, 256, 257, 511, 512, 2**31, 2**32 - 1]:
        assert pattern_signs(code, pattern).tolist() == reference.signs(code, pattern), pattern


@pytest.mark.parametrize(("peak", "first", "spacing", "phase"), [
    (2, 1, 1, 0), (3, 4, 1, 0), (1448, 7, 3, 5), (16384, 2, 11, 100), (23, 1, 4999, 123456), (9, 9, 99991, 1),
])  # fmt: skip
def test_sines(peak, first, spacing, phase):
    """By math.sin; the last two periods are longer than the table of the sine."""
    code = Codes(SINUSOIDAL, SEED, 9, peak, first, spacing, phase)
    assert code.cycle == reference.period(code)
    assert code.cycle > 2 * (first + 8 * spacing), "the fastest sine is not resolved"
    for pattern in [*range(70), code.cycle // 4, code.cycle - 1, code.cycle, 2**31, 2**32 - 1]:
        values = pattern_signs(code, pattern)
        assert values.tolist() == reference.signs(code, pattern), pattern
        assert abs(values).max() <= peak < 2 ** (code.bits - 1)


@pytest.mark.parametrize("kind", [RANDOM, SEQUENTIAL, WALSH, WALSH_UPPER, SINUSOIDAL])
def test_any_order_gives_the_same_signs(kind):
    """The generator keeps nothing between patterns, though its scratch space is used again."""
    code = Codes(kind, SEED, 70, 30 if kind == SINUSOIDAL else 1)
    alone = [pattern_signs(code, p).tolist() for p in range(300)]
    space = codes.scratch(code.size)
    for p in np.random.default_rng(SEED).permutation(300).tolist():
        codes.values(code.plan, code.quarter(), p, *space)
        assert space[2][: code.size].tolist() == alone[p]


@pytest.mark.parametrize("kind", [RANDOM, WALSH])
def test_signs_do_not_depend_on_the_number_of_parameters(kind):
    """A smaller network sees the first signs of a larger one (Walsh: within the smaller one's cycle)."""
    for size in (9, 33, 64, 219):
        for pattern in range(9):
            whole = pattern_signs(Codes(kind, SEED, P), pattern)
            assert pattern_signs(Codes(kind, SEED, size), pattern).tolist() == whole[:size].tolist()


# The codes with a cycle.


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 9, 37, 64, 220])
def test_walsh_is_a_hadamard_matrix_that_flips_every_cycle(size, upper):
    hadamard = np.ones((1, 1), int)
    while len(hadamard) < max(2, size) * (1 + upper):
        hadamard = np.kron([[1, 1], [1, -1]], hadamard)
    cycle = len(hadamard)
    code = Codes(WALSH_UPPER if upper else WALSH, SEED, size)
    hadamard = hadamard[cycle // 2 :] if upper else hadamard
    assert code.cycle == cycle
    first, second, third = (table(code, range(k * cycle, (k + 1) * cycle)) for k in range(3))
    assert (first.T == hadamard[:size]).all()
    assert (second == -first).all() and (third == first).all()
    assert (first.T @ first == cycle * np.eye(size)).all(), "rows are not orthogonal"
    assert (first.sum(0) + second.sum(0) == 0).all(), "the all-ones row keeps an offset"
    assert not upper or not first.sum(0).any(), "a row of the upper half has an offset"


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
