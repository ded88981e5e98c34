"""Combinations of keys that a chip file must not ask for, each with the sentence that refuses it."""

from typing import TYPE_CHECKING

from ..blocks.measure.cost import FUNCTIONS, largest_error
from ..blocks.update.window import CODES
from ..data.datasets import SETS
from .checks_array import check_array
from .checks_front_end import check_front_end
from .checks_learning import check_learning
from .paths import PATHS
from .rules import count, require, show

if TYPE_CHECKING:
    from .config import ChipConfig, Data, Device

WORD = 31
"""Most bits of a sum: golden and RTL compute in 32-bit words and keep one bit in hand."""
GRADIENT = 30
"""Most bits of G: with one cost more it still is a sum as above."""
PARAMETERS = 2**20


def check(chip: "ChipConfig") -> None:
    """Raise `config_errors.Conflict` for the first combination that is not allowed."""
    check_array(chip)
    check_front_end(chip)
    if chip.data:
        _data(chip)
    if chip.network:
        _network(chip)
    check_learning(chip)
    _engine(chip)
    _weights(chip)
    _words(chip)
    if chip.average:
        _average(chip)
    for name in ("device", "fast"):
        if section := getattr(chip, name):
            _device(section, name, chip.weights.bits)
    require(
        chip.run.checkpoints <= chip.run.steps,
        "run.checkpoints",
        f"{chip.run.checkpoints} is more than run.steps; allowed are integers from 1 to {chip.run.steps}",
    )


def log2_ceil(n: int) -> int:
    """Smallest integer k with 2**k >= n, for n >= 1."""
    return (n - 1).bit_length()


def _network(chip: "ChipConfig") -> None:
    layers, activation = chip.dense.layers, chip.dense.activation
    require(
        isinstance(activation, str) or len(activation) == len(layers) - 1,
        "network.activation",
        f"{show(activation)} has {count(len(activation), 'entry', 'entries')}; "
        f"allowed are one name or a list of {len(layers) - 1}, one for each layer of weights",
    )
    if not chip.dataset.set:
        return  # what is in files is known to `golden.chip.dataset`
    data = SETS[chip.dataset.set]
    require(
        (layers[0], layers[-1]) == (data.inputs, data.outputs),
        "network.layers",
        f"{show(layers)} does not fit data.set = {show(chip.dataset.set)}; "
        f"allowed are lists that begin with {data.inputs} and end with {data.outputs}",
    )
    require(
        chip.size <= PARAMETERS,
        "network.layers",
        f"{show(layers)} has {chip.size} weights and biases; allowed are up to {PARAMETERS} of them",
    )


def _data(chip: "ChipConfig") -> None:
    if not chip.dataset.set:
        return _own_data(chip.dataset, chip.network is not None)
    given = sorted(chip.dataset.model_fields_set - {"set", "train", "test", "order"})
    require(
        not given or chip.dataset.file,
        f"data.{(given or [''])[0]}",
        f"is for own files, and data.set = {show(chip.dataset.set)} is a set by name; it is allowed with data.file",
    )
    require(
        not chip.dataset.file,
        "data.file",
        f"{show(chip.dataset.file)} beside data.set = {show(chip.dataset.set)}; allowed is one of them",
    )
    data = SETS[chip.dataset.set]
    has = f"data.set = {show(chip.dataset.set)} has {data.most} samples"
    if data.held_out:
        has += f" and {data.held_out} to test"
    require(
        chip.dataset.train <= data.most,
        "data.train",
        f"{chip.dataset.train} is too many, {has}; allowed are integers from 1 to {data.most}",
    )
    room = data.room(chip.dataset.train)
    require(
        chip.dataset.test <= room,
        "data.test",
        f"{chip.dataset.test} beside data.train = {chip.dataset.train} is too many, {has}; "
        f"allowed are integers from 0 to {room}",
    )


def _own_data(data: "Data", network: bool) -> None:
    require(data.file, "data.set", f"missing key; allowed are {', '.join(SETS)}, or data.file in its place")
    require(network, "data.file", f"{show(data.file)} is for a network; allowed is data.set where there is none")
    paired = data.request.form in ("npy", "idx")
    wanted = data.request.form not in ("npy", "idx", "folder")
    require(
        len(data.request.file) == 1 + paired,
        "data.file",
        f"{show(data.file)} has {count(len(data.request.file), 'name', 'names')}; allowed is "
        f"{'a pair [inputs, targets] of .npy or IDX files' if paired else 'one file of this form'}",
    )
    for key in ("target", "inputs", "split"):
        given = bool(getattr(data, key))
        require(
            wanted or not given,
            f"data.{key}",
            f"{show(getattr(data, key))} has no use with data.file = {show(data.file)}, whose form has no columns; "
            "it is allowed with CSV, .npz and Parquet",
        )
    require(data.target or not wanted, "data.target", "missing key; allowed are a column's name, or a list of them")
    require(
        not (data.split and data.test_file),
        "data.split",
        f"{show(data.split)} beside data.test_file = {show(data.test_file)}; allowed is one of them",
    )
    require(
        not data.pixels or (data.request.form == "folder" and len(data.pixels) == 2),
        "data.pixels",
        f"{show(data.pixels)} is not a height and a width of pictures in folders; allowed are two of these",
    )


