"""What the tests of pulsed devices share."""

import numpy as np

from ohmgrad.golden.analog.devices import pulse_all


def pulsed(cells, weights, counts, seed=11):
    """Weights after |counts| pulses of each cell."""
    weights = np.array(weights, np.float32)
    pulse_all(*cells, weights, np.broadcast_to(np.int64(counts), weights.shape), np.random.default_rng(seed))
    return weights
