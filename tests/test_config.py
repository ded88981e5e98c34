"""Chip files: what loads, what is refused, and with which sentence."""

import random
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from ohmgrad.golden.chip.config import ChipConfig, ConfigError, load

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.toml"))

DIGITAL = """\
name = "small"
seed = 7

[network]
layers = [64, 5, 10]
activation = ["tanh", "sigmoid"]

[data]
set = "digits"
train = 1000
test = 300
order = "cyclic"

[cost]
function = "mse"
mode = "forward"
bits = 19

[perturbation]
code = "walsh"
amplitude = 0.05
tau_p = 4
tau_x = 8
tau_theta = 16

[update]
path = "digital"
eta = 0.01
schedule = [[300, 0.003], [800, 0.001]]

[weights]
bits = 20
dac_bits = 12
range = 8.0
init = 0.3

[array]
input_bits = 8
adc_bits = 10
adc_bound = 8.0
output_bits = 10

[engine]
lanes = 4

[run]
steps = 1000
checkpoints = 10
"""

FILTERED = """\
name = "pulsed"

[network]
layers = [2, 2, 1]
activation = "tanh"

[data]
set = "xor"

[perturbation]
amplitude = 0.05

[update]
path = "filtered"
eta = 0.01
reset = "keep"
keep_shift = 2

[device]
model = "constant-step"
states = 100
bound = 0.6
step_spread = 0.3
bound_spread = 0.2
asymmetry = 0.1
cycle_noise = 0.4

[run]
steps = 1000
"""

