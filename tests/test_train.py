"""Training runs: pieces add up, Ctrl-C and resume lose nothing, mismatches are named."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.fpga.errors import CheckpointError, Failure, Interrupted, Mismatch
from ohmgrad.fpga.host import golden as host_golden
from ohmgrad.fpga.host.golden import Golden, compare
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.state import State, cleared
from ohmgrad.scripts.training.checkpoint import checkpoint_path, checkpoint_paths, load_checkpoint
from ohmgrad.scripts.training.progress import Monitor, interruptible
from ohmgrad.scripts.training.results import solved, write_summary
from ohmgrad.scripts.training.target import Target
from ohmgrad.scripts.training.train import train

EXAMPLES = Path(__file__).parent.parent / "examples"
XOR, LOOP = load(EXAMPLES / "xor_filtered.toml"), EXAMPLES / "xor_tiki_taka.toml"
SHORT = XOR.with_(**{"run.steps": 3000, "run.checkpoints": 4})


def one_run(config, steps: int) -> State:
    """State after one call of the golden engine."""
    data = config.dataset
    engine = Engine(Chip(config), datasets.load(data.set, data.train, data.test, config.seed))
    state = engine.initial()
    engine.run(state, steps)
    return state


def same(a: State, b: State) -> bool:
    words = all(np.array_equal(words, b.arrays[name]) for name, words in a.arrays.items())
    return a.arrays.keys() == b.arrays.keys() and words and (a.step, a.flags) == (b.step, b.flags)


@dataclass
class Listener(Monitor):
    """Collects lines, and interrupts at the first step past `stop`."""

    stop: int = 1 << 40
    lines: tuple[str, ...] = ()
    pressed: bool = False

    def checkpoint(self, step, accuracy, line):
        self.lines += (line,)

    def at(self, step):
        if step >= self.stop and not self.pressed:
            self.pressed = True
            os.kill(os.getpid(), signal.SIGINT)


def test_checkpoints_equal_one_run(tmp_path):
    listener = Listener()
    result = train(SHORT, "golden", tmp_path, monitor=listener)
    assert [row["step"] for row in result["checkpoints"]] == [0, 750, 1500, 2250, 3000]
    for row in result["checkpoints"]:
        assert same(load_checkpoint(tmp_path / row["file"], Chip(SHORT)), one_run(SHORT, row["step"]))
    assert result["bit_exact"] is None and result["compared"] == 0
    assert result["steps"] == 3000 and result["cost_evaluations"] == 6000
    assert json.loads((tmp_path / "result.json").read_text()) == result
    assert json.loads((tmp_path / "curve.json").read_text()) == result["checkpoints"]
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert len(listener.lines) == 5
    assert re.fullmatch(r"checkpoint 2/4: step 1500, test accuracy \d+\.\d %, error \d\.\d{4}", listener.lines[2])
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.parametrize("stop", [0, 700, 1501, 3000])
def test_control_c_and_resume(tmp_path, stop):
    with pytest.raises(Interrupted, match=r"^Interrupted at step \d+; --resume goes on from there\.$"):
        train(SHORT, "golden", tmp_path, monitor=Listener(stop))
    last = checkpoint_paths(tmp_path)[-1]
    state = load_checkpoint(last, Chip(SHORT))
    assert state.step >= stop and same(state, one_run(SHORT, state.step))
    result = train(SHORT, "golden", tmp_path, resume=True)
    assert {0, 3000} <= {row["step"] for row in result["checkpoints"]}
    assert [row["step"] for row in result["checkpoints"]] == sorted(row["step"] for row in result["checkpoints"])
    assert same(load_checkpoint(checkpoint_path(tmp_path, 3000), Chip(SHORT)), one_run(SHORT, 3000))


def test_a_finished_run_can_be_made_longer(tmp_path):
    train(SHORT, "golden", tmp_path)
    longer = SHORT.with_(**{"run.steps": 5000})
    result = train(longer, "golden", tmp_path, resume=True)
    assert result["steps"] == 5000
    assert same(load_checkpoint(checkpoint_path(tmp_path, 5000), Chip(longer)), one_run(longer, 5000))


def test_a_new_run_removes_old_checkpoints(tmp_path):
    train(SHORT, "golden", tmp_path)
    train(SHORT.with_(**{"run.steps": 10, "run.checkpoints": 1}), "golden", tmp_path)
    assert [path.name for path in checkpoint_paths(tmp_path)] == ["step_00000000.npz", "step_00000010.npz"]


def test_nothing_to_resume(tmp_path):
    folder = tmp_path / "none"
    with pytest.raises(CheckpointError, match="there is no checkpoint to resume from"):
        train(SHORT, "golden", folder, resume=True)
    assert not folder.exists()


@pytest.fixture
def heard():
    """Ctrl-C as at a terminal; a shell lets what it starts in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_second_control_c_does_not_wait(heard):
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    with interruptible() as check:
        check()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()


