"""`ohmgrad data` and `predict`: what was read is shown; new samples get the same codes from whatever runs the chip."""

import csv
import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ohmgrad.fpga.host import inference
from ohmgrad.fpga.host.chip_in_loop import records
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load, restored
from ohmgrad.golden.chip.dataset import learnt_of, split_of
from ohmgrad.golden.data.datasets import Split
from ohmgrad.golden.data.fetch import DataError
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.errors import ConfigError
from ohmgrad.golden.link.frames import identity
from ohmgrad.scripts.cli import app
from ohmgrad.scripts.generate import generate
from ohmgrad.scripts.training.checkpoint import Figures, checkpoint_path, save_checkpoint
from ohmgrad.scripts.training.predict import predict, trained
from ohmgrad.scripts.training.train import COMPANION, train

from .own_data import chip, write

ROOT = Path(__file__).parents[1]
ROWS = np.random.default_rng(5).uniform(-2, 6, (30, 2)).round(3)


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def table(target: str = "kind") -> None:
    """A file d.csv: classes by the larger column, and a value, 100 a - 20 b."""
    rows = [f"{a},{b},{'up' if a < b else 'down'},{100 * a - 20 * b:.3f}" for a, b in ROWS]
    Path("d.csv").write_text("\n".join(["a,b,kind,value", *rows]))


KEYS = 'file = "d.csv"\ninputs = ["a", "b"]\ntarget = "{}"'


def trained_checkpoint(target: str, layers: str, activation: str = "tanh") -> Path:
    table()
    config = chip(KEYS.format(target), layers, activation)
    train(config, "golden", Path("run"))
    return checkpoint_path(Path("run"), config.run.steps)


@pytest.mark.parametrize("layers, activation", [("[2, 2, 2]", "sigmoid"), ("[2, 2, 1]", "tanh")])
def test_classes_are_predicted_by_label(layers, activation):
    checkpoint = trained_checkpoint("kind", layers, activation)
    result = json.loads(Path("run/result.json").read_text())
    assert result["metrics"]["task"] == "classes"
    assert result["metrics"]["accuracy"] == result["test_accuracy"]
    # Neither the chip file nor the data is needed any more; columns may stand in another order, among others.
    Path("d.csv").unlink()
    Path("new.csv").write_text("id,b,a\n" + "\n".join(f"s{k},{b},{a}" for k, (a, b) in enumerate(ROWS)))
    found = predict(checkpoint, ("new.csv",), "golden", "")
    assert found.metrics is None and found.step == 300
    rows = [*csv.DictReader(StringIO(found.table))]
    for row, codes in zip(rows, found.codes, strict=True):
        outputs = [float(value) for name, value in row.items() if name != "kind"]
        assert np.allclose(outputs, codes / 511, atol=1e-5)
        said = int(codes[0] > 0) if len(codes) == 1 else int(codes.argmax())
        assert row["kind"] == ("down", "up")[said]
    # Inputs of the chip, from the file by hand: the training samples' range is +-1.
    companion = json.loads(Path("run", COMPANION).read_text())
    assert companion["labels"] == ["down", "up"]
    one, _, state = trained(checkpoint)
    x = (ROWS - np.array(companion["offset"])) * np.array(companion["factor"])
    assert np.array_equal(Engine(one, split_from(x)).infer(state, one.line_codes(x)), found.codes)


def split_from(x: np.ndarray) -> Split:
    """Samples whose targets do not matter."""
    t, n = np.zeros((len(x), 1)), np.zeros(len(x), np.int64)
    return Split(x, t, n, n, x, t, n, n)


