"""The state that a run starts from with weights of a file, and the report of how they got there.

Words of theta are set. Devices are programmed, from the states that the chip's seed gives them, by write-verify
(`golden.programming`): each is read with a step of its weight's code, and pulsed until it is within half a mean step.
Cells that are stuck (`defects.stuck`) take no pulse.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..chip.rules import plain
from ..defects.array import Hardware
from ..engine import Engine
from ..evaluation import share_right
from ..programming import Verify, program
from ..state import State
from .contents import Contents, refusal
from .layers import Array, Layer, layers_of
from .network import forward
from .scales import scaled
from .words import loss, words_of

FIRST_ROUND = 1 << 31
"""Number of write-verify's first round among the steps of a run, whose noise has the same seed."""
ROUNDS_A_STATE = 20
"""Most rounds, for each state that a device has: the slowest of devices with 30 % spread takes some 5."""


def install(engine: Engine, path: Path, contents: Contents, classes: bool = True) -> tuple[State, dict[str, Any]]:
    """State before the first step, with the weights of a file.

    Parameters
    ----------
    engine : Engine
    path : Path
        Of the file, for sentences.
    contents : Contents
    classes : bool
        Whether targets are classes, of which some are right; else they are values.

    Returns
    -------
    State
    dict
        file, form : str
            Name of the file, and how its matrices lie (`golden.weights.layers.FORMS`).
        activations : list of str
            What differs between the file's and the chip's, one sentence each.
        layers : list of dict
            Of each: `arrays` (names), `scale` (what its outputs are divided by), `saturated`, `rms` and `largest`
            (`golden.weights.words.Loss`).
        float, words, chip : dict
            `test_accuracy` (None without test samples or classes) and `mean_squared_error` of the file's network in
            floating point, of the quantised one before devices are programmed, and of the chip as the run starts.
        programming : dict or None
            Of devices `golden.programming.Programmed.statistics`, in LSBs of a state, and `total_pulses`, `stuck`,
            `tolerance` and `rounds`.

    Raises
    ------
    WeightsError
        The weights are not those of this chip's layers.
    """
    chip = engine.chip
    sizes = [(rows, columns - 1) for rows, columns in zip(chip.layout.rows, chip.layout.columns, strict=True)]
    layers, form = layers_of(path, contents, sizes)
    activations, differences = _activations(path, contents, chip.config.activations)
    x = engine.split.train_x
    outputs = forward(layers, chip.config.activations, x)
    span = chip.state_unit * ((1 << chip.config.weights.bits - 1) - 1)
    fitted, scales = scaled(layers, chip.config.activations, outputs, span)
    weights = np.concatenate([np.column_stack([layer.weight, layer.bias]).ravel() for layer in fitted])
    low, high = engine.learning.bounds()
    wanted = words_of(chip, weights)
    words = np.clip(wanted, low, high).astype(np.int32)
    state = engine.initial()
    start, state.arrays["theta"] = state.theta, words
    quantised = _figures(engine, state, classes)
    programming = None
    if chip.path.pulsed:
        state.arrays["theta"], programming = _programmed(engine, start, words)
    report = {
        "file": plain(path.name),
        "form": form,
        "activations": differences,
        "layers": _losses(engine, fitted, scales, state.theta, wanted != words),
        "float": _of_float(engine, layers, activations, classes),
        "words": quantised,
        "chip": _figures(engine, state, classes),
        "programming": programming,
    }
    return state, report


def _activations(path: Path, contents: Contents, mine: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """Activations of the file, the chip's where it does not say, and where the two differ."""
    its = contents.activations or mine
    if len(its) != len(mine):
        raise refusal(path, f"it has activations of {len(its)} layers; right are {len(mine)}, as the chip has")
    pairs = enumerate(zip(its, mine, strict=True))
    return its, [f"layer {k} is {a} in the file and {b} on the chip" for k, (a, b) in pairs if a != b]


def _programmed(engine: Engine, start: NDArray[np.int32], words: NDArray[np.int32]) -> tuple[NDArray, dict[str, Any]]:
    """States that write-verify leaves, and its figures."""
    chip = engine.chip
    devices = chip.path.parameters()["devices"]
    sample = devices.sample(start.size)
    stuck = engine.cells.sign == 0 if isinstance(engine.cells, Hardware) else np.zeros(start.size, np.bool_)
    sample[stuck, :4] = 0  # no step, whatever the state
    assert chip.config.device is not None  # a path with devices has it
    verify = Verify(ROUNDS_A_STATE * chip.config.device.states, max(1, devices.step // 2), chip.crossbar.drop)
    done = program(devices, sample, start, words, verify, FIRST_ROUND)
    counts = {"total_pulses": int(done.pulses.sum()), "stuck": int(stuck.sum())}
    return done.states, done.statistics() | counts | {"tolerance": verify.tolerance, "rounds": verify.rounds}


def _losses(
    engine: Engine, fitted: list[Layer], scales: list[float], theta: NDArray, beyond: NDArray
) -> list[dict[str, Any]]:
    """Rows of the report, one a layer."""
    chip, rows = engine.chip, []
    codes = theta >> chip.crossbar.drop
    if isinstance(engine.cells, Hardware):
        codes = engine.cells.sign * codes + engine.cells.held
    for layer, scale, cells, saturated in zip(fitted, scales, chip.matrices(codes), chip.matrices(beyond), strict=True):
        weights = np.column_stack([layer.weight, layer.bias])
        lost = loss(cells * chip.weight_unit - weights, saturated)
        rows.append({"arrays": list(layer.names), "scale": scale} | lost._asdict())
    return rows


def _of_float(
    engine: Engine, layers: list[Layer], activations: tuple[str, ...], classes: bool
) -> dict[str, float | None]:
    """Figures of the file's own network."""
    split = engine.split
    middle = (split.train_t.min() + split.train_t.max()) / 2
    outputs: list[Array] = [forward(layers, activations, x)[-1] for x in (split.train_x, split.test_x)]
    error = float(np.mean(np.sum((outputs[0] - split.train_t) ** 2, axis=1)))
    accuracy = share_right(outputs[1], split.test_y, middle) if classes and len(split.test_x) else None
    return {"test_accuracy": accuracy, "mean_squared_error": error}


def _figures(engine: Engine, state: State, classes: bool) -> dict[str, float | None]:
    """Figures of the chip."""
    accuracy = engine.accuracy(state) if classes and len(engine.split.test_x) else None
    return {"test_accuracy": accuracy, "mean_squared_error": engine.error(state)}
