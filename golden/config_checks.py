"""Combinations of keys that a chip file must not ask for, each with the sentence that refuses it."""

from typing import TYPE_CHECKING

from .config_errors import count, require, show
from .datasets import SETS
from .fixed import limit

if TYPE_CHECKING:
    from .config import ChipConfig, Device

WORD = 31
"""Most bits of a sum: golden and RTL compute in 32-bit words and keep one bit in hand."""
GRADIENT = 23
"""Most bits of G: times the 8-bit rate it still is a sum as above."""
PARAMETERS = 2**20


def check(chip: "ChipConfig") -> None:
    """Raise `config_errors.Conflict` for the first combination that is not allowed."""
    _network(chip)
    _data(chip)
    _perturbation(chip)
    _update(chip)
    _weights(chip)
    _words(chip)
    if chip.device:
        _device(chip.device, chip.weights.bits)
    require(
        chip.run.checkpoints <= chip.run.steps,
        "run.checkpoints",
        f"{chip.run.checkpoints} is more than run.steps; allowed are integers from 1 to {chip.run.steps}",
    )


def log2_ceil(n: int) -> int:
    """Smallest integer k with 2**k >= n, for n >= 1."""
    return (n - 1).bit_length()


def _network(chip: "ChipConfig") -> None:
    layers, activation = chip.network.layers, chip.network.activation
    require(
        isinstance(activation, str) or len(activation) == len(layers) - 1,
        "network.activation",
        f"{show(activation)} has {count(len(activation), 'entry', 'entries')}; "
        f"allowed are one name or a list of {len(layers) - 1}, one for each layer of weights",
    )
    data = SETS[chip.data.set]
    require(
        (layers[0], layers[-1]) == (data.inputs, data.outputs),
        "network.layers",
        f"{show(layers)} does not fit data.set = {show(chip.data.set)}; "
        f"allowed are lists that begin with {data.inputs} and end with {data.outputs}",
    )
    require(
        chip.parameters <= PARAMETERS,
        "network.layers",
        f"{show(layers)} has {chip.parameters} weights and biases; allowed are up to {PARAMETERS} of them",
    )


def _data(chip: "ChipConfig") -> None:
    data = SETS[chip.data.set]
    has = f"data.set = {show(chip.data.set)} has {data.size} samples"
    require(
        chip.data.train <= data.size,
        "data.train",
        f"{chip.data.train} is too many, {has}; allowed are integers from 1 to {data.size}",
    )
    room = data.room(chip.data.train)
    require(
        chip.data.test <= room,
        "data.test",
        f"{chip.data.test} beside data.train = {chip.data.train} is too many, {has}; "
        f"allowed are integers from 0 to {room}",
    )


def _perturbation(chip: "ChipConfig") -> None:
    tau_p, tau_x, tau_theta = (getattr(chip.perturbation, tau) for tau in ("tau_p", "tau_x", "tau_theta"))
    require(
        tau_x % tau_p == 0 or tau_p % tau_x == 0,
        "perturbation.tau_x",
        f"{tau_x} makes samples change within a pattern of tau_p = {tau_p} steps; "
        f"allowed are multiples and divisors of {tau_p}",
    )
    require(
        tau_theta % tau_p == 0,
        "perturbation.tau_theta",
        f"{tau_theta} is not a multiple of tau_p; allowed are multiples of {tau_p}",
    )
    amplitude, full = chip.perturbation.amplitude, chip.weights.range
    step = full / 2 ** (chip.weights.dac_bits - 1)
    require(
        step <= amplitude < full,
        "perturbation.amplitude",
        f"{show(amplitude)} is not between one step of the weights' DAC and weights.range; "
        f"allowed are numbers from {step:g} to below {full:g}",
    )


def _update(chip: "ChipConfig") -> None:
    update = chip.update
    filtered = update.path == "filtered"
    for key in ("reset", "keep_shift"):
        require(
            filtered or key not in update.model_fields_set,
            f"update.{key}",
            f'{show(getattr(update, key))} has no use with path = "digital"; '
            'it is allowed with path = "filtered"',
        )
    require(
        update.reset == "keep" or "keep_shift" not in update.model_fields_set,
        "update.keep_shift",
        f"{update.keep_shift} has no use with reset = {show(update.reset)}; "
        'it is allowed with reset = "keep"',
    )
    for i, (step, eta) in enumerate(update.schedule):
        before = update.schedule[i - 1][0] if i else 0
        require(
            step > before,
            f"update.schedule[{i}][0]",
            f"{step} does not come after step {before}; allowed are integers above {before}",
        )
        low, high = update.eta / 128, update.eta * 8
        require(
            low <= eta <= high,
            f"update.schedule[{i}][1]",
            f"{show(eta)} is too far from update.eta = {show(update.eta)}; "
            f"allowed are numbers from {low:g} to {high:g}",
        )
    require(
        filtered or chip.device is None,
        "device",
        'the section has no use with update.path = "digital"; it is allowed with update.path = "filtered"',
    )
    require(
        not filtered or chip.device is not None,
        "device",
        'missing section; update.path = "filtered" needs it, and an empty one takes all defaults',
    )


def _weights(chip: "ChipConfig") -> None:
    weights = chip.weights
    require(
        weights.dac_bits <= weights.bits,
        "weights.dac_bits",
        f"{weights.dac_bits} is more than weights.bits; allowed are integers from 2 to {weights.bits}",
    )
    require(
        weights.init < weights.range,
        "weights.init",
        f"{show(weights.init)} is not below weights.range; "
        f"allowed are numbers from 0 to below {weights.range:g}",
    )


def _words(chip: "ChipConfig") -> None:
    tau_theta = chip.perturbation.tau_theta
    window = log2_ceil(tau_theta)
    bits = chip.cost.bits
    require(
        bits + window <= GRADIENT,
        "cost.bits",
        f"{bits} with perturbation.tau_theta = {tau_theta} makes words of G of {bits + window} bits, "
        f"more than {GRADIENT}; allowed are integers from 4 to {GRADIENT - window}",
    )
    inputs, dac_bits = max(chip.network.layers[:-1]), chip.weights.dac_bits
    rest = dac_bits + 1 + log2_ceil(inputs + 1)
    bits = chip.array.input_bits
    require(
        rest + bits <= WORD,
        "array.input_bits",
        f"{bits} with weights.dac_bits = {dac_bits} and {inputs} inputs makes sums of {rest + bits} bits, "
        f"more than {WORD}; allowed are integers from 2 to {WORD - rest}",
    )
    outputs = chip.network.layers[-1]
    sums = {bits: _cost_bits(chip.cost.function, bits, outputs) for bits in range(2, 15)}
    bits = chip.array.output_bits
    require(
        sums[bits] <= WORD,
        "array.output_bits",
        f"{bits} with {outputs} outputs makes costs of {sums[bits]} bits, more than {WORD}; "
        f"allowed are integers from 2 to {max(b for b in sums if sums[b] <= WORD)}",
    )


def _cost_bits(function: str, bits: int, outputs: int) -> int:
    difference = 2 * limit(bits)
    return (outputs * (difference * difference if function == "mse" else 2 * difference)).bit_length()


def _device(device: "Device", bits: int) -> None:
    step = 2 * device.bound / device.states  # as a fraction of full scale
    enough = next(b for b in range(4, 29) if step * 2 ** (b - 1) >= 4)
    require(
        bits >= enough,
        "weights.bits",
        f"{bits} leaves {step * 2 ** (bits - 1):g} units of the state for a device's step "
        f"(2 device.bound / device.states), less than 4; allowed are integers from {enough} to 28",
    )
