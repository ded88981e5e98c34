"""Fashion-MNIST on a dense network."""

from functools import partial

from .comparison import figure, rows, units
from .framework import Study
from .images import ABOUT, runs

PAPER = {
    "weights": "CNN d = 8: 80 % after 750k iterations",
    "nodes": "CNN d = 8: 80 % after 219k iterations",
    "gradient descent": "CNN d = 8: 80 % after 18.4k iterations",
}
MORE = """
The paper's column is of [O25]'s network of 6 convolutions and 3 dense layers with 28,700 parameters, whose mini-batches
and windows are others: what compares is the order of the three methods.
"""
RUNS = runs("fashion-mnist", PAPER)
STUDY = Study(
    "fashion", "Fashion-MNIST, dense network", ABOUT + MORE, partial(units, RUNS), rows(RUNS),
    figure("Fashion-MNIST, 784-32-10"),
)  # fmt: skip
