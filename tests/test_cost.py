"""Cost in codes against the cost in real units."""

from fractions import Fraction

import numpy as np
import pytest

from ohmgrad.golden.cost import FUNCTIONS, MODES, MSE, Cost, difference, error

from .reference import clipped, cost_sum


def test_error_is_squared_or_twice_absolute():
    for output, target in [(0, 0), (3, 5), (5, 3), (-511, 511), (511, -511)]:
        for name, number in FUNCTIONS.items():
            got = error(number, np.int32(output), np.int32(target))
            assert got == cost_sum(name, [output], [target])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_unit_turns_codes_into_the_papers_cost(function, mode):
    """C = 1/2 sum (o - t)^2 or sum |o - t|; C~ = C - C0, or (C+ - C-) / 2."""
    block = Cost(FUNCTIONS[function], MODES[mode], 31, 9, 3)
    rails = [[100, -255, 31], [90, 255, 0]]
    targets = [255, -255, 0]

    def real(outputs):
        errors = [Fraction(o - t, 255) for o, t in zip(outputs, targets, strict=True)]
        return sum(e * e for e in errors) / 2 if function == "mse" else sum(map(abs, errors))

    s0, s1 = (cost_sum(function, rail, targets) for rail in rails)
    expected = (real(rails[0]) - real(rails[1])) / (2 if mode == "antithetic" else 1)
    assert difference(np.int64(block.bound), s0, s1) * block.unit == pytest.approx(float(expected))


@pytest.mark.parametrize("bits", [4, 12, 31])
def test_difference_saturates_symmetrically(bits):
    bound = Cost(MSE, 0, bits, 9, 1).bound
    for s0, s1 in [(0, 0), (5, 2), (2, 5), (bound, 0), (0, bound), (bound + 1, 0), (0, bound + 1), (10**9, 7)]:
        assert difference(np.int64(bound), s0, s1) == clipped(s0 - s1, 2 ** (bits - 1) - 1)


@pytest.mark.parametrize("outputs", [1, 4, 10])
@pytest.mark.parametrize("bits", [2, 8, 11])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_sum_bits_hold_the_largest_sum_and_no_more(function, bits, outputs):
    full = 2 ** (bits - 1) - 1
    largest = cost_sum(function, [full] * outputs, [-full] * outputs)
    width = Cost(FUNCTIONS[function], 0, 20, bits, outputs).sum_bits
    assert 2 ** (width - 1) <= largest < 2**width
