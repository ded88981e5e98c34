"""`ohmgrad tune`: a chip that cannot learn does afterwards, and widths are those that C~ needs."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.dataset import split_of
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.errors import ConfigError
from ohmgrad.golden.vitals import STEPS
from ohmgrad.scripts.cli import app
from ohmgrad.scripts.tuning.search import Candidate, overrides, space
from ohmgrad.scripts.tuning.tune import FILE, NARROW, TUNED, changed, planned, tune
from ohmgrad.scripts.tuning.widths import COST_BITS, widths, with_all

EXAMPLES = Path(__file__).parent.parent / "examples"
XOR = load(EXAMPLES / "xor.toml")


def engine(config) -> Engine:
    return Engine(Chip(config), split_of(config))


def suggestions(**overrides):
    config = XOR.with_(**overrides)
    start = engine(config)
    return {found.key: found for found in widths(config, start.split, [start.initial()])}


def test_a_chip_that_cannot_learn_does_afterwards():
    """An error of 1 is that of a network that says nothing; amplitude and eta are out by factors of 40 and 500."""
    bad = XOR.with_(**{"perturbation.amplitude": 4.0, "update.eta": 10.0, "run.steps": 10000})
    done = []
    found = tune(bad, None, 5, lambda steps, what: done.append(steps))
    file, tuned, least = found.results
    print(file, tuned, least, sep="\n")
    assert found.better and np.median(tuned.errors) < 0.05 < 0.5 < np.median(file.errors)
    assert found.steps == sum(done) <= planned(bad, None, 5)[1]
    assert {"perturbation.amplitude", "update.eta"} <= {s.key for s in found.suggestions if s.needed}
    assert tuned.changes.items() <= least.changes.items()


def test_the_same_again():
    short = XOR.with_(**{"run.steps": 1000})
    first, second = (tune(short, None, 1, lambda *_: None) for _ in range(2))
    assert first == second


def test_a_budget_bounds_the_search():
    longest, total = planned(XOR, 14400, 2)
    assert longest == 14400 * 27 // 144 and total == 14400 + 6 * XOR.run.steps
    done = []
    tune(XOR, 14400, 2, lambda steps, what: done.append(steps))
    assert 0.9 * total < sum(done) <= total


def test_the_space_holds_what_examples_learn_with():
    for name in ("xor", "xor_filtered", "xor_tiki_taka", "nist7x7", "digits"):
        config = load(EXAMPLES / f"{name}.toml")
        for key, (low, high) in space(engine(config)).items():
            section, _, entry = key.rpartition(".")
            assert low <= getattr(getattr(config, section), entry) <= high, (name, key)


def test_a_candidate_goes_on_where_it_stopped():
    whole, pieces = Candidate({}, engine(XOR)), Candidate({}, engine(XOR))
    whole.go(90)
    assert [pieces.go(step) for step in (30, 90, 90)] == [30, 60, 0]
    assert np.array_equal(whole.state.theta, pieces.state.theta) and whole.error == pieces.error


def test_later_step_sizes_keep_their_ratio():
    digits = load(EXAMPLES / "digits.toml")
    found = overrides(digits, {"update.eta": 0.006})
    assert found["update.schedule"] == [[400000, 0.003], [650000, 0.0015], [850000, 0.0006]]


def test_width_of_the_cost_is_that_of_the_largest():
    wide = engine(XOR.with_(**{"cost.bits": COST_BITS[1]}))
    largest = int(np.abs(wide.probe(wide.initial(), STEPS, wide.chip.crossbar.amplitude).cost).max())
    needed = largest.bit_length() + 2  # its sign, and one to spare
    found = suggestions(**{"cost.bits": 8})["cost.bits"]
    assert (found.better, found.needed) == (needed, True)
    assert "cost.bits" not in suggestions(**{"cost.bits": needed}) | suggestions(**{"cost.bits": needed - 1})
    assert not suggestions(**{"cost.bits": 23})["cost.bits"].needed


def test_converters_that_are_too_coarse():
    found = suggestions(**{"array.adc_bits": 4})["array.adc_bits"]
    assert found.needed and 4 < found.better <= 10
    at = engine(XOR.with_(**{"array.adc_bits": found.better}))
    exact = engine(XOR.with_(**{"array.adc_bits": 14}))
    costs, right = (e.probe(e.initial(), STEPS, e.chip.crossbar.amplitude).cost for e in (at, exact))
    assert np.linalg.norm(costs - right) <= 0.1 * np.linalg.norm(right)
    assert not suggestions(**{"array.adc_bits": 14})["array.adc_bits"].needed


def test_a_range_that_sums_leave():
    found = suggestions(**{"array.adc_bound": 0.5, "weights.init": 2.0})["array.adc_bound"]
    assert found.needed and found.better >= 2
    assert found.why == "sums are beyond it"


def test_weights_as_wide_as_their_updates():
    assert suggestions(**{"weights.bits": 28})["weights.bits"].better < 28
    assert "weights.bits" not in suggestions(**{"update.path": "filtered", "device": {}})


def test_values_that_do_not_go_together_are_refused():
    with pytest.raises(ConfigError, match="array.adc_bound"):
        with_all(XOR, {"array.adc_bound": 1e-3})


def test_a_chip_file_keeps_its_comments():
    text = (EXAMPLES / "xor_tiki_taka.toml").read_text()
    changes = {
        "update.eta": 0.25, "fast.rate": 0.5, "engine.lanes": 8, "update.schedule": [[10, 0.5]], "defects.stuck": 0.1,
    }  # fmt: skip
    new = changed(text, changes)
    before, after = tomllib.loads(text), tomllib.loads(new)
    for key, value in changes.items():
        section, _, entry = key.rpartition(".")
        assert after[section][entry] == value
        before.setdefault(section, {})[entry] = value
    assert after == before
    comments, kept = ([line.partition("#")[2] for line in given.splitlines() if "#" in line] for given in (text, new))
    assert comments == kept


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text((EXAMPLES / "xor.toml").read_text().replace("amplitude = 0.1", "amplitude = 4.0"))
    done = CliRunner().invoke(app, ["tune", "bad.toml", "--steps", "3000", "--seeds", "2"])
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("xor: 34,000 steps of golden, the longest run of the search 3,000\n")
    found = json.loads(Path("build/tune/xor/tune.json").read_text())
    assert found["better"] and f"{found['steps']:,} steps were done. The tuned chip has the lower error." in done.stdout
    assert [row["what"] for row in found["results"]] == [FILE, TUNED, NARROW]
    better = {suggestion["key"]: suggestion["better"] for suggestion in found["suggestions"]}
    assert load("build/tune/xor/bad.toml").perturbation.amplitude == better["perturbation.amplitude"]


def test_own_data_are_found_from_the_new_place(tmp_path, monkeypatch):
    """A sine of one input, in the user's units: the score is R2, and the tuned file lies elsewhere."""
    monkeypatch.chdir(tmp_path)
    x = np.linspace(0, 6, 40)
    Path("wave.csv").write_text("x,y\n" + "".join(f"{a},{5 + 2 * b}\n" for a, b in zip(x, np.sin(x), strict=True)))
    text = (EXAMPLES / "iris.toml").read_text()
    changes = {"iris.csv": "wave.csv", "species": "y", "[4, 8, 3]": "[1, 6, 1]", "eta = 0.02": "eta = 1e-5"}
    for before, after in changes.items():
        text = text.replace(before, after)
    Path("wave.toml").write_text(text)
    done = CliRunner().invoke(app, ["tune", "wave.toml", "--steps", "4000", "--seeds", "1"])
    assert done.exit_code == 0, done.stderr
    assert "test R2" in done.stdout and "test accuracy" not in done.stdout
    tuned = load("build/tune/iris/wave.toml")
    assert Path(tuned.data.file).resolve() == tmp_path.resolve() / "wave.csv"


def test_an_array_outside_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["tune", str(EXAMPLES / "external.toml")])
    assert done.exit_code == 2 and not [*tmp_path.rglob("*")]
    assert 'array.kind: "external" is an array that is not here to be trained' in done.stderr
