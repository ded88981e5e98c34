"""CIFAR-10, in its binary version and in its Python version.

Binary: records of 3,073 bytes, a label and 3,072 pixels. Python: a pickle of a dictionary with `data`, an array
of shape (images, 3072), and `labels`, a list. Pixels are red, green, blue planes of 32x32, row by row. A pickle
is a program: `Restricted` runs none, and builds nothing but arrays of bytes, numbers, strings, lists, dicts.

Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fetch import DataError, Source, collect, read

PIXELS = 3 * 32 * 32
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = "test_batch"
FILES = tuple(f"{name}.bin" for name in (*TRAIN, TEST)) + (*TRAIN, TEST)
"""Either version, the binary one first."""
SOURCE = Source(
    ("cifar-10-batches-bin", "cifar-10-batches-py", "cifar*10*"),
    ("https://www.cs.toronto.edu/~kriz/",),
    {"cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
)


def images() -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
    """Images and labels; as few training batches as there are.

    Returns
    -------
    pixels : uint8, shape (images, 3072)
        The training batches' images, then the test batch's.
    labels : uint8, shape (images,)
        0 to 9.
    train : int
        How many images are of the training batches.

    Raises
    ------
    DataError
        If a file is missing or is not such a file.
    """
    found = collect("cifar10", SOURCE, FILES)
    beside = next(iter(found.values()))
    end = ".bin" if any(name.endswith(".bin") for name in found) else ""
    names = [name + end for name in TRAIN if name + end in found]
    for needed, there in ((TRAIN[0] + end, bool(names)), (TEST + end, TEST + end in found)):
        if not there:
            raise DataError(f"{beside.with_name(needed)}: is missing beside {beside.name}.")
    parts = [(binary if end else python)(found[name]) for name in (*names, TEST + end)]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return x, y, len(x) - len(parts[-1][0])


def binary(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pixels (n, 3072) and labels (n,) of a file of the binary version, or DataError."""
    data = read(path)
    record = 1 + PIXELS
    if not data or len(data) % record:
        raise DataError(
            f"{path}: has {len(data)} bytes, {len(data) % record} beyond {len(data) // record} records; "
            f"right are one or more records of {record} bytes."
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, record)
    return records[:, 1:], _labels(path, records[:, 0])


def python(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pixels (n, 3072) and labels (n,) of a file of the Python version, or DataError."""
    try:
        batch: Any = Restricted(BytesIO(read(path)), encoding="bytes").load()
    except (
        pickle.UnpicklingError, EOFError, ImportError, MemoryError, OverflowError, RecursionError,
        ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
    ) as error:  # fmt: skip
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: is not a batch of CIFAR-10 in its Python version ({error}).") from None
    if type(batch) is not dict:
        raise DataError(f"{path}: is not a dictionary; right is one with data and labels.")
    data, labels = (batch.get(key, batch.get(key.encode())) for key in ("data", "labels"))
    x = data.array if isinstance(data, Array) else None
    if x is None or x.ndim != 2 or x.shape[1] != PIXELS or not len(x):
        has = "no array" if x is None else f"an array of shape {x.shape}"
        raise DataError(f"{path}: has {has} as data; right is one of unsigned bytes of shape (images, {PIXELS}).")
    if type(labels) is not list or not all(type(label) is int for label in labels):
        raise DataError(f"{path}: labels is not a list of integers; right is a list of one integer an image.")
    if len(labels) != len(x):
        raise DataError(f"{path}: has {len(labels)} labels for {len(x)} images; right is one each.")
    return x, _labels(path, np.array([min(max(label, -1), 10) for label in labels]))


def _labels(path: Path, labels: NDArray[Any]) -> NDArray[np.uint8]:
    wrong = (labels < 0) | (labels > 9)
    if wrong.any():
        raise DataError(f"{path}: the label of image {int(wrong.argmax())} is out of range; right are 0 to 9.")
    return labels.astype(np.uint8)


class Array:
    """What a pickled array becomes: its state is checked, then taken as it lies there; NumPy runs nothing for it."""

    array: NDArray[np.uint8] | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, data = state
        if not (isinstance(kind, Kind) and type(data) is bytes and type(shape) is tuple and not fortran):
            raise pickle.UnpicklingError("an array is not one of unsigned bytes, row by row")
        self.array = np.frombuffer(data, np.uint8).reshape(shape)


class Kind:
    """What a pickled dtype becomes; unsigned bytes are the only one."""

    def __init__(self, name: Any, *_: Any):
        if name not in (b"u1", "u1"):
            raise pickle.UnpicklingError(f"an array is of type {name!r}, not of unsigned bytes")

    def __setstate__(self, state: Any) -> None:
        """Byte order and the like: bytes have none."""


STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): lambda *_: Array(),
    ("numpy._core.multiarray", "_reconstruct"): lambda *_: Array(),
    ("numpy", "ndarray"): None,
    ("numpy", "dtype"): Kind,
}
"""What the files may name, and what they get."""


class Restricted(pickle.Unpickler):
    """Unpickler that takes nothing from any module."""

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) not in STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, and nothing that a file names is run")
        return STAND_INS[module, name]
