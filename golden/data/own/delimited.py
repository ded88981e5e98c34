"""Tables of text: CSV with a header, by the names of its columns; commas, semicolons or tabs between cells."""

import csv
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO

import numpy as np
from numpy.typing import NDArray

from ..fetch import DataError
from .request import Request
from .samples import Samples, number, shortened, wrong_cell

LARGE = 1 << 20
"""Bytes from which on it is worth importing pyarrow, if it is there."""


def read_delimited(source: str, content: bytes, request: Request, with_targets: bool) -> Samples:
    """Read a table.

    Parameters
    ----------
    source : str
        Its name, for errors.
    content : bytes
        UTF-8.
    request : Request
    with_targets : bool
        Whether targets must be there; else they are taken if they are.

    Raises
    ------
    DataError
        No table, a column that is not there, or a cell that is no number, with row and column.
    """
    text = _decoded(source, content)
    lines = [line for line in text.split("\n") if line]
    first = lines[0]
    delimiter = max(",;\t", key=first.count)
    header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    _check_header(source, header)
    inputs, targets, split = roles(source, header, request, with_targets)
    words: dict[int, dict[str, int]] = {k: {} for k in (*targets, *split)}

    def code(column: int) -> Callable[[str], int]:
        known = words[column]
        return lambda cell: known.setdefault(cell.strip(), len(known))

    try:
        if '"' in text or len(lines) == 1 or any(line.count(delimiter) != len(header) - 1 for line in lines):
            raise ValueError("the csv module looks closer")
        block = _quickly(text, delimiter, header, inputs, words) if len(content) >= LARGE else None
        if block is None:
            block = np.loadtxt(
                lines[1:], delimiter=delimiter, usecols=(*inputs, *words), ndmin=2, comments=None,
                converters={column: code(column) for column in words}, encoding="utf-8",
            )  # fmt: skip
    except ValueError:
        for known in words.values():
            known.clear()
        block = _closely(source, text, delimiter, header, inputs, words)
    columns = [_words(words[k], block[:, len(inputs) + place]) for place, k in enumerate(words)]
    return Samples(
        source,
        tuple(header[k] for k in inputs),
        block[:, : len(inputs)],
        np.stack(columns[: len(targets)], 1) if targets else np.empty((len(block), 0), str),
        tuple(header[k] for k in targets),
        columns[-1] if split else None,
    )


def roles(
    source: str, header: list[str], request: Request, with_targets: bool
) -> tuple[list[int], list[int], list[int]]:
    """Places of inputs, targets and split in a header; DataError where a name is not in it."""
    wanted = {"data.inputs": request.inputs, "data.target": request.target, "data.split": (request.split,)}
    for key, names in wanted.items():
        needed = key == "data.inputs" or with_targets
        for name in (name for name in names if needed and name and name not in header):
            raise DataError(
                f"{source}: has no column {shortened(name)}, which {key} names; "
                f"its columns are {', '.join(header[:20])}{', ...' if len(header) > 20 else ''}."
            )
    targets = [header.index(name) for name in request.target if name in header]
    split = [header.index(request.split)] if request.split in header else []
    taken = {*request.target, request.split}
    inputs = [header.index(name) for name in request.inputs or header if request.inputs or name not in taken]
    if both := [header[k] for k in inputs if k in targets or k in split]:
        raise DataError(f"{source}: column {shortened(both[0])} is an input and has another role; right is one role.")
    return inputs, targets, split


def _decoded(source: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{source}: byte {error.start} is not UTF-8; right is a table of text in UTF-8.") from None
    if "\0" in text:
        raise DataError(f"{source}: byte {text.index(chr(0))} is zero; right is a table of text.")
    if not text.strip():
        raise DataError(f"{source}: is empty; right are a line of column names and rows under it.")
    return text


def _check_header(source: str, header: list[str]) -> None:
    if header and all(number(name) is not None for name in header):
        raise DataError(f"{source}: the first line has numbers; right are the names of the columns.")
    for place, name in enumerate(header):
        if not name:
            raise DataError(f"{source}: column {place + 1} of the header has no name; right is one for each.")
        if header.index(name) != place:
            raise DataError(f"{source}: two columns are named {shortened(name)}; right are names that differ.")


def _quickly(
    text: str, delimiter: str, header: list[str], inputs: list[int], words: dict[int, dict[str, int]]
) -> NDArray[np.float64] | None:
    """The same by pyarrow; None without it, or where it does not take a cell for a number: others look closer then."""
    try:
        import pyarrow
        from pyarrow import csv as arrow
    except ModuleNotFoundError:
        return None
    names = [header[k] for k in (*inputs, *words)]
    kinds = [*(pyarrow.float64() for _ in inputs), *(pyarrow.string() for _ in words)]
    try:
        table = arrow.read_csv(
            BytesIO(text.encode()),
            arrow.ReadOptions(column_names=header, skip_rows=1),
            arrow.ParseOptions(delimiter=delimiter, quote_char=False),
            arrow.ConvertOptions(
                column_types=dict(zip(names, kinds, strict=True)), null_values=[], include_columns=names,
            ),
        )  # fmt: skip
    except pyarrow.ArrowInvalid:
        return None
    block = np.empty((table.num_rows, len(names)))
    for place, column in enumerate(table.itercolumns()):
        if place < len(inputs):
            block[:, place] = column.to_numpy()
        else:
            cells = np.char.strip(column.to_numpy().astype(str))
            found, codes = np.unique(cells, return_inverse=True)
            words[[*words][place - len(inputs)]] |= {str(cell): k for k, cell in enumerate(found)}
            block[:, place] = codes
    return block


def _closely(
    source: str, text: str, delimiter: str, header: list[str], inputs: list[int], words: dict[int, dict[str, int]]
) -> NDArray[np.float64]:
    """The same cell by cell: what `loadtxt` refuses has a row and a column then."""
    parsed = []
    for row, cells in enumerate(_rows(source, text, delimiter), 1):
        if len(cells) != len(header):
            raise DataError(
                f"{source}: row {row} has {len(cells)} cell{'s' * (len(cells) != 1)}; "
                f"right are {len(header)}, one for each column of the header."
            )
        values = [number(cells[k]) for k in inputs]
        if None in values:
            k = inputs[values.index(None)]
            raise wrong_cell(source, row, header[k], cells[k], "a finite number")
        parsed.append([*values, *(known.setdefault(cells[k].strip(), len(known)) for k, known in words.items())])
    return np.array(parsed, float).reshape(len(parsed), len(inputs) + len(words))


def _rows(source: str, text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(StringIO(text), delimiter=delimiter, strict=True)
    try:
        next(reader)
        yield from (cells for cells in reader if cells)
    except csv.Error as error:
        raise DataError(f"{source}: line {reader.line_num} is no line of a table ({error}).") from None


def _words(known: dict[str, int], codes: NDArray[np.float64]) -> NDArray[np.str_]:
    return np.array([*known], str)[codes.astype(int)] if known else np.empty(0, str)