DIGITAL_EDITS = [
    (
        "missing-name",
        'name = "small"\n',
        "",
        "name: missing key; allowed are 1 to 40 of a-z, 0-9, - and _ after a first letter a-z.",
    ),
    (
        "name-number",
        'name = "small"',
        "name = 5",
        "name: 5 is not a string; allowed are 1 to 40 of a-z, 0-9, - and _ after a first letter a-z.",
    ),
    (
        "name-newline",
        'name = "small"',
        'name = "small\\n"',
        'name: "small\\n" is not a name; allowed are 1 to 40 of a-z, 0-9, - and _ after a first letter a-z.',
    ),
    (
        "name-path",
        'name = "small"',
        'name = "../small"',
        'name: "../small" is not a name; allowed are 1 to 40 of a-z, 0-9, - and _ after a first letter a-z.',
    ),
    (
        "seed-negative",
        "seed = 7",
        "seed = -1",
        "seed: -1 is out of range; allowed are integers from 0 to 4294967295.",
    ),
    (
        "seed-string",
        "seed = 7",
        'seed = "7"',
        'seed: "7" is not an integer; allowed are integers from 0 to 4294967295.',
    ),
    (
        "seed-huge",
        "seed = 7",
        "seed = 0x" + "f" * 5000,
        "seed: an integer of 20000 bits is out of range; allowed are integers from 0 to 4294967295.",
    ),
    (
        "seed-date",
        "seed = 7",
        "seed = 2024-01-31",
        "seed: 2024-01-31 is not an integer; allowed are integers from 0 to 4294967295.",
    ),
    (
        "unknown-section",
        "[engine]",
        "[enigne]",
        "enigne: unknown key, perhaps meant as engine; "
        "allowed are name, seed, network, parameters, data, stream, cost, perturbation, update, weights, array, "
        "device, fast, transfer, average, defects, engine, run.",
    ),
    (
        "missing-section",
        '[network]\nlayers = [64, 5, 10]\nactivation = ["tanh", "sigmoid"]\n',
        "",
        "network: missing section; required in it are layers, activation.",
    ),
    (
        "section-list",
        "[engine]",
        "[[engine]]",
        "engine: [{...}] is not a table; allowed are tables of lanes, window, gradient, delay, settle, max_tau_p, "
        "max_tau_theta, settings, calibration, timeout, samples.",
    ),
    (
        "layer-negative",
        "[64, 5, 10]",
        "[64, -4, 10]",
        "network.layers[1]: -4 is out of range; allowed are integers from 1 to 4096.",
    ),
    (
        "layer-huge",
        "[64, 5, 10]",
        "[64, 4097, 10]",
        "network.layers[1]: 4097 is out of range; allowed are integers from 1 to 4096.",
    ),
    (
        "layer-float",
        "[64, 5, 10]",
        "[64, 5.0, 10]",
        "network.layers[1]: 5.0 is not an integer; allowed are integers from 1 to 4096.",
    ),
    (
        "layer-boolean",
        "[64, 5, 10]",
        "[64, true, 10]",
        "network.layers[1]: true is not an integer; allowed are integers from 1 to 4096.",
    ),
    (
        "layers-one",
        "[64, 5, 10]",
        "[64]",
        "network.layers: [64] has 1 entry; allowed are lists of 2 to 8 layer sizes.",
    ),
    (
        "layers-nine",
        "[64, 5, 10]",
        "[64, 1, 1, 1, 1, 1, 1, 1, 10]",
        "network.layers: [64, 1, 1, 1, 1, 1, 1, 1, 10] has 9 entries; "
        "allowed are lists of 2 to 8 layer sizes.",
    ),
    (
        "layers-string",
        "[64, 5, 10]",
        '"64-5-10"',
        'network.layers: "64-5-10" is not a list; allowed are lists of 2 to 8 layer sizes.',
    ),
    (
        "layers-unfit",
        "[64, 5, 10]",
        "[49, 5, 10]",
        'network.layers: [49, 5, 10] does not fit data.set = "digits"; '
        "allowed are lists that begin with 64 and end with 10.",
    ),
    (
        "layers-parameters",
        'layers = [64, 5, 10]\nactivation = ["tanh", "sigmoid"]',
        'layers = [64, 1024, 1024, 10]\nactivation = "tanh"',
        "network.layers: [64, 1024, 1024, 10] has 1126410 weights and biases; "
        "allowed are up to 1048576 of them.",
    ),
    (
        "layers-unknown",
        "layers =",
        "layerz =",
        "network.layerz: unknown key, perhaps meant as layers; allowed are layers, activation.",
    ),
    (
        "activation-unknown",
        '["tanh", "sigmoid"]',
        '"softmax"',
        'network.activation: "softmax" is not one of the choices; '
        "allowed are tanh, sigmoid, relu, linear, or a list of these with one for each layer of weights.",
    ),
    (
        "activation-nested",
        '["tanh", "sigmoid"]',
        '[["tanh"], "sigmoid"]',
        'network.activation: [["tanh"], "sigmoid"] is not one of the choices; '
        "allowed are tanh, sigmoid, relu, linear, or a list of these with one for each layer of weights.",
    ),
    (
        "activation-short",
        '["tanh", "sigmoid"]',
        '["tanh"]',
        'network.activation: ["tanh"] has 1 entry; '
        "allowed are one name or a list of 2, one for each layer of weights.",
    ),
    (
        "set-unknown",
        'set = "digits"\ntrain = 1000\ntest = 300',
        'set = "emnist"',
        'data.set: "emnist" is not one of the choices; allowed are nist7x7, digits, xor, parity3, parity4, parity5, '
        "parity6, parity7, parity8, mnist, fashion-mnist, cifar10.",
    ),
    (
        "set-missing",
        'set = "digits"\ntrain = 1000\ntest = 300',
        "",
        "data.set: missing key; allowed are nist7x7, digits, xor, parity3, parity4, parity5, parity6, parity7, "
        "parity8, mnist, fashion-mnist, cifar10.",
    ),
    (
        "train-zero",
        "train = 1000",
        "train = 0",
        "data.train: 0 is out of range; allowed are integers from 1 to 65536.",
    ),
    (
        "train-many",
        "train = 1000\ntest = 300",
        "train = 1798",
        'data.train: 1798 is too many, data.set = "digits" has 1797 samples; '
        "allowed are integers from 1 to 1797.",
    ),
    (
        "test-many",
        "test = 300",
        "test = 798",
        'data.test: 798 beside data.train = 1000 is too many, data.set = "digits" has 1797 samples; '
        "allowed are integers from 0 to 797.",
    ),
    (
        "order-unknown",
        '"cyclic"',
        '"shuffled"',
        'data.order: "shuffled" is not one of the choices; allowed are random, cyclic.',
    ),
    (
        "cost-unknown",
        '"mse"',
        '"cross-entropy"',
        'cost.function: "cross-entropy" is not one of the choices; allowed are mse, l1.',
    ),
    (
        "cost-bits-wide",
        'mode = "forward"\nbits = 19',
        'mode = "forward"\nbits = 32',
        "cost.bits: 32 is out of range; allowed are integers from 4 to 23.",
    ),
    (
        "cost-bits-window",
        "tau_theta = 16",
        "tau_theta = 4096",
        "cost.bits: 19 with perturbation.tau_theta = 4096 makes words of G of 31 bits, more than 30; "
        "allowed are integers from 4 to 18.",
    ),
    (
        "code-unknown",
        '"walsh"',
        '"sinusoid"',
        'perturbation.code: "sinusoid" is not one of the choices; allowed are random, sequential, walsh, '
        'walsh-upper, sinusoidal, rank-one.',
    ),
    (
        "amplitude-missing",
        "amplitude = 0.05\n",
        "",
        "perturbation.amplitude: missing key; allowed are numbers above 0 to 1024.",
    ),
    (
        "amplitude-nan",
        "amplitude = 0.05",
        "amplitude = nan",
        "perturbation.amplitude: nan is not finite; allowed are numbers above 0 to 1024.",
    ),
    (
        "amplitude-zero",
        "amplitude = 0.05",
        "amplitude = 0",
        "perturbation.amplitude: 0 is out of range; allowed are numbers above 0 to 1024.",
    ),
    (
        "amplitude-small",
        "amplitude = 0.05",
        "amplitude = 0.001",
        "perturbation.amplitude: 0.001 is not between one step of the weights' DAC and weights.range; "
        "allowed are numbers from 0.00390625 to below 8.",
    ),
    (
        "amplitude-large",
        "amplitude = 0.05",
        "amplitude = 8.0",
        "perturbation.amplitude: 8.0 is not between one step of the weights' DAC and weights.range; "
        "allowed are numbers from 0.00390625 to below 8.",
    ),
    (
        "tau-p-zero",
        "tau_p = 4",
        "tau_p = 0",
        "perturbation.tau_p: 0 is out of range; allowed are integers from 1 to 1048576.",
    ),
    (
        "tau-x-straddles",
        "tau_x = 8",
        "tau_x = 6",
        "perturbation.tau_x: 6 makes samples change within a pattern of tau_p = 4 steps; "
        "allowed are multiples and divisors of 4.",
    ),
    (
        "tau-theta-odd",
        "tau_theta = 16",
        "tau_theta = 18",
        "perturbation.tau_theta: 18 is not a multiple of tau_p; allowed are multiples of 4.",
    ),
    (
        "path-unknown",
        '"digital"',
        '"pulsed"',
        'update.path: "pulsed" is not one of the choices; allowed are digital, filtered, tiki-taka.',
    ),
    (
        "path-missing",
        'path = "digital"\n',
        "",
        "update.path: missing key; allowed are digital, filtered, tiki-taka.",
    ),
    (
        "eta-negative",
        "eta = 0.01",
        "eta = -0.01",
        "update.eta: -0.01 is out of range; allowed are numbers above 0 to 1000.",
    ),
    (
        "eta-infinite",
        "eta = 0.01",
        "eta = inf",
        "update.eta: inf is not finite; allowed are numbers above 0 to 1000.",
    ),
    (
        "eta-overflow",
        "eta = 0.01",
        "eta = 1" + "0" * 400,
        "update.eta: an integer of 1329 bits is out of range; allowed are numbers above 0 to 1000.",
    ),
    (
        "eta-boolean",
        "eta = 0.01",
        "eta = true",
        "update.eta: true is not a number; allowed are numbers above 0 to 1000.",
    ),
    (
        "schedule-flat",
        "[[300, 0.003], [800, 0.001]]",
        "[300, 0.003]",
        "update.schedule[0]: 300 is not a list; allowed are lists of 2 numbers, a step and an eta.",
    ),
    (
        "schedule-triple",
        "[800, 0.001]",
        "[800, 0.001, 1]",
        "update.schedule[1]: [800, 0.001, 1] has 3 entries; "
        "allowed are lists of 2 numbers, a step and an eta.",
    ),
    (
        "schedule-step",
        "[300, 0.003]",
        "[0, 0.003]",
        "update.schedule[0][0]: 0 is out of range; allowed are integers from 1 to 4294967295.",
    ),
    (
        "schedule-falls",
        "[800, 0.001]",
        "[300, 0.001]",
        "update.schedule[1][0]: 300 does not come after step 300; allowed are integers above 300.",
    ),
    (
        "schedule-far",
        "[800, 0.001]",
        "[800, 0.1]",
        "update.schedule[1][1]: 0.1 is too far from update.eta = 0.01; "
        "allowed are numbers from 7.8125e-05 to 0.08.",
    ),
    (
        "schedule-long",
        "[[300, 0.003], [800, 0.001]]",
        "[" + "[1, 0.01], " * 16 + "]",
        "update.schedule: [[1, 0.01], [1, 0.01], [1, 0.01], [1, 0.01], [1, 0.01], [... has 16 entries; "
        "allowed are lists of 0 to 15 pairs [step, eta].",
    ),
    (
        "reset-digital",
        "eta = 0.01",
        'eta = 0.01\nreset = "zero"',
        'update.reset: "zero" has no use with path = "digital"; it is allowed with path = "filtered" or "tiki-taka".',
    ),
    (
        "keep-digital",
        "eta = 0.01",
        "eta = 0.01\nkeep_shift = 3",
        'update.keep_shift: 3 has no use with path = "digital"; it is allowed with path = "filtered" or "tiki-taka".',
    ),
    (
        "device-digital",
        "[engine]",
        "[device]\n[engine]",
        'device: the section has no use with update.path = "digital"; '
        'it is allowed with update.path = "filtered" or "tiki-taka".',
    ),
    (
        "device-missing",
        '"digital"',
        '"filtered"',
        'device: missing section; update.path = "filtered" needs it, and an empty one takes all defaults.',
    ),
    (
        "dac-wider",
        "bits = 20\ndac_bits = 12",
        "bits = 10\ndac_bits = 12",
        "weights.dac_bits: 12 is more than weights.bits; allowed are integers from 2 to 10.",
    ),
    (
        "init-full",
        "init = 0.3",
        "init = 8",
        "weights.init: 8.0 is not below weights.range; allowed are numbers from 0 to below 8.",
    ),
    (
        "range-string",
        "range = 8.0",
        'range = "8.0"',
        'weights.range: "8.0" is not a number; allowed are numbers above 0 to 1024.',
    ),
    (
        "adc-bits",
        "adc_bits = 10",
        "adc_bits = 15",
        "array.adc_bits: 15 is out of range; allowed are integers from 4 to 14.",
    ),
    (
        "sum-wide",
        "input_bits = 8",
        "input_bits = 12",
        "array.input_bits: 12 with weights.dac_bits = 12 and 64 inputs makes sums of 32 bits, "
        "more than 31; "
        "allowed are integers from 2 to 11.",
    ),
    (
        "output-wide",
        "output_bits = 10",
        "output_bits = 14",
        "array.output_bits: 14 with 10 outputs makes costs of 32 bits, more than 31; "
        "allowed are integers from 2 to 13.",
    ),
    (
        "lanes-three",
        "lanes = 4",
        "lanes = 3",
        "engine.lanes: 3 is not one of the choices; allowed are 1, 2, 4, 8, 16, 32, 64.",
    ),
    (
        "lanes-boolean",
        "lanes = 4",
        "lanes = true",
        "engine.lanes: true is not one of the choices; allowed are 1, 2, 4, 8, 16, 32, 64.",
    ),
    (
        "lanes-float",
        "lanes = 4",
        "lanes = 4.0",
        "engine.lanes: 4.0 is not one of the choices; allowed are 1, 2, 4, 8, 16, 32, 64.",
    ),
    (
        "steps-missing",
        "steps = 1000\n",
        "",
        "run.steps: missing key; allowed are integers from 1 to 4294967295.",
    ),
    (
        "steps-zero",
        "steps = 1000",
        "steps = 0",
        "run.steps: 0 is out of range; allowed are integers from 1 to 4294967295.",
    ),
    (
        "checkpoints-many",
        "checkpoints = 10",
        "checkpoints = 1001",
        "run.checkpoints: 1001 is out of range; allowed are integers from 1 to 1000.",
    ),
    (
        "checkpoints-steps",
        "steps = 1000",
        "steps = 9",
        "run.checkpoints: 10 is more than run.steps; allowed are integers from 1 to 9.",
    ),
    (
        "refresh-antithetic",
        'mode = "forward"',
        'mode = "antithetic"\nrefresh = 2',
        'cost.refresh: 2 has no use with mode = "antithetic"; it is allowed with mode = "forward".',
    ),
    (
        "refresh-negative",
        'mode = "forward"',
        'mode = "forward"\nrefresh = -1',
        "cost.refresh: -1 is out of range; allowed are integers from 0 to 1048576.",
    ),
    (
        "average-c0-analog",
        'mode = "forward"',
        'mode = "analog"\naverage_c0 = 2',
        'cost.average_c0: 2 has no use with mode = "analog"; it is allowed with mode = "forward".',
    ),
    (
        "average-three",
        'mode = "forward"',
        'mode = "forward"\naverage = 3',
        "cost.average: 3 is not one of the choices; allowed are 1, 2, 4, 8, 16.",
    ),
    (
        "tau-hp-forward",
        'mode = "forward"',
        'mode = "forward"\ntau_hp = 5',
        'cost.tau_hp: 5.0 has no use with mode = "forward"; it is allowed with mode = "analog".',
    ),
    (
        "tau-hp-zero",
        'mode = "forward"',
        'mode = "analog"\ntau_hp = 0',
        "cost.tau_hp: 0 is out of range; allowed are numbers above 0 to 60000.",
    ),
    (
        "mode-unknown",
        'mode = "forward"',
        'mode = "lock-in"',
        'cost.mode: "lock-in" is not one of the choices; allowed are antithetic, forward, analog.',
    ),
    (
        "analog-short-samples",
        'mode = "forward"',
        'mode = "analog"',
        'perturbation.tau_x: 8 is less than four patterns of tau_p = 4, and mode = "analog" loses the '
        "first step of a sample; allowed are multiples of 4 from 16.",
    ),
    (
        "method-unknown",
        'code = "walsh"',
        'code = "walsh"\nmethod = "layer"',
        'perturbation.method: "layer" is not one of the choices; allowed are weight, node, node-by-layer.',
    ),
    (
        "blanking-all",
        "tau_p = 4",
        "tau_p = 4\nblanking = 8",
        "perturbation.blanking: 8 leaves nothing of a sample of tau_x = 8 steps; allowed are integers "
        "from 0 to 7.",
    ),
    (
        "frequency-walsh",
        "tau_p = 4",
        "tau_p = 4\nfrequency = [1, 2]",
        'perturbation.frequency: [1, 2] has no use with code = "walsh"; it is allowed with code = '
        '"sinusoidal".',
    ),
    (
        "phase-walsh",
        "tau_p = 4",
        "tau_p = 4\nphase = 0",
        'perturbation.phase: 0.0 has no use with code = "walsh"; it is allowed with code = "sinusoidal".',
    ),
    (
        "lag-walsh",
        "tau_p = 4",
        "tau_p = 4\nlag = 0.5",
        'perturbation.lag: 0.5 has no use with code = "walsh"; it is allowed with code = "sinusoidal".',
    ),
    (
        "phase-turn",
        'code = "walsh"',
        'code = "sinusoidal"\nphase = 1',
        "perturbation.phase: 1.0 is a whole turn; allowed are numbers from 0 to below 1.",
    ),
    (
        "lag-turn",
        'code = "walsh"',
        'code = "sinusoidal"\nlag = 1.0',
        "perturbation.lag: 1.0 is a whole turn; allowed are numbers from 0 to below 1.",
    ),
    (
        "lag-large",
        'code = "walsh"',
        'code = "sinusoidal"\nlag = 1.5',
        "perturbation.lag: 1.5 is out of range; allowed are numbers from 0 to 1.",
    ),
    (
        "frequency-one",
        'code = "walsh"',
        'code = "sinusoidal"\nfrequency = [1]',
        "perturbation.frequency: [1] has 1 entry; allowed are lists of 2 frequencies, the first and the "
        "spacing.",
    ),
    (
        "frequency-zero",
        'code = "walsh"',
        'code = "sinusoidal"\nfrequency = [0, 1]',
        "perturbation.frequency[0]: 0 is out of range; allowed are integers from 1 to 4096.",
    ),
    (
        "frequency-high",
        'code = "walsh"',
        'code = "sinusoidal"\nfrequency = [2, 4096]',
        "perturbation.frequency: [2, 4096] makes 1572866 cycles of the last of 385 sines; allowed are "
        "lists whose last sine has fewer than 1048576.",
    ),
    (
        "amplitude-sine",
        'code = "walsh"\namplitude = 0.05',
        'code = "sinusoidal"\namplitude = 6',
        "perturbation.amplitude: 6.0 makes sines that reach beyond weights.range = 8; allowed are numbers "
        "to below 5.65685.",
    ),
    (
        "rank-one-nodes",
        'code = "walsh"',
        'code = "rank-one"\nmethod = "node"',
        'perturbation.code: "rank-one" has no use with method = "node"; it is allowed with method = "weight".',
    ),
    (
        "layer-walsh",
        'code = "walsh"',
        'code = "walsh"\nmethod = "node-by-layer"',
        'perturbation.code: "walsh" does not go with method = "node-by-layer"; allowed is "random".',
    ),
    (
        "momentum-one",
        "eta = 0.01",
        "eta = 0.01\nmomentum = 1.0",
        "update.momentum: 1.0 is out of range; allowed are numbers from 0 to 0.99.",
    ),
    (
        "rounding-unknown",
        "eta = 0.01",
        'eta = 0.01\nrounding = "down"',
        'update.rounding: "down" is not one of the choices; allowed are nearest, stochastic.',
    ),
    (
        "factors-one",
        "eta = 0.01",
        "eta = 0.01\nlayers = [1]",
        "update.layers: [1.0] has 1 entry; allowed are lists of 2, one for each layer of weights.",
    ),
    (
        "factors-large",
        "eta = 0.01",
        "eta = 0.01\nlayers = [1, 1.5]",
        "update.layers[1]: 1.5 is out of range; allowed are numbers from 0 to 1.",
    ),
    (
        "latency-large",
        "output_bits = 10",
        "output_bits = 10\nlatency = 16",
        "array.latency: 16 is out of range; allowed are integers from 0 to 15.",
    ),
    (
        "window-three",
        "lanes = 4",
        "lanes = 4\nwindow = 3",
        "engine.window: 3 is not one of the choices; allowed are 1, 2, 4, 8, 16, 32, 64.",
    ),
    (
        "gradient-unknown",
        "lanes = 4",
        'lanes = 4\ngradient = "none"',
        'engine.gradient: "none" is not one of the choices; allowed are memory, replay.',
    ),
    (
        "delay-large",
        "lanes = 4",
        "lanes = 4\ndelay = 16",
        "engine.delay: 16 is out of range; allowed are integers from 0 to 15.",
    ),
    (
        "settle-large",
        "lanes = 4",
        "lanes = 4\nsettle = 65536",
        "engine.settle: 65536 is out of range; allowed are integers from 0 to 65535.",
    ),
    (
        "max-tau-p",
        "lanes = 4",
        "lanes = 4\nmax_tau_p = 3",
        "engine.max_tau_p: 3 is less than perturbation.tau_p; allowed are integers from 4 to 1048576.",
    ),
    (
        "max-tau-theta",
        "lanes = 4",
        "lanes = 4\nmax_tau_theta = 15",
        "engine.max_tau_theta: 15 is less than perturbation.tau_theta; allowed are integers from 16 to "
        "1048576.",
    ),
    (
        "settings-unknown",
        "lanes = 4",
        'lanes = 4\nsettings = "fixed"',
        'engine.settings: "fixed" is not one of the choices; allowed are registers, constants.',
    ),
    (
        "samples-of-many-levels",
        "lanes = 4",
        'lanes = 4\nsamples = "bits"',
        'engine.samples: "bits" keeps two levels of inputs and of targets, and data.set = "digits" has more; '
        'allowed is "codes".',
    ),
    (
        "calibration-unknown",
        "lanes = 4",
        'lanes = 4\ncalibration = "no way"',
        'engine.calibration: "no way" is not one of the choices; allowed are true, false.',
    ),
    (
        "max-tau-p-constant",
        "lanes = 4",
        'lanes = 4\nmax_tau_p = 4\nsettings = "constants"',
        'engine.max_tau_p: 4 has no use with engine.settings = "constants"; it is allowed with "registers".',
    ),
    (
        "replay-unwindowed",
        "lanes = 4",
        'lanes = 4\ngradient = "replay"',
        'engine.gradient: "replay" keeps the costs of engine.window = 1 patterns alone; allowed are '
        "windows above 1 with tau_theta a divisor of window times tau_p (here 4), and no latency.",
    ),
    (
        "replay-long",
        "lanes = 4",
        'lanes = 4\nwindow = 2\ngradient = "replay"',
        'engine.gradient: "replay" keeps the costs of engine.window = 2 patterns alone; allowed are '
        "windows above 1 with tau_theta a divisor of window times tau_p (here 8), and no latency.",
    ),
    (
        "replay-late",
        "lanes = 4",
        'lanes = 4\nwindow = 8\ndelay = 1\ngradient = "replay"',
        'engine.gradient: "replay" keeps the costs of engine.window = 8 patterns alone; allowed are '
        "windows above 1 with tau_theta a divisor of window times tau_p (here 32), and no latency.",
    ),
    (
        "cost-bits-largest",
        "lanes = 4",
        "lanes = 4\nmax_tau_theta = 65536",
        "cost.bits: 19 with engine.max_tau_theta = 65536 makes words of G of 35 bits, more than 30; "
        "allowed are integers from 4 to 14.",
    ),
    (
        "first-of-file",
        'name = "small"\nseed = 7',
        'seed = -1\nname = "Small"',
        "seed: -1 is out of range; allowed are integers from 0 to 4294967295.",
    ),
    (
        "first-section",
        "[network]\nlayers = [64, 5, 10]",
        "[network]\nlayers = [64, 0, 10]\nfoo = 1\n[bar]",
        "network.layers[1]: 0 is out of range; allowed are integers from 1 to 4096.",
    ),
    (
        "key-quoted",
        "lanes = 4",
        '"lanes\\n" = 4',
        'engine."lanes\\n": unknown key, perhaps meant as lanes; allowed are lanes, window, gradient, delay, settle, '
        "max_tau_p, max_tau_theta, settings, calibration, timeout, samples.",
    ),
]

