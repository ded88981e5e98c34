"""Derived integers: that they stand for the real values of the chip description."""

from copy import deepcopy
from math import log2

import numpy as np
import pytest

from ohmgrad.golden.blocks.array.devices import SOFT_BOUNDS
from ohmgrad.golden.blocks.perturb.codes import pattern_signs
from ohmgrad.golden.blocks.update.correlator import correlate_leaky
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ConfigError
from ohmgrad.golden.chip.paths import Digital, Filtered

from .chips import DEVICE, FILTERED, SMALL, engine, small

FULL = 2**9 - 1
"""Output code of 1."""


def real_cost(function, outputs, targets):
    """[M23]: C of one rail from its output codes."""
    errors = (outputs - targets) / FULL
    return (errors**2).sum() / 2 if function == "mse" else abs(errors).sum()


@pytest.mark.parametrize("mode", ["forward", "antithetic"])
@pytest.mark.parametrize("function", ["mse", "l1"])
@pytest.mark.parametrize(("eta", "amplitude"), [(0.05, 0.25), (0.00513, 0.031), (0.2, 1.0)])
def test_one_step_moves_theta_by_eta_c_s_over_a(mode, function, eta, amplitude):
    """Within the rate register's resolution, half of one 128th at most, and half an LSB of theta."""
    chip = small(**{
        "cost.mode": mode, "cost.function": function, "update.eta": eta, "perturbation.amplitude": amplitude,
        "update.schedule": [[20, eta / 2]], "cost.bits": 22, "weights.bits": 24, "weights.init": 0.5,
    })  # fmt: skip
    learner = engine(chip)
    state = learner.initial()
    a = round(amplitude * 2**11 / 8) * 8 / 2**11
    assert abs(a - amplitude) <= 8 / 2**12
    for step in range(40):
        before = state.theta.copy()
        trace = learner.trace(state, 1)
        targets = learner.targets[trace.sample[0]]
        cost = [real_cost(function, trace.act[0, -1:, rail], targets) for rail in (0, 1)]
        difference = (cost[0] - cost[1]) / (2 if mode == "antithetic" else 1)
        in_force = eta if step < 20 else eta / 2
        expected = -in_force * difference * pattern_signs(chip.codes, step) / a
        moved = (state.theta - before) * 8 / 2**23
        resolution = 1 / 256 if step < 20 else 1 / 128
        assert abs(moved - expected).max() <= abs(expected).max() * resolution + 0.501 * 8 / 2**23


@pytest.mark.parametrize(("eta", "amplitude"), [(0.5, 0.25), (0.0123, 0.031)])
def test_threshold_is_a_device_step_over_eta(eta, amplitude):
    """An H of T, times eta, is one step of a device: 2 bound / states of the weights' range."""
    chip = small(**{**FILTERED, "update.eta": eta, "perturbation.amplitude": amplitude,
                    "update.schedule": [[20, eta / 4]]})  # fmt: skip
    a = round(amplitude * 2**11 / 8) * 8 / 2**11
    gradient = 1 / (2 * FULL**2) / 2 / a  # of a C~ of 1, antithetic
    step = 2 * 0.6 * 8 / 40
    (start, first), (change, second) = chip.path.ttv2.schedule
    assert (start, change) == (0, 20)
    for threshold, in_force in ((first, eta), (second, eta / 4)):
        assert threshold * gradient * in_force == pytest.approx(step, rel=1e-3 + 0.5 / threshold)
    assert chip.path.ttv2.bound >= 2 * (second + chip.correlator.bound)


@pytest.mark.parametrize(("bits", "bound"), [(10, 8.0), (7, 2.0), (14, 30.0), (12, 5.5)])
def test_adc_full_scale_is_its_bound_to_the_nearest_octave(bits, bound):
    chip = small(**{"array.adc_bits": bits, "array.adc_bound": bound})
    full = chip.neuron.adc_unit * (2 ** (bits - 1) - 1)
    assert abs(log2(full / bound)) <= 0.5


def test_adc_codes_stand_for_real_pre_activations():
    """Real weights times real inputs, from a run's first layer, within half an ADC code."""
    chip = small(**{"array.adc_bits": 13, "array.adc_bound": 30.0, "cost.mode": "forward"})
    learner = engine(chip)
    state = learner.initial()
    weights = chip.matrices((state.theta >> 6) * 8 / 2**11)[0]
    trace = learner.trace(state, 1)
    inputs = [*learner.split.train_x[trace.sample[0]], 1]
    error = trace.adc[0, :5, 1] * chip.neuron.adc_unit - weights @ inputs
    assert abs(error).max() < chip.neuron.adc_unit / 2 + abs(weights).sum(1).max() / 2 / 127


def test_values_to_codes():
    chip = small()
    values = np.array([-2, -1, -0.5, -0.3, 0, 1 / 127, 0.7, 1, 3])
    assert chip.line_codes(values).tolist() == [-127, -127, -64, -38, 0, 1, 89, 127, 127]
    assert chip.output_codes(values).tolist() == [-511, -511, -256, -153, 0, 4, 358, 511, 511]
    assert chip.line_codes(values).dtype == chip.output_codes(values).dtype == np.int32


