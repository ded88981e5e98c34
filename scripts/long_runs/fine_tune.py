"""A network trained in PyTorch, imported into noisy devices, and tuned on the chip.

`python -m ohmgrad.scripts.long_runs.fine_tune pretrain` trains it for each seed's split of the digits (needs the extra
torch), and keeps the weights in docs/results/fine_tune. `python -m ohmgrad.scripts.long_runs.fine_tune` imports them
into devices of 20 states, 30 % spread and 1 % stuck cells, tunes them by MGD on golden, and one seed without stuck
cells in RTL too; results go to docs/results/fine_tune.json and fine_tune.md.
"""

import sys
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from ...fpga.files import write_json
from ...golden.chip.config import ChipConfig
from ...golden.data import datasets
from ..training.progress import Live
from ..training.results import run_folder
from ..training.train import train

RESULTS, RUNS = Path("docs/results"), Path("build/fine_tune")
WEIGHTS = RESULTS / "fine_tune"
SEEDS = (1, 2, 3, 4, 5)
STEPS, RTL_STEPS = 3_000_000, 400_000
CHIP = {
    "name": "fine_tune",
    "network": {"layers": [64, 16, 10], "activation": ["tanh", "sigmoid"]},
    "data": {"set": "digits"},
    "cost": {"bits": 21},
    "perturbation": {"amplitude": 0.1},
    "update": {"path": "filtered", "eta": 0.0002, "schedule": [[2_000_000, 0.00015]]},
    "weights": {"bits": 18, "dac_bits": 12, "range": 6.0},
    "array": {"adc_bits": 12},
    "device": {"states": 20, "step_spread": 0.3, "bound_spread": 0.3, "cycle_noise": 0.3},
    "defects": {"stuck": 0.01},
    "run": {"steps": STEPS},
}
"""The chip of every run but those in RTL, which has no stuck cells."""


def chip(seed: int, **overrides: Any) -> ChipConfig:
    """The chip of a seed."""
    return ChipConfig.model_validate(CHIP).with_seed(seed).with_(**overrides)


def pretrain() -> None:
    """Train a network in PyTorch on each seed's training samples, and keep its state dict."""
    import torch  # type: ignore[import-not-found]
    from torch import nn  # type: ignore[import-not-found]

    WEIGHTS.mkdir(exist_ok=True)
    for seed in SEEDS:
        split = datasets.load("digits", 1437, 360, seed)
        x, t = (torch.tensor(array, dtype=torch.float32) for array in (split.train_x, split.train_t))
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 10), nn.Sigmoid())
        adam = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-4)
        for _ in range(40):
            for batch in torch.randperm(len(x)).split(32):
                adam.zero_grad()
                ((model(x[batch]) - t[batch]) ** 2).sum(1).mean().backward()
                adam.step()
        torch.save(model.state_dict(), WEIGHTS / f"digits-seed{seed}.pt")
        with torch.no_grad():
            right = model(torch.tensor(split.test_x, dtype=torch.float32)).argmax(1).numpy() == split.test_y
        largest = max(float(p.abs().max()) for p in model.parameters())
        print(f"seed {seed}: {right.mean():.1%}, largest weight {largest:.2f}")


def run(seed: int, on: Any, **overrides: Any) -> dict[str, Any]:
    """One run from the weights of its seed."""
    config, init = chip(seed, **overrides), WEIGHTS / f"digits-seed{seed}.pt"
    return train(config, on, run_folder(RUNS / on, config), monitor=Live(), init=init)


def study() -> None:
    """Tune all seeds on golden, one of them in RTL, and write the page."""
    golden = [run(seed, "golden") for seed in SEEDS]
    sim = run(SEEDS[0], "sim", **{"defects": None, "run.steps": RTL_STEPS, "run.checkpoints": 4})
    write_json(RESULTS / "fine_tune.json", {"golden": golden, "sim": sim})
    (RESULTS / "fine_tune.md").write_text(page(golden, sim))


def page(golden: list[dict[str, Any]], sim: dict[str, Any]) -> str:
    """The page of the results."""
    rows = [_row(result) for result in golden]
    config, device = chip(SEEDS[0]), CHIP["device"]
    lines = [
        "# A PyTorch network, imported and tuned on the chip",
        "",
        "Written by `python -m ohmgrad.scripts.long_runs.fine_tune`; seeds in [fine_tune.json](fine_tune.json). The "
        "networks, 64-16-10 with tanh and sigmoid, were trained by `... fine_tune pretrain` in PyTorch 2.13, each on "
        "its seed's training samples, and lie in `docs/results/fine_tune`.",
        "",
        f"The chip has devices of {device['states']} states with {device['step_spread']:.0%} spread of steps and "
        "bounds, "
        f"{device['cycle_noise']:.0%} cycle noise and {config.defects.stuck if config.defects else 0:.0%} of its cells "
        f"stuck, path `filtered`. `--init` programs them by write-verify; then MGD tunes for {STEPS:,} steps, every "
        "device by single pulses. Step sizes and amplitude were chosen with an eye on seeds 1 and 2. Accuracy is of "
        "360 test samples.",
        "",
        "| seed | PyTorch | 1: quantised | 2: programmed | 3: tuned | pulses to program | error at 1, 2, 3 |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for seed, (accuracies, pulses, errors) in zip(SEEDS, rows, strict=True):
        cells = [f"{value:.1%}" for value in accuracies]
        lines.append(f"| {seed} | {' | '.join(cells)} | {pulses:,} | {', '.join(f'{e:.4f}' for e in errors)} |")
    columns = list(zip(*(accuracies for accuracies, _, _ in rows), strict=True))
    means = " | ".join(f"{100 * fmean(c):.1f} +- {100 * pstdev(c):.1f} %" for c in columns)
    errors = ", ".join(f"{fmean(c):.4f}" for c in zip(*(e for _, _, e in rows), strict=True))
    lines.append(f"| mean | {means} | {fmean(p for _, p, _ in rows):,.0f} | {errors} |")
    programming, last = golden[0]["init"]["programming"], sim["checkpoints"][-1]
    lines += [
        "",
        f"Seed 1 took {programming['pulses']:.1f} pulses a device on average, {programming['most_pulses']} at most "
        f"(those that are stuck, and do not move); {programming['failed']:.1%} were not within half a mean step. "
        "The error is the mean squared error over the training samples, which is what MGD lowers.",
        "",
        f"In RTL, seed 1 without stuck cells, {RTL_STEPS:,} steps from the same weights: RTL and golden were equal in "
        f"every word at {sim['compared']} checkpoints; {sim['init']['chip']['test_accuracy']:.1%} and error "
        f"{sim['init']['chip']['mean_squared_error']:.4f} programmed, {last['test_accuracy']:.1%} and "
        f"{last['mean_squared_error']:.4f} at the end. The RTL's emulated array has no stuck cells yet.",
        "",
    ]
    return "\n".join(lines)


def _row(result: dict[str, Any]) -> tuple[list[float], int, list[float]]:
    """Accuracies of PyTorch's network, quantised, programmed, tuned; pulses; errors of the last three."""
    init = result["init"]
    stages = [init["words"], init["chip"], result]
    accuracies = [init["float"]["test_accuracy"], *(stage["test_accuracy"] for stage in stages)]
    return accuracies, init["programming"]["total_pulses"], [stage["mean_squared_error"] for stage in stages]


if __name__ == "__main__":
    pretrain() if sys.argv[1:] == ["pretrain"] else study()