NODES = DIGITAL.replace('code = "walsh"', 'code = "walsh"\nmethod = "node"')
ANALOG = DIGITAL.replace("tau_x = 8", "tau_x = 16").replace('mode = "forward"', 'mode = "analog"')
NODES_EDITS = [
    (
        "delay-nodes",
        "lanes = 4",
        "lanes = 4\ndelay = 2",
        'engine.delay: 2 has no use with perturbation.method = "node", whose inputs are not kept so long; '
        "allowed is 0.",
    ),
    (
        "window-nodes",
        "lanes = 4",
        "lanes = 4\nwindow = 2",
        'engine.window: 2 is for signs of all parameters; allowed is 1, or method = "weight" with a code '
        "of random, walsh, walsh-upper, not in analog mode.",
    ),
    (
        "latency-nodes",
        "output_bits = 10",
        "output_bits = 10\nlatency = 3",
        'array.latency: 3 has no use with perturbation.method = "node", whose inputs are not kept so long; '
        "allowed is 0.",
    ),
    (
        "gradient-nodes",
        "tau_theta = 16",
        "tau_theta = 1048576",
        "perturbation.tau_theta: 1048576 makes words of G of 31 bits even with cost.bits = 4, more than 30; "
        "allowed are integers from 1 to 524288.",
    ),
]
ANALOG_EDITS = [
    (
        "analog-slow",
        "tau_theta = 16",
        "tau_theta = 32767",
        'perturbation.tau_theta: 32767 is too slow a leak of G with mode = "analog"; '
        "allowed are integers from 1 to 32766.",
    ),
    (
        "analog-filtered",
        'path = "digital"',
        'path = "filtered"',
        'cost.mode: "analog" updates after each step, which pulses do not; '
        'it is allowed with update.path = "digital".',
    ),
    (
        "analog-window",
        "lanes = 4",
        "lanes = 4\nwindow = 4",
        "engine.window: 4 is for signs of all parameters; "
        'allowed is 1, or method = "weight" with a code of random, walsh, walsh-upper, not in analog mode.',
    ),
    (
        "analog-refresh",
        "bits = 19",
        "bits = 19\nrefresh = 1",
        'cost.refresh: 1 has no use with mode = "analog"; it is allowed with mode = "forward".',
    ),
]

