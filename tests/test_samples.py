"""Which sample comes next."""

from collections import Counter

import numpy as np
import pytest

from ohmgrad.golden.blocks.measure.samples import CYCLIC, RANDOM, Samples, require_levels, sample_index, stream
from ohmgrad.golden.chip.config import ConfigError

from . import reference
from .chips import engine, small

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


@pytest.mark.parametrize(
    "name, layers, low", [("xor", [2, 5, 1], -1), ("nist7x7", [49, 3, 4], 0), ("parity4", [4, 3, 1], -1)]
)
def test_levels_are_the_codes_of_the_data(name, layers, low):
    """Inputs of 8 bits, targets of 10: full scale is 127 and 511."""
    overrides = {"data": {"set": name}, "network": {"layers": layers, "activation": "tanh"}}
    chip = small(**overrides, **{"engine.samples": "bits"})
    assert chip.levels == ((low * 127, 127), (low * 511, 511))
    assert small(**overrides).levels is None


def test_other_codes_are_refused():
    """`chips.engine` moves the samples of XOR off the corners: 0.7 of full scale is code 358."""
    with pytest.raises(
        ConfigError,
        match=r'^small: engine\.samples: "bits" keeps no input code -?\d+; allowed are -127 and 127, '
        r'or engine\.samples = "codes"\.$',
    ):
        engine(small(**{"engine.samples": "bits"}))
    with pytest.raises(ConfigError, match="keeps no target code 358; allowed are -511 and 511"):
        require_levels("c", ((-127, 127), (-511, 511)), np.full((2, 2), 127), np.array([[-511], [358]]))
