"""Edits of whole chip files that are wrong in sections cost and perturbation, and the sentence that says so."""

from .config_files import ANALOG, DIGITAL, FILTERED, NODES

DIGITAL_EDITS = [
    ("cost-unknown", '"mse"', '"cross-entropy"',
     'cost.function: "cross-entropy" is not one of the choices; allowed are mse, l1.'),
    ("cost-bits-wide", 'mode = "forward"\nbits = 19', 'mode = "forward"\nbits = 32',
     "cost.bits: 32 is out of range; allowed are integers from 4 to 23."),
    ("cost-bits-window", "tau_theta = 16", "tau_theta = 4096",
     "cost.bits: 19 with perturbation.tau_theta = 4096 makes words of G of 31 bits, more than 30; "
     "allowed are integers from 4 to 18."),
    ("code-unknown", '"walsh"', '"sinusoid"',
     'perturbation.code: "sinusoid" is not one of the choices; allowed are random, sequential, walsh, '
     'walsh-upper, sinusoidal, rank-one.'),
    ("amplitude-missing", "amplitude = 0.05\n", "",
     "perturbation.amplitude: missing key; allowed are numbers above 0 to 1024."),
    ("amplitude-nan", "amplitude = 0.05", "amplitude = nan",
     "perturbation.amplitude: nan is not finite; allowed are numbers above 0 to 1024."),
    ("amplitude-zero", "amplitude = 0.05", "amplitude = 0",
     "perturbation.amplitude: 0 is out of range; allowed are numbers above 0 to 1024."),
    ("amplitude-small", "amplitude = 0.05", "amplitude = 0.001",
     "perturbation.amplitude: 0.001 is not between one step of the weights' DAC and weights.range; "
     "allowed are numbers from 0.00390625 to below 8."),
    ("amplitude-large", "amplitude = 0.05", "amplitude = 8.0",
     "perturbation.amplitude: 8.0 is not between one step of the weights' DAC and weights.range; "
     "allowed are numbers from 0.00390625 to below 8."),
    ("tau-p-zero", "tau_p = 4", "tau_p = 0",
     "perturbation.tau_p: 0 is out of range; allowed are integers from 1 to 1048576."),
    ("tau-x-straddles", "tau_x = 8", "tau_x = 6",
     "perturbation.tau_x: 6 makes samples change within a pattern of tau_p = 4 steps; "
     "allowed are multiples and divisors of 4."),
    ("tau-theta-odd", "tau_theta = 16", "tau_theta = 18",
     "perturbation.tau_theta: 18 is not a multiple of tau_p; allowed are multiples of 4."),
    ("refresh-antithetic", 'mode = "forward"', 'mode = "antithetic"\nrefresh = 2',
     'cost.refresh: 2 has no use with mode = "antithetic"; it is allowed with mode = "forward".'),
    ("refresh-negative", 'mode = "forward"', 'mode = "forward"\nrefresh = -1',
     "cost.refresh: -1 is out of range; allowed are integers from 0 to 1048576."),
    ("average-c0-analog", 'mode = "forward"', 'mode = "analog"\naverage_c0 = 2',
     'cost.average_c0: 2 has no use with mode = "analog"; it is allowed with mode = "forward".'),
    ("average-three", 'mode = "forward"', 'mode = "forward"\naverage = 3',
     "cost.average: 3 is not one of the choices; allowed are 1, 2, 4, 8, 16."),
    ("tau-hp-forward", 'mode = "forward"', 'mode = "forward"\ntau_hp = 5',
     'cost.tau_hp: 5.0 has no use with mode = "forward"; it is allowed with mode = "analog".'),
    ("tau-hp-zero", 'mode = "forward"', 'mode = "analog"\ntau_hp = 0',
     "cost.tau_hp: 0 is out of range; allowed are numbers above 0 to 60000."),
    ("mode-unknown", 'mode = "forward"', 'mode = "lock-in"',
     'cost.mode: "lock-in" is not one of the choices; allowed are antithetic, forward, analog.'),
    ("analog-short-samples", 'mode = "forward"', 'mode = "analog"',
     'perturbation.tau_x: 8 is less than four patterns of tau_p = 4, and mode = "analog" loses the '
     "first step of a sample; allowed are multiples of 4 from 16."),
    ("method-unknown", 'code = "walsh"', 'code = "walsh"\nmethod = "layer"',
     'perturbation.method: "layer" is not one of the choices; allowed are weight, node, node-by-layer.'),
    ("blanking-all", "tau_p = 4", "tau_p = 4\nblanking = 8",
     "perturbation.blanking: 8 leaves nothing of a sample of tau_x = 8 steps; allowed are integers "
     "from 0 to 7."),
    ("frequency-walsh", "tau_p = 4", "tau_p = 4\nfrequency = [1, 2]",
     'perturbation.frequency: [1, 2] has no use with code = "walsh"; it is allowed with code = '
     '"sinusoidal".'),
    ("phase-walsh", "tau_p = 4", "tau_p = 4\nphase = 0",
     'perturbation.phase: 0.0 has no use with code = "walsh"; it is allowed with code = "sinusoidal".'),
    ("lag-walsh", "tau_p = 4", "tau_p = 4\nlag = 0.5",
     'perturbation.lag: 0.5 has no use with code = "walsh"; it is allowed with code = "sinusoidal".'),
    ("phase-turn", 'code = "walsh"', 'code = "sinusoidal"\nphase = 1',
     "perturbation.phase: 1.0 is a whole turn; allowed are numbers from 0 to below 1."),
    ("lag-turn", 'code = "walsh"', 'code = "sinusoidal"\nlag = 1.0',
     "perturbation.lag: 1.0 is a whole turn; allowed are numbers from 0 to below 1."),
    ("lag-large", 'code = "walsh"', 'code = "sinusoidal"\nlag = 1.5',
     "perturbation.lag: 1.5 is out of range; allowed are numbers from 0 to 1."),
    ("frequency-one", 'code = "walsh"', 'code = "sinusoidal"\nfrequency = [1]',
     "perturbation.frequency: [1] has 1 entry; allowed are lists of 2 frequencies, the first and the "
     "spacing."),
    ("frequency-zero", 'code = "walsh"', 'code = "sinusoidal"\nfrequency = [0, 1]',
     "perturbation.frequency[0]: 0 is out of range; allowed are integers from 1 to 4096."),
    ("frequency-high", 'code = "walsh"', 'code = "sinusoidal"\nfrequency = [2, 4096]',
     "perturbation.frequency: [2, 4096] makes 1572866 cycles of the last of 385 sines; allowed are "
     "lists whose last sine has fewer than 1048576."),
    ("amplitude-sine", 'code = "walsh"\namplitude = 0.05', 'code = "sinusoidal"\namplitude = 6',
     "perturbation.amplitude: 6.0 makes sines that reach beyond weights.range = 8; allowed are numbers "
     "to below 5.65685."),
    ("rank-one-nodes", 'code = "walsh"', 'code = "rank-one"\nmethod = "node"',
     'perturbation.code: "rank-one" has no use with method = "node"; it is allowed with method = "weight".'),
    ("layer-walsh", 'code = "walsh"', 'code = "walsh"\nmethod = "node-by-layer"',
     'perturbation.code: "walsh" does not go with method = "node-by-layer"; allowed is "random".'),
    ("cost-bits-largest", "lanes = 4", "lanes = 4\nmax_tau_theta = 65536",
     "cost.bits: 19 with engine.max_tau_theta = 65536 makes words of G of 35 bits, more than 30; "
     "allowed are integers from 4 to 14."),
]  # fmt: skip
NODES_EDITS = [
    ("gradient-nodes", "tau_theta = 16", "tau_theta = 1048576",
     "perturbation.tau_theta: 1048576 makes words of G of 31 bits even with cost.bits = 4, more than 30; "
     "allowed are integers from 1 to 524288."),
]  # fmt: skip
ANALOG_EDITS = [
    ("analog-slow", "tau_theta = 16", "tau_theta = 32767",
     'perturbation.tau_theta: 32767 is too slow a leak of G with mode = "analog"; '
     "allowed are integers from 1 to 32766."),
    ("analog-filtered", 'path = "digital"', 'path = "filtered"',
     'cost.mode: "analog" updates after each step, which pulses do not; '
     'it is allowed with update.path = "digital".'),
    ("analog-refresh", "bits = 19", "bits = 19\nrefresh = 1",
     'cost.refresh: 1 has no use with mode = "analog"; it is allowed with mode = "forward".'),
]  # fmt: skip
FILTERED_EDITS = [
    ("gradient-filtered", "amplitude = 0.05", "amplitude = 0.05\ntau_theta = 1024",
     "cost.bits: 20 with perturbation.tau_theta = 1024 makes words of G of 30 bits, more than 29; "
     "allowed are integers from 4 to 19."),
]  # fmt: skip
EDITS = [(DIGITAL, DIGITAL_EDITS), (NODES, NODES_EDITS), (ANALOG, ANALOG_EDITS), (FILTERED, FILTERED_EDITS)]