DEFECT_KEYS = (
    "cost_noise, cost_drift, bandwidth, update_noise, activation_spread, dac_nonlinearity, adc_nonlinearity, "
    "stuck, flipped"
)

DEFECTS_LINES = [
    ("noise-negative", "cost_noise = -0.1", "cost_noise: -0.1 is out of range; allowed are numbers from 0 to 10."),
    ("drift-fast", "cost_drift = 11", "cost_drift: 11 is out of range; allowed are numbers from -10 to 10."),
    ("pole-slow", "bandwidth = 1001.0", "bandwidth: 1001.0 is out of range; allowed are numbers from 0 to 1000."),
    ("update-infinite", "update_noise = inf", "update_noise: inf is not finite; allowed are numbers from 0 to 1024."),
    ("spread-wide", "activation_spread = 1.5",
     "activation_spread: 1.5 is out of range; allowed are numbers from 0 to 1."),
    ("dac-bent", "dac_nonlinearity = 0.6",
     "dac_nonlinearity: 0.6 is out of range; allowed are numbers from -0.5 to 0.5."),
    ("adc-string", 'adc_nonlinearity = "3 LSB"',
     'adc_nonlinearity: "3 LSB" is not a number; allowed are numbers from -0.5 to 0.5.'),
    ("stuck-above", "stuck = 1.01", "stuck: 1.01 is out of range; allowed are numbers from 0 to 1."),
    ("flipped-boolean", "flipped = true", "flipped: true is not a number; allowed are numbers from 0 to 1."),
    ("unknown", "cost_nose = 1",
     f"cost_nose: unknown key, perhaps meant as cost_noise; allowed are {DEFECT_KEYS}."),
]  # fmt: skip

