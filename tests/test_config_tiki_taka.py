"""What a description of the path `tiki-taka` must not ask for: one sentence says what would be right."""

from math import log2

import pytest

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ConfigError, load

CHIP = """\
name = "loop"

[network]
layers = [2, 2, 1]
activation = "tanh"

[data]
set = "xor"

[perturbation]
method = "node"
amplitude = 0.05

[update]
path = "tiki-taka"
eta = 0.02

[weights]
bits = 18

[device]

[fast]

[transfer]
chopper = 0.1

[run]
steps = 100
"""

WRONG = {
    "path": (
        {"update.path": "filtered", "transfer": None},
        'fast: the section has no use with update.path = "filtered"; it is allowed with update.path = "tiki-taka".',
    ),
    "fast": (
        {"fast": None},
        'fast: missing section; update.path = "tiki-taka" needs it, and an empty one takes all defaults.',
    ),
    "device": (
        {"device": None},
        'device: missing section; update.path = "tiki-taka" needs it, and an empty one takes all defaults.',
    ),
    "transfer": (
        {"update.path": "filtered", "fast": None},
        'transfer: the section has no use with update.path = "filtered"; it is allowed with update.path = "tiki-taka".',
    ),
    "weights": (
        {"perturbation.method": "weight"},
        'perturbation.method: "weight" with code = "random" does not go with update.path = "tiki-taka", which writes '
        'outer products of signs; allowed are "node" with codes of signs, or "weight" with code = "rank-one".',
    ),
    "sines": (
        {"perturbation.code": "sinusoidal"},
        'perturbation.method: "node" with code = "sinusoidal" does not go with update.path = "tiki-taka", which writes '
        'outer products of signs; allowed are "node" with codes of signs, or "weight" with code = "rank-one".',
    ),
    "by layer": (
        {"perturbation.method": "node-by-layer"},
        'perturbation.method: "node-by-layer" with code = "random" does not go with update.path = "tiki-taka", which '
        'writes outer products of signs; allowed are "node" with codes of signs, or "weight" with code = "rank-one".',
    ),
    "late": (
        {"perturbation.method": "weight", "perturbation.code": "rank-one", "array.latency": 2},
        'array.latency: 2 has no use with update.path = "tiki-taka", which writes each step at its end; allowed is 0.',
    ),
    "delayed": (
        {"perturbation.method": "weight", "perturbation.code": "rank-one", "engine.delay": 1},
        'engine.delay: 1 has no use with update.path = "tiki-taka", which writes each step at its end; allowed is 0.',
    ),
    "window": (
        {"engine.window": 4},
        'engine.window: 4 has no use with update.path = "tiki-taka", which has no digital gradient; allowed is 1.',
    ),
    "replay": (
        {"engine.gradient": "replay"},
        'engine.gradient: "replay" has no use with update.path = "tiki-taka", which has no digital gradient; '
        'allowed is "memory".',
    ),
    "two choppers": (
        {"transfer.chopper_period": 4},
        "transfer.chopper_period: 4 beside transfer.chopper = 0.1: choppers flip by one of both; allowed is 0.",
    ),
    "means": (
        {"transfer.chopper": 0.0, "transfer.means": 3},
        "transfer.means: 3 without choppers takes all that is read away; allowed is 0, or transfer.chopper or "
        "transfer.chopper_period above 0.",
    ),
    "fraction": (
        {"transfer.fraction": 8},
        "transfer.fraction: 8 with fast.adc_bits = 9 makes readings of 17 bits, more than H has (transfer.bits = 16); "
        "allowed are integers up to 7.",
    ),
    "rescale": (
        {"transfer.change": "rescale", "update.schedule": [[10, 0.015]]},
        "update.schedule[0][1]: 0.015 is no power of two times update.eta = 0.02, by which transfer.change = "
        '"rescale" can shift H; allowed are such, or change = "threshold".',
    ),
    "steps": (
        {"weights.bits": 12, "weights.dac_bits": 12, "fast.states": 1000},
        "weights.bits: 12 leaves 2.4576 units of the state for a device's step (2 fast.bound / fast.states), less than "
        "4; allowed are integers from 13 to 28.",
    ),
    "average wide": (
        {"average": {"bits": 10}},
        "average.bits: 10 is less than weights.dac_bits; allowed are integers from 12 to 32.",
    ),
    "average shift": (
        {"average": {"shift": 13}},
        "average.shift: 13 needs as many bits beside the weights' 12, and average.bits = 24 has 12; "
        "allowed are integers from 0 to 12.",
    ),
}

DERIVED = {
    "reading": (
        {"fast.adc_bound": 0.001},
        "fast.adc_bound: 0.001 makes an ADC step of 2**-4 steps of a state; allowed are numbers from 0.0156 to "
        "4.08e+03.",
    ),
    "threshold": (
        {"update.eta": 1e-6},
        "update.eta: 1e-06 cannot be held by the filter's threshold; allowed with these widths are 9.4e-05 to 3.1.",
    ),
    "rate": (
        {"fast.rate": 1e-9},
        "fast.rate: 1e-09 cannot be held by the 8-bit rate of the pulse trains; allowed with these widths are "
        "1.8e-08 to 20.",
    ),
}


@pytest.fixture
def chip(tmp_path):
    path = tmp_path / "chip.toml"
    path.write_text(CHIP)
    return load(path)


@pytest.mark.parametrize(("overrides", "message"), WRONG.values(), ids=WRONG)
def test_wrong(chip, overrides, message):
    with pytest.raises(ConfigError) as refused:
        chip.with_(**overrides)
    assert str(refused.value) == f"loop: {message}"


@pytest.mark.parametrize(("overrides", "message"), DERIVED.values(), ids=DERIVED)
def test_no_integers_hold_it(chip, overrides, message):
    with pytest.raises(ConfigError) as refused:
        Chip(chip.with_(**overrides))
    assert str(refused.value) == f"loop: {message}"


def test_thresholds_are_steps_over_eta_in_readings_and_grow_where_a_layer_has_few_lines(chip):
    """T = dw / (eta LSB); columns 3 and 3 read 3 lines each, rows 2 and 1."""
    loop, rows = Chip(chip).path, Chip(chip.with_(**{"transfer.lines": "rows"})).path
    step = round(2 * round(0.6 * (2**17 - 1)) / 100)
    lsb = 2 ** round(log2(2**17 / 255))
    threshold = round(step / lsb / 0.02)
    assert loop.thresholds == ((0, (threshold, threshold)),)
    assert rows.thresholds == ((0, (threshold, 2 * threshold)),)
    assert loop.fast.seed != Chip(chip).path.devices.seed
