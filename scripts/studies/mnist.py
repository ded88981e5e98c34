"""MNIST on a dense network."""

from functools import partial

from .comparison import figure, rows, units
from .framework import Study
from .images import ABOUT, runs

RUNS = runs("mnist", {})
STUDY = Study("mnist", "MNIST, dense network", ABOUT, partial(units, RUNS), rows(RUNS), figure("MNIST, 784-32-10"))
