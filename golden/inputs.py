"""What enters from outside: numbers, arrays, samples and seeds are taken as they are meant, or refused in one sentence.

Public functions of `golden.analog` and `golden.learn` check here what they are given, once. Compiled kernels, and what
stands between them and those functions, trust their callers. A sentence says `<place>: <value> is refused; allowed is
<what>.`, as a ValueError; the place ends with the name of the argument.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from math import inf, isfinite
from operator import index
from typing import Any, NoReturn

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj
from numpy.typing import NDArray

from .compiled import njit

Shape = tuple[int | str, ...]
"""Lengths of axes, a word where any length is right: ("batch", 4)."""
SINGLE = np.dtype(np.float32)
FLOATS = "float32", "float64"
REAL = "biuf"
"""Kinds of NumPy's types that are real numbers."""
WORD = (1 << 63) - 1
LARGE = 1e30
"""Largest number in settings: what is made of it is still a float32."""
MOST_PULSES = 1 << 24
"""Pulses of a device at once: more than any device has states, and still done within a second."""


def refuse(place: str, text: str, allowed: str) -> NoReturn:
    """Raise the sentence."""
    raise ValueError(f"{place}: {text} is refused; allowed is {allowed}.")


def require(condition: bool, place: str, value: Any, allowed: str) -> None:
    """Refuse the value unless the condition holds."""
    if not condition:
        refuse(place, shown(value), allowed)


def shown(value: Any) -> str:
    """A value in a sentence: on one line, arrays by their shape."""
    if getattr(value, "ndim", 0):
        return f"an array of shape {tuple(value.shape)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 200 else text[:197] + "..."


def choice(place: str, value: Any, choices: Iterable[str]) -> None:
    """Refuse what is not one of the choices."""
    choices = tuple(choices)
    require(isinstance(value, str) and value in choices, place, value, "one of " + ", ".join(choices))


def integer(place: str, value: Any, least: int = 0, most: int | None = None) -> int:
    """An integer within bounds, at most of 64 bits, NumPy's too; True and 8.0 are none."""
    number = None
    if not isinstance(value, bool):
        try:
            number = index(value)
        except TypeError:
            pass
    right = number is not None and least <= number <= (WORD if most is None else most)
    require(right, place, value, f"an integer from {least}" + ("" if most is None else f" to {most}"))
    return number  # type: ignore[return-value]


def number(place: str, value: Any, least: float = -inf, most: float = inf, *, above: bool = False,
           infinite: bool = False) -> float:  # fmt: skip
    """A finite number from `least` (or above it) to `most`; inf only where that says so."""
    if type(value) is float and least < value < most:
        return value
    found = np.nan
    if not isinstance(value, bool | np.bool_ | str | bytes) and getattr(value, "ndim", 0) == 0:
        try:
            found = float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            pass
    right = (least < found if above else least <= found) and found <= most
    words = "a finite number" if least == -inf and most == inf else "a number"
    words += "" if least == -inf else f" above {least:g}" if above else f" from {least:g}"
    words += "" if most == inf else f" up to {most:g}" if above or least == -inf else f" to {most:g}"
    require(right and (isfinite(found) or infinite and found == inf), place, value, words)
    return found


def settings(given: Any, *infinite: str, named: bool = True) -> None:
    """Check a dataclass' fields by their annotations: floats within +-1e30, which float32 holds (or infinite, those
    that are named), ints, bools, strings.

    NumPy's scalars become Python's, so that the settings can be written into a file.
    """
    for part in fields(given):
        place, value = f"{type(given).__name__}.{part.name}" if named else part.name, getattr(given, part.name, None)
        if part.type is float:
            unlimited = part.name in infinite and isinstance(value, float | np.floating) and value == inf
            number(place, value, -LARGE, inf if unlimited else LARGE, infinite=unlimited)
        elif part.type is int:
            integer(place, value, -(1 << 63))
        elif part.type is bool:
            require(isinstance(value, bool | np.bool_), place, value, "True or False")
        elif part.type is str:
            require(isinstance(value, str), place, value, "a word")
        if isinstance(value, np.generic | np.ndarray) and value.ndim == 0:
            object.__setattr__(given, part.name, value.item())


def instance(place: str, value: Any, *kinds: type) -> None:
    """Refuse what is of none of the classes."""
    require(isinstance(value, kinds), place, value, "a " + " or ".join(kind.__name__ for kind in kinds))


