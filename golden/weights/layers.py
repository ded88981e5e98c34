"""From named arrays to layers, by names and shapes; what fits in two ways is refused.

A name says of which kind an array is and, with the rest, of which layer: `0.weight`, `fc1.bias`, `W2`, `coefs_0`.
Layers follow each other in the order of the file, where that has a meaning, or of the numbers in their names; where
both are there and differ, or neither is there, the shapes decide, if they leave one way only.
"""

import re
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..chip.rules import count, show
from .contents import Contents, refusal

Array = NDArray[np.float64]

KINDS = {
    "weight": "weight", "weights": "weight", "w": "weight", "kernel": "columns", "coefs": "columns", "bias": "bias",
    "biases": "bias", "b": "bias", "intercepts": "bias",
}  # fmt: skip
"""Kinds of arrays by the word in their names; `columns` are matrices whose columns are neurons."""
NAME = re.compile(r"(?:(.*)[./_:])?([A-Za-z]+)[._]?(\d*)(?::0)?")
"""What is in front, the kind, and a number."""
POSITION = re.compile(r"arr_(\d+)")
"""Names that `numpy.savez` gives to arrays without any."""
FORMS: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "rows are neurons": lambda rows, inputs: (rows, inputs),
    "columns are neurons": lambda rows, inputs: (inputs, rows),
    "the last column is the bias": lambda rows, inputs: (rows, inputs + 1),
}
"""How a layer's matrix lies in a file, first what is taken where two fit."""


class Layer(NamedTuple):
    """A dense layer of a file.

    Attributes
    ----------
    weight : float64 array, shape (neurons, inputs)
    bias : float64 array, shape (neurons,)
    names : tuple of str
        Of the arrays that it was made of.
    """

    weight: Array
    bias: Array
    names: tuple[str, ...]


class Group(NamedTuple):
    """Arrays of a layer, by their names; the number is the key's last, if there is one."""

    key: tuple[str, int | None]
    weight: str
    bias: str | None
    columns: bool


def layers_of(path: Path, contents: Contents, sizes: list[tuple[int, int]]) -> tuple[list[Layer], str]:
    """Layers of a chip.

    Parameters
    ----------
    path : Path
        For sentences.
    contents : Contents
    sizes : list of (int, int)
        Neurons and inputs of each layer.

    Returns
    -------
    list of Layer, str
        And the form of `FORMS` that they have in the file.

    Raises
    ------
    WeightsError
        The arrays are not these layers, or are in more than one way.
    """
    groups = _groups(path, contents)
    shapes = [contents.arrays[group.weight].shape for group in groups]
    wanted = " and ".join(f"({rows}, {inputs})" for rows, inputs in sizes)
    has = ", ".join(f"{group.weight} of shape {shape}" for group, shape in zip(groups, shapes, strict=True))
    if len(groups) != len(sizes):
        raise refusal(
            path, f"it has {count(len(groups), 'layer', 'layers')}: {has}; the chip has {len(sizes)}: {wanted}"
        )
    for form in FORMS:
        fitting = [order for order in _orders(contents, groups) if _fit(contents, order, sizes, form)]
        if len(fitting) > 1:
            ways = " or ".join(", ".join(group.weight for group in order) for order in fitting[:2])
            raise refusal(path, f"its layers fit the chip's in two orders: {ways}; right are names that number them")
        if fitting:
            return [_layer(contents, group, form) for group in fitting[0]], form
    raise refusal(path, f"{has}: no order of them is that of the chip's layers {wanted} (neurons, inputs)")


def _groups(path: Path, contents: Contents) -> list[Group]:
    """Weights with their biases, in the order of the file's weights."""
    found: dict[tuple[str, int | None], dict[str, str]] = {}
    right = "right are names such as fc1.weight and fc1.bias, weight_0 and bias_0, or W1 and b1"
    for name, array in contents.arrays.items():
        key, kind = _key(path, contents, name, right)
        group = found.setdefault(key, {})
        kinds = {"bias"} if kind == "bias" else {"weight", "columns"}
        if kinds & group.keys():
            other = group[(kinds & group.keys()).pop()]
            raise refusal(path, f"{show(name)} and {show(other)} are of one layer; {right}")
        if kind == "bias" and max(array.shape) != array.size:
            raise refusal(path, f"{show(name)} has shape {array.shape}; right is a vector of biases")
        if kind != "bias" and array.ndim != 2:
            raise refusal(path, f"{show(name)} has shape {array.shape}; right is a matrix of weights")
        group[kind] = name
    for group in found.values():
        if not {"weight", "columns"} & group.keys():
            raise refusal(path, f"{show(group['bias'])} has no weights beside it; {right}")
    if not found:
        raise refusal(path, f"it has no arrays; {right}")
    return [
        Group(key, group.get("weight") or group["columns"], group.get("bias"), "columns" in group)
        for key, group in found.items()
    ]


def _key(path: Path, contents: Contents, name: str, right: str) -> tuple[tuple[str, int | None], str]:
    """Which layer an array is of, and its kind."""
    if POSITION.fullmatch(name):
        kinds = [array.ndim for other, array in contents.arrays.items() if POSITION.fullmatch(other)]
        mine = contents.arrays[name].ndim
        number = int(name[4:])
        place = sum(
            array.ndim == mine and int(other[4:]) < number
            for other, array in contents.arrays.items() if POSITION.fullmatch(other)
        )  # fmt: skip
        if 0 < kinds.count(1) != kinds.count(2):
            raise refusal(path, f"it has {kinds.count(2)} matrices and {kinds.count(1)} vectors without names; {right}")
        return ("arr", place), "weight" if mine == 2 else "bias"
    match = NAME.fullmatch(name)
    kind = match and KINDS.get(match[2].lower())
    if not match or not kind:
        raise refusal(path, f"{show(name)} says neither weight nor bias; {right}")
    front, number = match[1] or "", match[3]
    if not number:
        inside = re.findall(r"\d+", front)
        return (front, int(inside[-1]) if inside else None), kind
    return (front, int(number)), kind


def _orders(contents: Contents, groups: list[Group]) -> list[list[Group]]:
    """Orders that the layers may have: that of the file, of the numbers in names; else all."""
    orders = [groups] if contents.ordered else []
    numbers = [group.key[1] for group in groups]
    if None not in numbers and len(set(numbers)) == len(numbers):
        by_number = sorted(groups, key=lambda group: group.key[1] or 0)
        orders += [by_number] if by_number not in orders else []
    return orders or [list(order) for order in permutations(groups)]


def _fit(contents: Contents, order: list[Group], sizes: list[tuple[int, int]], form: str) -> bool:
    """Whether the arrays of these groups, in this form, are layers of these sizes."""
    shape, last = FORMS[form], form == "the last column is the bias"
    for group, (rows, inputs) in zip(order, sizes, strict=True):
        bias = group.bias and contents.arrays[group.bias].size
        if contents.arrays[group.weight].shape != shape(rows, inputs) or (bias and (last or bias != rows)):
            return False
        if group.columns and form != "columns are neurons":
            return False
    return True


def _layer(contents: Contents, group: Group, form: str) -> Layer:
    matrix = contents.arrays[group.weight]
    names = (group.weight,) if group.bias is None else (group.weight, group.bias)
    if form == "the last column is the bias":
        return Layer(matrix[:, :-1], matrix[:, -1], names)
    weight = matrix.T if form == "columns are neurons" else matrix
    bias = np.zeros(len(weight)) if group.bias is None else contents.arrays[group.bias].ravel()
    return Layer(weight, bias, names)