def test_matrices():
    """37 parameters, numbered layer by layer and neuron by neuron, bias last."""
    one, two, three = small().matrices(np.arange(37))
    assert one.tolist() == [[3 * j, 3 * j + 1, 3 * j + 2] for j in range(5)]
    assert two.tolist() == [[15 + 6 * j + k for k in range(6)] for j in range(3)]
    assert three.tolist() == [[33, 34, 35, 36]]


@pytest.mark.parametrize("tau_theta", [1, 2, 3, 4, 60, 64])
@pytest.mark.parametrize(("overrides", "factor"), [
    ({}, 1), ({"engine.max_tau_theta": 100}, 1), ({"perturbation.method": "node"}, 127),
    ({"perturbation.code": "sinusoidal"}, 91), ({"perturbation.code": "rank-one"}, 1),
])  # fmt: skip
def test_a_window_cannot_overflow_g(overrides, factor, tau_theta):
    """A sine of amplitude 0.25, 64 DAC steps, has a peak of 64 sqrt(2) = 91."""
    chip = small(**{"perturbation.tau_theta": tau_theta, "cost.bits": 10, **overrides})
    window = overrides.get("engine.max_tau_theta", tau_theta)
    assert chip.correlator.bound >= window * factor * (2**9 - 1)
    width = (window - 1).bit_length() + (factor - 1).bit_length()
    assert chip.correlator.bits - 10 <= width, "wider than it need be"


@pytest.mark.parametrize("tau_theta", [1, 2, 3, 254, 255, 256, 9000, 14563, 26213, 32766])
def test_a_leak_keeps_g_from_overflowing(tau_theta):
    """The largest C~ at every step takes G to where the leak takes as much, or to where the leak is coarser."""
    taus = {"cost.mode": "analog", "perturbation.tau_x": 4, "perturbation.tau_theta": tau_theta, "update.eta": 1.0}
    chip = small(**taus, **{"cost.bits": 10})
    block, steady = chip.correlator, small(**{"cost.mode": "forward", "cost.bits": 10})
    assert chip.gradient_unit * 2**16 / block.leak == pytest.approx(steady.gradient_unit, rel=1e-12)
    assert 1 <= block.leak <= 2**15 and abs(block.leak - 2**16 / (tau_theta + 1)) <= 0.5
    end, one = 511 * 2**16 / block.leak, np.ones(1, np.int32)
    g = np.array([0.9 * end], np.int32)
    for _ in range(5 * tau_theta + 5):
        assert not correlate_leaky(block.bound, block.leak, 511, one, g)
    assert abs(g[0] - end) <= 0.01 * end + 2**15 / block.leak


def test_settings_arrive_at_their_blocks():
    chip = small(**{
        "perturbation.tau_p": 2, "perturbation.tau_x": 6, "perturbation.tau_theta": 8, "perturbation.blanking": 5,
        "cost.mode": "forward", "cost.refresh": 7, "cost.average": 4, "cost.average_c0": 16, "array.latency": 9,
        "engine.settle": 11, "engine.window": 8, "update.momentum": 0.75, "update.rounding": "stochastic",
    })  # fmt: skip
    assert chip.sequencer == (2, 6, 8, 7, 2, 4, 5, 9, 11)
    assert (chip.correlator.window, chip.correlator.replay, chip.correlator.leaky) == (8, False, False)
    optimizer = chip.path.optimizer
    assert (optimizer.momentum, optimizer.stochastic, optimizer.plain) == (192, True, False)
    assert small(**{"array.latency": 9, "engine.delay": 0}).sequencer.delay == 0
    assert small(**{"engine.window": 4, "engine.gradient": "replay"}).correlator.replay
    assert small().path.optimizer.plain and not small(**{"engine.max_tau_theta": 16}).path.optimizer.plain
    decays = [(tau, small(**{"cost.mode": "analog", "perturbation.tau_x": 4, "cost.tau_hp": tau}).cost.decay)
              for tau in (1.0, 10.0, 60000.0)]  # fmt: skip
    assert decays == [(1.0, 32768), (10.0, 59578), (60000.0, 65535)]


