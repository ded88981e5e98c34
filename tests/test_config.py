"""Chip files: what loads, as what; and overrides."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from ohmgrad.golden.chip.config import ChipConfig, ConfigError, load

from .config_files import DIGITAL, FILTERED, edited, read

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.toml"))


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_load(path):
    chip = load(path)
    assert chip.name == path.stem
    assert chip.with_() == chip
    hash(chip)


def test_values_arrive_as_written():
    chip = read(DIGITAL)
    assert (chip.name, chip.seed) == ("small", 7)
    assert chip.network.layers == (64, 5, 10)
    assert chip.size == 65 * 5 + 6 * 10
    assert chip.activations == ("tanh", "sigmoid")
    assert (chip.data.train, chip.data.test, chip.data.order) == (1000, 300, "cyclic")
    assert chip.update.schedule == ((300, 0.003), (800, 0.001))
    assert chip.device is None


def test_defaults():
    chip = read(FILTERED)
    assert chip.activations == ("tanh", "tanh")
    assert (chip.data.train, chip.data.test) == (4, 4)
    assert (chip.perturbation.code, chip.perturbation.tau_theta) == ("random", 1)
    assert (chip.cost.function, chip.cost.mode, chip.cost.bits) == ("mse", "antithetic", 20)
    assert (chip.engine.lanes, chip.run.checkpoints) == (16, 20)
    assert chip.with_(**{"run.steps": 7}).run.checkpoints == 7
    assert read(edited(DIGITAL, "train = 1000\ntest = 300", "train = 1700")).data.test == 97
    assert read(edited(DIGITAL, "train = 1000\ntest = 300", "")).data.train == 1437


def test_an_integer_is_a_number():
    eta = read(edited(DIGITAL, "eta = 0.01", "eta = 1").replace(b", 0.00", b", 1.00")).update.eta
    assert (eta, type(eta)) == (1.0, float)


def test_frozen():
    chip = read(FILTERED)
    with pytest.raises(ValidationError):
        chip.seed = 2
    with pytest.raises(ValidationError):
        chip.run.steps = 2


def test_overrides_are_validated_and_leave_the_original_alone():
    chip = read(FILTERED)
    other = chip.with_(**{"seed": 3, "run.steps": 500, "engine.lanes": 4})
    assert (other.seed, other.run.steps, other.engine.lanes) == (3, 500, 4)
    assert (chip.seed, chip.run.steps, chip.engine.lanes) == (1, 1000, 16)
    assert chip.with_seed(3) == chip.with_(seed=3)
    digital = {"update.path": "digital", "update.reset": None, "update.keep_shift": None, "device": None}
    assert chip.with_(**digital).device is None


@pytest.mark.parametrize(
    "overrides, message",
    [
        ({"run.steps": 0}, "run.steps: 0 is out of range; allowed are integers from 1 to 4294967295."),
        (
            {"engine.lane": 4},
            "engine.lane: unknown key, perhaps meant as lanes; "
            "allowed are lanes, window, gradient, delay, settle, max_tau_p, max_tau_theta, settings, calibration, "
            "timeout, bring_up, inference, samples.",
        ),
        ({"name.first": "x"}, "name.first: unknown key; name is no section."),
        ({"seed": True}, "seed: true is not an integer; allowed are integers from 0 to 4294967295."),
        (
            {"update.path": "digital"},
            'update.reset: "keep" has no use with path = "digital"; '
            'it is allowed with path = "filtered" or "tiki-taka".',
        ),
        ({"run.steps": None}, "run.steps: missing key; allowed are integers from 1 to 4294967295."),
    ],
)
def test_wrong_overrides(overrides, message):
    with pytest.raises(ConfigError) as refused:
        read(FILTERED).with_(**overrides)
    assert str(refused.value) == "pulsed: " + message


def test_every_key_is_in_the_documentation():
    page = (Path(__file__).parents[1] / "docs" / "chip.md").read_text()
    for section, field in ChipConfig.model_fields.items():
        model = next((m for m in (field.annotation, *get_args(field.annotation)) if hasattr(m, "model_fields")), None)
        keys = [section] if model is None else [f"**{section}**", *(f"`{key}`" for key in model.model_fields)]
        assert [key for key in keys if key not in page] == []