def generator(place: str, seed: Any) -> np.random.Generator:
    """What `numpy.random.default_rng` makes of a seed."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        refuse(place, shown(seed), "an integer from 0, or what else numpy.random.default_rng takes")


def real(place: str, value: Any) -> NDArray[Any]:
    """Real numbers as a NumPy array of whatever type and shape they have."""
    if type(value) is np.ndarray and value.dtype.kind in REAL:
        return value
    try:
        found = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        refuse(place, f"a {type(value).__name__} that is no array", "an array of real numbers on the CPU")
    if found.dtype.kind not in REAL:
        refuse(place, f"a {type(value).__name__} of type {found.dtype}", "an array of real numbers")
    if np.ma.is_masked(value):
        refuse(place, "an array with masked values", "an array of real numbers")
    return found


def fits(place: str, found: Any, *shapes: Shape) -> None:
    """Refuse an array that has none of the shapes."""
    shape = tuple(found.shape)
    for wanted in shapes:
        if len(shape) == len(wanted) and all(type(n) is str or n == m for n, m in zip(wanted, shape, strict=True)):
            return
    texts = ["({}{})".format(", ".join(map(str, s)), "," if len(s) == 1 else "") for s in shapes]
    refuse(place, f"shape {shape}", " or ".join(texts))


def finite(values: Any) -> bool:
    """Whether all numbers of a floating array of any namespace are finite."""
    if isinstance(values, np.ndarray):
        if values.dtype == SINGLE and values.flags.carray:
            return _finite(values.ravel())
        return bool(np.isfinite(values).all())
    xp = array_namespace(values)
    return bool(xp.all(xp.isfinite(values)))


@njit
def _finite(values):
    """`finite` of float32, in a tenth of NumPy's time for one vector: no exponent is full."""
    bits, most = values.view(np.int32), np.int32(0)
    for i in range(bits.size):
        most = max(most, bits[i] & np.int32(0x7FFFFFFF))
    return most < np.int32(0x7F800000)


def require_finite(place: str, values: Any) -> None:
    """Refuse an array with an infinite number or none."""
    if not finite(values):
        xp = array_namespace(values)
        at = [int(axis[0]) for axis in xp.nonzero(~xp.isfinite(values))]
        refuse(place, f"{float(values[tuple(at)])} at {at}", f"a finite number of {kind(values)} everywhere")


def kind(values: Any) -> str:
    """Name of an array's type, the same in every namespace."""
    return str(values.dtype).removeprefix("torch.")


def floats(place: str, value: Any, *shapes: Shape, dtype: Any = np.float32) -> NDArray[Any]:
    """A finite array of one of the shapes as a floating NumPy array in C order: the user's own where it is one."""
    found = real(place, value)
    fits(place, found, *shapes)
    # What cannot be written is another type to compiled kernels, which would be compiled anew for it.
    if found.dtype != dtype or not found.flags.carray:
        with np.errstate(over="ignore"):
            found = np.array(found, dtype, order="C")
    require_finite(place, found)
    return found


def vectors(place: str, value: Any, length: int) -> NDArray[np.float32]:
    """One vector, or a batch of them, as float32 (batch, length)."""
    if type(value) is np.ndarray and value.dtype == SINGLE and value.flags.carray and finite(value):
        # What a training passes in, several times a step.
        if value.ndim == 2 and value.shape[1] == length:
            return value
        if value.ndim == 1 and value.shape[0] == length:
            return value[None]
    found = floats(place, value, (length,), ("batch", length))
    return found if found.ndim == 2 else found[None]


def in_place(place: str, value: Any, shape: Shape) -> NDArray[np.float32]:
    """An array that is to be changed: float32 of this shape in C order, finite."""
    right = type(value) is np.ndarray and value.dtype == np.float32
    right = right and value.flags.carray
    if not right:
        refuse(place, shown(value), "a float32 array of NumPy in C order, which is changed in place")
    fits(place, value, shape)
    require_finite(place, value)
    return value


def counts(place: str, value: Any, shape: Shape) -> NDArray[np.int64]:
    """Signed numbers of pulses, int64; whole numbers in floating point are taken too."""
    found = real(place, value)
    fits(place, found, shape)
    if found.dtype.kind == "f":
        require_finite(place, found)
        require(bool((found == np.rint(found)).all()), place, found, "an array of whole numbers")
    # Compared without abs, which the smallest integer does not have.
    most = bool(((found <= MOST_PULSES) & (found >= -MOST_PULSES if found.dtype.kind in "if" else True)).all())
    require(most, place, found, f"an array of numbers of pulses, within +-{MOST_PULSES}")
    return found.astype(np.int64)


def mask(place: str, value: Any, shape: Shape) -> NDArray[np.bool_]:
    """Which cells: bool of this shape."""
    found = real(place, value)
    if found.dtype != bool:
        refuse(place, f"type {found.dtype}", "an array of bool")
    fits(place, found, shape)
    return found


