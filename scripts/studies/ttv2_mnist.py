"""MNIST on arrays: SGD, TTv1, TTv2 and AGAD beside floating point, against states, update noise and MVM noise."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from ...golden.analog.array import AnalogArray
from ...golden.learn.analog_trainer import AnalogTrainer, evaluate, uniform, with_weights
from ...golden.learn.extraction import Average
from ...golden.learn.layered import Layered
from ..plots import STYLE
from . import framework, ttv2_setup
from .common import COLOURS, percent
from .framework import Json, Options, Progress, ResultStore, Study, Unit
from .ttv2_setup import BASELINE, CONDITIONS, FLOAT, MVM, STATES, TRIALS, TUNED_AT, UPDATE, WIDTHS, Condition, images


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes
    ----------
    algorithm : str
        A key of `TRIALS`.
    condition : Condition
    seed : int
        Of the devices, the initial weights, the order of the samples and all noise.
    samples, epochs : int
        Training samples, and how often each is presented.
    test : int
        Test samples.
    trial : int
        Samples of a trial of rates, each presented once; the best trial on the validation samples gives the rates.
    """

    algorithm: str
    condition: Condition
    seed: int
    samples: int = 20_000
    epochs: int = 5
    test: int = 10_000
    trial: int = 20_000

    def __call__(self, progress: Progress) -> Json:
        """Choose the rates, train, evaluate after each epoch."""
        rates, scores = self.tuned(progress)
        train, _, test = images(self.samples, self.test)
        steps = self.samples * self.epochs
        average = Average(start=steps // 2, every=max(1, steps // 1000))
        trainer = self.trainer(rates, self.seed, average)
        curve: Json = {"cost": [], "accuracy": [], "on_array": []}

        def note(cost: float | None) -> None:
            curve["cost"].append(cost and round(cost, 5))
            curve["accuracy"].append(trainer.evaluate(*test, trainer.network.weights)[1])
            curve["on_array"].append(trainer.evaluate(*test)[1])

        note(None)
        for epoch in range(self.epochs):
            before = epoch * self.samples
            note(trainer.epoch(*train, lambda samples, of, before=before: progress(before + samples, steps)))
        return {
            "rates": rates, "scores": scores, **curve,
            "average": trainer.evaluate(*test, average.weights)[1],
            "trained_programmed": self.programmed(trainer.network, trainer.network.weights),
            "average_programmed": self.programmed(trainer.network, average.weights),
        }  # fmt: skip

    def trainer(self, rates: dict[str, float], seed: int, average: Average | None = None) -> AnalogTrainer:
        """A fresh network and what trains it."""
        layers = [
            ttv2_setup.layer(self.algorithm, rates, self.condition, w, 100 * seed + k)
            for k, w in enumerate(uniform(WIDTHS, seed))
        ]
        return AnalogTrainer(Layered(layers), lr=rates.get("lr", 1.0), seed=seed, average=average)

    def tuned(self, progress: Progress) -> tuple[dict[str, float], list[float]]:
        """Rates of the best trial, and the validation accuracy of all; trials are kept as units of their own."""
        store = ResultStore(framework.STORE / "ttv2" / "trials.jsonl")
        tuning = replace(self, condition=TUNED_AT.get(self.condition, self.condition))
        trials = [tuning.tried(rates) for rates in TRIALS[self.algorithm]]
        results = framework.run(STUDY, trials, store, lambda number, step, steps: progress(step, steps))
        scores = [record["result"]["accuracy"] for record in results]
        return TRIALS[self.algorithm][int(np.argmax(scores))], scores

    def tried(self, rates: dict[str, float]) -> Unit:
        """A trial: its own seed, the first samples of the training set, once."""
        settings = {
            "algorithm": self.algorithm, "condition": asdict(self.condition), "rates": rates, "samples": self.samples,
            "trial": self.trial,
        }  # fmt: skip

        def run(progress: Progress) -> Json:
            train, validation, _ = images(self.samples, self.test)
            trainer = self.trainer(rates, seed=1000)
            trainer.epoch(train[0][: self.trial], train[1][: self.trial], progress)
            return {"accuracy": trainer.evaluate(*validation, trainer.network.weights)[1]}

        return Unit(settings, run)

    def programmed(self, network: Layered, weights: list[Any]) -> float | None:
        """Test accuracy of weights once written, with write-verify, into fresh arrays of the same kind."""
        if self.algorithm == FLOAT:
            return None
        _, _, test = images(self.samples, self.test)
        programmed = []
        for k, w in enumerate(weights):
            seed = 100_000 + 100 * self.seed + k
            rows, columns = w.shape
            array = AnalogArray(self.condition.device(), rows, columns, seed, forward=self.condition.programming())
            array.program(w, rounds=8, tolerance=0.5 * array.granularity, most=100)
            programmed.append(array.weights)
        return evaluate(with_weights(network, programmed), *test)[1]


def units(options: Options) -> list[Unit]:
    """Seed 1 in all conditions, then the others: what is there when it is stopped is a whole picture.

    Arrays of many states take most pulses and most time: they come last.
    """
    small = options.pick({}, {"samples": 40, "epochs": 2, "test": 20, "trial": 10})
    seeds = options.range(3, 1)
    runs = [Run(FLOAT, BASELINE, seed, **small) for seed in seeds]
    fast, slow = ([c for c in CONDITIONS if (c.states == BASELINE.states) is late] for late in (False, True))
    for group, conditions in ((seeds[:1], fast), (seeds[:1], slow), (seeds[1:], fast), (seeds[1:], slow)):
        for seed in group:
            for condition in options.pick(conditions, conditions[:1]):
                runs += [Run(name, condition, seed, **small) for name in TRIALS if name != FLOAT]
    return [Unit(asdict(run), run) for run in runs]


def group(results: list[Json]) -> dict[tuple[str, Condition], list[Json]]:
    """Results of all seeds by algorithm and condition."""
    out: dict[tuple[str, Condition], list[Json]] = {}
    for record in results:
        key = record["unit"]["algorithm"], Condition(**record["unit"]["condition"])
        out.setdefault(key, []).append(record["result"])
    return out


def rows(results: list[Json]) -> list[Json]:
    """Table: a line for each condition and algorithm."""
    out: list[Json] = []
    for (name, condition), runs in sorted(group(results).items(), key=lambda item: _place(item[0])):
        out.append(
            {
                "arrays": "-" if name == FLOAT else str(condition),
                "algorithm": name,
                "rates": ", ".join(f"{k} {v:g}" for k, v in runs[0]["rates"].items()),
                "after 1 epoch": percent([r["accuracy"][1] for r in runs]),
                "at the end": percent([r["accuracy"][-1] for r in runs]),
                "on the array": percent([r["on_array"][-1] for r in runs]),
                "averaged model": percent([r["average"] for r in runs]),
                "trained, programmed": None if name == FLOAT else percent([r["trained_programmed"] for r in runs]),
                "averaged, programmed": None if name == FLOAT else percent([r["average_programmed"] for r in runs]),
                "seeds": len(runs),
            }
        )
    return out


def _place(key: tuple[str, Condition]) -> tuple[int, int]:
    name, condition = key
    return -1 if name == FLOAT else CONDITIONS.index(condition), list(TRIALS).index(name)


def figure(results: list[Json]) -> Figure:
    """Above: accuracy at the end against each fault; below: accuracy against epochs, a panel for each condition."""
    found = group(results)
    with rc_context({**STYLE, "font.size": 7}):
        picture = Figure(figsize=(9.5, 8), layout="constrained")
        parts = picture.add_gridspec(2, 1, height_ratios=(1, 1.7))
        top, below = picture.add_subfigure(parts[0]), picture.add_subfigure(parts[1])
        sweeps = (
            ("states", "states", STATES), ("update_noise", "update noise, x baseline", UPDATE),
            ("mvm_noise", "MVM noise, x baseline", MVM),
        )  # fmt: skip
        for axes, (key, label, conditions) in zip(top.subplots(1, 3, sharey=True), sweeps, strict=True):
            axes.set(xscale="log", xlabel=label)
            at = [getattr(condition, key) for condition in conditions]
            axes.set_xticks(at, [f"{value:g}" for value in at])
            axes.minorticks_off()
            if key == "states":
                axes.invert_xaxis()
                axes.set_ylabel("test accuracy at the end, %")
            for number, name in enumerate(TRIALS):
                style: Json = {"linestyle": "--"} if name == FLOAT else {"marker": "o", "ms": 3}
                at_each = [100 * np.array([r["accuracy"][-1] for r in runs]) if (runs := found.get((name, c))) else None
                           for c in ([BASELINE] * len(at) if name == FLOAT else conditions)]  # fmt: skip
                x = [a for a, v in zip(at, at_each, strict=True) if v is not None]
                y = [v for v in at_each if v is not None]
                mean, spread = [v.mean() for v in y], [v.std() for v in y]
                axes.errorbar(x, mean, spread, color=COLOURS[number], label=name, **style)
        top.axes[0].legend()
        panels = below.subplots(2, 4, sharex=True, sharey=True)
        for axes, condition in zip(panels.flat, CONDITIONS, strict=True):
            axes.set_title(str(condition), loc="left", fontsize=6)
            for number, name in enumerate(TRIALS):
                runs = found.get((name, BASELINE if name == FLOAT else condition), [])
                if runs:
                    values = 100 * np.array([r["accuracy"] for r in runs])
                    axes.plot(values.mean(0), "--" if name == FLOAT else "-", color=COLOURS[number])
                    axes.fill_between(range(values.shape[1]), values.min(0), values.max(0), color=COLOURS[number],
                                      alpha=0.15, linewidth=0)  # fmt: skip
        for axes in panels[-1]:
            axes.set_xlabel("epochs")
        for axes in panels[:, 0]:
            axes.set_ylabel("test accuracy, %")
    return picture


ABOUT = """
784-256-128-10 network, sigmoid hidden layers, log-softmax outputs, biases on the arrays; MNIST, pixels 0 to 1; 20,000
images to train, 5 epochs, batch 1, errors by backpropagation through the arrays' own transposed reads; 10,000 images
to test. Devices: SoftBounds, bounds +-0.6, 30 % from device to device on step and bounds and from cycle to cycle on
the step, 1 % of asymmetry; DAC 7 bits, ADC 9 bits with bound 12 and noise 0.06; stochastic pulse trains of up to 10
slots with update management. One column is transferred after every vector (n_s = 1), one pulse at most, gamma = 0;
TTv1 and TTv2 read A less its symmetry points, AGAD reads it as it is. TTv2 and AGAD clear a word of H where it fires;
AGAD's choppers flip after 5 sweeps over the columns.

Update noise is varied on devices of 1200 states, as its unit is their step, MVM noise on devices of 30. Each
algorithm had 4 trials of its rates in each condition, but those with update noise 10x and MVM noise 3x, which take
those of the same devices without: one seed apart from the others, the 20,000 training images once, the choice by
2,000 images that are in neither the training nor the test set. `fast` is the learning rate of A in units of the
square root of dw_min, `fires` the sum of reads of A that makes one pulse, in units of the ADC's noise.

"At the end": the trained weights read exactly, on exact products. "On the array": the same through the array's noisy
periphery. "Averaged model": the mean of 500 iterates over the last half of the training, in digital memory.
"Programmed": written into fresh arrays of the same devices by at most 8 rounds of write-verify, which reads with 9 bits
over +-1 and without noise. Curves: mean and range over seeds.
"""
STUDY = Study("ttv2_mnist", "MNIST on analog arrays: states, update noise, MVM noise", ABOUT, units, rows, figure)
