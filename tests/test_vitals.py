"""Vitals of networks whose measures are known from an equation, and what a run is told to change."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.dataset import split_of
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.vitals import STEPS, vitals
from ohmgrad.scripts.cli import app
from ohmgrad.scripts.training.guidance import Guidance, concerns
from ohmgrad.scripts.training.progress import Monitor
from ohmgrad.scripts.training.telemetry import read
from ohmgrad.scripts.training.train import train

from .chips import FILTERED, LOOP, engine, small

EXAMPLES = Path(__file__).parent.parent / "examples"
XOR = load(EXAMPLES / "xor.toml").with_(**{"run.steps": 4000, "run.checkpoints": 4})


def measured(**overrides):
    chip_engine = engine(small(**overrides))
    return vitals(chip_engine, chip_engine.initial())


@pytest.mark.parametrize("path", [{}, FILTERED, LOOP], ids=["digital", "filtered", "tiki-taka"])
def test_nothing_changes(path):
    chip_engine = engine(small(**path))
    state = chip_engine.initial()
    chip_engine.run(state, 37)
    before = state.copy()
    vitals(chip_engine, state)
    assert all(np.array_equal(words, before.arrays[name]) for name, words in state.arrays.items())
    assert (state.step, state.flags) == (before.step, before.flags)


def test_a_probe_is_the_run_as_long_as_nothing_is_updated():
    chip_engine = engine(small(**{"perturbation.tau_theta": 64}))
    state = chip_engine.initial()
    probe = chip_engine.probe(state, 80, chip_engine.chip.crossbar.amplitude)
    trace = chip_engine.trace(state.copy(), 80)
    assert np.array_equal(probe.cost[:64], trace.cost[:64]) and not np.array_equal(probe.cost, trace.cost)


def test_noise_of_a_cost_difference():
    """Half the difference of two costs, each with a deviation of 0.05, deviates by 0.05 / sqrt(2); the root mean square
    of so many draws by 1 / sqrt(2 STEPS) of that, of which five are allowed."""
    chip_engine = engine(small(**{"defects": {"cost_noise": 0.05}}))
    seen = vitals(chip_engine, chip_engine.initial())
    expected = 0.05 / np.sqrt(2)
    assert abs(seen.noise * chip_engine.chip.cost.unit / expected - 1) < 5 / np.sqrt(2 * STEPS)
    assert measured().noise == 0


def test_a_linear_network_does_not_bend():
    """C(+s) - C(-s) of a mean squared error has no even powers of the amplitude, and one linear layer no third one."""
    line = {"network": {"layers": [2, 1], "activation": "linear"}, "weights.init": 0.3}
    fine = {"array.adc_bits": 14, "array.output_bits": 11, "array.input_bits": 12, "array.adc_bound": 1.0}
    small_steps = line | fine | {"perturbation.amplitude": 0.1, "cost.bits": 23}
    quiet, noisy = measured(**small_steps), measured(**small_steps, defects={"cost_noise": 0.05})
    assert quiet.bend < 0.02 and noisy.bend < 0.02 < noisy.noise / noisy.signal
    assert noisy.signal == pytest.approx(quiet.signal, rel=0.01)
    bent = measured(**{"perturbation.amplitude": 6.0, "weights.init": 0.3, "cost.bits": 23})
    assert bent.bend > 0.7


def test_shares_are_counted():
    chip_engine = engine(small())
    chip, state = chip_engine.chip, chip_engine.initial()
    full = (1 << (chip.config.weights.bits - 1)) - 1
    # Layer 1 has 5 neurons with 3 cells each, bias last: two are cut off, one is driven to the ADC's end by its bias.
    state.theta[:6] = 0
    state.theta[6:9] = 0, 0, full
    seen = vitals(chip_engine, state)
    assert seen.dead == (3, 0, 0)
    assert seen.bound == pytest.approx(1 / chip.layout.parameters)
    assert seen.clipped[0] == 0  # a bias of 8 - 1 LSB is below the bound of 8
    wide = engine(small(**{"array.adc_bound": 4.0}))
    assert vitals(wide, state).clipped[0] >= 1 / 5


class Listener(Monitor):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def kinds(tmp_path, **overrides):
    listener = Listener()
    result = train(XOR.with_(**overrides), "golden", tmp_path, monitor=listener)
    said = [line for line in listener.lines if line.startswith("step ")]
    found = result["findings"]
    assert said == [f"step {finding['step']:,}: {finding['sentence']}" for finding in found]
    assert json.loads((tmp_path / "result.json").read_text())["findings"] == found
    events = [record for record in read(tmp_path / "telemetry.jsonl") if "finding" in record]
    assert [(e["finding"], e["step"], e["event"]) for e in events] == [tuple(f.values()) for f in found]
    return {finding["kind"]: finding["sentence"] for finding in found}


def test_a_run_that_learns_is_told_nothing(tmp_path):
    assert kinds(tmp_path) == {}


def test_a_step_size_that_is_too_large(tmp_path):
    found = kinds(tmp_path, **{"update.eta": 100})
    assert found["parameter saturated"] == (
        "A weight, or a word that it is made from, saturates: lower update.eta (100), or raise weights.range (8)."
    )
    assert "training diverges; lower update.eta (100)." in found["diverged"]


def test_a_step_size_that_is_too_small(tmp_path):
    assert kinds(tmp_path, **{"update.eta": 2e-7}) == {
        "still": "No weight has moved in 1,000 steps: raise update.eta (2e-07) or weights.bits (20)."
    }


def test_a_filter_that_fills_is_not_still():
    chip_engine = engine(small(**FILTERED | {"update.eta": 3e-4}))
    state, said = chip_engine.initial(), []
    guidance = Guidance(chip_engine, state, chip_engine.error(state), said.append)
    before = state.theta.copy()
    chip_engine.run(state, 2000)
    guidance.checkpoint(state, chip_engine.error(state))
    assert np.array_equal(before, state.theta) and state.h.any() and "still" not in {f.kind for f in said}


def test_divergence_is_beside_where_the_run_began():
    """Weights from outside may be so good that what is worse than they are is still better than untrained ones."""
    chip_engine = engine(small())
    seen = vitals(chip_engine, chip_engine.initial())
    assert "diverged" in dict(concerns(chip_engine.chip, seen, (0.5, 1.0)))
    assert "diverged" not in dict(concerns(chip_engine.chip, seen, (1.0, 1.0)))


def test_an_amplitude_that_is_too_large(tmp_path):
    found = kinds(tmp_path, **{"perturbation.amplitude": 7.9, "cost.bits": 14})
    assert found["amplitude"].startswith("Half the perturbation does not give half the C~ (off by ")
    assert found["amplitude"].endswith("): lower perturbation.amplitude (7.9).")
    assert found["cost saturated"] == "C~ is beyond its 14 bits: lower perturbation.amplitude (7.9) or raise cost.bits."


def test_an_amplitude_that_is_lost(tmp_path):
    coarse = {"perturbation.amplitude": 0.004, "array.adc_bits": 4, "array.output_bits": 4, "update.eta": 1e-4}
    assert "(0.004), array.adc_bits (4) or array.output_bits (4)." in kinds(tmp_path, **coarse)["silent"]
    noisy = {"defects": {"cost_noise": 1.0}}
    assert kinds(tmp_path, **noisy)["noise"].endswith("raise perturbation.amplitude (0.1) or cost.average (1).")


def test_what_converters_and_neurons_lose():
    chip = small(**{"network.activation": "linear", "array.adc_bound": 1.0})
    chip_engine = engine(chip)
    fine = replace(vitals(chip_engine, chip_engine.initial()), silent=0.0, bound=0.0, dead=(0, 0, 0), clipped=(0, 0, 0))
    worse = replace(fine, clipped=(0.06, 0.04, 0.06), dead=(2, 0, 0))
    assert [kind for kind, _ in concerns(chip, worse, (1.0, 1.0))] == [
        "dead neurons of layer 1", "clipped inputs of layer 1", "clipped inputs of layer 3",
    ]  # fmt: skip
    # Where tanh is flat it is no matter that its input clips.
    assert not [*concerns(small(), replace(fine, clipped=(1.0, 1.0, 1.0)), (1.0, 1.0))]
    assert not [*concerns(chip, replace(fine, silent=1.0), (1.0, 0.05))]  # it has learned
    assert [kind for kind, _ in concerns(chip, replace(fine, bound=0.3), (1.0, 1.0))] == ["bound"]


def test_what_was_found_is_there_after_a_resume(tmp_path):
    large = XOR.with_(**{"update.eta": 100})
    whole = train(large, "golden", tmp_path / "a")["findings"]
    train(large.with_(**{"run.steps": 2000, "run.checkpoints": 2}), "golden", tmp_path / "b")
    listener = Listener()
    resumed = train(large, "golden", tmp_path / "b", resume=True, monitor=listener)["findings"]
    assert resumed[: len(whole)] == whole
    assert not [line for line in listener.lines if "training diverges" in line]


@pytest.mark.parametrize("path", [{}, FILTERED, LOOP], ids=["digital", "filtered", "tiki-taka"])
def test_every_flag_has_its_sentence(path):
    chip_engine = engine(small(**path))
    said = []
    guidance = Guidance(chip_engine, chip_engine.initial(), 1.0, said.append)
    guidance.flags(3, 0b1111)
    guidance.flags(4, 0b1111)
    assert [(finding.kind, finding.step) for finding in said] == [
        ("cost saturated", 3), ("gradient saturated", 3), ("parameter saturated", 3),
    ]  # fmt: skip
    assert all("lower " in finding.sentence for finding in guidance.findings)


@pytest.mark.parametrize("name", ["xor", "xor_filtered", "xor_tiki_taka", "nist7x7", "nist7x7_rank_one", "digits"])
def test_examples_need_no_advice_where_they_start(name):
    config = load(EXAMPLES / f"{name}.toml")
    chip_engine = Engine(Chip(config), split_of(config))
    state, said = chip_engine.initial(), []
    guidance = Guidance(chip_engine, state, chip_engine.error(state), said.append)
    for _ in range(3):
        guidance.checkpoint(state, chip_engine.error(state))
        chip_engine.run(state, 5000)
    assert not said


def test_what_to_change_is_said_once_more_at_the_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (EXAMPLES / "xor.toml").read_text()
    Path("large.toml").write_text(text.replace("eta = ", "eta = 100  # "))
    for arguments, begins in (([], "  from step "), (["--seeds", "2"], "  seed 2, from step ")):
        done = CliRunner().invoke(app, ["train", "large.toml", "--steps", "2000", *arguments])
        assert done.exit_code == 0, done.stderr
        _, end = done.stdout.split("to change (ohmgrad tune finds values):\n")
        assert re.search(rf"^{begins}[\d,]+: .*training diverges; lower update.eta \(100\)\.$", end, re.M)
    report = next(tmp_path.rglob("report.html")).read_text()
    assert "What to change" in report and "training diverges; lower update.eta (100)." in report
