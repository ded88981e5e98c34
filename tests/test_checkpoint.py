"""Checkpoints: what is in them, that other code can use them, and how bad ones are refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.fpga.errors import CheckpointError
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine
from ohmgrad.scripts.training.checkpoint import (
    Figures,
    checkpoint_path,
    checkpoint_paths,
    load_checkpoint,
    read_figures,
    save_checkpoint,
    save_samples,
)

EXAMPLES = Path(__file__).parent.parent / "examples"


LATE = {
    "update.momentum": 0.75, "update.eta": 0.0005, "array.latency": 3, "cost.mode": "forward", "cost.refresh": 5,
    "cost.average_c0": 4,
}  # fmt: skip
"""What makes momentum, memory of the cost unit, and costs on their way."""
LOOP = {"transfer.means": 3, "transfer.fraction": 2, "average.shift": 5, "average.bits": 20}
"""What makes means of the fast array's lines, and an average of the weights."""
CHIPS = {
    "xor_filtered": ("xor_filtered", {}), "nist7x7": ("nist7x7", {}), "late": ("nist7x7", LATE),
    "tiki_taka": ("xor_tiki_taka", LOOP),
}  # fmt: skip


WORDS = ("theta", "g", "h", "m", "memory", "pending")
"""Arrays of all chips."""


@pytest.fixture(scope="module", params=CHIPS)
def trained(request):
    """An engine, and its state after a few steps."""
    name, overrides = CHIPS[request.param]
    config = load(EXAMPLES / f"{name}.toml").with_(**overrides)
    data = config.dataset
    engine = Engine(Chip(config), datasets.load(data.set, data.train, data.test, config.seed))
    state = engine.initial()
    engine.run(state, 60000)
    return engine, state


@pytest.fixture
def saved(trained, tmp_path):
    """The same in a file."""
    engine, state = trained
    path = tmp_path / "state.npz"
    save_checkpoint(path, engine.chip, state, Figures(0.5, 0.25, cycles=7, seconds=1.5))
    return path


def test_round_trip(trained, saved):
    engine, state = trained
    read = load_checkpoint(saved, engine.chip)
    for name, written in state.arrays.items():
        word = getattr(read, name)
        assert word.dtype == written.dtype and np.array_equal(word, written), name
    loop = [np.any(array) for name, array in state.arrays.items() if name not in WORDS]
    assert all(loop) and len(loop) == 7 * (engine.chip.config.update.path == "tiki-taka"), "some of it was never used"
    late = engine.chip.config.array.latency > 0
    assert ("m" in state.arrays, np.any(state.memory), "pending" in state.arrays) == (late, late, late)
    assert not late or np.any(state.m) and np.any(state.pending)
    assert (read.step, read.flags) == (state.step, state.flags)
    step, figures = read_figures(saved)
    assert step == 60000
    assert (figures.test_accuracy, figures.mean_squared_error) == (0.5, 0.25)
    assert (figures.cycles, figures.seconds) == (7, 1.5)
    assert list(saved.parent.iterdir()) == [saved]


def test_a_plain_numpy_network_does_what_the_chip_does(trained, saved):
    """From the weights in real units alone, in floating point: the chip's accuracy, within its resolution."""
    engine, state = trained
    save_samples(saved.with_name("samples.npz"), engine.split)
    checkpoint, samples = np.load(saved), np.load(saved.with_name("samples.npz"))
    x = samples["test_x"]
    activation = engine.chip.config.network.activation
    for k in range(2):
        z = x @ checkpoint[f"weight_{k}"].T + checkpoint[f"bias_{k}"]
        x = np.tanh(z) if activation == "tanh" else 1 / (1 + np.exp(-z))
    guess = x.argmax(1) if x.shape[1] > 1 else x[:, 0] > 0
    assert abs(np.mean(guess == samples["test_y"]) - engine.accuracy(state)) < 0.01
    assert np.abs(x - engine.outputs(state, samples["test_x"])).max() < 0.1


