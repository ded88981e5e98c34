"""Every intermediate of every step against the equations in plain Python."""

import pytest

from .chips import DEVICE, FILTERED, engine, small
from .replay import Replay, words

STEPS = 60
TAUS = {"perturbation.tau_p": 2, "perturbation.tau_x": 4, "perturbation.tau_theta": 4}
KEEP = {"update.reset": "keep", "update.keep_shift": 2}
CONSTANT = {"device": {**DEVICE, "model": "constant-step", "states": 20, "bound_spread": 0.1}}
CODES = ("random", "sequential", "walsh", "walsh-upper", "sinusoidal", "rank-one")


def check(chip, start=0):
    """Compare `STEPS` steps, and return the state and how many updates changed a parameter."""
    learner = engine(chip)
    state = learner.initial()
    state.step = start
    replay, changes = Replay(chip, learner, state), 0
    whole = state.copy()
    for _ in range(STEPS):
        before = replay.theta[:]
        trace = learner.trace(state, 1)
        sample, adc, act, sums, cost = replay.step()
        assert trace.sample.tolist() == [sample]
        assert trace.adc[0].tolist() == [list(pair) for pair in adc]
        assert trace.act[0].tolist() == [list(pair) for pair in act]
        assert trace.sums[0].tolist() == sums
        assert trace.cost.tolist() == [cost]
        for name in ("g", "m", "h", "theta"):
            assert words(state, name, len(state.theta)) == getattr(replay, name), name
        assert state.memory.tolist() == replay.memory()
        assert words(state, "pending") == replay.pending()
        assert state.step == replay.now
        assert state.flags == sum(flag << bit for bit, flag in enumerate(replay.flags))
        changes += replay.theta != before
    trace = learner.trace(whole, STEPS)
    for name, array in whole.arrays.items():
        assert array.tolist() == state.arrays[name].tolist(), name
    assert trace.sums[-1].tolist() == sums and trace.adc[-1].tolist() == [list(pair) for pair in adc]
    return state, changes


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("mode", ["forward", "antithetic"])
@pytest.mark.parametrize("function", ["mse", "l1"])
@pytest.mark.parametrize("path", [{}, FILTERED], ids=["digital", "filtered"])
def test_steps(path, function, mode, code):
    _, changes = check(small(**{
        **path, **TAUS, "perturbation.code": code, "perturbation.amplitude": 0.5,
        "cost.function": function, "cost.mode": mode,
        "update.eta": 8.0 if path else 0.3, "cost.bits": 19, "update.schedule": [[21, 2.0], [40, 1.0 if path else 0.2]],
    }))  # fmt: skip
    assert changes, "nothing was learned from"


@pytest.mark.parametrize("code", CODES[:5])
@pytest.mark.parametrize("mode", ["forward", "antithetic", "analog"])
def test_steps_of_node_perturbation(mode, code):
    """Perturbed neurons; the cost is correlated with their signs times the lines of rail 1."""
    overrides = {"perturbation.method": "node", "perturbation.code": code, "cost.mode": mode, "update.eta": 0.2}
    _, changes = check(small(**{**TAUS, **overrides, "perturbation.tau_x": 8, "cost.bits": 13}))
    assert changes


NODE, TURNS = {"perturbation.method": "node"}, {"perturbation.method": "node-by-layer"}
FORWARD = {"cost.mode": "forward"}
ANALOG = {"cost.mode": "analog", "cost.tau_hp": 3.7, "perturbation.tau_x": 7, "perturbation.tau_theta": 5}
SINES = {"perturbation.code": "sinusoidal", "perturbation.amplitude": 0.5}
LATE = {"array.latency": 3}