def test_values_are_predicted_in_their_units():
    checkpoint = trained_checkpoint("value", "[2, 2, 1]")
    result = json.loads(Path("run/result.json").read_text())
    assert result["test_accuracy"] is None, "a value is not right or wrong"
    assert "accuracy" not in result["metrics"]
    found = predict(checkpoint, ("d.csv",), "golden", "")
    values = np.array([float(row["value"]) for row in csv.DictReader(StringIO(found.table))])
    wanted = np.array([round(100 * a - 20 * b, 3) for a, b in ROWS])
    target = found.metrics["targets"][0]
    assert target["name"] == "value"
    assert target["rmse"] == pytest.approx(np.sqrt(np.mean((values - wanted) ** 2)), rel=1e-4)
    assert target["mae"] == pytest.approx(np.mean(abs(values - wanted)), rel=1e-4)
    assert target["r2"] == pytest.approx(1 - np.mean((values - wanted) ** 2) / np.var(wanted), rel=1e-4)
    companion = json.loads(Path("run", COMPANION).read_text())
    full = wanted[split_of(chip(KEYS.format("value"), "[2, 2, 1]", "tanh")).train_index]
    assert companion["target_offset"] == [pytest.approx((full.min() + full.max()) / 2)]
    units = np.ptp(full) / 1.6  # the training values fill +-0.8
    assert np.allclose(values, found.codes[:, 0] / 511 * units + companion["target_offset"][0], rtol=1e-5)


