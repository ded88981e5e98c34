"""What a chip file asks of the user's own data."""

from pathlib import Path
from typing import NamedTuple

SCALES = ("range", "standard", "common", "none")
"""How inputs come to lie within +-1; see `companion.Companion`."""


class Request(NamedTuple):
    """Files, and the roles of their columns.

    Attributes
    ----------
    file, test_file : tuple of str
        One path, or of `.npy` and IDX files two: inputs, and targets beside them. No test file: ().
    inputs : tuple of str
        Columns of a table, or arrays of an `.npz` file; (): all that have no other role.
    target : tuple of str
        One column of classes or values, or several of values; () where the form says it: pairs, folders.
    labels : tuple of str
        The classes in the order of the outputs; (): those that there are, sorted.
    split : str
        Column whose cells are `train` or `test`; "": there is none.
    scale : str
        One of `SCALES`; "": common for bytes and pictures, range for all else.
    pixels : tuple of int
        Height and width that pictures of folders are brought to; (): all have the same.
    """

    file: tuple[str, ...]
    test_file: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    split: str = ""
    scale: str = ""
    pixels: tuple[int, ...] = ()

    @property
    def form(self) -> str:
        """Form of the first file, by its name; see `form_of`."""
        return form_of(self.file[0])


def form_of(path: str) -> str:
    """`folder`, `npz`, `npy`, `parquet`, `idx` or `csv`, by the name, with `.gz` behind it or not."""
    name = Path(path).name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    if suffix in (".npz", ".npy", ".parquet"):
        return suffix[1:]
    if "ubyte" in name or suffix == ".idx":
        return "idx"
    return "folder" if not suffix or Path(path).is_dir() else "csv"
