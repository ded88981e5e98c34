"""Tiki-Taka on the chip: letters and XOR learned through A -> H -> C, beside plain pulsed SGD on the same array."""

from dataclasses import dataclass
from importlib.resources import files as resources
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig, load
from ...golden.chip.dataset import split_of
from ...golden.engine import Engine
from ...golden.paths.tiki_taka import TikiTakaPath
from ...golden.state import State
from .common import COLOURS, chart
from .framework import Json, Options, Progress, Study, Unit
from .onchip import simulate

ABOUT = """
Soft-bounds devices with 30 % spreads of step, bounds and cycle on both arrays. TTv2: pulse trains onto A, choppers, a
line of each layer read every tau_theta steps, the filter, single pulses onto C. SGD: the same trains pulse C itself,
whose states are the weights; at the best of three rates (XOR: four). The error comes from MGD alone,
antithetically: by node perturbation, or by the rank-one code, for which A is the correlator and no gradient is in any
digital memory. "Equal" runs are of the Verilated chip, with all memories compared with golden at every checkpoint; the
other seeds are of golden. XOR counts as solved with a mean squared error below 0.04.
"""
NO_TRANSFER = 2**20
"""tau_theta of SGD: beyond the end of all runs."""
RANK_ONE: dict[str, Any] = {"perturbation.method": "weight", "perturbation.code": "rank-one"}


@dataclass(frozen=True)
class Case:
    """A row of the table.

    Attributes
    ----------
    example : str
        Chip that it starts from, and what is other than there.
    simulated : int
        Seeds that the Verilated chip runs too.
    """

    task: str
    algorithm: str
    states: int
    example: str
    simulated: int
    changes: dict[str, Any]

    def config(self, steps: int | None, seed: int) -> ChipConfig:
        """Chip description."""
        config = load(str(resources("ohmgrad.examples") / f"{self.example}.toml"))
        words = (self.task, self.algorithm, str(self.states))
        changes = {"device.states": self.states, "fast.states": self.states, **self.changes}
        config = config.with_(**{"name": "-".join(words).lower().replace(", ", "-"), "seed": seed, **changes})
        steps = steps or config.run.steps
        return config.with_(**{"run.steps": steps, "run.checkpoints": min(20, steps)})


class Directly(Engine):
    """Golden model whose trains pulse the array that computes: plain pulsed SGD."""

    def path(self, state: State) -> TikiTakaPath:
        path = super().path(state)
        assert isinstance(path, TikiTakaPath)
        return path._replace(fast_seed=path.slow_seed, fast_noise=path.slow_noise, fast=path.slow, a=state.theta)


def learn(config: ChipConfig, directly: bool, progress: Progress) -> Json:
    """Train the golden model; the figures that `onchip.simulate` gives."""
    steps = config.run.steps
    kind = Directly if directly else Engine
    engine = kind(Chip(config), split_of(config))
    state, curve = engine.initial(), []
    for number in range(config.run.checkpoints + 1):
        engine.run(state, steps * number // config.run.checkpoints - state.step)
        progress(state.step, steps)
        accuracy = engine.accuracy(state) if config.dataset.test else float("nan")
        curve.append({"step": state.step, "test_accuracy": accuracy, "mean_squared_error": engine.error(state)})
    return {"parameters": config.size, "steps": steps, "curve": curve, **curve[-1]}


RATES = {("XOR", 100): 0.03, ("XOR", 20): 0.003, ("NIST7x7", 100): 0.01, ("NIST7x7", 20): 0.01}
"""`fast.rate` of plain SGD: the best of 0.01, 0.03 and 0.1, for XOR also of 0.003."""


def cases() -> list[Case]:
    """The rows."""
    out = []
    for task, example in (("XOR", "xor_tiki_taka"), ("NIST7x7", "nist7x7_tiki_taka")):
        for states in (100, 20):
            directly = {
                "perturbation.tau_theta": NO_TRANSFER, "update.schedule": None, "fast.rate": RATES[task, states],
            }  # fmt: skip
            out.append(Case(task, "TTv2, nodes", states, example, 1, {}))
            out.append(Case(task, "SGD, nodes", states, example, 0, directly))
    out.append(Case("NIST7x7", "TTv2, rank-one", 100, "nist7x7_rank_one", 1, {}))
    return out


def units(options: Options) -> list[Unit]:
    """One for each case and seed."""
    out = []
    for case in cases():
        steps = options.pick(None, 200)
        for seed in options.range(10 if case.task == "XOR" else 3, 1):
            config, rtl = case.config(steps, seed), seed <= options.pick(case.simulated, 0)
            settings = {
                "task": case.task, "algorithm": case.algorithm, "states": case.states, "seed": seed, "rtl": rtl,
                "config": config.model_dump(mode="json", exclude_unset=True),
            }  # fmt: skip
            directly = case.algorithm.startswith("SGD")

            def run(progress: Progress, config=config, rtl=rtl, directly=directly) -> Json:
                return simulate(config, progress) if rtl else learn(config, directly, progress)

            out.append(Unit(settings, run))
    return out


def rows(results: list[Json]) -> list[Json]:
    """The table: one line for each case."""
    out: list[Json] = []
    for task, algorithm, states in groups(results):
        selected = [r["result"] for r in results if key(r) == (task, algorithm, states)]
        accuracy = 100 * np.array([r["test_accuracy"] for r in selected])
        solved = sum(r["mean_squared_error"] < 0.04 for r in selected)
        rtl = [r for r in selected if "bit_exact" in r]
        out.append(
            {
                "task": task, "algorithm": algorithm, "states": states, "P": selected[0]["parameters"],
                "test accuracy": f"{accuracy.mean():.1f} +- {accuracy.std():.1f} %",
                "solved": f"{solved} of {len(selected)}" if task == "XOR" else None, "seeds": len(selected),
                "steps": selected[0]["steps"], "seeds in RTL": len(rtl),
                "equal": ("yes" if all(r["bit_exact"] for r in rtl) else "no") if rtl else None,
                "checkpoints compared": sum(r["compared"] for r in rtl) if rtl else None,
                "clocks a step": round(float(np.mean([r["clocks_per_step"] for r in rtl])), 1) if rtl else None,
            }
        )  # fmt: skip
    return out


def key(result: Json) -> tuple[str, str, int]:
    """Row that a result belongs to."""
    unit = result["unit"]
    return unit["task"], unit["algorithm"], unit["states"]


def groups(results: list[Json]) -> list[tuple[str, str, int]]:
    """Rows in order."""
    return list(dict.fromkeys(key(r) for r in results))


def figure(results: list[Json]) -> Figure:
    """Test accuracy of the letters over steps, the mean over seeds."""
    picture, axes = chart("Letters through A -> H -> C", "step", "test accuracy")
    for number, group in enumerate(g for g in groups(results) if g[0] == "NIST7x7"):
        curves = [r["result"]["curve"] for r in results if key(r) == group]
        mean = np.mean([[point["test_accuracy"] for point in curve] for curve in curves], 0)
        label = f"{group[1]}, {group[2]} states"
        axes.plot([p["step"] for p in curves[0]], mean, "-", color=COLOURS[number], label=label)
    axes.legend(fontsize=7)
    return picture


STUDY = Study("ttv2_onchip", "Tiki-Taka on the chip", ABOUT, units, rows, figure)