OTHERS = {
    "one layer": ({"network.layers": [2, 1], "network.activation": "linear", "data.order": "cyclic"}, 0),
    "relu": ({"network.layers": [2, 7, 1], "network.activation": ["relu", "sigmoid"]}, 0),
    "taus": ({"perturbation.tau_x": 1, "perturbation.tau_p": 3, "perturbation.tau_theta": 6}, 0),
    "narrow cost": ({"cost.bits": 9, "update.eta": 2.0}, 1),
    "theta at its bounds": ({"weights.range": 1.0, "weights.init": 0.99, "update.eta": 0.1}, 4),
    "zero": ({**FILTERED, "update.reset": "zero", "update.eta": 5.0}, 0),
    "keep": ({**FILTERED, **KEEP, "update.eta": 5.0, "perturbation.tau_theta": 3}, 0),
    "constant step": ({**FILTERED, **CONSTANT, "update.eta": 5.0, "seed": 2**32 - 1}, 0),
    "sines of other frequencies": ({**SINES, "perturbation.frequency": [7, 3], "perturbation.phase": 0.3}, 0),
    "sines beyond the table": ({**SINES, "perturbation.frequency": [3, 1000], "perturbation.tau_theta": 3}, 0),
    "a sine of one step": ({**SINES, "perturbation.amplitude": 0.00390625, "cost.bits": 22, "update.eta": 0.01}, 0),
    "lagging sines": ({**SINES, "perturbation.phase": 0.1, "perturbation.lag": 0.3}, 0),
    "lagging nodes": ({**SINES, **NODE, "perturbation.lag": 0.9, "perturbation.frequency": [2, 5], "cost.bits": 15,
                       "update.eta": 0.2}, 0),
    "a layer at a time": ({**TURNS, "perturbation.tau_p": 2, "perturbation.tau_theta": 6}, 0),
    "a layer at a time, forward": ({**TURNS, **FORWARD, "cost.refresh": 0}, 0),
    "nodes and pulses": ({**NODE, **FILTERED, "update.eta": 5.0}, 0),
    "refresh": ({**FORWARD, "cost.refresh": 5, "perturbation.tau_x": 3}, 0),
    "refresh when anything changes": (
        {**FORWARD, "cost.refresh": 0, "perturbation.tau_x": 3, "perturbation.tau_theta": 5}, 0),
    "averages": ({**FORWARD, "cost.refresh": 3, "cost.average": 4, "cost.average_c0": 16}, 0),
    "average of both rails": ({"cost.average": 8}, 0),
    "analog": (ANALOG, 0),
    "analog, fast": ({**ANALOG, "cost.tau_hp": 0.3, "perturbation.tau_theta": 1}, 0),
    "analog, slow": (
        {**ANALOG, "perturbation.tau_theta": 9000, "cost.average": 2, "cost.bits": 16, "update.eta": 5.0}, 1),
    "analog, momentum, late, by layer": (
        {**ANALOG, **LATE, "engine.delay": 2, "update.momentum": 0.5, "update.layers": [0.5, 0, 1]}, 0),
    "analog rank-one": ({**ANALOG, "perturbation.code": "rank-one", "update.rounding": "stochastic"}, 0),
    "blanking": ({"perturbation.tau_x": 6, "perturbation.tau_p": 2, "perturbation.tau_theta": 2,
                  "perturbation.blanking": 3}, 0),
    "blanking, late": ({**LATE, "perturbation.tau_x": 5, "perturbation.blanking": 4, "engine.delay": 1}, 0),
    "late": (LATE, 0),
    "late, misaligned": ({**LATE, "engine.delay": 0}, 0),
    "late, sines": ({**LATE, **SINES, "perturbation.tau_p": 2, "perturbation.tau_theta": 4}, 0),
    "late, rank-one, pulses": ({**LATE, **FILTERED, "perturbation.code": "rank-one", "update.eta": 5.0}, 0),
    "a delay without latency": ({"engine.delay": 15, "perturbation.tau_p": 2, "perturbation.tau_theta": 2}, 0),
    "latency 15": ({"array.latency": 15, **FORWARD, "perturbation.code": "walsh-upper"}, 0),
    "momentum": ({"update.momentum": 0.9}, 0),
    "momentum at its bounds": ({"update.momentum": 0.99, "update.eta": 0.015, "weights.bits": 28}, 4),
    "stochastic": ({"update.rounding": "stochastic", "seed": 2**31}, 0),
    "stochastic, fine": ({"update.rounding": "stochastic", "update.eta": 1e-4, "cost.bits": 22}, 0),
    "stochastic, coarse": (
        {"update.rounding": "stochastic", "update.eta": 0.01, "weights.bits": 28, "array.output_bits": 6}, 0),
    "stochastic momentum": ({"update.rounding": "stochastic", "update.momentum": 0.3}, 0),
    "a frozen layer": ({"update.layers": [1, 0, 0.3], "update.schedule": [[30, 0.2]]}, 0),
    "wide words": ({"cost.bits": 22, "perturbation.tau_theta": 4, "engine.max_tau_theta": 256}, 0),
}  # fmt: skip
"""Overrides, and the flags that the run must raise."""


@pytest.mark.parametrize("name", OTHERS)
def test_steps_of_other_chips(name):
    overrides, flags = OTHERS[name]
    state, changes = check(small(**overrides))
    assert changes and state.flags & flags == flags


EARLIER = {
    "digital": {},
    "filtered": {**FILTERED, "update.eta": 5.0},
    "nodes": {**TURNS, "update.rounding": "stochastic", "cost.bits": 16},
    "late": {**LATE, **FORWARD, "cost.refresh": 7, "perturbation.blanking": 1, "perturbation.tau_x": 3},
    "analog": {**ANALOG, "update.momentum": 0.7},
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", EARLIER)
def test_late_steps(name, code):
    """Across step 2**31, where 32-bit counters change sign, and where a schedule may change eta."""
    overrides = EARLIER[name]
    if name == "nodes" and code != "random":
        overrides = {**overrides, "perturbation.method": "node" if code != "rank-one" else "weight"}
    late = {"update.schedule": [[2**31, overrides.get("update.eta", 0.05) / 2]], "perturbation.code": code}
    check(small(**{**overrides, **late}), 2**31 - STEPS // 2)