def test_entries(trained, saved):
    engine, state = trained
    entries = np.load(saved)
    unit = engine.chip.state_unit
    words = []
    for k, columns in enumerate(engine.chip.layout.columns):
        weights, bias = entries[f"weight_code_{k}"], entries[f"bias_code_{k}"]
        assert weights.shape == (engine.chip.layout.rows[k], columns - 1)
        assert np.array_equal(entries[f"weight_{k}"], weights * unit)
        assert np.array_equal(entries[f"bias_{k}"], bias * unit)
        words.append(np.hstack([weights, bias[:, None]]).ravel())
    assert np.array_equal(np.concatenate(words), state.theta)
    # Two rails a step; or one, and at every fifth step the mean of four C0.
    late = engine.chip.config.array.latency > 0
    assert entries["cost_evaluations"] == (60000 + 4 * 12000 if late else 120000)
    assert entries["seed"] == engine.chip.config.seed
    assert json.loads(str(entries["config"])) == json.loads(engine.chip.config.model_dump_json())


def test_paths_are_in_the_order_of_steps(tmp_path):
    steps = [0, 5, 99999999, 100000000, 4294967295]
    (tmp_path / "checkpoints").mkdir()
    for step in reversed(steps):
        checkpoint_path(tmp_path, step).touch()
    assert [path.stem for path in checkpoint_paths(tmp_path)] == [f"step_{step:08d}" for step in steps]


def refused(path: Path, chip: Chip) -> str:
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path, chip)
    text = str(error.value)
    assert text.startswith(f"{path}: ") and text.endswith(".") and "\n" not in text
    assert CheckpointError.code == 2
    return text.removeprefix(f"{path}: ")


