"""How long to integrate before an update: the tau_theta sweep of [O25]."""

from functools import partial

from .comparison import Run, figure, rows, units
from .framework import Study

ABOUT = """
8x8 digits on a 64-16-10 network, P = 1,210: ReLU, linear outputs, cross-entropy; 1,437 images to train and 360 to
test; one sample a step, drawn at random, antithetic pairs, weights perturbed, random code, a = 0.001; weights start at
U(+-1/sqrt(inputs)). As in [O25] G is divided by tau sqrt(1 + (P - 1) / tau), so that the norm of an update hardly
depends on tau and one step size serves all; it is 2^-7. Counted are steps until the test accuracy is 80 %, the
first of 60 points in a constant ratio, median of the seeds.

[O25] sweeps tau_theta on a network of 255,000 parameters on Fashion-MNIST. There the steps to 80 % grow about as
the root of tau_theta, 40 times from 1 to 1000.
"""
PAPER = {1: "87k", 10: "282k (best accuracy)", 100: "901k", 1000: "3.45M"}
STEPS = {1: 200_000, 10: 400_000, 100: 1_000_000, 1000: 5_000_000}
LAYERS = (64, 16, 10)
PARAMETERS = sum((a + 1) * b for a, b in zip(LAYERS[:-1], LAYERS[1:], strict=True))


def _run(tau: int, eta: float = 2.0**-7) -> Run:
    scale = tau * (1 + (PARAMETERS - 1) / tau) ** 0.5
    return Run(
        f"tau_theta = {tau}", "digits", 1437, 360, LAYERS, STEPS[tau], "relu", "linear", "cross-entropy",
        {"amplitude": 0.001, "eta": eta / scale, "tau_theta": tau}, seeds=4, points=60, stop=True, paper=PAPER[tau],
    )  # fmt: skip


RUNS = [_run(tau) for tau in PAPER]
STUDY = Study("tau", "Steps between updates", ABOUT, partial(units, RUNS), rows(RUNS), figure("Digits, 64-16-10"))
