"""Training on the simulated chip: RTL beside the integer golden model, for several tasks and codes."""

from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...golden.chip.config import ChipConfig, load
from ..training.progress import Monitor
from ..training.results import run_folder
from ..training.train import train
from .common import COLOURS, chart
from .framework import Json, Options, Progress, Study, Unit

ABOUT = """
The learning engine in Verilog on Verilator, driving the emulated array, with the integer golden model beside it on
the same seed: at every checkpoint all memories are compared. A step measures C~ by an antithetic pair, which is two
evaluations of the cost. XOR and 4-bit parity have inputs and targets of -1 and +1 and tanh neurons and count as solved
with a mean squared error below 0.04; all samples are drawn at random. The sequential code perturbs one parameter a
step, so that its step size is P times that of the others.
"""
XOR: dict[str, Any] = {
    "update.path": "digital", "update.reset": None, "device": None, "update.eta": 0.05, "weights.bits": 20,
    "cost.bits": 20,
}  # fmt: skip
TASKS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "XOR": ("xor_filtered", 50_000, XOR),
    "parity4": (
        "xor_filtered", 200_000, {**XOR, "update.eta": 0.01, "data.set": "parity4", "network.layers": [4, 4, 1]},
    ),
    "NIST7x7": ("nist7x7", 400_000, {"update.schedule": None}),
}  # fmt: skip
"""Example that a task starts from, steps, and what is other than in the example."""
CODES = ("random", "walsh", "sequential")
RUNS = Path("build/reproduce/onchip")


def chip(task: str, code: str, steps: int, seed: int) -> ChipConfig:
    """Chip description of a task."""
    example, _, overrides = TASKS[task]
    config = load(str(resources("ohmgrad.examples") / f"{example}.toml")).with_(**overrides)
    eta = config.update.eta * (config.size if code == "sequential" else 1)
    name = f"{task}-{code}".lower().replace(" ", "-")
    points = min(20, steps)
    return config.with_(
        **{
            "name": name, "seed": seed, "perturbation.code": code, "update.eta": eta, "run.steps": steps,
            "run.checkpoints": points,
        }
    )  # fmt: skip


def units(options: Options) -> list[Unit]:
    """One for each task, code and seed."""
    tasks = options.pick(list(TASKS), list(TASKS)[:1])
    out = []
    for task in tasks:
        steps = options.pick(TASKS[task][1], 200)
        for code in CODES:
            for seed in options.range(4, 1):
                config = chip(task, code, steps, seed)
                settings = {"task": task, "code": code, "seed": seed, "steps": steps, "eta": config.update.eta}
                out.append(Unit(settings, lambda progress, config=config: simulate(config, progress)))
    return out


class _Progress(Monitor):
    def __init__(self, progress: Progress, steps: int):
        self._progress, self._steps = progress, steps

    def at(self, step: int) -> None:
        self._progress(step, self._steps)


def simulate(config: ChipConfig, progress: Progress) -> Json:
    """Train on RTL and golden; the result without the list of files."""
    result = train(config, "sim", run_folder(RUNS, config), monitor=_Progress(progress, config.run.steps))
    keys = ("parameters", "steps", "cost_evaluations", "test_accuracy", "mean_squared_error", "bit_exact", "compared",
            "clocks_per_step")  # fmt: skip
    curve = [{k: row[k] for k in ("step", "test_accuracy", "mean_squared_error")} for row in result["checkpoints"]]
    return {key: result[key] for key in keys} | {"curve": curve}


def rows(results: list[Json]) -> list[Json]:
    """The table: one line for each task and code."""
    out: list[Json] = []
    for task, code in dict.fromkeys((r["unit"]["task"], r["unit"]["code"]) for r in results):
        selected = [r["result"] for r in results if (r["unit"]["task"], r["unit"]["code"]) == (task, code)]
        accuracy = 100 * np.array([r["test_accuracy"] for r in selected])
        solved = sum(r["mean_squared_error"] < 0.04 for r in selected)
        out.append(
            {
                "task": task, "code": code, "P": selected[0]["parameters"],
                "ours, test accuracy": f"{accuracy.mean():.1f} +- {accuracy.std():.1f} %",
                "solved": None if task == "NIST7x7" else f"{solved} of {len(selected)}",
                "RTL equals golden": "yes" if all(r["bit_exact"] for r in selected) else "no",
                "checkpoints compared": sum(r["compared"] for r in selected), "seeds": len(selected),
                "steps": selected[0]["steps"], "cost evaluations a seed": selected[0]["cost_evaluations"],
                "clocks a step": round(selected[0]["clocks_per_step"], 1),
            }
        )  # fmt: skip
    return out


def figure(results: list[Json]) -> Figure:
    """Mean squared error over steps, the mean over seeds."""
    picture, axes = chart("Training in RTL", "step", "mean squared error", "y")
    for task, code in dict.fromkeys((r["unit"]["task"], r["unit"]["code"]) for r in results):
        curves = [r["result"]["curve"] for r in results if (r["unit"]["task"], r["unit"]["code"]) == (task, code)]
        error = np.mean([[point["mean_squared_error"] for point in curve] for curve in curves], 0)
        line = ("-", "--", ":")[CODES.index(code)]
        colour = COLOURS[list(TASKS).index(task)]
        axes.plot([point["step"] for point in curves[0]], error, line, color=colour, label=f"{task}, {code}")
    axes.legend(fontsize=6)
    return picture


STUDY = Study("onchip", "On the chip: RTL beside golden", ABOUT, units, rows, figure)
