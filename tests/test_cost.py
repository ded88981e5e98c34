"""Cost in codes against the cost in real units, and C~ of each mode against its definition."""

from fractions import Fraction

import numpy as np
import pytest

from ohmgrad.golden.blocks.measure.cost import (  # fmt: skip
    ANALOG,
    ANTITHETIC,
    DECAY_BITS,
    FORWARD,
    FUNCTIONS,
    L1,
    MODES,
    MSE,
    Cost,
    difference,
    error,
)

from .reference import cost_sum, nearest


def test_error_is_squared_or_twice_absolute():
    for output, target in [(0, 0), (3, 5), (5, 3), (-511, 511), (511, -511)]:
        for name, number in FUNCTIONS.items():
            got = error(number, np.int32(output), np.int32(target))
            assert got == cost_sum(name, [output], [target])


def once(mode, s0, s1, decay=0):
    """C~ of a second reading, after one of S_1 on either rail."""
    memory = np.zeros(2, np.int64)
    difference(mode, decay, 0, 0, s1, s1, True, True, memory)
    return difference(mode, decay, 0, 0, s0, s1, True, False, memory)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_unit_turns_codes_into_the_papers_cost(function, mode):
    """C = 1/2 sum (o - t)^2 or sum |o - t|; C~ = C - C0, or (C+ - C-) / 2; analog: d (C - C of the last step)."""
    block = Cost(FUNCTIONS[function], MODES[mode], 31, 9, 3, decay=3 << DECAY_BITS - 2)
    rails = [[100, -255, 31], [90, 255, 0]]
    targets = [255, -255, 0]

    def real(outputs):
        errors = [Fraction(o - t, 255) for o, t in zip(outputs, targets, strict=True)]
        return sum(e * e for e in errors) / 2 if function == "mse" else sum(map(abs, errors))

    s0, s1 = (cost_sum(function, rail, targets) for rail in rails)
    scale = {"forward": 1, "antithetic": Fraction(1, 2), "analog": Fraction(3, 4)}[mode]
    expected = (real(rails[0]) - real(rails[1])) * scale
    got = once(block.mode, s0, s1, block.decay) * block.unit
    assert got == pytest.approx(float(expected), abs=block.unit / 2 if mode == "analog" else 0, rel=1e-9)


@pytest.mark.parametrize("bits", [4, 12, 31])
def test_bound_is_symmetric(bits):
    assert Cost(MSE, 0, bits, 9, 1).bound == 2 ** (bits - 1) - 1


LARGEST = 2**31 - 1


def test_antithetic_is_the_difference_of_the_means_of_the_rails():
    memory = np.zeros(2, np.int64)
    draw = np.random.default_rng(7)
    for average in range(5):
        pairs = [(LARGEST << average, 0), (0, LARGEST << average), (9, 9), (8, 0), (0, 8), (0, 24)]
        pairs += draw.integers(0, LARGEST << average, (50, 2)).tolist()
        for total0, total1 in pairs:
            got = difference(ANTITHETIC, 0, average, average, total0, total1, True, True, memory)
            assert got == nearest(Fraction(total0 - total1, 2**average))
    assert not memory.any()


def test_forward_keeps_c0_between_refreshes():
    draw = np.random.default_rng(8)
    for average in range(5):
        for average_c0 in range(5):
            memory, c0 = np.zeros(2, np.int64), 0
            for n in range(30):
                total0 = int(draw.integers(0, LARGEST << average))
                total1 = int(draw.integers(0, LARGEST << average_c0))
                refresh = n % 7 == 0 or n == 5
                c0 = total1 if refresh else c0
                got = difference(FORWARD, 0, average, average_c0, total0, total1, refresh, n % 3 == 0, memory)
                assert got == nearest(Fraction(total0, 2**average) - Fraction(c0, 2**average_c0))
                assert memory.tolist() == [c0, 0]


@pytest.mark.parametrize("decay", [1, 30_000, 65_535])
def test_analog_is_a_high_pass_that_starts_anew_with_a_sample(decay):
    """In 2**-8 of S: C~ <- d (C~ + C - C_prev), 0 when the sample changes; sums over readings are means."""
    draw = np.random.default_rng(9)
    for average in range(5):
        memory, high, last = np.zeros(2, np.int64), 0, 0
        for n in range(60):
            total = int(draw.choice([0, LARGEST << average, int(draw.integers(0, LARGEST << average))]))
            level = nearest(Fraction(total * 256, 2**average))
            changed = n % 11 == 0
            high = 0 if changed else nearest((high + level - last) * Fraction(decay, 2**16))
            last = level
            got = difference(ANALOG, decay, average, average, total, 12345, n % 5 == 0, changed, memory)
            assert got == nearest(Fraction(high, 256))
            assert memory.tolist() == [level, high]


@pytest.mark.parametrize("outputs", [1, 4, 10])
@pytest.mark.parametrize("bits", [2, 8, 11])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_sum_bits_hold_the_largest_sum_and_no_more(function, bits, outputs):
    full = 2 ** (bits - 1) - 1
    largest = cost_sum(function, [full] * outputs, [-full] * outputs)
    width = Cost(FUNCTIONS[function], 0, 20, bits, outputs).sum_bits
    assert 2 ** (width - 1) <= largest < 2**width


def test_the_numbers_of_modes_and_functions_are_those_of_the_names():
    assert MODES == {"forward": FORWARD, "antithetic": ANTITHETIC, "analog": ANALOG}
    assert FUNCTIONS == {"mse": MSE, "l1": L1}