def _engine(chip: "ChipConfig") -> None:
    engine, taus = chip.engine, chip.perturbation
    if engine.samples == "bits":
        _levels(chip)
    for key, largest in zip(("tau_p", "tau_theta"), chip.largest, strict=True):
        tau = getattr(taus, key)
        require(
            tau <= largest,
            f"engine.max_{key}",
            f"{largest} is less than perturbation.{key}; allowed are integers from {tau} to {2**20}",
        )
        require(
            engine.settings == "registers" or getattr(engine, f"max_{key}") is None,
            f"engine.max_{key}",
            f'{largest} has no use with engine.settings = "constants"; it is allowed with "registers"',
        )
    delayed = "engine.delay" if engine.delay else "array.latency"
    late = engine.delay or chip.array.latency
    require(
        taus.method == "weight" or not late,
        delayed,
        f"{late} has no use with perturbation.method = {show(taus.method)}, whose inputs are not kept so long; "
        "allowed is 0",
    )
    if engine.window > 1:
        require(
            taus.method == "weight" and taus.code in CODES and chip.cost.mode != "analog",
            "engine.window",
            f"{engine.window} is for signs of all parameters; "
            f'allowed is 1, or method = "weight" with a code of {", ".join(CODES)}, not in analog mode',
        )
    if engine.gradient == "replay":
        span = engine.window * taus.tau_p
        require(
            engine.window > 1 and span % taus.tau_theta == 0 and not late,
            "engine.gradient",
            f'"replay" keeps the costs of engine.window = {engine.window} patterns alone; allowed are windows above 1 '
            f"with tau_theta a divisor of window times tau_p (here {span}), and no latency",
        )


def _levels(chip: "ChipConfig") -> None:
    name = chip.dataset.set
    key = f"data.set = {show(name)}" if name else f"data.file = {show(chip.dataset.file)}"
    require(
        name and SETS[name].levels is not None,
        "engine.samples",
        f'"bits" keeps two levels of inputs and of targets, and {key} has more; '
        f'allowed is "codes"',
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
    if PATHS[chip.update.path].gradient:
        _gradient(chip)
    if chip.network:
        _sums(chip)


def _sums(chip: "ChipConfig") -> None:
    inputs, dac_bits = max(chip.dense.layers[:-1]), chip.weights.dac_bits
    rest = dac_bits + 1 + log2_ceil(inputs + 1)
    bits = chip.array.input_bits
    require(
        rest + bits <= WORD,
        "array.input_bits",
        f"{bits} with weights.dac_bits = {dac_bits} and {inputs} inputs makes sums of {rest + bits} bits, "
        f"more than {WORD}; allowed are integers from 2 to {WORD - rest}",
    )
    outputs = chip.dense.layers[-1]
    function = FUNCTIONS[chip.cost.function]
    sums = {bits: (outputs * largest_error(function, bits)).bit_length() for bits in range(2, 15)}
    bits = chip.array.output_bits
    require(
        sums[bits] <= WORD,
        "array.output_bits",
        f"{bits} with {outputs} outputs makes costs of {sums[bits]} bits, more than {WORD}; "
        f"allowed are integers from 2 to {max(b for b in sums if sums[b] <= WORD)}",
    )


def _gradient(chip: "ChipConfig") -> None:
    bits, gradient, tau = chip.cost.bits, chip.gradient_bits, chip.largest[1]
    most = GRADIENT - PATHS[chip.update.path].pulsed  # the filter adds its threshold
    key = "engine.max_tau_theta" if chip.engine.max_tau_theta else "perturbation.tau_theta"
    require(
        gradient <= most or gradient - bits + 4 > most,
        "cost.bits",
        f"{bits} with {key} = {tau} makes words of G of {gradient} bits, "
        f"more than {most}; allowed are integers from 4 to {most - gradient + bits}",
    )
    narrow = most - 4 - chip.factor_bits
    longest = (1 << narrow) - (chip.cost.mode == "analog") if narrow >= 0 else 0
    allowed = f"integers from 1 to {longest}" if longest else "none but with a smaller array.input_bits"
    require(
        gradient <= most,
        key,
        f"{tau} makes words of G of {gradient - bits + 4} bits even with cost.bits = 4, more than {most}; "
        f"allowed are {allowed}",
    )


def _average(chip: "ChipConfig") -> None:
    average, weight = chip.average, chip.weights.dac_bits
    assert average is not None
    fraction = average.bits - weight
    require(
        fraction >= 0,
        "average.bits",
        f"{average.bits} is less than weights.dac_bits; allowed are integers from {weight} to 32",
    )
    require(
        average.shift <= fraction,
        "average.shift",
        f"{average.shift} needs as many bits beside the weights' {weight}, and average.bits = {average.bits} has "
        f"{fraction}; allowed are integers from 0 to {fraction}",
    )


def _device(device: "Device", name: str, bits: int) -> None:
    step = 2 * device.bound / device.states  # as a fraction of full scale
    enough = next(b for b in range(4, 29) if step * 2 ** (b - 1) >= 4)
    require(
        bits >= enough,
        "weights.bits",
        f"{bits} leaves {step * 2 ** (bits - 1):g} units of the state for a device's step "
        f"(2 {name}.bound / {name}.states), less than 4; allowed are integers from {enough} to 28",
    )
