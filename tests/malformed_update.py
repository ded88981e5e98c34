"""Edits of whole chip files that are wrong in sections update, engine and run, and the sentence that says so."""

from .config_files import ANALOG, DIGITAL, FILTERED, NODES

DIGITAL_EDITS = [
    ("section-list", "[engine]", "[[engine]]",
     "engine: [{...}] is not a table; allowed are tables of lanes, window, gradient, delay, settle, max_tau_p, "
     "max_tau_theta, settings, calibration, timeout, bring_up, inference, samples."),
    ("path-unknown", '"digital"', '"pulsed"',
     'update.path: "pulsed" is not one of the choices; allowed are digital, filtered, tiki-taka.'),
    ("path-missing", 'path = "digital"\n', "", "update.path: missing key; allowed are digital, filtered, tiki-taka."),
    ("eta-negative", "eta = 0.01", "eta = -0.01",
     "update.eta: -0.01 is out of range; allowed are numbers above 0 to 1000."),
    ("eta-infinite", "eta = 0.01", "eta = inf", "update.eta: inf is not finite; allowed are numbers above 0 to 1000."),
    ("eta-overflow", "eta = 0.01", "eta = 1" + "0" * 400,
     "update.eta: an integer of 1329 bits is out of range; allowed are numbers above 0 to 1000."),
    ("eta-boolean", "eta = 0.01", "eta = true",
     "update.eta: true is not a number; allowed are numbers above 0 to 1000."),
    ("schedule-flat", "[[300, 0.003], [800, 0.001]]", "[300, 0.003]",
     "update.schedule[0]: 300 is not a list; allowed are lists of 2 numbers, a step and an eta."),
    ("schedule-triple", "[800, 0.001]", "[800, 0.001, 1]",
     "update.schedule[1]: [800, 0.001, 1] has 3 entries; "
     "allowed are lists of 2 numbers, a step and an eta."),
    ("schedule-step", "[300, 0.003]", "[0, 0.003]",
     "update.schedule[0][0]: 0 is out of range; allowed are integers from 1 to 4294967295."),
    ("schedule-falls", "[800, 0.001]", "[300, 0.001]",
     "update.schedule[1][0]: 300 does not come after step 300; allowed are integers above 300."),
    ("schedule-far", "[800, 0.001]", "[800, 0.1]",
     "update.schedule[1][1]: 0.1 is too far from update.eta = 0.01; "
     "allowed are numbers from 7.8125e-05 to 0.08."),
    ("schedule-long", "[[300, 0.003], [800, 0.001]]", "[" + "[1, 0.01], " * 16 + "]",
     "update.schedule: [[1, 0.01], [1, 0.01], [1, 0.01], [1, 0.01], [1, 0.01], [... has 16 entries; "
     "allowed are lists of 0 to 15 pairs [step, eta]."),
    ("reset-digital", "eta = 0.01", 'eta = 0.01\nreset = "zero"',
     'update.reset: "zero" has no use with path = "digital"; it is allowed with path = "filtered" or "tiki-taka".'),
    ("keep-digital", "eta = 0.01", "eta = 0.01\nkeep_shift = 3",
     'update.keep_shift: 3 has no use with path = "digital"; it is allowed with path = "filtered" or "tiki-taka".'),
    ("lanes-three", "lanes = 4", "lanes = 3",
     "engine.lanes: 3 is not one of the choices; allowed are 1, 2, 4, 8, 16, 32, 64."),
    ("lanes-boolean", "lanes = 4", "lanes = true",
     "engine.lanes: true is not one of the choices; allowed are 1, 2, 4, 8, 16, 32, 64."),
    ("lanes-float", "lanes = 4", "lanes = 4.0",
     "engine.lanes: 4.0 is not one of the choices; allowed are 1, 2, 4, 8, 16, 32, 64."),
    ("steps-missing", "steps = 1000\n", "", "run.steps: missing key; allowed are integers from 1 to 4294967295."),
    ("steps-zero", "steps = 1000", "steps = 0",
     "run.steps: 0 is out of range; allowed are integers from 1 to 4294967295."),
    ("checkpoints-many", "checkpoints = 10", "checkpoints = 1001",
     "run.checkpoints: 1001 is out of range; allowed are integers from 1 to 1000."),
    ("checkpoints-steps", "steps = 1000", "steps = 9",
     "run.checkpoints: 10 is more than run.steps; allowed are integers from 1 to 9."),
    ("momentum-one", "eta = 0.01", "eta = 0.01\nmomentum = 1.0",
     "update.momentum: 1.0 is out of range; allowed are numbers from 0 to 0.99."),
    ("rounding-unknown", "eta = 0.01", 'eta = 0.01\nrounding = "down"',
     'update.rounding: "down" is not one of the choices; allowed are nearest, stochastic.'),
    ("factors-one", "eta = 0.01", "eta = 0.01\nlayers = [1]",
     "update.layers: [1.0] has 1 entry; allowed are lists of 2, one for each layer of weights."),
    ("factors-large", "eta = 0.01", "eta = 0.01\nlayers = [1, 1.5]",
     "update.layers[1]: 1.5 is out of range; allowed are numbers from 0 to 1."),
    ("window-three", "lanes = 4", "lanes = 4\nwindow = 3",
     "engine.window: 3 is not one of the choices; allowed are 1, 2, 4, 8, 16, 32, 64."),
    ("gradient-unknown", "lanes = 4", 'lanes = 4\ngradient = "none"',
     'engine.gradient: "none" is not one of the choices; allowed are memory, replay.'),
    ("delay-large", "lanes = 4", "lanes = 4\ndelay = 16",
     "engine.delay: 16 is out of range; allowed are integers from 0 to 15."),
    ("settle-large", "lanes = 4", "lanes = 4\nsettle = 65536",
     "engine.settle: 65536 is out of range; allowed are integers from 0 to 65535."),
    ("max-tau-p", "lanes = 4", "lanes = 4\nmax_tau_p = 3",
     "engine.max_tau_p: 3 is less than perturbation.tau_p; allowed are integers from 4 to 1048576."),
    ("max-tau-theta", "lanes = 4", "lanes = 4\nmax_tau_theta = 15",
     "engine.max_tau_theta: 15 is less than perturbation.tau_theta; allowed are integers from 16 to "
     "1048576."),
    ("settings-unknown", "lanes = 4", 'lanes = 4\nsettings = "fixed"',
     'engine.settings: "fixed" is not one of the choices; allowed are registers, constants.'),
    ("samples-of-many-levels", "lanes = 4", 'lanes = 4\nsamples = "bits"',
     'engine.samples: "bits" keeps two levels of inputs and of targets, and data.set = "digits" has more; '
     'allowed is "codes".'),
    ("calibration-unknown", "lanes = 4", 'lanes = 4\ncalibration = "no way"',
     'engine.calibration: "no way" is not one of the choices; allowed are true, false.'),
    ("max-tau-p-constant", "lanes = 4", 'lanes = 4\nmax_tau_p = 4\nsettings = "constants"',
     'engine.max_tau_p: 4 has no use with engine.settings = "constants"; it is allowed with "registers".'),
    ("replay-unwindowed", "lanes = 4", 'lanes = 4\ngradient = "replay"',
     'engine.gradient: "replay" keeps the costs of engine.window = 1 patterns alone; allowed are '
     "windows above 1 with tau_theta a divisor of window times tau_p (here 4), and no latency."),
    ("replay-long", "lanes = 4", 'lanes = 4\nwindow = 2\ngradient = "replay"',
     'engine.gradient: "replay" keeps the costs of engine.window = 2 patterns alone; allowed are '
     "windows above 1 with tau_theta a divisor of window times tau_p (here 8), and no latency."),
    ("replay-late", "lanes = 4", 'lanes = 4\nwindow = 8\ndelay = 1\ngradient = "replay"',
     'engine.gradient: "replay" keeps the costs of engine.window = 8 patterns alone; allowed are '
     "windows above 1 with tau_theta a divisor of window times tau_p (here 32), and no latency."),
    ("key-quoted", "lanes = 4", '"lanes\\n" = 4',
     'engine."lanes\\n": unknown key, perhaps meant as lanes; allowed are lanes, window, gradient, delay, settle, '
     "max_tau_p, max_tau_theta, settings, calibration, timeout, bring_up, inference, samples."),
]  # fmt: skip
NODES_EDITS = [
    ("delay-nodes", "lanes = 4", "lanes = 4\ndelay = 2",
     'engine.delay: 2 has no use with perturbation.method = "node", whose inputs are not kept so long; '
     "allowed is 0."),
    ("window-nodes", "lanes = 4", "lanes = 4\nwindow = 2",
     'engine.window: 2 is for signs of all parameters; allowed is 1, or method = "weight" with a code '
     "of random, walsh, walsh-upper, not in analog mode."),
]  # fmt: skip
ANALOG_EDITS = [
    ("analog-window", "lanes = 4", "lanes = 4\nwindow = 4",
     "engine.window: 4 is for signs of all parameters; "
     'allowed is 1, or method = "weight" with a code of random, walsh, walsh-upper, not in analog mode.'),
]  # fmt: skip
FILTERED_EDITS = [
    ("momentum-filtered", 'reset = "keep"', 'reset = "keep"\nmomentum = 0.5',
     'update.momentum: 0.5 has no use with path = "filtered"; it is allowed with path = "digital".'),
    ("rounding-filtered", 'reset = "keep"', 'reset = "keep"\nrounding = "nearest"',
     'update.rounding: "nearest" has no use with path = "filtered"; it is allowed with path = "digital".'),
    ("factors-filtered", 'reset = "keep"', 'reset = "keep"\nlayers = [1, 1]',
     'update.layers: [1.0, 1.0] has no use with path = "filtered"; it is allowed with path = "digital".'),
    ("section-number", 'name = "pulsed"', 'name = "pulsed"\nengine = 5',
     "engine: 5 is not a table; allowed are tables of lanes, window, gradient, delay, settle, max_tau_p, "
     "max_tau_theta, settings, calibration, timeout, bring_up, inference, samples."),
    ("keep-shift-zero", "keep_shift = 2", "keep_shift = 0",
     "update.keep_shift: 0 is out of range; allowed are integers from 1 to 8."),
    ("keep-shift-unused", '"keep"', '"zero"',
     'update.keep_shift: 2 has no use with reset = "zero"; it is allowed with reset = "keep".'),
    ("reset-unknown", '"keep"', '"forget"',
     'update.reset: "forget" is not one of the choices; allowed are zero, subtract, keep.'),
]  # fmt: skip
EDITS = [(DIGITAL, DIGITAL_EDITS), (NODES, NODES_EDITS), (ANALOG, ANALOG_EDITS), (FILTERED, FILTERED_EDITS)]
