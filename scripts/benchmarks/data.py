"""How long 60,000 samples of 784 values take from a file to what a chip learns: rows as in `benchmark`."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...golden.data.own.own import make_split, open_data
from ...golden.data.own.request import Request
from .rows import Row, alternately, row, seconds

ROWS, COLUMNS, CLASSES = 60_000, 784, 10
REPEATS = 1
"""The reference takes half a minute."""


def data_load_s() -> Iterator[Row]:
    """Seconds to read, check, split and scale MNIST's size, against NumPy's bare reader of the same file.

    Pixels are whole numbers, a fifth of them not 0, as in the tables of MNIST that go round.
    """
    with tempfile.TemporaryDirectory() as folder:
        table, arrays = Path(folder, "pixels.csv"), Path(folder, "pixels.npz")
        _write(table, arrays)
        for kind, path, bare in (
            ("csv", table, lambda: np.loadtxt(table, delimiter=",", skiprows=1)),
            ("npz", arrays, lambda: np.load(arrays)["x"]),
        ):
            pair = (lambda path=path: _load(path)), (lambda bare=bare: seconds(bare))
            ours, reference = alternately(*pair, repeats=REPEATS)
            by = "numpy.loadtxt" if kind == "csv" else "numpy.load"
            yield row(f"data_load_s_{kind}", ours, "s", f"{reference:.3g} s: {by} alone", reference / ours, "lower")


def _write(table: Path, arrays: Path) -> None:
    rng = np.random.default_rng(1)
    x = (rng.integers(1, 256, (ROWS, COLUMNS)) * (rng.random((ROWS, COLUMNS)) < 0.2)).astype(np.uint8)
    y = rng.integers(0, CLASSES, ROWS)
    np.savez(arrays, x=x, label=y)
    header = ",".join(["label", *(f"p{k}" for k in range(COLUMNS))])
    lines = (f"{label}," + ",".join(map(str, pixels)) for label, pixels in zip(y, x.tolist(), strict=True))
    table.write_text("\n".join([header, *lines]))


def _load(path: Path) -> float:
    path.touch()  # else what was read before is kept

    def load() -> None:
        data = open_data(Request((str(path),), target=("label",), scale="common"), CLASSES)
        make_split(data, data.sizes(None, None), 1, "common", CLASSES, "sigmoid")

    return seconds(load)