FILTERED_EDITS = [
    (
        "momentum-filtered",
        'reset = "keep"',
        'reset = "keep"\nmomentum = 0.5',
        'update.momentum: 0.5 has no use with path = "filtered"; it is allowed with path = "digital".',
    ),
    (
        "rounding-filtered",
        'reset = "keep"',
        'reset = "keep"\nrounding = "nearest"',
        'update.rounding: "nearest" has no use with path = "filtered"; it is allowed with path = "digital".',
    ),
    (
        "factors-filtered",
        'reset = "keep"',
        'reset = "keep"\nlayers = [1, 1]',
        'update.layers: [1.0, 1.0] has no use with path = "filtered"; it is allowed with path = "digital".',
    ),
    (
        "gradient-filtered",
        "amplitude = 0.05",
        "amplitude = 0.05\ntau_theta = 1024",
        "cost.bits: 20 with perturbation.tau_theta = 1024 makes words of G of 30 bits, more than 29; "
        "allowed are integers from 4 to 19.",
    ),
    (
        "section-number",
        'name = "pulsed"',
        'name = "pulsed"\nengine = 5',
        "engine: 5 is not a table; allowed are tables of lanes, window, gradient, delay, settle, max_tau_p, "
        "max_tau_theta, settings, calibration, timeout, samples.",
    ),
    (
        "keep-shift-zero",
        "keep_shift = 2",
        "keep_shift = 0",
        "update.keep_shift: 0 is out of range; allowed are integers from 1 to 8.",
    ),
    (
        "keep-shift-unused",
        '"keep"',
        '"zero"',
        'update.keep_shift: 2 has no use with reset = "zero"; it is allowed with reset = "keep".',
    ),
    (
        "reset-unknown",
        '"keep"',
        '"forget"',
        'update.reset: "forget" is not one of the choices; allowed are zero, subtract, keep.',
    ),
    (
        "model-unknown",
        '"constant-step"',
        '"exp-step"',
        'device.model: "exp-step" is not one of the choices; allowed are soft-bounds, constant-step.',
    ),
    (
        "states-one",
        "states = 100",
        "states = 1",
        "device.states: 1 is out of range; allowed are integers from 2 to 10000.",
    ),
    (
        "bound-one",
        "bound = 0.6",
        "bound = 1.0",
        "device.bound: 1.0 is out of range; allowed are numbers from 0.05 to 0.95.",
    ),
    (
        "spread-wide",
        "step_spread = 0.3",
        "step_spread = 0.31",
        "device.step_spread: 0.31 is out of range; allowed are numbers from 0 to 0.3.",
    ),
    (
        "noise-negative",
        "cycle_noise = 0.4",
        "cycle_noise = -0.1",
        "device.cycle_noise: -0.1 is out of range; allowed are numbers from 0 to 1.",
    ),
    (
        "device-unknown",
        "cycle_noise",
        "cycle_nose",
        "device.cycle_nose: unknown key, perhaps meant as cycle_noise; "
        "allowed are model, states, bound, step_spread, bound_spread, asymmetry, cycle_noise.",
    ),
    (
        "step-coarse",
        "[run]",
        "[weights]\nbits = 9\ndac_bits = 9\n\n[run]",
        "weights.bits: 9 leaves 3.072 units of the state for a device's step (2 device.bound / "
        "device.states), less than 4; "
        "allowed are integers from 10 to 28.",
    ),
    (
        "test-many-xor",
        'set = "xor"',
        'set = "xor"\ntest = 5',
        'data.test: 5 beside data.train = 4 is too many, data.set = "xor" has 4 samples; '
        "allowed are integers from 0 to 4.",
    ),
    (
        "outputs-unfit",
        "[2, 2, 1]",
        "[2, 2]",
        'network.layers: [2, 2] does not fit data.set = "xor"; '
        "allowed are lists that begin with 2 and end with 1.",
    ),
]

