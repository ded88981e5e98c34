"""Rounding and saturation against exact fractions."""

import random
from fractions import Fraction

import numpy as np
import pytest

from ohmgrad.golden.blocks.lib.fixed import bits_for, limit, round_shift, round_wide, saturate

from .reference import clipped, nearest


@pytest.mark.parametrize("shift", [0, 1, 2, 7, 15, 30])
def test_round_shift_is_to_nearest_and_halves_away_from_zero(shift):
    draw = random.Random(shift)
    half = 2**shift // 2
    ties = [k * 2**shift + half for k in (-3, -2, -1, 0, 1, 2) if abs(k * 2**shift + half) < 2**30]
    values = [*ties, *(t + 1 for t in ties), *(t - 1 for t in ties), 0, 2**30 - 1, 1 - 2**30]
    values += [draw.randrange(1 - 2**30, 2**30) for _ in range(300)]
    got = [int(round_shift(np.int32(x), np.int32(shift))) for x in values]
    assert got == [nearest(Fraction(x, 2**shift)) for x in values]
    assert got == [-int(round_shift(np.int32(-x), np.int32(shift))) for x in values], "not symmetric"


@pytest.mark.parametrize("shift", [0, 1, 2, 8, 16, 30])
def test_round_wide_is_the_same_in_64_bits(shift):
    draw = random.Random(shift)
    half = 2**shift // 2
    ties = [k * 2**shift + half for k in (-(2**20), -3, -2, -1, 0, 1, 2, 2**20)]
    values = [*ties, *(t + 1 for t in ties), *(t - 1 for t in ties), 2**55, -(2**55)]
    values += [draw.randrange(-(2**55), 2**55) for _ in range(300)]
    got = [int(round_wide(x, shift)) for x in values]
    assert got == [nearest(Fraction(x, 2**shift)) for x in values]
    assert got == [-int(round_wide(-x, shift)) for x in values], "not symmetric"


def test_a_half_goes_away_from_zero():
    assert [round_shift(np.int32(x), np.int32(1)) for x in (-3, -1, 1, 3)] == [-2, -1, 1, 2]
    assert [round_shift(np.int32(x), np.int32(2)) for x in (-6, -5, -2, -1, 1, 2, 5, 6)] == [
        -2, -1, -1, 0, 0, 1, 1, 2,
    ]  # fmt: skip


@pytest.mark.parametrize("bits", [2, 5, 20, 31])
def test_saturate_is_symmetric_and_leaves_the_rest_alone(bits):
    bound = limit(bits)
    assert bound == 2 ** (bits - 1) - 1
    for x in (-(2**31), -bound - 1, -bound, -1, 0, 1, bound, bound + 1, 2**31 - 1):
        assert saturate(np.int64(x), np.int64(bound)) == clipped(x, bound)


def test_bits_for_is_the_smallest_word():
    for magnitude in [1, 2, 3, 4, 127, 128, 2**30 - 1, 2**30]:
        bits = bits_for(magnitude)
        assert limit(bits) >= magnitude > limit(bits - 1)
