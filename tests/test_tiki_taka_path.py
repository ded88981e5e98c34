"""The path `tiki-taka` step by step against its equations in plain Python, and what it does to a network."""

import numpy as np
import pytest

from ohmgrad.golden.blocks.perturb.outer import coordinates

from .chips import DEVICE, LOOP, engine, small
from .replay import words
from .replay_tiki_taka import LoopReplay, symmetry

STEPS = 60
ROWS = {"transfer.lines": "rows"}
RANK_ONE = {"perturbation.method": "weight", "perturbation.code": "rank-one"}
RANDOM = {"transfer.chopper": 0.3}
AGAD = {"transfer.means": 2, "transfer.fraction": 4, "transfer.bits": 20}
COUNTED = {"fast.trains": "deterministic", "fast.slots": 5}
CHIPS = {
    "node": ({}, 0),
    "rows": ({**ROWS, "fast.slots": 3, "fast.read_noise": 0.4, "update.reset": "zero"}, 0),
    "no management": ({"fast.management": False, "fast.slots": 2, "update.reset": "keep"}, 0),
    "deterministic": ({**COUNTED, "fast.rate": 2.0, "seed": 2**32 - 1}, 0),
    "rank-one": ({**RANK_ONE, "fast.rate": 0.05, "fast.slots": 4, "seed": 0}, 0),
    "rank-one, deterministic, rows": ({**RANK_ONE, **COUNTED, **ROWS, **RANDOM, "fast.rate": 0.2}, 0),
    "choppers": ({**RANDOM, "transfer.fraction": 2, "perturbation.code": "walsh"}, 0),
    "choppers of rows": ({**RANDOM, **ROWS, "update.reset": "keep", "update.keep_shift": 2}, 0),
    "every scan": ({"transfer.chopper_period": 1, "transfer.leak": 3, "transfer.fraction": 3, "update.eta": 4.0}, 0),
    "every second scan": ({**ROWS, "transfer.chopper_period": 2, "update.eta": 0.5, "perturbation.tau_theta": 1}, 0),
    "agad": ({**AGAD, **RANDOM, "perturbation.tau_theta": 1, "transfer.chopper": 0.9}, 0),
    "agad of rows": ({**AGAD, **ROWS, "transfer.chopper_period": 1, "transfer.leak": 1, "fast.adc_bits": 7,
                      "update.eta": 4.0, "perturbation.tau_theta": 1}, 0),
    "leak": ({"transfer.leak": 2, "transfer.fraction": 5, "transfer.bits": 18, "update.eta": 0.4}, 0),
    "constant step": ({"device": {**DEVICE, "model": "constant-step"}, "fast.model": "constant-step",
                       "fast.cycle_noise": 0.0}, 0),
    "schedule": ({"update.schedule": [[11, 0.3], [30, 0.05]]}, 0),
    "rescaled": ({"update.schedule": [[11, 0.4], [13, 0.2], [30, 0.0125]], "transfer.change": "rescale"}, 0),
    "rescaled beyond": ({"update.eta": 0.4, "update.schedule": [[41, 0.00625]], "transfer.change": "rescale",
                         "transfer.bits": 12, "update.reset": "keep", "update.keep_shift": 1}, 4),
    "narrow": ({"transfer.bits": 6, "fast.adc_bits": 6, "fast.adc_bound": 0.5, "fast.rate": 4.0, "cost.bits": 9,
                "update.eta": 0.6, "update.reset": "keep", "update.keep_shift": 1}, 5),
    "clipped readings": ({"fast.adc_bits": 4, "fast.adc_bound": 0.5, "fast.read_noise": 2.0, "transfer.bits": 12,
                          "update.eta": 0.4}, 0),
    "forward": ({"cost.mode": "forward", "cost.refresh": 3, "perturbation.tau_x": 4, "perturbation.tau_p": 2,
                 "perturbation.blanking": 1, "perturbation.tau_theta": 4}, 0),
    "one layer": ({"network.layers": [2, 1], "network.activation": "linear", "perturbation.tau_theta": 1}, 0),
    "more lines than parameters": (
        {"network.layers": [49, 1, 1, 1, 1, 4], "network.activation": "tanh", "data.set": "nist7x7", "data.train": 3,
         "data.test": 0, "update.eta": 0.5}, 0),
    "fine steps": ({"fast.states": 2000, "fast.slots": 20, "weights.bits": 24}, 0),
}  # fmt: skip
"""Overrides, and the flags that the run must raise."""


def compare(chip, start=0):
    """Compare `STEPS` steps; returns state and replay."""
    learner = engine(chip)
    state = learner.initial()
    state.step = start
    replay = LoopReplay(chip, learner, state)
    for _ in range(STEPS):
        trace = learner.trace(state, 1)
        sample, adc, _, sums, cost = replay.step()
        assert trace.sample.tolist() == [sample] and trace.sums[0].tolist() == sums
        assert trace.adc[0].tolist() == [list(pair) for pair in adc]
        assert trace.cost.tolist() == [cost]
        for name in ("a", "h", "mean", "past", "chopper", "cursor", "theta", "reference"):
            assert words(state, name) == getattr(replay, name), f"{name} at step {replay.now}"
        assert "g" not in state.arrays and state.memory.tolist() == replay.memory()
        assert state.flags == sum(flag << bit for bit, flag in enumerate(replay.flags))
    return state, learner


