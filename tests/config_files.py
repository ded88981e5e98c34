"""Chip files for tests of what they may say, and how such a test reads one."""

from pathlib import Path

from ohmgrad.golden.chip.config import ChipConfig, load

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

NODES = DIGITAL.replace('code = "walsh"', 'code = "walsh"\nmethod = "node"')
ANALOG = DIGITAL.replace("tau_x = 8", "tau_x = 16").replace('mode = "forward"', 'mode = "analog"')


def edited(text: str, old: str, new: str) -> bytes:
    """The text with one change; the old part must be there, once."""
    assert text.count(old) == 1, old
    return text.replace(old, new).encode()


def read(content: bytes | str) -> ChipConfig:
    """A chip file of this content in the folder that the test runs in."""
    Path("chip.toml").write_bytes(content.encode() if isinstance(content, str) else content)
    return load("chip.toml")


def is_one_sentence(text: str) -> bool:
    """One printable line that ends in the only full stop; three dots are a value that was cut."""
    return text.isprintable() and text.endswith(".") and ". " not in text.replace("... ", " ")
