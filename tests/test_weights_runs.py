"""Runs that start from weights of a file: on golden, resumed, in RTL; and what is said of them."""

import json
import re
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.dataset import split_of
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.weights.files import read
from ohmgrad.golden.weights.install import install
from ohmgrad.scripts.cli import app
from ohmgrad.scripts.reports.report import write_report
from ohmgrad.scripts.training.checkpoint import checkpoint_path, load_checkpoint
from ohmgrad.scripts.training.progress import Monitor
from ohmgrad.scripts.training.train import train

EXAMPLES, FILES = Path(__file__).parents[1] / "examples", Path(__file__).parent / "weights_files"
WEIGHTS = FILES / "sequential.pt"
SHORT = {"run.steps": 400, "run.checkpoints": 2}
FILTERED = load(EXAMPLES / "xor_filtered.toml").with_(**SHORT)


class Listener(Monitor):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def started(config):
    """State after the import, by the golden model alone."""
    engine = Engine(Chip(config), split_of(config))
    return engine, *install(engine, WEIGHTS, read(WEIGHTS))


def test_a_run_starts_there_and_says_how(tmp_path):
    engine, state, report = started(FILTERED)
    listener = Listener()
    result = train(FILTERED, "golden", tmp_path, monitor=listener, init=WEIGHTS)
    chip = Chip(FILTERED)
    first = load_checkpoint(checkpoint_path(tmp_path, 0), chip)
    assert (first.theta == state.theta).all() and result["init"] == report
    assert result["checkpoints"][0]["test_accuracy"] == report["chip"]["test_accuracy"]
    engine.run(state, 400)
    assert (load_checkpoint(checkpoint_path(tmp_path, 400), chip).theta == state.theta).all()
    pulses = report["programming"]["total_pulses"]
    said = rf"programmed with {pulses:,} pulses, [\d.]+ a device and \d+ at most: "
    assert re.search(said, "\n".join(listener.lines))
    assert "weights of sequential.pt, whose rows are neurons" in listener.lines
    assert json.loads((tmp_path / "result.json").read_text()) == result
    write_report(FILTERED, tmp_path)
    assert "programmed with" in (tmp_path / "report.html").read_text()


def test_resumed_it_is_the_same_run_and_a_new_one_forgets(tmp_path):
    whole = train(FILTERED, "golden", tmp_path / "whole", init=WEIGHTS)
    train(FILTERED.with_(**{"run.steps": 200, "run.checkpoints": 1}), "golden", tmp_path / "parts", init=WEIGHTS)
    parts = train(FILTERED, "golden", tmp_path / "parts", resume=True)
    chip = Chip(FILTERED)
    a, b = (load_checkpoint(checkpoint_path(tmp_path / name, 400), chip) for name in ("whole", "parts"))
    assert all((a.arrays[name] == b.arrays[name]).all() for name in a.arrays)
    assert parts["init"] == whole["init"]
    assert "init" not in train(FILTERED, "golden", tmp_path / "parts")
    assert not (tmp_path / "parts/init.json").exists()


def test_in_rtl_it_is_bit_for_bit_the_same(tmp_path):
    result = train(FILTERED, "sim", tmp_path, init=WEIGHTS)
    assert result["bit_exact"] and result["compared"] == 3 and result["init"]["programming"]["total_pulses"] > 0


def test_the_command_line_exports_what_a_run_then_starts_from(tmp_path):
    """Each seed has a folder; a checkpoint's words come back from what was exported, and from itself."""
    run, chip = CliRunner(), str(EXAMPLES / "xor.toml")
    arguments = ["train", chip, "--steps", "20", "--init", str(WEIGHTS), "--seeds", "2", "-o", str(tmp_path)]
    done = run.invoke(app, arguments)
    assert done.exit_code == 0, done.output
    last = checkpoint_path(tmp_path / "xor-seed1", 20)
    done = run.invoke(app, ["export", str(last), "-o", str(tmp_path / "w.pt"), "--json"])
    found = json.loads(done.stdout)
    assert found["parameters"] == 9 and found["rows_and_columns"] == [[2, 3], [1, 3]]
    engine, _, _ = started(load(chip))
    for file in (tmp_path / "w.pt", last):
        state, _ = install(engine, file, read(file))
        assert (state.theta == np.load(last)["theta"]).all()


def test_the_command_line_refuses_in_a_sentence(tmp_path):
    run = CliRunner()
    chip = str(EXAMPLES / "xor.toml")
    for arguments in (
        ["train", chip, "--init", str(FILES / "whole_model.pt"), "-o", str(tmp_path / "run")],
        ["train", chip, "--init", str(tmp_path / "missing.pt"), "-o", str(tmp_path / "run")],
        ["export", str(WEIGHTS), "-o", str(tmp_path / "w.pt")],
        ["train", chip, "--init", str(WEIGHTS), "--resume", "-o", str(tmp_path / "run")],
    ):
        done = run.invoke(app, arguments)
        assert done.exit_code == 2 and done.stderr.count("\n") == 1 and done.stderr.startswith("ohmgrad: "), done.output
    assert not list(tmp_path.iterdir())
