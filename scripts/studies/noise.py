"""NIST7x7 with noise on the cost and on the updates."""

from dataclasses import replace
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from .common import chart, draw
from .comparison import Run, rows, units
from .framework import Json, Study
from .nist7x7 import BASE

ABOUT = """
49-4-4 sigmoid neurons as in [NIST7x7](nist7x7.md): weights perturbed, random code, forward differences, one sample
a step, a = 0.05, eta = 2^-7, tau = 1. Gaussian noise of standard deviation sigma is added to every reading of the
cost, C and C0 alike, or to every parameter at every update. With means of four readings a run of the same number of
evaluations has a quarter of the steps, each four times as large. [M23] shows this as curves. Mean and standard
deviation over seeds.
"""
STEPS, ETA = 1_000_000, 2.0**-7
SIGMAS, UPDATES = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3), (0.0003, 0.001, 0.003, 0.01)
MGD = {"mode": "forward", "amplitude": 0.05, "eta": ETA}
MEAN = {**MGD, "readings": 4, "c0_readings": 4, "eta": 4 * ETA}
RUN = replace(BASE, steps=STEPS, mgd=MGD, points=20, seeds=4)
QUARTER = replace(RUN, steps=STEPS // 4, mgd=MEAN)
KINDS = ("cost noise", "cost noise, means of 4 readings", "update noise")


def _noisy(run: Run, kind: str, what: str, sigma: float) -> Run:
    return replace(run, group=kind, label=f"sigma {sigma:g}", defects={what: sigma} if sigma else {})


RUNS = [
    *(_noisy(RUN, KINDS[0], "cost_noise", sigma) for sigma in SIGMAS),
    *(_noisy(QUARTER, KINDS[1], "cost_noise", sigma) for sigma in SIGMAS[3:]),
    *(_noisy(RUN, KINDS[2], "update_noise", sigma) for sigma in UPDATES),
]


def figure(results: list[Json]) -> Figure:
    """Accuracy at the end over sigma."""
    picture, axes = chart("NIST7x7, 49-4-4, with noise", "standard deviation of the noise", "test accuracy, %", "x")
    for number, kind in enumerate(KINDS):
        selected = [r for r in results if r["unit"]["group"] == kind and r["unit"]["defects"]]
        sigmas = [next(iter(r["unit"]["defects"].values())) for r in selected]
        draw(axes, sigmas, 100 * np.array([r["result"]["accuracy"][-1] for r in selected]), kind, number, "o-")
    axes.legend(fontsize=7)
    return picture


STUDY = Study("noise", "Noise on cost and updates", ABOUT, partial(units, RUNS), rows(RUNS), figure)
