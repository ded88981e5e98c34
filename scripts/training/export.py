"""Weights of a checkpoint for other tools."""

from pathlib import Path

from ...fpga.errors import CheckpointError
from ...fpga.files import replacing
from ...golden.chip.chip import Chip
from ...golden.chip.config import ConfigError, restored
from ...golden.chip.rules import plain
from ...golden.weights.files import written
from .checkpoint import load_checkpoint, read_checkpoint


def export(checkpoint: Path, path: Path) -> Chip:
    """Write the weights of a checkpoint in the form that the name of the file asks for (`golden.weights.files`).

    Returns
    -------
    Chip
        Of the checkpoint.

    Raises
    ------
    CheckpointError, WeightsError
        The checkpoint cannot be used, or the form is not known; nothing is written.
    """
    entries = read_checkpoint(checkpoint)
    try:
        chip = Chip(restored(str(entries["config"]), str(checkpoint)))
    except ConfigError:
        raise CheckpointError(f"{plain(str(checkpoint))}: it is of a chip that this version does not know.") from None
    data = written(chip, load_checkpoint(checkpoint, chip).theta, path)
    with replacing(path) as file:
        file.write(data)
    return chip
