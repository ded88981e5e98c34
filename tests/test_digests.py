"""The bits of theta, G, H and V after 1,000 steps are those of the day when `digests.json` was written.

Each entry is an example, what is changed of it, and the first 64 bits of the SHA-256 of the words. They were made
before the code was put in rooms, by golden; they change only with what a chip computes, and then by intention.
"""

import json
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.fpga.simulation.simulator import Simulator
from ohmgrad.fpga.simulation.verilate import QUICK
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.state import State
from ohmgrad.rtl.top import generate

DIGESTS = json.loads(Path(__file__).with_name("digests.json").read_text())
STEPS = 1000
SIMULATED = ("lanes1", "constant_step", "analog", "late", "window", "replay", "loop", "average")
"""Chips that also run as Verilated RTL."""
LANES = {"constant_step": 4}
"""In RTL fewer than in golden, if there are many: to the words they are all one."""


def engine(name: str, **changed: int) -> Engine:
    entry = DIGESTS[name]
    config = load(str(files("ohmgrad.examples") / entry["example"])).with_(**{**entry["overrides"], **changed})
    config = config.with_(**{"run.steps": max(STEPS, config.run.steps)})
    data = config.dataset
    return Engine(Chip(config), datasets.load(data.set, data.train, data.test, config.seed))


def check(name: str, state: State) -> None:
    """Compare flags and words; in the place of a memory that the chip has not got there were zeros."""
    entry, absent = DIGESTS[name], np.zeros_like(state.theta)
    assert state.flags == entry["flags"]
    for field in entry.keys() - {"example", "overrides", "flags"}:
        words = state.arrays.get(field, absent).astype("<i4").tobytes()
        assert sha256(words).hexdigest()[:16] == entry[field], field


@pytest.mark.parametrize("name", DIGESTS)
def test_golden_gives_the_bits_it_gave(name):
    learner = engine(name)
    state = learner.initial()
    learner.run(state, STEPS)
    check(name, state)


@pytest.mark.parametrize("name", SIMULATED)
def test_rtl_gives_them_too(name, tmp_path):
    learner = engine(name, **{"engine.lanes": LANES[name]} if name in LANES else {})
    simulator = Simulator(learner.chip, generate(learner.chip), tmp_path, QUICK)
    simulator.load(learner.initial(), learner.inputs, learner.targets)
    simulator.run(STEPS)
    check(name, simulator.state())
