"""Parity of n bits on an n-n-1 network."""

from dataclasses import replace
from functools import partial

from .comparison import Run, figure, rows, units
from .framework import Study

ABOUT = """
n-n-1 tanh neurons; inputs and targets -1 or +1; all 2^n samples to train and to test on, one a step, drawn at random;
antithetic pairs, random code, a = 0.05, tau = 1; weights start at U(+-1/sqrt(inputs)). Step sizes were chosen for
each method among powers of two on other seeds. Counted are the seeds that come to all samples right, and the median of
the first point at which they do. The paper shows that MGD learns parity, and no figure that this could be held against.
"""
BASE = Run(
    "", "parity4", 16, 16, (4, 4, 1), steps=2_000_000, hidden="tanh", output="tanh", seeds=32, points=60, goal=1.0,
    group="4 bits",
)  # fmt: skip
LARGE = replace(
    BASE, data="parity8", train=256, test=256, layers=(8, 8, 1), steps=10_000_000, seeds=8, group="8 bits"
)


def _runs(base: Run, weights: float, nodes: float, exact: float) -> list[Run]:
    return [
        replace(base, label="weights", mgd={"amplitude": 0.05, "eta": weights}),
        replace(base, label="nodes", mgd={"amplitude": 0.05, "eta": nodes, "method": "node"}),
        replace(base, label="gradient descent", eta=exact),
    ]


RUNS = _runs(BASE, 2.0**-9, 2.0**-7, 2.0**-6) + _runs(LARGE, 2.0**-10, 2.0**-10, 2.0**-9)

STUDY = Study("parity", "4- and 8-bit parity", ABOUT, partial(units, RUNS), rows(RUNS), figure("Parity, n-n-1"))
