"""NIST7x7 letters on a 49-4-4 network: codes, weight and node perturbation, gradient descent."""

from dataclasses import replace
from functools import partial

from .comparison import Run, figure, rows, units
from .framework import Study

ABOUT = """
49-4-4 sigmoid neurons, P = 220; pixels and one-hot targets 0 or 1; 40,000 of the 44,136 letters to train, 4,096 to
test; one sample a step, drawn at random, antithetic pairs, a = 0.01, tau = 1 except where it says so; weights start
at U(+-1/sqrt(inputs)). Rank-one signs are products of a sign for each neuron and one for each line. The node method
perturbs the eight pre-activations. Step sizes were chosen for each method among powers of two on other seeds.
Evaluations are readings of one sample's cost, two a step; for gradient descent, samples presented. [M23] shows this
task as curves. Mean and standard deviation over seeds.
"""
BASE = Run("", "nist7x7", 40000, 4096, (49, 4, 4), steps=2_000_000, seeds=6, points=40, goal=0.9)
WEIGHT = {"amplitude": 0.01, "eta": 2**-7}
RUNS = [
    replace(BASE, label="weights, random code", mgd=WEIGHT),
    replace(BASE, label="weights, Walsh code", mgd={**WEIGHT, "code": "walsh-upper"}),
    replace(BASE, label="weights, sequential code", mgd={**WEIGHT, "code": "sequential", "eta": 2.0}),
    replace(BASE, label="weights, random code, tau_theta = 100", mgd={**WEIGHT, "tau_theta": 100}),
    replace(BASE, label="weights, rank-one signs", mgd={**WEIGHT, "method": "rank-one"}),
    replace(BASE, label="nodes", mgd={**WEIGHT, "method": "node", "eta": 2**-3}),
    replace(BASE, label="gradient descent", eta=2.0**-1),
]

STUDY = Study("nist7x7", "NIST7x7", ABOUT, partial(units, RUNS), rows(RUNS), figure("NIST7x7, 49-4-4"))
