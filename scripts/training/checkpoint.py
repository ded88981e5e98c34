"""Checkpoints as `.npz` files that other code can use without us.

Entries, with k = 0, 1, ... a layer of weights:

weight_k, bias_k            float64, shape (neurons, inputs) and (neurons,), in real units
weight_code_k, bias_code_k  int32, the same as raw words: theta, or the states of the devices
theta, g, h, m, ...         the memories that the chip has, by the fields of `golden.state.State`: int32, of the cost
                            unit (`memory`) int64
step, seed, flags           integers; flags as in `golden.state.FLAGS`
cost_evaluations            since step 0, every reading counted
test_accuracy, mean_squared_error
                            floats; accuracy is NaN if there are no test samples
config                      the chip description as JSON
cycles, seconds             clocks of the RTL (0 if golden only) and time since step 0
golden_test_accuracy, golden_mean_squared_error
                            of the golden model beside an RTL run, NaN without one

`samples.npz` beside them holds the fields of `golden.data.datasets.Split`.
"""

import json
import zipfile
import zlib
from dataclasses import asdict, dataclass
from math import nan
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...fpga.errors import CheckpointError
from ...fpga.files import replacing
from ...golden.blocks.control import sequencer
from ...golden.blocks.measure.cost import ANTITHETIC, FORWARD
from ...golden.blocks.perturb.outer import RANK_ONE
from ...golden.chip.chip import Chip
from ...golden.chip.memories import Memory
from ...golden.chip.rules import plain
from ...golden.data.datasets import Split
from ...golden.state import FLAGS, State, cleared


@dataclass
class Figures:
    """What was measured on a run so far; the attributes are entries of a checkpoint."""

    test_accuracy: float = nan
    mean_squared_error: float = nan
    golden_test_accuracy: float = nan
    golden_mean_squared_error: float = nan
    cycles: int = 0
    seconds: float = 0.0


DAMAGE = (
    OSError, EOFError, ValueError, TypeError, AttributeError, RuntimeError, SyntaxError, zipfile.BadZipFile, zlib.error,
    TokenError,
)  # fmt: skip
"""What NumPy raises for files that are missing, cut off, altered, or something else."""

Curve = list[tuple[int, Figures]]
"""Step and figures of checkpoints, by rising step."""


def checkpoint_path(folder: Path, step: int) -> Path:
    """File of the checkpoint at a step of the run in `folder`."""
    return folder / "checkpoints" / f"step_{step:08d}.npz"


def checkpoint_paths(folder: Path) -> list[Path]:
    """All checkpoints of the run in `folder`, by rising step."""
    return sorted((folder / "checkpoints").glob("step_*.npz"), key=lambda path: (len(path.name), path.name))


def save_checkpoint(path: Path, chip: Chip, state: State, figures: Figures) -> None:
    """Write a checkpoint as a whole, replacing what was there."""
    entries: dict[str, Any] = {}
    for k, matrix in enumerate(chip.matrices(state.theta)):
        entries[f"weight_{k}"] = matrix[:, :-1] * chip.state_unit
        entries[f"bias_{k}"] = matrix[:, -1] * chip.state_unit
        entries[f"weight_code_{k}"] = matrix[:, :-1]
        entries[f"bias_code_{k}"] = matrix[:, -1]
    entries |= state.arrays | {"step": state.step, "flags": state.flags} | asdict(figures)
    entries |= {"seed": chip.config.seed, "cost_evaluations": cost_evaluations(chip, state.step)}
    entries["config"] = chip.config.model_dump_json()
    with replacing(path) as file:
        np.savez(file, **entries)


def load_checkpoint(path: Path, chip: Chip) -> State:
    """Read the state of a checkpoint of this very chip; only its section `run` may differ.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, no checkpoint of ours, or of another chip.
    """
    entries = read_checkpoint(path)
    mine, its = (json.loads(text) for text in (chip.config.model_dump_json(), str(entries["config"])))
    for one in (mine, its):  # own files may lie elsewhere now: their hash stays
        one["data"] = one["data"] and {k: v for k, v in one["data"].items() if k not in ("file", "test_file")}
    for key in sorted((mine.keys() | its.keys()) - {"run"}):
        if mine.get(key) != its.get(key):
            raise CheckpointError(f"{plain(str(path))}: it is of a chip with another {key}.")
    state = cleared(chip)
    for memory in state.memories:
        state.arrays[memory.field] = _words(path, entries, memory)
    state.step, state.flags = (int(entries[name]) for name in ("step", "flags"))
    return state


def _words(path: Path, entries: dict[str, NDArray[Any]], memory: Memory) -> NDArray[Any]:
    """Contents of one memory; CheckpointError if they are not there, or are not such words."""
    if memory.field not in entries:
        raise CheckpointError(f"{plain(str(path))}: it is no checkpoint, {memory.field} is missing in it.")
    words, bound = entries[memory.field], memory.bound
    if words.shape != (memory.entries,) or words.dtype != memory.dtype or np.any((words < -bound) | (words > bound)):
        raise CheckpointError(
            f"{plain(str(path))}: {memory.field} does not hold {memory.entries} words within +-{bound}."
        )
    return words


def cost_evaluations(chip: Chip, steps: int) -> int:
    """Cost evaluations of a run of so many steps, every reading counted.

    Node perturbation presents the sample without perturbation at every step, whatever the mode, since it
    needs the lines of that rail.
    """
    mode, taus = chip.cost.mode, chip.sequencer
    nodes = mode != ANTITHETIC and chip.outer is not None and chip.outer.method != RANK_ONE
    if nodes:
        taus = taus._replace(refresh=1)
    return sequencer.cost_evaluations(taus, 2 if mode == ANTITHETIC else 1, mode == FORWARD or nodes, steps)


def read_checkpoint(path: Path) -> dict[str, NDArray[Any]]:
    """Read all entries of a checkpoint.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or no checkpoint of ours.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            entries = dict(file)
    except DAMAGE as error:
        reason = getattr(error, "strerror", None) or "damaged, or no .npz file"
        raise CheckpointError(f"{plain(str(path))}: the checkpoint cannot be read ({reason}).") from None
    integers = {"step", "flags", "cycles"}
    numbers = integers | {*Figures.__annotations__}
    if missing := sorted(({"config"} | numbers) - entries.keys()):
        raise CheckpointError(f"{plain(str(path))}: it is no checkpoint, {missing[0]} is missing in it.")
    sound = all(
        entries[name].shape == () and entries[name].dtype.kind in ("i" if name in integers else "f") for name in numbers
    )
    try:
        sound &= isinstance(json.loads(str(entries["config"])), dict)
    except ValueError:
        sound = False
    if not (sound and 0 <= entries["step"] < 2**32 and 0 <= entries["flags"] < 1 << len(FLAGS)):
        raise CheckpointError(f"{plain(str(path))}: it is no checkpoint, an entry in it makes no sense.")
    return entries


def read_figures(path: Path) -> tuple[int, Figures]:
    """Read the step and the figures of a checkpoint; CheckpointError as by `read_checkpoint`."""
    entries = read_checkpoint(path)
    return int(entries["step"]), Figures(*(entries[name].item() for name in Figures.__annotations__))


def save_samples(path: Path, split: Split) -> None:
    """Write the samples and which of the whole set they are."""
    with replacing(path) as file:
        np.savez(file, **asdict(split))
