"""Training runs side by side: a line of the table for each, accuracy over cost evaluations as a picture."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...golden.learn import MGD, Defects, models
from .common import chart, draw, follow, images, passed, percent, points, start
from .framework import Json, Options, Progress, Unit


@dataclass(frozen=True)
class Run:
    """One way to train one network.

    Attributes
    ----------
    label : str
    data : str
        Data set.
    train, test : int
        Samples of it.
    layers : tuple of int
    hidden, output, cost : str
        As `models.dense` takes them.
    steps : int
    mgd : dict or None
        Settings of `MGD`; None is gradient descent with `eta` and `batch`.
    eta, batch : float, int
        Of gradient descent.
    defects : dict
        Settings of `Defects`.
    seeds, first_seed : int
        Seeds first_seed, first_seed + 1, ...
    points : int
        How often to measure, in a constant ratio of steps.
    goal : float
        Test accuracy to count steps to.
    stop : bool
        Whether to stop there, on the mean over seeds.
    paper : str or None
        What the paper says of it.
    group : str
        What it is, where `label` says by which method.
    """

    label: str
    data: str
    train: int
    test: int
    layers: tuple[int, ...]
    steps: int
    hidden: str = "sigmoid"
    output: str = "sigmoid"
    cost: str = "mse"
    mgd: dict[str, Any] | None = None
    eta: float = 0.0
    batch: int = 1
    defects: dict[str, Any] = field(default_factory=dict)
    seeds: int = 4
    first_seed: int = 1
    points: int = 60
    goal: float = 0.8
    stop: bool = False
    paper: str | None = None
    group: str = ""

    def train_seeds(self, progress: Progress) -> Json:
        """Train all seeds; returns `follow`'s curve, P, and for each seed the step of the first point at the goal."""
        seeds = list(range(self.first_seed, self.first_seed + self.seeds))
        network = models.dense(self.layers, self.hidden, self.output, self.cost)
        theta, data = start(network, seeds), images(self.data, self.train, self.test)
        at, until = points(self.steps, self.points, geometric=True), self.goal if self.stop else 2.0
        settings = MGD(**(self.mgd or {"eta": self.eta, "batch": self.batch}))
        curve = follow(
            network, settings, data, theta, seeds, at, progress, Defects(**self.defects), until, exact=self.mgd is None
        )
        return {"parameters": network.size, "goal_at": passed(curve, self.goal), **curve}


def units(runs: list[Run], options: Options) -> list[Unit]:
    """A unit for each run."""
    if options.seeds or options.quick:
        seeds = options.seeds or 2
        runs = [replace(run, seeds=seeds) for run in runs]
    if options.quick:
        runs = [replace(run, steps=30, train=min(run.train, 64), test=min(run.test, 64), points=4) for run in runs]
    return [Unit({k: v for k, v in asdict(run).items() if k != "paper"}, run.train_seeds) for run in runs]


def rows(runs: list[Run]) -> Callable[[list[Json]], list[Json]]:
    """Table: what each run came to, beside what the paper says of the run of that label and group."""
    paper = {(run.group, run.label): run.paper for run in runs}

    def make(results: list[Json]) -> list[Json]:
        out: list[Json] = []
        for record in results:
            unit, result = record["unit"], record["result"]
            reached = [step for step in result["goal_at"] if step is not None]
            per_step = result["evaluations"][-1] / result["step"][-1]
            out.append(
                {
                    **({"": unit["group"]} if unit["group"] else {}),
                    "method": unit["label"],
                    "network": "-".join(map(str, unit["layers"])),
                    "P": result["parameters"],
                    "paper": paper.get((unit["group"], unit["label"])),
                    "ours, test accuracy": percent(result["accuracy"][-1]),
                    f"steps to {100 * unit['goal']:.0f} %": int(median(reached)) if reached else None,
                    "evaluations to it": int(median(reached) * per_step) if reached else None,
                    "seeds there": f"{len(reached)} of {unit['seeds']}",
                    "steps": result["step"][-1],
                    "cost evaluations a seed": result["evaluations"][-1],
                }
            )
        return out

    return make


def figure(title: str) -> Callable[[list[Json]], Figure]:
    """Accuracy over cost evaluations, mean and standard deviation over seeds."""

    def make(results: list[Json]) -> Figure:
        picture, axes = chart(title, "cost evaluations (of one sample)", "test accuracy, %", "x")
        for number, record in enumerate(results):
            unit, result = record["unit"], record["result"]
            label = f"{unit['group']} {unit['label']}".strip()
            draw(axes, result["evaluations"][1:], 100 * np.array(result["accuracy"][1:]), label, number)
        axes.legend(fontsize=6)
        return picture

    return make
