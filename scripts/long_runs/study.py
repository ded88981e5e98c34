"""Long runs whose last results are kept in docs/results: `python -m ohmgrad.scripts.long_runs.study [NAME ...]`.

nist7x7, digits, xor_filtered    the example chips: seeds on golden, some of them in RTL beside golden
resolution  the digits chip: test accuracy over amplitude and ADC bits, three seeds each
budget      the digits chip: how many LSB of each converter a perturbation moves, while it learns
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from importlib.resources import files as resources
from itertools import product
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import numpy as np

from ...fpga.files import write_json
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig, load
from ...golden.chip.dataset import split_of
from ...golden.engine import Engine
from ..training.progress import Live
from ..training.results import run_folder, write_summary
from ..training.train import train

RESULTS = Path("docs/results")
RUNS = Path("build/study")
EXAMPLES = {"nist7x7": (6, 1), "digits": (3, 1), "xor_filtered": (32, 4)}
"""Seeds on golden, and how many of them also in RTL."""
AMPLITUDES = (0.01, 0.02, 0.05, 0.1, 0.2)
ADC_BITS = (8, 9, 10, 12)


def example(name: str) -> ChipConfig:
    """Chip description of an example."""
    return load(str(resources("ohmgrad.examples") / f"{name}.toml"))


def train_example(name: str) -> None:
    """Train an example on golden, and in RTL, and keep the summaries and a learning curve."""
    config = example(name)
    for on, count in zip(("golden", "sim"), EXAMPLES[name], strict=True):
        write_summary(RESULTS / f"{name}-{on}.json", [_run(config.with_seed(s), on) for s in range(1, count + 1)])
    (RESULTS / f"{name}.png").write_bytes((run_folder(RUNS / "sim", config) / "curve.png").read_bytes())
    lines = [
        "| example | steps | golden: seeds, test accuracy | RTL: the same | checkpoints equal | clocks a step |",
        "|---|---|---|---|---|---|",
    ]
    for other in EXAMPLES:
        golden, sim = (json.loads((RESULTS / f"{other}-{on}.json").read_text()) for on in ("golden", "sim"))
        assert sim["bit_exact"]
        cells = [f"{len(summary['seeds'])}: {_verdict(summary)}" for summary in (golden, sim)]
        equal, last = sum(run["compared"] for run in sim["runs"]), sim["runs"][-1]
        row = [other, f"{last['steps']:,}", *cells, str(equal), f"{last['clocks_per_step']:.1f}"]
        lines.append("| " + " | ".join(row) + " |")
    _write("examples.md", "The examples", "python -m ohmgrad.scripts.long_runs.study " + " ".join(EXAMPLES), lines)


def _run(config: ChipConfig, on: Any) -> dict[str, Any]:
    return train(config, on, run_folder(RUNS / on, config), monitor=Live())


def _verdict(summary: dict[str, Any]) -> str:
    """Solved runs, or mean and spread of the accuracy."""
    if summary["name"].startswith("xor"):
        return f"{summary['solved']} of {len(summary['seeds'])} solved"
    accuracy = {key: 100 * value for key, value in summary["test_accuracy"].items()}
    if len(summary["seeds"]) == 1:
        return f"{accuracy['mean']:.1f} %"
    return f"{accuracy['mean']:.1f} +- {accuracy['std']:.1f} % ({accuracy['min']:.1f} to {accuracy['max']:.1f})"


def resolution() -> None:
    """Accuracy of the digits chip after 400,000 steps, with the step size falling as in the example."""
    steps, seeds = 400_000, (1, 2, 3)
    base = example("digits")
    factor = steps / base.run.steps
    schedule = [[int(step * factor), eta] for step, eta in base.update.schedule]
    rows: list[dict[str, Any]] = []
    for amplitude, bits in product(AMPLITUDES, ADC_BITS):
        accuracies = []
        for seed in seeds:
            config = base.with_(
                **{
                    "seed": seed, "run.steps": steps, "update.schedule": schedule,
                    "perturbation.amplitude": amplitude, "array.adc_bits": bits,
                }
            )  # fmt: skip
            engine = Engine(Chip(config), split_of(config))
            state = engine.initial()
            engine.run(state, steps)
            accuracies.append(engine.accuracy(state))
        row = {"amplitude": amplitude, "adc_bits": bits, "seeds": seeds, "test_accuracy": accuracies}
        print(row, file=sys.stderr, flush=True)
        rows.append(row)
    write_json(RESULTS / "resolution.json", rows)
    lines = ["| a \\ ADC bits | " + " | ".join(map(str, ADC_BITS)) + " |", "|---" * (len(ADC_BITS) + 1) + "|"]
    for amplitude in AMPLITUDES:
        cells = [
            f"{100 * fmean(row['test_accuracy']):.1f} +- {100 * pstdev(row['test_accuracy']):.1f}"
            for row in rows
            if row["amplitude"] == amplitude
        ]
        lines.append(f"| {amplitude} | " + " | ".join(cells) + " |")
    title = "Test accuracy of the digits chip in %, over amplitude and resolution of the ADCs"
    _write("resolution.md", title, "python -m ohmgrad.scripts.long_runs.study resolution", lines)


def budget() -> None:
    """Root mean square of what one perturbation moves, in LSB of each word it passes through."""
    config = example("digits")
    engine = Engine(Chip(config), split_of(config))
    state, rows = engine.initial(), []
    hidden = engine.chip.layout.rows[0]
    for goal in (0, 100_000, config.run.steps):
        engine.run(state, goal - state.step)
        trace = engine.trace(state.copy(), 2000)
        adc, act = (np.diff(codes, axis=2)[:, :, 0] / 2 for codes in (trace.adc, trace.act))
        words = (adc[:, :hidden], act[:, :hidden], adc[:, hidden:], act[:, hidden:], trace.cost[:, None])
        rows.append({"step": goal, "rms": [float(np.sqrt(np.mean(part.astype(float) ** 2))) for part in words]})
    write_json(RESULTS / "budget.json", rows)
    lines = ["| step | hidden ADC | hidden DAC | output ADC | output | C~ |", "|---|---|---|---|---|---|"]
    lines += [f"| {row['step']:,} | " + " | ".join(f"{value:.3g}" for value in row["rms"]) + " |" for row in rows]
    title = "What a perturbation moves in the digits chip, root mean square in LSB"
    _write("budget.md", title, "python -m ohmgrad.scripts.long_runs.study budget", lines)


def _write(name: str, title: str, command: str, lines: list[str]) -> None:
    """Write a page of results."""
    (RESULTS / name).write_text("\n".join([f"# {title}", "", f"Made by `{command}`.", "", *lines, ""]))


STUDIES: dict[str, Callable[[], None]] = {
    **{name: partial(train_example, name) for name in EXAMPLES},
    "resolution": resolution,
    "budget": budget,
}


def main(names: list[str]) -> int:
    """Run the studies named, or all; returns the exit code."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in names or STUDIES:
        if name not in STUDIES:
            print(f"study: {name}: no such study; there are {', '.join(STUDIES)}.", file=sys.stderr)
            return 2
        STUDIES[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