RAW = [
    ("empty", b"", "the file is empty; required are name, network, data, perturbation, update, run."),
    (
        "comment",
        b"# soon\n",
        "the file is empty; required are name, network, data, perturbation, update, run.",
    ),
    ("not-utf-8", b'name = "caf\xe9"\n', "byte 11 is not UTF-8; allowed is TOML in UTF-8."),
    ("utf-16", 'name = "a"'.encode("utf-16"), "byte 0 is not UTF-8; allowed is TOML in UTF-8."),
    ("elf", b"\x7fELF\x02\x01\x01\x00", "not valid TOML, Invalid statement (at line 1, column 1)."),
    ("no-value", b'name = "a"\nseed =\n', "not valid TOML, Invalid value (at line 2, column 7)."),
    ("cut-off", b"[network]\nlayers = [2, 2,", "not valid TOML, Invalid value (at end of document)."),
    ("key-twice", b"seed = 1\nseed = 2\n", "not valid TOML, Cannot overwrite a value (at line 2, column 9)."),
    ("nested", b"seed = " + b"[" * 5000, "not valid TOML, lists or tables are nested too deeply."),
    ("digits", b"seed = " + b"1" * 5000, "not valid TOML, a number has too many digits."),
    (
        "python",
        b"seed = 1\nnetwork.layers = [2, 2, 1]\nnetwork.activation = None\n",
        "not valid TOML, Invalid value (at line 3, column 22).",
    ),
]


