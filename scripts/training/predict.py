"""`ohmgrad predict`: new samples through a trained chip, on golden, its simulated RTL, or a board."""

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...fpga.errors import Mismatch, require_emulated
from ...fpga.host.host import Host
from ...golden.blocks.lib.fixed import limit
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig, restored
from ...golden.data.datasets import Split
from ...golden.data.fetch import DataError
from ...golden.data.own.companion import Companion
from ...golden.data.own.own import learnt
from ...golden.data.own.reading import read_new
from ...golden.data.own.request import Request, form_of
from ...golden.data.own.samples import Samples
from ...golden.engine import Engine
from ...golden.state import State
from .checkpoint import load_checkpoint, read_checkpoint
from .metrics import Metrics, metrics
from .target import VIRTUAL
from .train import COMPANION

Tell = Callable[[str], None]


class Prediction(NamedTuple):
    """What a chip says of new samples.

    Attributes
    ----------
    step : int
        Of the checkpoint.
    codes : int32 array, shape (n, outputs)
        Output codes, the same on golden, sim and board.
    table : str
        CSV: what is said, by label or in the user's units; of classes each output too.
    metrics : dict or None
        See `metrics.metrics`; None where the file has no target.
    """

    step: int
    codes: NDArray[np.int32]
    table: str
    metrics: Metrics | None


def predict(checkpoint: Path, files: tuple[str, ...], on: str, port: str, tell: Tell = lambda line: None) -> Prediction:
    """Run new samples through the chip of a checkpoint.

    Parameters
    ----------
    checkpoint : Path
        In a folder `checkpoints` of a run, beside which its `data.json` lies.
    files : tuple of str
        The new samples, in any form; of pairs the inputs, or both.
    on : str
        "golden", "sim" or "board"; with the latter two golden runs beside, and all output codes are compared.
    port : str
        The board's, or `target.VIRTUAL`.
    tell : callable
        Is given a line now and then.

    Raises
    ------
    CheckpointError, DataError, ConfigError
        Checkpoint, companion or samples cannot be used.
    Mismatch
        An output code differs from golden's.
    """
    chip, companion, state = trained(checkpoint)
    samples = new_samples(chip.config, companion, files)
    x = companion.scaled(samples.inputs)
    t = y = None
    if samples.target_names:
        _, t, y = learnt(samples, companion, chip.layout.layers[-1])
    lines = chip.line_codes(x)
    engine = Engine(chip, _split(x[:1], companion, chip.layout.layers[-1]))
    codes = engine.infer(state, lines)
    if on != "golden":
        tell("building the simulator" if on == "sim" else "connecting the board")
        from ...fpga.host.inference import infer

        with opened(engine, state, on, port) as host:
            found = infer(host, state, lines, lambda n: None if n % 100 else tell(f"{n} of {len(lines)} samples"))
        _compare(codes, found)
        codes = found
    outputs = codes / limit(chip.config.array.output_bits)
    found = None if t is None or y is None else metrics(companion, outputs, t, y)
    return Prediction(state.step, codes, as_csv(companion, outputs), found)


def trained(checkpoint: Path) -> tuple[Chip, Companion, State]:
    """Chip, companion and state of a checkpoint, which need none of the files that it was trained with."""
    entries = read_checkpoint(checkpoint)
    chip = Chip(restored(str(entries["config"]), str(checkpoint)))
    path = checkpoint.parent.parent / COMPANION
    try:
        companion = Companion.from_json(path.read_bytes(), str(path))
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); it lies beside the folder of a run's checkpoints."
        ) from None
    return chip, companion, load_checkpoint(checkpoint, chip)


def new_samples(config: ChipConfig, companion: Companion, files: tuple[str, ...]) -> Samples:
    """Read new samples: columns of tables by the names that the companion has, whatever else is in them."""
    asked = config.dataset.request if config.dataset.file else Request((), target=companion.targets)
    named = config.dataset.file and form_of(files[0]) in ("csv", "parquet")
    samples = read_new(
        asked._replace(file=files, test_file=(), split="", inputs=companion.inputs if named else asked.inputs)
    )
    if samples.inputs.shape[1] != len(companion.inputs):
        raise DataError(
            f"{samples.source}: has {samples.inputs.shape[1]} inputs; right are the {len(companion.inputs)} of "
            f"{companion.source}, which the chip has learnt."
        )
    return samples


@contextmanager
def opened(engine: Engine, state: State, on: str, port: str) -> Iterator[Host]:
    """The simulated chip, or the board at a port."""
    require_emulated(engine.chip.config)
    if on == "sim":
        from ...fpga.simulation.simulator import simulator

        yield simulator(engine, state)
        return
    from ...fpga.host.board import Board

    with ExitStack() as stack:
        if port == VIRTUAL:
            from ...fpga.simulation.verilate import BUILDS
            from ...fpga.simulation.virtual_board import VirtualBoard

            port = stack.enter_context(VirtualBoard(engine.chip, BUILDS)).port
        yield stack.enter_context(Board(engine.chip, port))


def as_csv(companion: Companion, outputs: NDArray[np.float64]) -> str:
    """Predictions as a table with a row for each sample, in the order of the file."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if companion.labels is None:
        writer.writerow(companion.targets)
        writer.writerows([f"{value:.7g}" for value in row] for row in companion.values(outputs).tolist())
        return text.getvalue()
    names: tuple[Any, ...] = companion.labels if outputs.shape[1] > 1 else (f"output of {companion.labels[1]}",)
    writer.writerow([companion.targets[0], *names])
    for guess, row in zip(companion.guesses(outputs).tolist(), outputs.tolist(), strict=True):
        writer.writerow([companion.labels[guess], *(f"{value:.5g}" for value in row)])
    return text.getvalue()


def _split(x: NDArray[np.float64], companion: Companion, outputs: int) -> Split:
    """One sample, which a chip is loaded with; its target is any."""
    t, none = np.full((1, outputs), companion.levels[1]), np.zeros(1, np.int64)
    return Split(x, t, none, none, x, t, none, none)


def _compare(golden: NDArray[np.int32], found: NDArray[np.int32]) -> None:
    if len(wrong := np.argwhere(golden != found)):
        row, k = (int(place) for place in wrong[0])
        raise Mismatch(
            f"output {k} of sample {row + 1}: expected {golden[row, k]} (golden), got {found[row, k]} (RTL); "
            f"{len(wrong)} of {golden.size} codes differ."
        )
