"""Which sample comes next."""

from collections import Counter

import pytest

from ohmgrad.golden.samples import CYCLIC, RANDOM, Samples, sample_index, stream

from . import reference

SEED = 99


@pytest.mark.parametrize("order", [CYCLIC, RANDOM])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 1437, 65536])
def test_numbers_give_samples(order, count):
    samples = Samples(order, SEED, count, 2, 1)
    key = stream(SEED)
    for number in [*range(30), 65535, 65536, 2**32 - 1]:
        assert sample_index(order, count, key, number) == reference.sample(samples, number)


def test_cyclic_repeats_the_memory():
    key = stream(SEED)
    assert [sample_index(CYCLIC, 3, key, n) for n in range(7)] == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("count", [3, 4, 97])
def test_random_draws_are_uniform(count):
    """Chi squared with `count` - 1 degrees of freedom within 5 standard deviations."""
    draws = 20000
    key = stream(SEED)
    seen = Counter(int(sample_index(RANDOM, count, key, n)) for n in range(draws))
    mean = draws / count
    chi = sum((seen[i] - mean) ** 2 / mean for i in range(count))
    freedom = count - 1
    print(f"seed {SEED}: chi squared {chi:.1f}, expected {freedom} +- {(2 * freedom) ** 0.5:.1f}")
    assert set(seen) == set(range(count))
    assert abs(chi - freedom) < 5 * (2 * freedom) ** 0.5


def test_another_seed_draws_other_samples():
    one, two = (tuple(sample_index(RANDOM, 1000, stream(seed), n) for n in range(50)) for seed in (1, 2))
    assert one != two
