"""What the studies of MNIST and of Fashion-MNIST share."""

from dataclasses import replace

from .comparison import Run

ABOUT = """
784-32-10 network, P = 25,450, 42 nodes: ReLU, linear outputs, cross-entropy; pixels 0 to 1; 20,000 images to train
and 1,000 to test; one sample a step, drawn at random, antithetic pairs, random code, a = 0.001, tau = 1; weights
start at U(+-1/sqrt(inputs)), float32. Step sizes were chosen for each method among powers of two on another seed in
shorter runs, except that of weights, 2^-16: with 2^-14, the choice of the short runs, the accuracy on MNIST
rose faster and then fell again, as the noise of the updates adds up. Evaluations are readings of one sample's cost,
two a step; for gradient descent, samples presented. The runs are as long as fits into minutes on one core.
"""


def runs(data: str, paper: dict[str, str]) -> list[Run]:
    """Weight and node perturbation, and gradient descent; what the paper says, by label."""
    base = Run(
        "", data, 20000, 1000, (784, 32, 10), steps=0, hidden="relu", output="linear", cost="cross-entropy",
        seeds=2, points=30,
    )  # fmt: skip
    made = [
        replace(base, label="weights", steps=2_000_000, mgd={"eta": 2.0**-16}),
        replace(base, label="nodes", steps=1_000_000, mgd={"eta": 2.0**-11, "method": "node"}),
        replace(base, label="gradient descent", steps=100_000, eta=2.0**-7),
    ]
    return [replace(run, paper=paper.get(run.label)) for run in made]