def edited(text: str, old: str, new: str) -> bytes:
    """The text with one change; the old part must be there, once."""
    assert text.count(old) == 1, old
    return text.replace(old, new).encode()


MALFORMED: list[tuple[str, bytes, str]] = [
    *(
        (name, edited(DIGITAL, old, new), "chip.toml: " + message)
        for name, old, new, message in DIGITAL_EDITS
    ),
    *(
        (name, edited(NODES, old, new), "chip.toml: " + message)
        for name, old, new, message in NODES_EDITS
    ),
    *(
        (name, edited(ANALOG, old, new), "chip.toml: " + message)
        for name, old, new, message in ANALOG_EDITS
    ),
    *(
        (name, edited(FILTERED, old, new), "chip.toml: " + message)
        for name, old, new, message in FILTERED_EDITS
    ),
    *(
        (
            f"defects-{name}",
            edited(DIGITAL, "[engine]", f"[defects]\n{line}\n\n[engine]"),
            "chip.toml: defects." + message,
        )
        for name, line, message in DEFECTS_LINES
    ),
    *((name, content, "chip.toml: " + message) for name, content, message in RAW),
]
"""Name, content of a file that is read as `chip.toml`, and the whole sentence that refuses it."""


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(content: bytes | str) -> ChipConfig:
    Path("chip.toml").write_bytes(content.encode() if isinstance(content, str) else content)
    return load("chip.toml")


def is_one_sentence(text: str) -> bool:
    """One printable line that ends in the only full stop; three dots are a value that was cut."""
    return text.isprintable() and text.endswith(".") and ". " not in text.replace("... ", " ")


@pytest.mark.parametrize("content, message", [m[1:] for m in MALFORMED], ids=[m[0] for m in MALFORMED])
def test_malformed(content, message):
    with pytest.raises(ConfigError) as refused:
        read(content)
    assert str(refused.value) == message
    assert is_one_sentence(message)


