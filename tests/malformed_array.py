"""Edits of whole chip files, wrong in what describes network, samples and array, and the sentence that says so."""

from .config_files import DIGITAL, FILTERED, NODES

DIGITAL_EDITS = [
    ("missing-section", '[network]\nlayers = [64, 5, 10]\nactivation = ["tanh", "sigmoid"]\n', "",
     "network: missing section; required in it are layers, activation."),
    ("layer-negative", "[64, 5, 10]", "[64, -4, 10]",
     "network.layers[1]: -4 is out of range; allowed are integers from 1 to 4096."),
    ("layer-huge", "[64, 5, 10]", "[64, 4097, 10]",
     "network.layers[1]: 4097 is out of range; allowed are integers from 1 to 4096."),
    ("layer-float", "[64, 5, 10]", "[64, 5.0, 10]",
     "network.layers[1]: 5.0 is not an integer; allowed are integers from 1 to 4096."),
    ("layer-boolean", "[64, 5, 10]", "[64, true, 10]",
     "network.layers[1]: true is not an integer; allowed are integers from 1 to 4096."),
    ("layers-one", "[64, 5, 10]", "[64]", "network.layers: [64] has 1 entry; allowed are lists of 2 to 8 layer sizes."),
    ("layers-nine", "[64, 5, 10]", "[64, 1, 1, 1, 1, 1, 1, 1, 10]",
     "network.layers: [64, 1, 1, 1, 1, 1, 1, 1, 10] has 9 entries; "
     "allowed are lists of 2 to 8 layer sizes."),
    ("layers-string", "[64, 5, 10]", '"64-5-10"',
     'network.layers: "64-5-10" is not a list; allowed are lists of 2 to 8 layer sizes.'),
    ("layers-unfit", "[64, 5, 10]", "[49, 5, 10]",
     'network.layers: [49, 5, 10] does not fit data.set = "digits"; '
     "allowed are lists that begin with 64 and end with 10."),
    ("layers-parameters", 'layers = [64, 5, 10]\nactivation = ["tanh", "sigmoid"]',
     'layers = [64, 1024, 1024, 10]\nactivation = "tanh"',
     "network.layers: [64, 1024, 1024, 10] has 1126410 weights and biases; "
     "allowed are up to 1048576 of them."),
    ("layers-unknown", "layers =", "layerz =",
     "network.layerz: unknown key, perhaps meant as layers; allowed are layers, activation."),
    ("activation-unknown", '["tanh", "sigmoid"]', '"softmax"',
     'network.activation: "softmax" is not one of the choices; '
     "allowed are tanh, sigmoid, relu, linear, or a list of these with one for each layer of weights."),
    ("activation-nested", '["tanh", "sigmoid"]', '[["tanh"], "sigmoid"]',
     'network.activation: [["tanh"], "sigmoid"] is not one of the choices; '
     "allowed are tanh, sigmoid, relu, linear, or a list of these with one for each layer of weights."),
    ("activation-short", '["tanh", "sigmoid"]', '["tanh"]',
     'network.activation: ["tanh"] has 1 entry; '
     "allowed are one name or a list of 2, one for each layer of weights."),
    ("set-unknown", 'set = "digits"\ntrain = 1000\ntest = 300', 'set = "emnist"',
     'data.set: "emnist" is not one of the choices; allowed are nist7x7, digits, xor, parity3, parity4, parity5, '
     "parity6, parity7, parity8, mnist, fashion-mnist, cifar10."),
    ("set-missing", 'set = "digits"\ntrain = 1000\ntest = 300', "",
     "data.set: missing key; allowed are nist7x7, digits, xor, parity3, parity4, parity5, parity6, parity7, "
     "parity8, mnist, fashion-mnist, cifar10, or data.file in its place."),
    ("train-zero", "train = 1000", "train = 0", "data.train: 0 is out of range; allowed are integers from 1 to 65536."),
    ("train-many", "train = 1000\ntest = 300", "train = 1798",
     'data.train: 1798 is too many, data.set = "digits" has 1797 samples; '
     "allowed are integers from 1 to 1797."),
    ("test-many", "test = 300", "test = 798",
     'data.test: 798 beside data.train = 1000 is too many, data.set = "digits" has 1797 samples; '
     "allowed are integers from 0 to 797."),
    ("order-unknown", '"cyclic"', '"shuffled"',
     'data.order: "shuffled" is not one of the choices; allowed are random, cyclic.'),
    ("device-digital", "[engine]", "[device]\n[engine]",
     'device: the section has no use with update.path = "digital"; '
     'it is allowed with update.path = "filtered" or "tiki-taka".'),
    ("device-missing", '"digital"', '"filtered"',
     'device: missing section; update.path = "filtered" needs it, and an empty one takes all defaults.'),
    ("dac-wider", "bits = 20\ndac_bits = 12", "bits = 10\ndac_bits = 12",
     "weights.dac_bits: 12 is more than weights.bits; allowed are integers from 2 to 10."),
    ("init-full", "init = 0.3", "init = 8",
     "weights.init: 8.0 is not below weights.range; allowed are numbers from 0 to below 8."),
    ("range-string", "range = 8.0", 'range = "8.0"',
     'weights.range: "8.0" is not a number; allowed are numbers above 0 to 1024.'),
    ("adc-bits", "adc_bits = 10", "adc_bits = 15",
     "array.adc_bits: 15 is out of range; allowed are integers from 4 to 14."),
    ("sum-wide", "input_bits = 8", "input_bits = 12",
     "array.input_bits: 12 with weights.dac_bits = 12 and 64 inputs makes sums of 32 bits, "
     "more than 31; "
     "allowed are integers from 2 to 11."),
    ("output-wide", "output_bits = 10", "output_bits = 14",
     "array.output_bits: 14 with 10 outputs makes costs of 32 bits, more than 31; "
     "allowed are integers from 2 to 13."),
    ("latency-large", "output_bits = 10", "output_bits = 10\nlatency = 16",
     "array.latency: 16 is out of range; allowed are integers from 0 to 15."),
    ("first-section", "[network]\nlayers = [64, 5, 10]", "[network]\nlayers = [64, 0, 10]\nfoo = 1\n[bar]",
     "network.layers[1]: 0 is out of range; allowed are integers from 1 to 4096."),
]  # fmt: skip
NODES_EDITS = [
    ("latency-nodes", "output_bits = 10", "output_bits = 10\nlatency = 3",
     'array.latency: 3 has no use with perturbation.method = "node", whose inputs are not kept so long; '
     "allowed is 0."),
]  # fmt: skip
FILTERED_EDITS = [
    ("model-unknown", '"constant-step"', '"exp-step"',
     'device.model: "exp-step" is not one of the choices; allowed are soft-bounds, constant-step.'),
    ("states-one", "states = 100", "states = 1",
     "device.states: 1 is out of range; allowed are integers from 2 to 10000."),
    ("bound-one", "bound = 0.6", "bound = 1.0",
     "device.bound: 1.0 is out of range; allowed are numbers from 0.05 to 0.95."),
    ("spread-wide", "step_spread = 0.3", "step_spread = 0.31",
     "device.step_spread: 0.31 is out of range; allowed are numbers from 0 to 0.3."),
    ("noise-negative", "cycle_noise = 0.4", "cycle_noise = -0.1",
     "device.cycle_noise: -0.1 is out of range; allowed are numbers from 0 to 1."),
    ("device-unknown", "cycle_noise", "cycle_nose",
     "device.cycle_nose: unknown key, perhaps meant as cycle_noise; "
     "allowed are model, states, bound, step_spread, bound_spread, asymmetry, cycle_noise."),
    ("step-coarse", "[run]", "[weights]\nbits = 9\ndac_bits = 9\n\n[run]",
     "weights.bits: 9 leaves 3.072 units of the state for a device's step (2 device.bound / "
     "device.states), less than 4; "
     "allowed are integers from 10 to 28."),
    ("test-many-xor", 'set = "xor"', 'set = "xor"\ntest = 5',
     'data.test: 5 beside data.train = 4 is too many, data.set = "xor" has 4 samples; '
     "allowed are integers from 0 to 4."),
    ("outputs-unfit", "[2, 2, 1]", "[2, 2]",
     'network.layers: [2, 2] does not fit data.set = "xor"; '
     "allowed are lists that begin with 2 and end with 1."),
]  # fmt: skip
EDITS = [(DIGITAL, DIGITAL_EDITS), (NODES, NODES_EDITS), (FILTERED, FILTERED_EDITS)]
