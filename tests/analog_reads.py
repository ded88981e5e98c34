"""Reads through a periphery, for the tests of it."""

import numpy as np

from ohmgrad.golden.analog.draws import handle
from ohmgrad.golden.analog.mvm import mvm_batch

F = np.float32
BARE = {"inp_res": 0, "out_res": 0, "out_noise": 0, "noise_management": "none", "bound_management": "none"}
"""Nothing but the bounds."""
SEED = 33


def read(periphery, w, x, backward=False, repeats=None, ends=None):
    """Reads of each row of x: float32 (batch, outputs), or (repeats, batch, outputs); and the last drive."""
    w, x = (np.ascontiguousarray(a, F) for a in (w, np.atleast_2d(x)))
    outputs = w.shape[1] if backward else w.shape[0]
    y, drive, rng = np.empty((repeats or 1, len(x), outputs), F), np.empty_like(x), np.random.default_rng(SEED)
    ends = ends or periphery.ends(x.shape[1], outputs, seed=SEED, forward=not backward)
    for batch in y:
        mvm_batch(ends, w, backward, x, batch, drive, handle(rng))
    return (y if repeats else y[0]), drive


def arrays(rows=7, columns=11, batch=40, seed=SEED):
    """Weights in 64ths, inputs of every size, one row zero and one one-hot."""
    rng = np.random.default_rng(seed)
    w = rng.integers(-64, 65, (rows, columns)) / 64
    x = (rng.uniform(-1, 1, (batch, columns)) * 10.0 ** rng.uniform(-2, 0.5, (batch, 1))).astype(F)
    x[0], x[1, 1:] = 0, 0
    return w, x