def entry(place: str, state: Any, name: str, shape: Shape) -> NDArray[Any]:
    """An array of a saved state."""
    require(isinstance(state, Mapping), place, state, "what state() gave")
    require(name in state, place, list(state), f"a state with {name!r}")
    found = real(f"{place}[{name!r}]", state[name])
    fits(f"{place}[{name!r}]", found, shape)
    if found.dtype.kind == "f":
        require_finite(f"{place}[{name!r}]", found)
    return found


def entries(place: str, state: Any, head: str) -> dict[str, Any]:
    """The part of a saved state whose names have this head, without it."""
    require(isinstance(state, Mapping), place, state, "what state() gave")
    return {str(name).removeprefix(head): value for name, value in state.items() if str(name).startswith(head)}


def seeds(place: str, value: Any) -> NDArray[np.int64]:
    """Seeds of the copies of a network, int64; a sequence of at least one integer of 32 bits."""
    allowed = "a list of integers from 0 to 2**32 - 1"
    try:
        found = [integer(place, seed, 0, (1 << 32) - 1) for seed in value]
    except (TypeError, ValueError):
        found = []
    require(bool(found), place, value, allowed)
    return np.array(found, np.int64)


def trailing(place: str, value: Any, *lengths: int | str) -> Any:
    """An array of any namespace, float32 or float64, whose last axes have these lengths."""
    if not is_array_api_obj(value):
        refuse(place, f"a {type(value).__name__}", "an array of NumPy, PyTorch or CuPy")
    found: Any = value
    last = tuple(found.shape)[-len(lengths) :]
    if len(last) != len(lengths) or any(type(n) is int and n != m for n, m in zip(lengths, last, strict=True)):
        refuse(place, f"shape {tuple(found.shape)}", f"(..., {', '.join(map(str, lengths))})")
    if kind(found) not in FLOATS:
        refuse(place, f"type {kind(found)}", " or ".join(FLOATS))
    return found


def tensor(place: str, value: Any, *lengths: int | str) -> Any:
    """The same, and finite."""
    found = trailing(place, value, *lengths)
    require_finite(place, found)
    return found


def samples(x: Any, t: Any, features: int, outputs: int, sums: bool = False) -> tuple[Any, Any]:
    """Samples (n, features) and targets (n, outputs), n from 1: two arrays of one namespace, float32 or float64.

    Parameters
    ----------
    sums : bool
        Targets are shares of classes, as cross-entropy needs: not negative, and the sum of a row is one.
    """
    for place, value in (("x", x), ("t", t)):
        if not is_array_api_obj(value) or np.ma.is_masked(value):
            refuse(place, f"a {type(value).__name__}", "an array of NumPy, PyTorch or CuPy without masked values")
    if kind(x) not in FLOATS:
        refuse("x", f"type {kind(x)}", " or ".join(FLOATS))
    fits("x", x, ("samples", features))
    if not len(x):
        refuse("x", "no sample", "one sample or more")
    try:
        xp = array_namespace(x, t)
    except TypeError:
        refuse("t", f"a {type(t).__name__}", f"an array of the same library as x, a {type(x).__name__}")
    if tuple(t.shape) != (len(x), outputs):
        refuse("t", f"shape {tuple(t.shape)}", targets(len(x), outputs))
    if t.dtype != x.dtype:
        refuse("t", f"type {kind(t)}", f"that of x, {kind(x)}")
    require_finite("x", x)
    require_finite("t", t)
    if sums and not bool(xp.all(xp.abs(xp.sum(t, axis=1) - 1) < 1e-3) & xp.all(t >= 0)):
        refuse("t", "a row whose sum is not 1, or with a negative number,", "shares of classes with cross-entropy")
    return x, t


def float_samples(x: Any, t: Any, features: int, outputs: int, sums: bool = False) -> tuple[Any, Any]:
    """`samples` as float32 of NumPy, of whatever real numbers they are."""
    pair = []
    for place, value in (("x", x), ("t", t)):
        found = real(place, value)
        with np.errstate(over="ignore"):
            pair.append(np.require(found, np.float32, ["C", "W"]))
    return samples(pair[0], pair[1], features, outputs, sums)


def widths(place: str, value: Any) -> tuple[int, ...]:
    """Sizes of a network: inputs, then the neurons of each layer, all from 1."""
    allowed = "a list of two or more integers from 1: inputs, and neurons of each layer"
    try:
        found = tuple(integer(place, n, 1) for n in value)
    except (TypeError, ValueError):
        found = ()
    require(len(found) >= 2, place, value, allowed)
    return found


def targets(count: int, outputs: int) -> str:
    """What is right in the place of labels."""
    text = f"({count}, {outputs}), a row of targets for each sample"
    return text if outputs == 1 else f"{text}; of labels from 0 that is numpy.eye({outputs})[labels]"