def test_damaged_files(trained, saved):
    chip = trained[0].chip
    whole = saved.read_bytes()
    for length in (0, 1, 10, 100, len(whole) // 2, len(whole) - 1):
        saved.write_bytes(whole[:length])
        assert refused(saved, chip) == "the checkpoint cannot be read (damaged, or no .npz file)."
    for place in range(200, len(whole), len(whole) // 40):
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            state = load_checkpoint(saved, chip)
        except CheckpointError:
            continue
        # What the altered byte belongs to is not read back, or the file is not what was written.
        assert np.array_equal(state.theta, trained[1].theta) and state.step == 60000


def test_files_that_are_something_else(trained, tmp_path):
    chip, path = trained[0].chip, tmp_path / "state.npz"
    assert refused(path, chip) == "the checkpoint cannot be read (No such file or directory)."
    path.mkdir()
    assert refused(path, chip) == "the checkpoint cannot be read (Is a directory)."
    path.rmdir()
    path.write_text("not a checkpoint")
    assert refused(path, chip) == "the checkpoint cannot be read (damaged, or no .npz file)."
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    assert refused(path, chip) == "the checkpoint cannot be read (damaged, or no .npz file)."
    np.savez(path, theta=np.array([{"a": 1}], dtype=object))
    assert refused(path, chip) == "the checkpoint cannot be read (damaged, or no .npz file)."
    np.savez(path, theta=np.zeros(3))
    assert refused(path, chip).startswith("it is no checkpoint, ")


@pytest.mark.parametrize(
    "name, value, text",
    [
        ("step", -1, "it is no checkpoint, an entry in it makes no sense."),
        ("step", 2**32, "it is no checkpoint, an entry in it makes no sense."),
        ("step", np.array([1, 2]), "it is no checkpoint, an entry in it makes no sense."),
        ("step", 0.5, "it is no checkpoint, an entry in it makes no sense."),
        ("flags", 16, "it is no checkpoint, an entry in it makes no sense."),
        ("flags", "cost", "it is no checkpoint, an entry in it makes no sense."),
        ("config", "{", "it is no checkpoint, an entry in it makes no sense."),
        ("config", "[1]", "it is no checkpoint, an entry in it makes no sense."),
    ],
)
def test_altered_entries(trained, saved, name, value, text):
    np.savez(saved, **(dict(np.load(saved)) | {name: value}))
    assert refused(saved, trained[0].chip) == text


def test_altered_words(trained, saved):
    chip, config = trained[0].chip, trained[0].chip.config
    entries = dict(np.load(saved))
    size, lines = chip.layout.parameters, config.network.layers
    there = {
        "theta": (size, 2 ** (config.weights.bits - 1)),
    }
    if config.update.path != "tiki-taka":
        there["g"] = size, chip.correlator.bound
    if config.update.path != "digital":
        there["h"] = size, chip.path.ttv2.bound
    if config.update.momentum:
        there["m"] = size, 2**22 - 1
    if config.update.path == "tiki-taka":
        means = 2 ** (config.fast.adc_bits + config.transfer.fraction - 1)
        there |= dict.fromkeys(("a", "reference"), (size, 2 ** (config.weights.bits - 1)))
        there |= {"mean": (size, means), "past": (size, means), "average": (size, 2 ** (config.average.bits - 1))}
        there |= {"chopper": (sum(lines[:-1]) + len(lines) - 1, 3), "cursor": (2 * len(lines) - 2, 2**31 - 1)}
    assert trained[1].arrays.keys() - {"memory", "pending"} == there.keys()
    for name, (size, bound) in there.items():
        words = np.zeros(size, np.int32)
        wrongs = [np.zeros(size + 1, np.int32), words.astype(float)]
        if bound < 2**31 - 1:
            wrongs += [words + np.int32(bound + 1), words - np.int32(2**31 - 1) - 1]
        for wrong in wrongs:
            np.savez(saved, **(entries | {name: wrong}))
            assert refused(saved, chip) == f"{name} does not hold {size} words within +-{bound}."
        np.savez(saved, **(entries | {name: words - np.int32(bound)}))
        assert getattr(load_checkpoint(saved, chip), name)[0] == -bound


def test_zeros_of_memories_that_a_chip_has_not_got_are_ignored(trained, saved):
    """Version 0.1 wrote such for G, H and M, and empty arrays for others: its checkpoints still resume."""
    entries = dict(np.load(saved))
    others = dict.fromkeys(("g", "h", "m"), np.zeros(trained[0].chip.layout.parameters, np.int32))
    others |= dict.fromkeys(("pending", "a", "reference", "mean", "past", "chopper", "cursor", "average"), np.zeros(0))
    np.savez(saved, **(others | entries))
    read = load_checkpoint(saved, trained[0].chip)
    assert read.arrays.keys() == trained[1].arrays.keys()
    assert all(np.array_equal(read.arrays[name], words) for name, words in trained[1].arrays.items())


def test_altered_costs(trained, saved):
    chip = trained[0].chip
    entries = dict(np.load(saved))
    late = chip.config.array.latency > 0
    # S < 2**sum_bits, times 2**8 in the high-pass, whose output stays below twice that.
    bound = 2 ** (chip.cost.sum_bits + 9) - 1 if late else 0
    for wrong in ([0, bound + 1], [-bound - 1, 0], [-(2**63), 0], [0], [0.0, 0.0]):
        np.savez(saved, **(entries | {"memory": np.array(wrong)}))
        assert refused(saved, chip) == f"memory does not hold 2 words within +-{bound}."
    np.savez(saved, **(entries | {"memory": np.array([bound, -bound])}))
    assert load_checkpoint(saved, chip).memory.tolist() == [bound, -bound]
    if late:
        bound = chip.cost.bound
        for wrong in (np.zeros(4, np.int32), np.zeros(3), np.full(3, bound + 1, np.int32)):
            np.savez(saved, **(entries | {"pending": wrong}))
            assert refused(saved, chip) == f"pending does not hold 3 words within +-{bound}."


def test_entries_that_are_missing(trained, saved):
    entries = dict(np.load(saved))
    for name in (*trained[1].arrays, "step", "flags", "config"):
        np.savez(saved, **{key: value for key, value in entries.items() if key != name})
        assert refused(saved, trained[0].chip) == f"it is no checkpoint, {name} is missing in it."


@pytest.mark.parametrize(
    "key, value, section",
    [("seed", 99, "seed"), ("update.eta", 0.011, "update"), ("engine.lanes", 64, "engine"), ("name", "x", "name")],
)
def test_checkpoints_of_another_chip(trained, saved, key, value, section):
    other = Chip(trained[0].chip.config.with_(**{key: value}))
    assert refused(saved, other) == f"it is of a chip with another {section}."


def test_the_run_may_become_longer(trained, saved):
    longer = Chip(trained[0].chip.config.with_(**{"run.steps": 5_000_000, "run.checkpoints": 3}))
    assert load_checkpoint(saved, longer).step == 60000