@pytest.mark.parametrize("name", CHIPS)
def test_steps(name):
    overrides, flags = CHIPS[name]
    state, learner = compare(small(**{**LOOP, **overrides}))
    before = learner.initial()
    assert (state.a != before.a).any() and (state.theta != before.theta).any() and state.h.any()
    assert all(state.arrays[name].any() for name in ("mean", "past", "chopper") if name in state.arrays)
    assert state.flags & flags == flags, state.flags


@pytest.mark.parametrize("name", ["rows", "agad", "deterministic", "rank-one, deterministic, rows"])
def test_late_steps(name):
    """Across step 2**31, where 32-bit counters change sign; slots are counted modulo 2**32."""
    later = {"update.schedule": [[2**31, 0.05]], "transfer.change": "rescale"}
    compare(small(**{**LOOP, **CHIPS[name][0], **later}), 2**31 - STEPS // 2)


@pytest.mark.parametrize("model", ["soft-bounds", "constant-step"])
def test_symmetry_points(model):
    learner = engine(small(**{**LOOP, "fast.zero_shift": 7, "fast.asymmetry": 0.2, "fast.model": model}))
    state = learner.initial()
    assert state.reference.tolist() == symmetry(learner.chip.path.fast, 7, 37)
    assert (state.a == state.reference).all() and state.reference.any()


@pytest.mark.parametrize("rows", [False, True])
def test_each_line_is_read_in_its_turn(rows):
    """Every scan reads each line of each layer once, and C changes on the lines read alone."""
    learner = engine(small(**{**LOOP, "perturbation.tau_theta": 1, "transfer.lines": "rows" if rows else "columns"}))
    state, layout = learner.initial(), learner.chip.layout
    neuron, line = coordinates(layout).T
    counts = layout.rows if rows else layout.columns
    for step in range(40):
        before = state.theta.copy()
        learner.run(state, 1)
        read = {sum(counts[:k]) + step % count for k, count in enumerate(counts)}
        changed = set((neuron if rows else line)[state.theta != before].tolist())
        assert changed <= read
        assert state.cursor.tolist() == [n for c in counts for n in ((step + 1) % c, (step + 1) // c)]


@pytest.mark.parametrize("overrides", [{}, RANK_ONE, {**AGAD, **RANDOM}], ids=["node", "rank-one", "agad"])
def test_a_run_in_pieces_is_the_same_run(overrides):
    learner = engine(small(**{**LOOP, **overrides, "update.schedule": [[500, 0.2]], "transfer.change": "rescale"}))
    whole = learner.initial()
    pieces = whole.copy()
    learner.run(whole, 1000)
    for steps in (1, 2, 247, 251, 499, 0):
        pieces = pieces.copy()
        learner.run(pieces, steps)
    for name, array in whole.arrays.items():
        assert (array == getattr(pieces, name)).all(), name
    assert (whole.step, whole.flags) == (pieces.step, pieces.flags)


@pytest.mark.parametrize("lanes", [1, 64])
def test_lanes_make_no_difference(lanes):
    states = []
    for each in (16, lanes):
        learner = engine(small(**{**LOOP, **RANDOM, "engine.lanes": each}))
        states.append(learner.initial())
        learner.run(states[-1], 300)
    for name, array in states[0].arrays.items():
        assert (array == getattr(states[1], name)).all(), name


def test_what_a_holds_goes_against_the_gradient():
    """The mean of A - R over cells is minus the gradient's, by its finite differences: they agree in direction.

    A and the gradient are vectors of 37 elements; if they had nothing to do with each other, their correlation would
    have a spread of 1 / 37**0.5 = 0.16, and 0.8 is five spreads away.
    """
    quiet = {"fast.cycle_noise": 0.0, "fast.step_spread": 0.0, "fast.asymmetry": 0.0, "fast.states": 5000}
    learner = engine(small(**{**LOOP, **quiet, "fast.rate": 0.02, "fast.slots": 31, "data.train": 1, "seed": 5}))
    state = learner.initial()
    learner.run(state, 400)
    held = state.a - state.reference
    theta, wiggle = learner.initial().theta, 1 << 11
    gradient = np.zeros(37)
    for i in range(37):
        errors = []
        for sign in (1, -1):
            state.theta[:] = theta
            state.theta[i] += sign * wiggle
            errors.append(learner.error(state))
        gradient[i] = errors[0] - errors[1]
    correlation = np.corrcoef(held, gradient)[0, 1]
    print(f"seed 5: correlation {correlation:.2f}")
    assert correlation < -0.8