@dataclass
class Faulty(Golden):
    """Stands in for a chip that does everything right but one thing, from step 1000 on."""

    fault: str = ""

    def state(self):
        state = self.at.copy()
        if state.step >= 1000 and self.fault:
            if self.fault == "flags":
                state.flags += 1
            else:
                getattr(state, self.fault)[5] += 1
        return state


def stand_in(monkeypatch, fault: str) -> None:
    def simulator(target: Target) -> Faulty:
        return Faulty(target.engine, target.golden.at.copy(), cycles=0, fault=fault)

    monkeypatch.setattr(Target, "_simulator", simulator)


def test_a_run_beside_golden_says_so(tmp_path, monkeypatch):
    stand_in(monkeypatch, "")
    listener = Listener()
    result = train(SHORT, "sim", tmp_path, monitor=listener)
    assert result["bit_exact"] is True and result["compared"] == 5
    assert all(line.endswith(", RTL == golden (9 theta, 9 G, 9 H)") for line in listener.lines)
    assert all(row["golden_test_accuracy"] == row["test_accuracy"] for row in result["checkpoints"])


@pytest.mark.parametrize("fault, name", [("theta", "theta"), ("g", "G"), ("h", "H"), ("flags", "")])
def test_mismatches_are_named(tmp_path, monkeypatch, fault, name):
    stand_in(monkeypatch, fault)
    with pytest.raises(Mismatch) as error:
        train(SHORT, "sim", tmp_path)
    golden = getattr(one_run(SHORT, 1500), fault)
    if name:
        text = f"{name}[5] at step 1500: expected {golden[5]} (golden), got {golden[5] + 1} (RTL); "
        text += f"1 of 9 words of {name} differ."
    else:
        text = f"flags at step 1500: expected {golden} (golden), got {golden + 1} (RTL)."
    assert str(error.value) == text and Mismatch.code == 1
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["bit_exact"] is False and result["compared"] == 2
    assert checkpoint_paths(tmp_path)[-1].name == "step_00000750.npz"


def test_every_array_of_a_state_is_compared():
    momentum = cleared(Chip(load(EXAMPLES / "xor.toml").with_(**{"update.momentum": 0.5, "array.latency": 3})))
    means = {"transfer.means": 1, "transfer.fraction": 2, "average": {}}
    memories = {m.name: m for m in (*momentum.memories, *cleared(Chip(load(LOOP).with_(**means))).memories)}.values()
    assert {memory.field for memory in memories} == {
        "theta", "g", "m", "memory", "pending", "h", "a", "reference", "mean", "past", "chopper", "cursor", "average",
    }  # fmt: skip
    golden = State(memories, {memory.field: np.arange(2, 2 + memory.entries) for memory in memories}, step=7)
    compare(golden, golden.copy())
    for name, called in ((memory.field, memory.symbol) for memory in memories):
        rtl = golden.copy()
        getattr(rtl, name)[1] = -5
        with pytest.raises(Mismatch, match=rf"^{called}\[1\] at step 7: expected 3 \(golden\), got -5 \(RTL\); 1 of"):
            compare(golden, rtl)


