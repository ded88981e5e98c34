"""A user's own data as the samples of a chip: labels, split and scaling."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..datasets import Split
from ..fetch import DataError
from .companion import MARGIN, Companion, canonical, input_scaling, numbered, value_scaling
from .reading import read_all
from .request import Request
from .samples import Samples, number, shortened

SHARE = 0.2
"""Part of all rows that is drawn to test, where nothing says which."""
MOST = 65536
"""Samples that an engine's memory holds."""


@dataclass(frozen=True, eq=False)
class OwnData:
    """What files hold, and what of it is learnt.

    Attributes
    ----------
    samples : Samples
        All rows: those of the file, then those of the test file.
    pools : tuple of arrays of int64
        Rows to train and to test on, if they are given; else all rows, and none.
    labels : tuple of str, or None
        Classes in the order of the outputs; None: the targets are values.
    sha256 : str
        Of what was read.
    """

    samples: Samples
    pools: tuple[NDArray[np.int64], NDArray[np.int64]]
    labels: tuple[str, ...] | None
    sha256: str

    @property
    def given(self) -> bool:
        """Whether the split is given."""
        return len(self.pools[1]) > 0

    def sizes(self, train: int | None, test: int | None) -> tuple[int, int]:
        """Numbers of training and test samples where one or both are not said; ValueError of more than there are."""
        first, other = map(len, self.pools)
        if self.given:
            most = min(other, MOST)
            test = most if test is None else test
            room = first
        else:
            most = first - (train or 1)
            test = min(round(SHARE * first), max(most, 0)) if test is None else test
            room = first - test
        if train is None:
            train = min(room, MOST)
        if test > (other if self.given else first) or not 1 <= train <= room:
            has = f"{first} rows to train and {other} to test" if self.given else f"{first} rows"
            raise ValueError(f"has {has}, too few for data.train = {train} and data.test = {test}")
        return train, test

    def draw(self, train: int, test: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows to train and to test on: by chance, of each class its share."""
        rng, groups = np.random.default_rng(seed), None
        if self.labels is not None:
            groups = np.unique(canonical(self.samples.targets[:, 0]), return_inverse=True)[1]
        first = mixed(self.pools[0], groups, rng)
        if self.given:
            return first[:train], mixed(self.pools[1], groups, rng)[:test]
        return first[test : test + train], first[:test]


def mixed(rows: NDArray[np.int64], groups: NDArray[np.int64] | None, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows in an order by chance in which any first part has of each group its share, to within a row."""
    rows = rng.permutation(rows)
    if groups is None:
        return rows
    place = np.empty(len(rows))
    for group in np.unique(groups[rows]):
        members = np.flatnonzero(groups[rows] == group)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return rows[np.argsort(place, kind="stable")]


def open_data(request: Request, outputs: int) -> OwnData:
    """Read a user's files, and tell classes from values.

    A single target of words is one of classes; of numbers it is where labels are given, or the network has several
    outputs, or there are two of them.

    Parameters
    ----------
    request : Request
    outputs : int
        Outputs of the network.

    Raises
    ------
    DataError
        The files cannot be used, or do not fit the network; one sentence.
    """
    samples, test, sha256 = read_all(request)
    if not samples.targets.shape[1]:
        raise DataError(f"{samples.source}: nothing says what is learnt; right is data.target, the name of a column.")
    labels, given = labels_of(samples, request.labels, outputs), len(samples)
    for part in (samples, test) if test is not None else (samples,):
        if labels is None:
            part.values()
        else:
            numbered(part, labels)
    if test is not None:
        samples = joined(samples, test)
    return OwnData(samples, pools(samples, given, request), labels, sha256)


def joined(first: Samples, then: Samples) -> Samples:
    """The rows of two files, one behind the other."""
    return Samples(
        first.source, first.names, np.concatenate([first.inputs, then.inputs]),
        np.concatenate([first.targets, then.targets]), first.target_names, None,
    )  # fmt: skip


def pools(samples: Samples, first: int, request: Request) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to train on, and rows that are given to test on."""
    every = np.arange(len(samples))
    if samples.split is None:
        return every[:first], every[first:]
    words = np.char.lower(samples.split)
    for row in np.flatnonzero(~np.isin(words, ("train", "test"))):
        raise samples.wrong(int(row), request.split, samples.split[row], "train or test")
    parts = np.flatnonzero(words == "train"), np.flatnonzero(words == "test")
    for name, part in zip(("train", "test"), parts, strict=True):
        if not len(part):
            raise DataError(f"{samples.source}: column {request.split} has no row {name}; right are rows of both.")
    return parts


def labels_of(samples: Samples, wanted: tuple[str, ...], outputs: int) -> tuple[str, ...] | None:
    """Classes in the order of the outputs, None of values."""
    if samples.targets.shape[1] > 1:
        return None
    found = sorted(set(canonical(samples.targets[:, 0])), key=lambda cell: (number(cell) or 0.0, cell))
    numbers = sum(number(cell) is not None for cell in found)
    if outputs == 1 and len(found) > 2 and not wanted and numbers > len(found) / 2:
        return None
    if len(found) == 1:
        raise DataError(
            f"{samples.source}: column {samples.target_names[0]}, the target, is {found[0]} in all rows; "
            "right are classes or values that differ."
        )
    return tuple(canonical(np.array(wanted))) if wanted else tuple(found)


def outputs_of(data: OwnData) -> tuple[int, ...]:
    """Numbers of outputs that fit the targets."""
    if data.labels is None:
        return (data.samples.targets.shape[1],)
    return (1, 2) if len(data.labels) == 2 else (len(data.labels),)


def levels_of(activation: str, labels: tuple[str, ...] | None) -> tuple[float, float]:
    """Targets' lowest and highest value, as the last layer's activation can give them."""
    low, high = (0.0, 1.0) if activation in ("sigmoid", "relu") else (-1.0, 1.0)
    if labels is not None:
        return low, high
    middle, half = (low + high) / 2, MARGIN * (high - low) / 2
    return middle - half, middle + half


def make_split(
    data: OwnData, sizes: tuple[int, int], seed: int, scale: str, outputs: int, activation: str
) -> tuple[Split, Companion]:
    """Draw training and test samples, and fit the scaling to the training samples.

    Parameters
    ----------
    data : OwnData
    sizes : tuple of (int, int)
        Training and test samples.
    seed : int
        Of the draw.
    scale : str
        As of `Request`.
    outputs, activation : int, str
        Of the network's last layer.
    """
    index = data.draw(*sizes, seed)
    known = data.samples.rows(index[0])
    scale = scale or ("common" if known.inputs.dtype == np.uint8 else "range")
    offset, factor = input_scaling(known, scale)
    levels = levels_of(activation, data.labels)
    units = ((), ()) if data.labels is not None else value_scaling(known, levels[1] - levels[0])
    source = Path(data.samples.source).name
    companion = Companion(
        source, data.sha256, data.samples.names, scale, offset, factor, data.samples.target_names, data.labels, levels,
        *units,
    )  # fmt: skip
    train, test = (learnt(data.samples.rows(rows), companion, outputs) for rows in index)
    return Split(*train, index[0], *test, index[1]), companion


def learnt(
    samples: Samples, companion: Companion, outputs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Inputs, targets and labels of samples as a chip takes them; labels of values are 0."""
    x = companion.scaled(samples.inputs)
    if companion.labels is None:
        return x, companion.scaled_values(samples.values()), np.zeros(len(samples), np.int64)
    classes = numbered(samples, companion.labels)
    return x, companion.encoded(classes, outputs), classes


def fits(data: OwnData, layers: tuple[int, ...]) -> str | None:
    """What does not fit a network in words, None if it fits."""
    inputs, allowed = data.samples.inputs.shape[1], outputs_of(data)
    if layers[0] == inputs and layers[-1] in allowed:
        return None
    what = "values" if data.labels is None else "classes"
    number = data.samples.targets.shape[1] if data.labels is None else len(data.labels)
    return (
        f"does not fit data.file = {shortened(data.samples.source)}, which has {inputs} inputs and {number} {what}; "
        f"allowed are lists that begin with {inputs} and end with {' or '.join(map(str, allowed))}"
    )
