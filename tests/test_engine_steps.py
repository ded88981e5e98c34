"""Every intermediate of every step against the equations in plain Python."""

from fractions import Fraction

import pytest

from . import reference
from .chips import DEVICE, FILTERED, engine, small
from .reference import clipped, nearest

STEPS = 60
TAUS = {"perturbation.tau_p": 2, "perturbation.tau_x": 4, "perturbation.tau_theta": 4}
KEEP = {"update.reset": "keep", "update.keep_shift": 2}
CONSTANT = {"device": {**DEVICE, "model": "constant-step", "states": 20, "bound_spread": 0.1}}


class Replay:
    """A chip's memories as lists of integers, advanced by [M23]'s equations."""

    def __init__(self, chip, learner, state):
        self.chip = chip
        self.inputs, self.targets = learner.inputs.tolist(), learner.targets.tolist()
        self.theta, self.g, self.h = state.theta.tolist(), state.g.tolist(), state.h.tolist()
        self.now, self.flags = state.step, [False] * 3
        size = len(self.theta)
        self.rows = [reference.device(chip.devices, i) for i in range(size)] if chip.devices else None

    def step(self):
        """Sample, ADC and activation codes of both rails, both sums, and C~ of one step."""
        chip, config = self.chip, self.chip.config
        signs = reference.signs(chip.codes, self.now // config.perturbation.tau_p)
        n = reference.sample(chip.samples, self.now // config.perturbation.tau_x)
        other = -1 if config.cost.mode == "antithetic" else 0
        rails = [reference.network(chip, self.theta, signs, polarity, self.inputs[n]) for polarity in (1, other)]
        outputs = len(self.targets[n])
        sums = [reference.cost_sum(config.cost.function, act[-outputs:], self.targets[n]) for _, act in rails]
        cost = clipped(sums[0] - sums[1], 2 ** (config.cost.bits - 1) - 1)
        self.flags[0] |= cost != sums[0] - sums[1]
        self.g = [g + cost * s for g, s in zip(self.g, signs, strict=True)]
        self.now += 1
        if self.now % config.perturbation.tau_theta == 0:
            value = [v for start, v in chip.schedule if start < self.now][-1]
            self.filter(value) if self.rows else self.descend(value)
            self.g = [0] * len(self.g)
        adc, act = (list(zip(*codes, strict=True)) for codes in zip(*rails, strict=True))
        return n, adc, act, sums, cost

    def descend(self, rate):
        """theta -= eta G."""
        step, bound = Fraction(rate, 2**self.chip.optimizer.shift), 2 ** (self.chip.config.weights.bits - 1) - 1
        exact = [t - nearest(g * step) for t, g in zip(self.theta, self.g, strict=True)]
        self.theta = [clipped(t, bound) for t in exact]
        self.flags[2] |= self.theta != exact

    def filter(self, threshold):
        """H -= G; where |H| >= T a pulse goes to the device."""
        devices, number = self.chip.devices, self.now - 1
        exact = [h - g for h, g in zip(self.h, self.g, strict=True)]
        held = [clipped(h, self.chip.ttv2.bound) for h in exact]
        self.flags[2] |= held != exact
        fired = [reference.filtered(self.chip.ttv2, threshold, h) for h in held]
        self.h = [h for h, _ in fired]
        for i, (_, pulse) in enumerate(fired):
            if pulse:
                draw = reference.cycle_normal(devices.seed, number, i)
                self.theta[i] = reference.pulse(self.rows[i], self.theta[i], pulse, devices.noise, draw)


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
        assert (state.theta.tolist(), state.g.tolist(), state.h.tolist()) == (replay.theta, replay.g, replay.h)
        assert state.step == replay.now
        assert state.flags == sum(flag << bit for bit, flag in enumerate(replay.flags))
        changes += replay.theta != before
    trace = learner.trace(whole, STEPS)
    assert whole.theta.tolist() == state.theta.tolist() and whole.g.tolist() == state.g.tolist()
    assert trace.sums[-1].tolist() == sums and trace.adc[-1].tolist() == [list(pair) for pair in adc]
    return state, changes


@pytest.mark.parametrize("code", ["random", "sequential", "walsh"])
@pytest.mark.parametrize("mode", ["forward", "antithetic"])
@pytest.mark.parametrize("function", ["mse", "l1"])
@pytest.mark.parametrize("path", [{}, FILTERED], ids=["digital", "filtered"])
def test_steps(path, function, mode, code):
    _, changes = check(small(**{
        **path, **TAUS, "perturbation.code": code, "perturbation.amplitude": 0.5,
        "cost.function": function, "cost.mode": mode,
        "update.eta": 8.0 if path else 0.3, "update.schedule": [[21, 2.0], [40, 1.0 if path else 0.2]],
    }))  # fmt: skip
    assert changes, "nothing was learned from"


OTHERS = {
    "one layer": ({"network.layers": [2, 1], "network.activation": "linear", "data.order": "cyclic"}, 0),
    "relu": ({"network.layers": [2, 7, 1], "network.activation": ["relu", "sigmoid"]}, 0),
    "taus": ({"perturbation.tau_x": 1, "perturbation.tau_p": 3, "perturbation.tau_theta": 6}, 0),
    "narrow cost": ({"cost.bits": 9, "update.eta": 2.0}, 1),
    "theta at its bounds": ({"weights.range": 1.0, "weights.init": 0.99, "update.eta": 0.1}, 4),
    "zero": ({**FILTERED, "update.reset": "zero", "update.eta": 5.0}, 0),
    "keep": ({**FILTERED, **KEEP, "update.eta": 5.0, "perturbation.tau_theta": 3}, 0),
    "constant step": ({**FILTERED, **CONSTANT, "update.eta": 5.0, "seed": 2**32 - 1}, 0),
}
"""Overrides, and the flags that the run must raise."""


@pytest.mark.parametrize("name", OTHERS)
def test_steps_of_other_chips(name):
    overrides, flags = OTHERS[name]
    state, changes = check(small(**overrides))
    assert changes and state.flags & flags == flags


@pytest.mark.parametrize("code", ["random", "sequential", "walsh"])
@pytest.mark.parametrize("path", [{}, {**FILTERED, "update.eta": 5.0}], ids=["digital", "filtered"])
def test_late_steps(path, code):
    """Across step 2**31, where 32-bit counters change sign, and where a schedule may change eta."""
    late = {"update.schedule": [[2**31, path.get("update.eta", 0.05) / 2]], "perturbation.code": code}
    check(small(**{**path, **late}), 2**31 - STEPS // 2)