def test_the_table_is_large_and_its_names_are_distinct():
    assert len(MALFORMED) >= 45
    assert len({name for name, _, _ in MALFORMED}) == len(MALFORMED)


def test_unreadable():
    with pytest.raises(ConfigError) as refused:
        load("none.toml")
    assert (
        str(refused.value) == "none.toml: cannot be read (No such file or directory); allowed is a TOML file."
    )
    Path("folder.toml").mkdir()
    with pytest.raises(ConfigError) as refused:
        load(Path("folder.toml"))
    assert str(refused.value) == "folder.toml: cannot be read (Is a directory); allowed is a TOML file."
    with pytest.raises(ConfigError, match=r'^"two\\nlines.toml": cannot be read'):
        load("two\nlines.toml")


def test_damaged_files_load_or_end_in_one_sentence():
    draw = random.Random(1)
    values = [
        "-1",
        "0",
        "1e999",
        "nan",
        "true",
        '""',
        "[]",
        "{}",
        "[[]]",
        "12:00:00",
        "99999999999999999999",
        "'x'",
    ]
    refused = 0
    for _ in range(600):
        lines = draw.choice([DIGITAL, FILTERED]).splitlines()
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(lines))
            key = lines[at].split("=")[0]
            lines[at] = draw.choice(
                [f"{key} = {draw.choice(values)}", "", lines[at][:-1], draw.choice(lines)]
            )
        try:
            read("\n".join(lines))
        except ConfigError as error:
            refused += 1
            assert str(error).startswith("chip.toml: ") and is_one_sentence(str(error)), str(error)
    assert refused > 300


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_load(path):
    chip = load(path)
    assert chip.name == path.stem
    assert chip.with_() == chip
    hash(chip)


def test_values_arrive_as_written():
    chip = read(DIGITAL)
    assert (chip.name, chip.seed) == ("small", 7)
    assert chip.network.layers == (64, 5, 10)
    assert chip.size == 65 * 5 + 6 * 10
    assert chip.activations == ("tanh", "sigmoid")
    assert (chip.data.train, chip.data.test, chip.data.order) == (1000, 300, "cyclic")
    assert chip.update.schedule == ((300, 0.003), (800, 0.001))
    assert chip.device is None


def test_defaults():
    chip = read(FILTERED)
    assert chip.activations == ("tanh", "tanh")
    assert (chip.data.train, chip.data.test) == (4, 4)
    assert (chip.perturbation.code, chip.perturbation.tau_theta) == ("random", 1)
    assert (chip.cost.function, chip.cost.mode, chip.cost.bits) == ("mse", "antithetic", 20)
    assert (chip.engine.lanes, chip.run.checkpoints) == (16, 20)
    assert chip.with_(**{"run.steps": 7}).run.checkpoints == 7
    assert read(edited(DIGITAL, "train = 1000\ntest = 300", "train = 1700")).data.test == 97
    assert read(edited(DIGITAL, "train = 1000\ntest = 300", "")).data.train == 1437


def test_an_integer_is_a_number():
    eta = read(edited(DIGITAL, "eta = 0.01", "eta = 1").replace(b", 0.00", b", 1.00")).update.eta
    assert (eta, type(eta)) == (1.0, float)


def test_frozen():
    chip = read(FILTERED)
    with pytest.raises(ValidationError):
        chip.seed = 2
    with pytest.raises(ValidationError):
        chip.run.steps = 2


def test_overrides_are_validated_and_leave_the_original_alone():
    chip = read(FILTERED)
    other = chip.with_(**{"seed": 3, "run.steps": 500, "engine.lanes": 4})
    assert (other.seed, other.run.steps, other.engine.lanes) == (3, 500, 4)
    assert (chip.seed, chip.run.steps, chip.engine.lanes) == (1, 1000, 16)
    assert chip.with_seed(3) == chip.with_(seed=3)
    digital = {"update.path": "digital", "update.reset": None, "update.keep_shift": None, "device": None}
    assert chip.with_(**digital).device is None


@pytest.mark.parametrize(
    "overrides, message",
    [
        ({"run.steps": 0}, "run.steps: 0 is out of range; allowed are integers from 1 to 4294967295."),
        (
            {"engine.lane": 4},
            "engine.lane: unknown key, perhaps meant as lanes; "
            "allowed are lanes, window, gradient, delay, settle, max_tau_p, max_tau_theta, settings, calibration, "
            "timeout, samples.",
        ),
        ({"name.first": "x"}, "name.first: unknown key; name is no section."),
        ({"seed": True}, "seed: true is not an integer; allowed are integers from 0 to 4294967295."),
        (
            {"update.path": "digital"},
            'update.reset: "keep" has no use with path = "digital"; '
            'it is allowed with path = "filtered" or "tiki-taka".',
        ),
        ({"run.steps": None}, "run.steps: missing key; allowed are integers from 1 to 4294967295."),
    ],
)
def test_wrong_overrides(overrides, message):
    with pytest.raises(ConfigError) as refused:
        read(FILTERED).with_(**overrides)
    assert str(refused.value) == "pulsed: " + message


def test_every_key_is_in_the_documentation():
    page = (Path(__file__).parents[1] / "docs" / "chip.md").read_text()
    for section, field in ChipConfig.model_fields.items():
        model = next((m for m in (field.annotation, *get_args(field.annotation)) if hasattr(m, "model_fields")), None)
        keys = [section] if model is None else [f"**{section}**", *(f"`{key}`" for key in model.model_fields)]
        assert [key for key in keys if key not in page] == []
