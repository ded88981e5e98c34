"""Faults of line, host and board: what a bad line does to bytes, and that training does not notice any of it."""

from dataclasses import dataclass

import numpy as np
import pytest

from ohmgrad.fpga.errors import Mismatch
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.dataset import learnt_of
from ohmgrad.golden.chip.memory_map import Region
from ohmgrad.golden.link.frames import END
from ohmgrad.scripts.long_runs import fault_runs, killed_runs
from ohmgrad.scripts.long_runs.fault_runs import bad_line, reset
from ohmgrad.scripts.long_runs.faults import KINDS, Cable
from ohmgrad.scripts.long_runs.killed_runs import endless, killed
from ohmgrad.scripts.training import train as train_module

from .board_model import ModelBoard, served
from .chips import FILTERED, engine, small


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


DATA = np.random.default_rng(1).integers(0, 256, 20_000).astype(np.uint8).tobytes()


@pytest.mark.parametrize("kind, length", [("flip", 0), ("drop", -1), ("repeat", 1)])
def test_a_cable_does_what_it_counts(kind, length):
    cable = Cable(kind, 50, seed=3)
    out = b"".join(cable.carry(DATA[k : k + 7]) for k in range(0, len(DATA), 7))
    # Mean 400, standard deviation 20 of so many independent bytes.
    assert 300 < cable.faults < 500 and cable.carried == len(DATA)
    assert len(out) == len(DATA) + length * cable.faults
    if kind == "flip":
        changed = [a ^ b for a, b in zip(DATA, out, strict=True) if a != b]
        assert len(changed) == cable.faults and {bin(c).count("1") for c in changed} == {1}
        assert set(changed) == {1 << k for k in range(8)}


def test_a_cable_without_faults():
    cable = Cable("drop", 1e12, seed=3)
    assert cable.carry(DATA) == DATA and cable.faults == 0


def test_a_cut_loses_both_ways_for_a_while():
    clock = Clock()
    cable = Cable("cut", 1, seed=5, clock=clock)
    assert cable.carry(bytes([END] * 5)) == bytes([END] * 5) and cable.faults == 0
    assert cable.carry(b"abc") == b"" and cable.faults == 1
    assert cable.carry(b"abc") == b""
    clock.now = 0.11
    assert cable.carry(b"\xc0") == b"\xc0" and cable.carried == 12


@pytest.mark.parametrize("arguments, text", [(("burn", 9), "one of flip"), (("flip", 0.5), "at least 1, not 0.5")])
def test_bad_cables(arguments, text):
    with pytest.raises(ValueError, match=text):
        Cable(*arguments, seed=1)
    assert KINDS == ("flip", "drop", "repeat", "cut")


@pytest.fixture(scope="module")
def golden():
    learner = engine(small(**FILTERED))
    learner.run(learner.initial(), 1)  # compiled here: a board that compiles does not answer
    return learner


@pytest.fixture
def quick(monkeypatch):
    """Runs of a second or so, with ten steps between two checkpoints."""
    monkeypatch.setattr(fault_runs, "PIECE", 10)
    monkeypatch.setattr(fault_runs, "PIECES", 3)
    monkeypatch.setattr(fault_runs, "CHECKPOINT", 10)
    monkeypatch.setattr(killed_runs, "CHECKPOINT", 10)
    monkeypatch.setattr(fault_runs, "LIFE", (0.0, 0.1))
    monkeypatch.setattr(killed_runs, "LIFE", (0.0, 0.1))
    # The samples that `engine` gives are moved off the corners: not those of the data set.
    monkeypatch.setattr(fault_runs, "learner", lambda config: engine(Chip(config)))
    monkeypatch.setattr(train_module, "learnt_of", lambda *_: (engine(small()).split, learnt_of(small().config)[1]))


@dataclass
class Button:
    """A board with a port."""

    board: ModelBoard
    port: str

    def press_reset(self):
        self.board.press_reset()


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_line_changes_nothing(golden, quick, kind):
    with served(ModelBoard(golden)) as port:
        outcome = bad_line(kind, golden, port, 10)
    assert outcome.times >= 10 and outcome.steps == 10 * outcome.checkpoints > 0
    assert outcome.repeats > 2 and outcome.words > 100 * outcome.checkpoints


def test_a_difference_is_found(golden, quick, monkeypatch):
    """Else the comparisons above would show nothing."""
    monkeypatch.setattr(ModelBoard, "_go", damaged(ModelBoard._go))
    with served(ModelBoard(golden)) as port, pytest.raises(Mismatch, match=r"^theta\[7\] at step 10: "):
        bad_line("drop", golden, port, 20)


def damaged(go):
    def damaging(board):
        go(board)
        board.regions[Region.THETA][7] ^= 1

    return damaging


def test_resets_change_nothing(golden, quick, tmp_path):
    with served(board := ModelBoard(golden)) as port:
        outcome = reset(golden.chip.config, Button(board, port), tmp_path, 5)
    assert outcome.times == 5 and outcome.resets >= 1 and outcome.steps >= 400


@pytest.mark.parametrize("both", [False, True])
def test_kills_change_nothing(golden, quick, tmp_path, both):
    with served(board := ModelBoard(golden)) as port:
        outcome = killed(endless(golden.chip.config), Button(board, port), tmp_path, 6, both)
    assert outcome.times == 6 and outcome.checkpoints > 3 and outcome.steps == 10 * (outcome.checkpoints - 1)