REPLAY = {
    "update.path": "digital", "device": None, "update.reset": None, "update.eta": 0.5, "update.momentum": 0.5,
    "perturbation.tau_theta": 8, "engine.window": 8, "engine.gradient": "replay", "cost.mode": "forward",
    "cost.refresh": 0, "cost.average_c0": 2,
}  # fmt: skip


def test_pieces_of_a_run_that_replays_end_with_its_windows(tmp_path, monkeypatch):
    """Golden looks at the clock to know how long a piece may be; theta must not depend on that."""
    monkeypatch.setattr(host_golden, "PAUSE", 1e-4)
    config = XOR.with_(**REPLAY, **{"run.steps": 3001, "run.checkpoints": 4})
    stand_in(monkeypatch, "")
    listener = Listener()
    result = train(config, "sim", tmp_path, monitor=listener)
    assert [row["step"] for row in result["checkpoints"]] == [0, 744, 1496, 2248, 3001]
    assert listener.lines[-1].endswith(", RTL == golden (9 theta, 9 M)")
    for row in result["checkpoints"]:
        assert same(load_checkpoint(tmp_path / row["file"], Chip(config)), one_run(config, row["step"]))
    # S_0 at every step, and twice C0 at every one, as the sample changes.
    assert result["cost_evaluations"] == 3 * 3001
    assert np.any(one_run(config, 3001).m)


def test_solved_is_held_to_the_end():
    def rows(*errors):
        return [{"step": 10 * k, "mean_squared_error": error} for k, error in enumerate(errors)]

    assert solved(rows(1.0, 0.03, 0.05, 0.039, 0.01)) == 30
    assert solved(rows(1.0, 0.03, 0.04)) is None
    assert solved(rows(0.0)) == 0


def test_summary_over_seeds(tmp_path):
    results = [train(SHORT.with_seed(seed), "golden", tmp_path / str(seed)) for seed in (1, 2, 3)]
    summary = write_summary(tmp_path / "seeds.json", results)
    errors = [result["mean_squared_error"] for result in results]
    assert summary["seeds"] == [1, 2, 3]
    assert summary["mean_squared_error"]["mean"] == pytest.approx(np.mean(errors))
    assert summary["mean_squared_error"]["std"] == pytest.approx(np.std(errors))
    assert summary["solved"] == sum(result["solved"] is not None for result in results)
    written = json.loads((tmp_path / "seeds.json").read_text())
    assert len(written["runs"]) == 3 and "checkpoints" not in written["runs"][0]


def test_a_run_without_test_samples(tmp_path):
    config = SHORT.with_(**{"data.test": 0})
    result = train(config, "golden", tmp_path)
    assert result["test_accuracy"] is None and result["mean_squared_error"] > 0
    assert train(config, "golden", tmp_path, resume=True)["test_accuracy"] is None


def test_a_second_run_in_a_folder_is_refused_while_the_first_lives(tmp_path):
    """One in another process; its files stay, and once it is killed the folder is free."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".mine.1").write_text("being written")
    hold = "import sys, pathlib, ohmgrad.fpga.files as f; c = f.Claim(pathlib.Path(sys.argv[1])); print(); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", hold, str(folder)], stdin=pipe, stdout=pipe) as other:
        assert other.stdout and other.stdout.readline()
        with pytest.raises(Failure, match=r"/run: another run writes there; name another folder, or wait for its end"):
            train(SHORT, "golden", folder)
        assert [path.name for path in folder.iterdir()] == [".mine.1"]
        other.kill()
    train(SHORT, "golden", folder)
    assert not (folder / ".mine.1").exists() and checkpoint_paths(folder)


def test_the_second_of_two_that_begin_at_once_is_refused(tmp_path):
    """Neither folder is there when they look for it."""

    class Other(Monitor):
        def begin(self, title, step, steps):
            with pytest.raises(Failure, match="another run writes there"):
                train(SHORT, "golden", tmp_path / "run")

    train(SHORT, "golden", tmp_path / "run", monitor=Other())
    assert len(checkpoint_paths(tmp_path / "run")) == 5
