"""Long runs whose last results are kept in docs/results: `python -m ohmgrad.scripts.study [name ...]`.

examples    the three example chips: seeds on golden, and some of them in RTL beside golden
resolution  the digits chip: test accuracy over amplitude and ADC bits, three seeds each
"""

import sys
from collections.abc import Callable
from importlib.resources import files as resources
from itertools import product
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from ..golden import datasets
from ..golden.chip import Chip
from ..golden.config import ChipConfig, load
from ..golden.engine import Engine
from .files import write_json
from .progress import Live
from .results import run_folder, write_summary
from .train import train

RESULTS = Path("docs/results")
RUNS = Path("build/study")
EXAMPLES = {"nist7x7": (6, 1), "digits": (3, 1), "xor_filtered": (32, 4)}
"""Seeds on golden, and how many of them also in RTL."""
AMPLITUDES = (0.01, 0.02, 0.05, 0.1, 0.2)
ADC_BITS = (8, 9, 10, 12)


def example(name: str) -> ChipConfig:
    """Chip description of an example."""
    return load(str(resources("ohmgrad.examples") / f"{name}.toml"))


def examples() -> None:
    """Train every example on golden, and in RTL, and keep the summaries."""
    lines = [
        "| example | steps | golden: seeds, test accuracy | RTL: the same | checkpoints equal | clocks a step |",
        "|---|---|---|---|---|---|",
    ]
    for name, counts in EXAMPLES.items():
        config, cells = example(name), []
        runs: list[dict[str, Any]] = []
        for on, count in zip(("golden", "sim"), counts, strict=True):
            runs = [_run(config.with_seed(seed), on) for seed in range(1, count + 1)]
            summary = write_summary(RESULTS / f"{name}-{on}.json", runs)
            cells.append(f"{count}: {_verdict(summary)}")
        equal, clocks = sum(run["compared"] for run in runs), runs[0]["clocks_per_step"]
        assert all(run["bit_exact"] for run in runs)
        lines.append(f"| {name} | {config.run.steps:,} | {cells[0]} | {cells[1]} | {equal} | {clocks:.1f} |")
        curve = (run_folder(RUNS / "sim", config) / "curve.png").read_bytes()
        (RESULTS / f"{name}.png").write_bytes(curve)
    _write("examples.md", "The examples", "python -m ohmgrad.scripts.study examples", lines)


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
            data = config.data
            engine = Engine(Chip(config), datasets.load(data.set, data.train, data.test, seed))
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
    _write("resolution.md", title, "python -m ohmgrad.scripts.study resolution", lines)


def _write(name: str, title: str, command: str, lines: list[str]) -> None:
    """Write a page of results."""
    (RESULTS / name).write_text("\n".join([f"# {title}", "", f"Made by `{command}`.", "", *lines, ""]))


STUDIES: dict[str, Callable[[], None]] = {"examples": examples, "resolution": resolution}


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