class Fake:
    """A host whose chip is golden: the sample memory's first record, and an evaluation of one sample."""

    def __init__(self, engine: Engine, state):
        self.engine, self.state, self.chip, self.transport = engine, state, engine.chip, self

    def load(self, state, inputs, targets):
        assert state is self.state

    def write(self, region, index, words):
        self.words = words

    def evaluate(self, samples):
        layers = self.chip.layout.layers
        inputs, targets = self.words[: layers[0]], self.words[-(-layers[0] // 8) * 8 :][: layers[-1]]
        assert np.array_equal(records(inputs[None], targets[None])[0], self.words)
        self.engine.inputs[0], self.engine.targets[0] = inputs, targets
        return self.engine.evaluate(self.state, samples)


@pytest.mark.parametrize(
    "function, outputs, samples", [("mse", 2, "codes"), ("l1", 2, "codes"), ("mse", 1, "codes"), ("l1", 1, "bits")]
)
def test_outputs_follow_from_evaluations(function, outputs, samples):
    if samples == "bits":
        config = load(str(ROOT / "examples/xor.toml")).with_(**{"cost.function": function})
    else:
        table()
        config = chip(KEYS.format("kind"), f"[2, 3, {outputs}]", "tanh").with_(**{"cost.function": function})
    engine = Engine(Chip(config), split_of(config))
    state = engine.initial()
    rng = np.random.default_rng(11)
    state.theta[:] = rng.integers(-(2**17), 2**17, len(state.theta))
    lines = rng.integers(-127, 128, (20, 2)).astype(np.int32)
    expected = engine.infer(state, lines)
    assert (expected < 0).any() and (expected > 0).any()
    assert np.array_equal(inference.infer(Fake(engine, state), state, lines), expected)


def test_outputs_that_do_not_follow_are_refused():
    config = load(str(ROOT / "examples/nist7x7.toml"))
    config = config.with_(**{"cost.function": "l1", "engine.samples": "bits", "data.train": 4, "data.test": 0})
    engine = Engine(Chip(config), split_of(config))
    state = engine.initial()
    with pytest.raises(ConfigError, match=r'cost.function: "l1" with engine.samples = "bits" and targets of 0 and 1'):
        inference.infer(Fake(engine, state), state, engine.inputs)


def test_the_simulated_chip_predicts_the_same():
    config = load(str(ROOT / "examples/xor.toml"))
    train(config.with_(**{"run.steps": 200, "run.checkpoints": 1}), "golden", Path("run"))
    checkpoint = checkpoint_path(Path("run"), 200)
    Path("new.csv").write_text("p,q\n1,1\n-1,1\n1,-1\n-1,-1\n1,1\n")
    golden, sim = (predict(checkpoint, ("new.csv",), on, "") for on in ("golden", "sim"))
    assert np.array_equal(golden.codes, sim.codes)
    assert golden.table == sim.table and len(sim.codes) == 5


@pytest.mark.parametrize(
    "content, message",
    [
        ("a\n1\n", 'new.csv: has no column "b", which data.inputs names; its columns are a.'),
        ("a,b,kind\n1,2,left\n",
         'new.csv: row 1, column "kind": the value is "left"; right is one of the labels down, up.'),
        ("a,b\n1,\n", 'new.csv: row 1, column "b": the value is missing; right is a finite number.'),
        ("a,b\n", "new.csv: has no rows; right is one or more."),
    ],
)  # fmt: skip
def test_new_samples_that_are_refused(content, message):
    table()
    config = chip(KEYS.format("kind"))
    one = Chip(config)
    save(one, Path("run"), COMPANION_JSON)
    Path("new.csv").write_text(content)
    with pytest.raises(DataError) as refused:
        predict(checkpoint_path(Path("run"), 0), ("new.csv",), "golden", "")
    assert str(refused.value) == message


COMPANION_JSON = json.dumps({
    "source": "d.csv", "sha256": "", "inputs": ["a", "b"], "scale": "range", "offset": [0, 0], "factor": [1, 1],
    "targets": ["kind"], "labels": ["down", "up"], "levels": [0, 1], "target_offset": [], "target_factor": [],
})  # fmt: skip


def save(one: Chip, folder: Path, companion: str) -> None:
    """A checkpoint of step 0, and a companion."""
    (folder / "checkpoints").mkdir(parents=True)
    save_checkpoint(checkpoint_path(folder, 0), one, Engine(one, split_of(one.config)).initial(), Figures())
    (folder / COMPANION).write_text(companion)


@pytest.mark.parametrize("companion", ["", "[]", "{}", COMPANION_JSON.replace("range", "log")])
def test_companions_that_are_none(companion):
    table()
    save(Chip(chip(KEYS.format("kind"))), Path("run"), companion)
    with pytest.raises(DataError, match=r"run/data.json: is no companion of a chip; right is the data.json that"):
        predict(checkpoint_path(Path("run"), 0), ("d.csv",), "golden", "")
    (Path("run") / COMPANION).unlink()
    with pytest.raises(DataError, match=r"run/data.json: cannot be read \(No such file or directory\)"):
        predict(checkpoint_path(Path("run"), 0), ("d.csv",), "golden", "")


def test_the_commands():
    table()
    write(KEYS.format("kind"))
    run = CliRunner().invoke
    shown = run(app, ["data", "chip.toml", "--picture", "d.png"])
    assert shown.exit_code == 0 and "d.csv: 24 samples to train, 6 to test, drawn by the seed" in shown.output
    assert Path("d.png").read_bytes()[:4] == b"\x89PNG"
    found = json.loads(run(app, ["data", "chip.toml", "--json"]).output)
    assert found["task"] == "classes" and [row["name"] for row in found["inputs"]] == ["a", "b"]
    for row, column in zip(found["inputs"], ROWS.T, strict=True):
        assert np.allclose([row["low"], row["high"], row["mean"]], [column.min(), column.max(), column.mean()])
    assert sum(row["train"] + row["test"] for row in found["targets"]) == 30
    assert run(app, ["data", "chip.toml", "--picture", "d.gif"]).exit_code == 2
    save(Chip(load("chip.toml")), Path("run"), COMPANION_JSON)
    said = run(app, ["predict", "run/checkpoints/step_00000000.npz", "d.csv", "--json"])
    assert json.loads(said.output)["samples"] == 30
    assert Path("d-predicted.csv").read_text().startswith("kind,down,up\n")
    assert run(app, ["predict", "run/checkpoints/step_00000000.npz", "d.csv", "--on", "board"]).exit_code == 2


def test_a_generated_chip_has_its_companion():
    table()
    config = chip(KEYS.format("kind"))
    generate(Chip(config), Path("rtl"))
    assert Path("rtl/data.json").read_text() == learnt_of(config)[1].to_json()


def test_a_chip_is_described_by_its_checkpoints_text():
    for path in sorted((ROOT / "examples").glob("*.toml")):
        config = load(path)
        assert restored(config.model_dump_json(), path.name).model_dump_json() == config.model_dump_json()


def test_one_bitstream_serves_data_of_one_size():
    table()
    config = chip(KEYS.format("kind"))
    other = config.with_(**{"data.file": "elsewhere/e.csv", "data.sha256": "0" * 64, "data.scale": "standard"})
    assert identity(Chip(config)) == identity(Chip(other))
    assert identity(Chip(config)) != identity(Chip(config.with_(**{"data.train": 20})))
