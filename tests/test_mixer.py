"""The generator of pseudo-random bits is Speck's round function, under keys that differ from item to item."""

import pytest

from ohmgrad.golden.blocks.lib import mixer

from . import reference


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


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 20230401])
def test_words_are_speck_rounds(seed):
    for domain in (mixer.PATTERN, mixer.SAMPLE, mixer.DEVICE, mixer.CYCLE, mixer.ROUNDING):
        for number in (0, 1, 65535, 65536, 2**32 - 1):
            key = reference.key(seed, domain, number)
            assert mixer.key(seed, domain, number) == key
            assert mixer.mix(*key, number) == reference.mix(key, number)