@pytest.mark.parametrize("amplitude", [0.00390625, 0.05, 0.25, 2.0])
def test_a_sine_has_the_amplitudes_root_mean_square(amplitude):
    """[M23]: sqrt(2) a sin; its peak is rounded to DAC steps of 8 / 2**11 and is 2 of them at least."""
    chip = small(**{"perturbation.code": "sinusoidal", "perturbation.amplitude": amplitude, "cost.bits": 12})
    assert abs(chip.codes.peak * 8 / 2**11 - 2**0.5 * amplitude) <= max(0.5, 2 - 2**0.5) * 8 / 2**11
    assert chip.crossbar.amplitude == 1
    assert 2 ** (chip.crossbar.sum_bits - 1) > 6 * 127 * (2**11 + chip.codes.peak)
    turns = small(**{"perturbation.code": "sinusoidal", "perturbation.phase": 0.25, "perturbation.lag": 0.75,
                     "cost.bits": 12})  # fmt: skip
    assert (turns.codes.phase, turns.factor_codes.phase) == (turns.codes.cycle // 4, turns.codes.cycle // 2)


def test_sums_fit_and_widths_are_shared():
    chip = small()
    assert 2 ** (chip.crossbar.sum_bits - 1) > 6 * 127 * (2**11 + chip.crossbar.amplitude)
    assert chip.path.optimizer.bits == chip.crossbar.state_bits == 18
    assert chip.path.optimizer.gradient_bits == chip.correlator.bits
    assert chip.crossbar.drop == 6 and chip.crossbar.one == 127
    assert chip.polarity == -1 and small(**{"cost.mode": "forward"}).polarity == 0


def test_paths():
    digital, filtered = small(), small(**FILTERED)
    assert isinstance(digital.path, Digital) and digital.path.schedule == digital.path.optimizer.schedule
    assert isinstance(filtered.path, Filtered)
    assert filtered.path.schedule == tuple((start, (threshold,)) for start, threshold in filtered.path.ttv2.schedule)
    devices = filtered.path.devices
    assert (devices.model, devices.bound, devices.step) == (SOFT_BOUNDS, round(0.6 * 131071), round(1.2 * 131071 / 40))


def test_overrides_leave_their_values_alone():
    device = deepcopy(DEVICE)
    SMALL.with_(**{"update.path": "filtered", "device": device, "device.bound": 0.3})
    assert device == DEVICE


REFUSED = [
    (
        {"cost.bits": 23, "perturbation.tau_theta": 256},
        "cost.bits: 23 with perturbation.tau_theta = 256 makes words of G of 31 bits, more than 30; "
        "allowed are integers from 4 to 22.",
    ),
    (
        {"weights.range": 0.01, "weights.init": 0.0, "array.adc_bound": 1024.0, "array.adc_bits": 4,
         "perturbation.amplitude": 0.005},
        "array.adc_bound: 1024.0 makes an ADC step of 2**32 steps of the sum; allowed are numbers from",
    ),
    (
        {"array.adc_bound": 0.001, "array.adc_bits": 14},
        "array.adc_bound: 0.001 makes an ADC step of 2**-8 steps of the sum; allowed are numbers from",
    ),
    (
        {"update.eta": 0.01, "update.schedule": [[10, 0.08], [20, 0.01 / 128]]},
        "update.schedule[1][1]: 7.8125e-05 cannot be held by the 8-bit rate register beside a step size of 0.08; ",
    ),
    (
        {"update.layers": [1, 0.001, 0]},
        "update.layers[1]: 0.001 times update.eta = 0.05 cannot be held by the 8-bit rate register beside a step "
        "size of 0.05; allowed are 0 and numbers from 0.0049 to 1.",
    ),
    (
        {"update.eta": 0.05, "update.momentum": 0.5, "weights.bits": 28},
        "update.eta: 0.05 cannot be held by the 8-bit rate register; allowed with",
    ),
    (
        {**FILTERED, "update.eta": 6.0, "array.output_bits": 4, "update.schedule": [[9, 48.0]]},
        "update.schedule[0][1]: 48.0 cannot be held by the filter's threshold; allowed with",
    ),
    ({"update.eta": 1e-9}, "update.eta: 1e-09 cannot be held by the 8-bit rate register; allowed with"),
    (
        {"update.eta": 900.0, "array.output_bits": 4},
        "update.eta: 900.0 cannot be held by the 8-bit rate register; allowed with",
    ),
    (
        {**FILTERED, "update.eta": 1000.0, "array.output_bits": 4},
        "update.eta: 1000.0 cannot be held by the filter's threshold; allowed with",
    ),
    ({**FILTERED, "update.eta": 1e-9}, "update.eta: 1e-09 cannot be held by the filter's threshold; allowed with"),
]


@pytest.mark.parametrize(("overrides", "message"), REFUSED)
def test_what_no_integers_can_hold_ends_in_one_sentence(overrides, message):
    with pytest.raises(ConfigError) as refused:
        small(**overrides)
    text = str(refused.value)
    assert text.startswith("small: " + message)
    assert text.endswith(".") and "\n" not in text


@pytest.mark.parametrize("overrides", [{}, FILTERED])
@pytest.mark.parametrize("wrong", [1e-9, 1000.0])
def test_the_range_that_a_refusal_names_is_accepted(overrides, wrong):
    coarse = {"perturbation.amplitude": 1.0, "array.output_bits": 5}
    with pytest.raises(ConfigError, match="update.eta") as refused:
        small(**{**overrides, **coarse, "update.eta": wrong})
    low, high = (float(w.rstrip(".")) for w in str(refused.value).split(" are ")[1].split()[-3::2])
    for eta in (low * 1.05, high * 0.95):
        assert isinstance(small(**{**overrides, **coarse, "update.eta": eta}), Chip)
