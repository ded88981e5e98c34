"""Steps to a given accuracy against the width of the network: the scaling claim of [O25]."""

from functools import partial
from statistics import median

from matplotlib.figure import Figure

from .common import COLOURS, chart
from .comparison import Run, rows, units
from .framework import Json, Study

ABOUT = """
Fashion-MNIST on dense networks 784-d-d-10, tanh, linear outputs, cross-entropy, 20,000 images to train and 1,000 to
test: steps until the test accuracy is 60 %, the first of 60 points in a constant ratio, median of the seeds. One
sample a step, drawn at random, antithetic pairs, a = 0.001, tau = 1, float32; weights start at U(+-1/sqrt(inputs)).
The step size follows the noise of the estimate: eta = 0.4 / P for weights, 0.02 / nodes for nodes, 2^-7 for gradient
descent, with constants from trials on MNIST. A run ends at the goal, or at its number of steps.

[O25] says that perturbation scales: for its 6 convolutions and 3 dense layers from d = 8 (28,700 parameters) to d =
64 (1.8 million) iterations to 80 % go from 750k to 1.29M (weights), 219k to 266k (nodes), 18.4k to 5.9k
(backpropagation), with windows of many steps. Those networks were not trained here: what compares is how the steps
grow with the parameters.
"""
WIDTHS = (8, 24, 64)
PAPER = {
    8: {"weights": "750k (28.7k parameters)", "nodes": "219k", "gradient descent": "18.4k"},
    24: {"weights": "901k (255k parameters)", "nodes": "217k", "gradient descent": "9.2k"},
    64: {"weights": "1.29M (1.8M parameters)", "nodes": "266k", "gradient descent": "5.9k"},
}


def _runs() -> list[Run]:
    runs = []
    for d in WIDTHS:
        layers = (784, d, d, 10)
        parameters, nodes = sum((a + 1) * b for a, b in zip(layers[:-1], layers[1:], strict=True)), 2 * d + 10
        for label, steps, eta, mgd in (
            ("weights", 1_000_000, 0.4 / parameters, {}),
            ("nodes", 500_000, 0.02 / nodes, {"method": "node"}),
            ("gradient descent", 50_000, 2.0**-7, None),
        ):
            settings = {"amplitude": 0.001, "eta": eta, **mgd} if mgd is not None else None
            runs.append(
                Run(
                    label, "fashion-mnist", 20000, 1000, layers, steps, "tanh", "linear", "cross-entropy", settings,
                    eta, seeds=2, points=60, goal=0.6, stop=True, group=f"d = {d}", paper=PAPER.get(d, {}).get(label),
                )
            )  # fmt: skip
    return runs


RUNS = _runs()


def figure(results: list[Json]) -> Figure:
    """Steps to the goal over parameters."""
    picture, axes = chart("Fashion-MNIST, 784-d-d-10", "parameters", "steps to the goal", "xy")
    for number, label in enumerate(dict.fromkeys(record["unit"]["label"] for record in results)):
        selected = [record for record in results if record["unit"]["label"] == label]
        at = [[step for step in record["result"]["goal_at"] if step is not None] for record in selected]
        reached = [(r["result"]["parameters"], median(steps)) for r, steps in zip(selected, at, strict=True) if steps]
        axes.plot([p for p, _ in reached], [s for _, s in reached], "o-", label=label, color=COLOURS[number])
    axes.legend(fontsize=7)
    return picture


STUDY = Study("width", "Steps against width", ABOUT, partial(units, RUNS), rows(RUNS), figure)
