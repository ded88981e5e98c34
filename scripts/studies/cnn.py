"""The papers' convolutional networks: what a step costs on this processor, and what the papers' runs would take."""

import time

import numpy as np
from matplotlib.figure import Figure

from ...golden.learn import MGD, Trainer, models
from .common import chart
from .framework import Json, Options, Progress, Study, Unit

ABOUT = """
Not a training run. Steps of MGD on the papers' networks were timed on one core, on random pixels, since the rate
does not depend on what is learned; the time of the paper's run is its number of steps divided by that rate. A step
is an antithetic pair on a mini-batch, one pattern for all of it. Which of the two mini-batches compares is open:
what is at hand of the papers does not say theirs. The accuracies of the papers (CIFAR-10: 60.7 % by MGD, 68 % by
backpropagation) are not reproduced here; [MNIST](mnist.md), [Fashion-MNIST](fashion.md) and [width](width.md) are
what was trained.
"""
NETWORKS = {
    "Fashion-MNIST, 16/32/32 [M23]": (models.fashion_cnn, None, 14378),
    "CIFAR-10, 16/32/64 [M23]": (models.cifar_cnn, 2e7, 26154),
    "Fashion-MNIST, 6 conv + 3 dense, d = 8 [O25]": (lambda: models.deep_cnn(8), 7.5e5, 28700),
    "Fashion-MNIST, 6 conv + 3 dense, d = 24 [O25]": (lambda: models.deep_cnn(24), 9.01e5, 255000),
}
"""Network, the paper's steps (of [O25]: by weight perturbation to 80 %), the paper's number of parameters."""


def units(options: Options) -> list[Unit]:
    """One for each network and mini-batch."""
    networks, batches, seconds = options.pick((list(NETWORKS), (1, 100), 6.0), (list(NETWORKS)[:1], (1,), 0.01))
    return [
        Unit({"network": n, "batch": b, "seconds": seconds}, lambda progress, v=(n, b): measure(*v, seconds, progress))
        for n in networks
        for b in batches
    ]


def measure(name: str, batch: int, seconds: float, progress: Progress) -> Json:
    """Steps a second of processor time, over at least so many of them behind a first step."""
    network = NETWORKS[name][0]()
    rng = np.random.default_rng(1)
    x = rng.random((256, network.features), np.float32)
    t = np.eye(network.outputs, dtype=np.float32)[rng.integers(0, network.outputs, 256)]
    trainer = Trainer(network, MGD(amplitude=1e-3, eta=1e-6, batch=batch), x, t)
    state = trainer.initial()
    trainer.run(state, 1)
    began, first = time.process_time(), state.step
    while (spent := time.process_time() - began) < seconds:
        trainer.run(state, 1)
        progress(round(100 * min(1, spent / seconds)), 100)
    return {"parameters": network.size, "steps_per_s": (state.step - first) / spent}


def rows(results: list[Json]) -> list[Json]:
    """The table."""
    out: list[Json] = []
    for record in results:
        unit, result = record["unit"], record["result"]
        _, steps, parameters = NETWORKS[unit["network"]]
        rate = result["steps_per_s"]
        out.append(
            {
                "network": unit["network"], "paper, P": parameters, "ours, P": result["parameters"],
                "mini-batch": unit["batch"], "steps a second": round(rate, 1),
                "cost evaluations a second": round(2 * unit["batch"] * rate),
                "paper, steps": int(steps) if steps else None,
                "projected": duration(steps / rate) if steps else None,
            }
        )  # fmt: skip
    return out


def duration(seconds: float) -> str:
    """Seconds, in the unit that fits."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def figure(results: list[Json]) -> Figure:
    """Evaluations a second over the number of parameters."""
    picture, axes = chart("Speed of the papers' networks", "parameters", "cost evaluations a second", "xy")
    for batch in sorted({record["unit"]["batch"] for record in results}):
        selected = [record for record in results if record["unit"]["batch"] == batch]
        axes.plot(
            [record["result"]["parameters"] for record in selected],
            [2 * batch * record["result"]["steps_per_s"] for record in selected], "o", label=f"mini-batch of {batch}",
        )  # fmt: skip
    axes.legend()
    return picture


STUDY = Study("cnn", "The papers' convolutional networks: speed", ABOUT, units, rows, figure)
