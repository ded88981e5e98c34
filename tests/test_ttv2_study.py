"""The study of MNIST on arrays: its conditions, its choice of rates, its table; a tiny run."""

import json
import struct
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.golden.learn.analog_trainer import uniform
from ohmgrad.scripts.reproduce import reproduce
from ohmgrad.scripts.studies import framework, ttv2_mnist
from ohmgrad.scripts.studies.framework import Options
from ohmgrad.scripts.studies.ttv2_mnist import Run
from ohmgrad.scripts.studies.ttv2_setup import BASELINE, CONDITIONS, FLOAT, TRIALS, Condition, layer


def write_images(folder: Path) -> None:
    """A small stand-in for MNIST, in the IDX format."""
    rng = np.random.default_rng(1)
    (folder / "mnist").mkdir()
    for part, count in (("train", 80), ("t10k", 30)):
        images, labels = rng.integers(0, 256, (count, 28, 28), np.uint8), rng.integers(0, 10, count, np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (folder / "mnist" / f"{part}-{kind}-ubyte").write_bytes(head + array.tobytes())


def test_conditions_are_those_of_the_page():
    assert len(CONDITIONS) == 8 and CONDITIONS[0] == BASELINE and len(set(CONDITIONS)) == 8
    for condition, states, update, mvm in (
        (BASELINE, 1200, 0.3, 0.06), (Condition(states=10), 10, 0.3, 0.06),
        (Condition(update_noise=100), 1200, 30, 0.06),
        (Condition(mvm_noise=10), 1200, 0.3, 0.6),
    ):  # fmt: skip
        device = condition.device()
        assert device.states == pytest.approx(states) and device.dw_min_std == pytest.approx(update)
        assert condition.mvm().out_noise == condition.read().out_noise == pytest.approx(mvm)
        assert condition.programming().out_noise == 0
    assert len({len(trials) for trials in TRIALS.values()}) == 1, "equal effort of tuning"


@pytest.mark.parametrize("name", TRIALS)
def test_layers_of_every_algorithm_start_from_the_same_weights(name):
    wanted = uniform((20, 6), 3)[0]
    made = layer(name, TRIALS[name][0], Condition(mvm_noise=1e-6), wanted, 7)
    # +-1/sqrt(20) is 0.22; a bound of 0.6 with a spread of 30 % is below that for 2 % of the cells.
    assert (made.weights == wanted).mean() > 0.9
    # DAC and ADC round to 1/126 of the input's range and 24/510: 20 products and one output step.
    x = np.random.default_rng(5).random((1, 21), np.float32)
    np.testing.assert_allclose(made.forward(x), x @ made.weights.T, atol=20 * 0.25 / 126 + 24 / 1020)


def test_rates_are_those_of_the_best_trial_on_the_validation_samples(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run, scores, rates_tried = Run("SGD", BASELINE, seed=1), [0.5, 0.9, 0.3, 0.9], []

    def tried(self, rates):
        rates_tried.append(rates)
        return framework.Unit({"rates": rates}, lambda progress: {"accuracy": scores[TRIALS["SGD"].index(rates)]})

    monkeypatch.setattr(Run, "tried", tried)
    assert run.tuned(lambda *step: None) == (TRIALS["SGD"][1], scores)
    assert rates_tried == TRIALS["SGD"]


def test_the_table_has_mean_and_spread_of_the_seeds():
    base = {"rates": {"lr": 0.1}, "on_array": [0.1, 0.5, 0.6], "average": 0.9}
    results = [
        {"unit": asdict(Run(name, BASELINE, seed)),
         "result": {**base, "accuracy": [0.1, 0.5, last], "trained_programmed": None if name == FLOAT else 0.7,
                    "average_programmed": None if name == FLOAT else 0.8}}
        for seed, last in ((1, 0.7), (2, 0.9)) for name in ("TTv2", FLOAT)
    ]  # fmt: skip
    first, second = ttv2_mnist.rows(results)
    assert (first["algorithm"], second["algorithm"]) == (FLOAT, "TTv2")
    # Mean 80, deviation sqrt(2 * 10^2 / 1) = 14.1.
    assert second["at the end"] == "80.0 +- 14.1 %" and second["after 1 epoch"] == "50.0 +- 0.0 %"
    assert second["averaged, programmed"] == "80.0 +- 0.0 %" and first["averaged, programmed"] is None
    assert second["seeds"] == 2 and second["rates"] == "lr 0.1"


def test_a_tiny_run_writes_its_page_and_goes_on_from_what_it_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path)
    monkeypatch.setenv("OHMGRAD_DATA", str(tmp_path))
    (page,) = reproduce("ttv2", ["ttv2_mnist"], Options(quick=True), tmp_path / "out")
    data = json.loads(page.with_suffix(".json").read_text())
    assert len(data["units"]) == 9 and len(data["rows"]) == 9
    assert page.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    for record in data["units"]:
        assert all(0 <= value <= 1 for value in record["result"]["accuracy"] + record["result"]["on_array"])
    kept = [framework.STORE / "ttv2" / name for name in ("ttv2_mnist.jsonl", "trials.jsonl")]
    before = [path.read_bytes() for path in kept]
    assert len(before[1].splitlines()) == 9 * 4
    reproduce("ttv2", ["ttv2_mnist"], Options(quick=True), tmp_path / "out")
    assert [path.read_bytes() for path in kept] == before
    again = Run(**{**data["units"][3]["unit"], "condition": Condition(**data["units"][3]["unit"]["condition"])})
    assert again(lambda *step: None) == data["units"][3]["result"], "equal settings, equal results"
