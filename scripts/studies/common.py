"""What the studies share: runs with points along them, first steps to a goal, means with spread, curves."""

from collections.abc import Callable, Sequence
from statistics import fmean, stdev
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...golden.data import datasets
from ...golden.learn import MGD, Defects, Network, Trainer
from ..plots import BLUE, GREEN, ORANGE, RED, STYLE
from . import compiled
from .framework import Json, Progress

COLOURS = (BLUE, ORANGE, GREEN, RED, "#6a51a3", "#636363", "#17becf", "#8c510a", "#e377c2", "#a6761d")


def points(steps: int, count: int, geometric: bool = False) -> list[int]:
    """Steps at which to measure: 0, and up to `count` more, evenly or in a constant ratio, to the last."""
    if geometric:
        return sorted({0, *(round(steps ** (k / count)) for k in range(count + 1)), steps})
    return sorted({round(steps * k / count) for k in range(count + 1)})


def follow(
    network: Network,
    settings: MGD,
    data: tuple[NDArray[Any], ...],
    theta: NDArray[Any],
    seeds: Sequence[int],
    at: Sequence[int],
    progress: Progress,
    defects: Defects | None = None,
    until: float = 2.0,
    exact: bool = False,
) -> Json:
    """Train all seeds and measure at some steps.

    Parameters
    ----------
    network, settings, defects
        As `Trainer` takes them.
    data : tuple of arrays
        x, t to train; x, t to test.
    theta : array, shape (R, P)
        Initial parameters.
    seeds : sequence of int
        R of them.
    at : sequence of int
        Steps, rising.
    progress : callable
        Hears steps done and in all.
    until : float
        Mean accuracy at which to stop early.
    exact : bool
        Gradient descent: the exact gradient in place of its estimate; an evaluation is then a sample presented.

    Returns
    -------
    dict
        `step`, `evaluations` (of one seed): a number for each point; `cost`, `accuracy`: a list over seeds for each.
    """
    x, t, test_x, test_t = data
    defects = defects or Defects()
    trainer = Trainer(network, settings, x, t, seeds=tuple(seeds), defects=defects)
    state = trainer.initial(theta=theta.astype(x.dtype))
    fast = None
    if exact or compiled.fits(network, settings, defects):
        fast = compiled.CompiledTrainer(network, settings, x, t, theta.astype(x.dtype), seeds, defects, exact)
    curve: Json = {"step": [], "evaluations": [], "cost": [], "accuracy": []}
    for goal in at:
        if fast:
            for step in pieces(fast.step, goal, at[-1]):
                fast.run(step - fast.step)
                progress(step, at[-1])
            theta, evaluations = fast.theta, goal * fast.evaluations_a_step
        else:
            trainer.run(state, goal - state.step, lambda state: progress(int(state.step), at[-1]), every=100)
            theta, evaluations = state.theta, int(np.max(state.evaluations))
        progress(goal, at[-1])
        cost, accuracy = trainer.evaluate(theta, test_x, test_t)
        note(curve, goal, evaluations, cost, accuracy)
        if fmean(curve["accuracy"][-1]) >= until:
            break
    return curve


def pieces(start: int, stop: int, steps: int) -> list[int]:
    """Steps behind `start`, up to `stop`, no further apart than a two-hundredth of all."""
    return [*range(start + max(1, steps // 200), stop, max(1, steps // 200)), stop] if stop > start else []


def note(curve: Json, step: int, evaluations: int, cost: Any, accuracy: Any) -> None:
    """Add a point to a curve."""
    curve["step"].append(step)
    curve["evaluations"].append(evaluations)
    curve["cost"].append([round(float(c), 6) for c in cost])
    curve["accuracy"].append([round(float(a), 5) for a in accuracy])


def first(curve: Json, key: str, reached: Callable[[float], bool]) -> list[int | None]:
    """For each seed the first step of a curve from which a figure is `reached` to the end, None if it is not."""
    values = np.array(curve[key]).T
    out: list[int | None] = []
    for row in values:
        missed = [k for k, value in enumerate(row) if not reached(value)]
        start = missed[-1] + 1 if missed else 0
        out.append(curve["step"][start] if start < len(row) else None)
    return out


def passed(curve: Json, goal: float) -> list[int | None]:
    """For each seed the step of the first point whose accuracy is the goal or more."""
    return [next((s for s, a in zip(curve["step"], row, strict=True) if a >= goal), None)
            for row in zip(*curve["accuracy"], strict=True)]  # fmt: skip


def images(name: str, train: int, test: int) -> tuple[NDArray[Any], ...]:
    """x, t to train, x, t to test, of a data set, split by seed 1; float32 where the inputs are many."""
    split = datasets.load(name, train, test, 1)
    kind = np.float32 if datasets.SETS[name].inputs > 100 else np.float64
    return tuple(a.astype(kind) for a in (split.train_x, split.train_t, split.test_x, split.test_t))


def start(network: Network, seeds: Sequence[int]) -> NDArray[np.float64]:
    """Initial parameters of each seed, uniform in +-1/sqrt(inputs of the neuron), biases too: shape (R, P)."""
    theta = np.empty((len(seeds), network.size))
    for row, seed in zip(theta, seeds, strict=True):
        rng = np.random.default_rng(seed)
        for b in network.blocks:
            row[b.start : b.stop] = rng.uniform(-1, 1, b.stop - b.start) / np.sqrt(b.inputs)
    return theta


def fraction(hits: int, count: int) -> str:
    """Percentage with the standard error of a fraction."""
    p = hits / count
    return f"{100 * p:.0f} +- {100 * np.sqrt(p * (1 - p) / count):.1f} %"


def percent(values: Sequence[float]) -> str:
    """Mean in percent, with the standard deviation over seeds."""
    spread = f" +- {100 * stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * fmean(values):.1f}{spread} %"


def chart(title: str, xlabel: str, ylabel: str, log: str = "") -> tuple[Figure, Axes]:
    """A figure with one pair of axes in the project's style; `log` names the axes on a logarithmic scale."""
    with rc_context(STYLE):
        figure = Figure(figsize=(6, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.set_title(title, loc="left", fontsize=9)
        if "x" in log:
            axes.set_xscale("log")
        if "y" in log:
            axes.set_yscale("log")
    return figure, axes


def draw(axes: Axes, x: Any, values: Any, label: str, number: int, line: str = "-") -> None:
    """Mean over seeds (last axis of the values) with a band of one standard deviation."""
    mean, spread = np.mean(values, -1), np.std(values, -1)
    colour = COLOURS[number % len(COLOURS)]
    axes.plot(x, mean, line, color=colour, label=label)
    axes.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)
