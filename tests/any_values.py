"""Values of any kind for Hypothesis, and what may become of them: an answer, or one sentence."""

import re

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SENTENCE = re.compile(r"^[^\n]+: [^\n]+; allowed (is|are) [^\n]+\.$")
EDGES = [0.0, -0.0, 1.0, -1.0, 0.3, 1e-45, 1e-38, 1e-30, 3e38, -3e38, 1e300, np.nan, np.inf, -np.inf]
TYPES = ["f4", "f8", "f2", ">f4", "i8", "i1", "u1", "u8", "?", "c8", "U3", "M8[s]", "O"]
ODD = [None, "word", b"bytes", 3, 0.5, True, 1j, 10**400, [], [[]], {}, {1, 2}, [1, [2, 3]], [None], ["a"], object(),
       range(3), np.float32(2), np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]), (1.0, 2.0, 3.0), [[1, 2, 3]],
       [True, False], np.zeros(3, [("a", "f4")]), np.array(1.0), np.broadcast_to(np.float32(0.5), (2, 3))]  # fmt: skip
NUMBERS = [None, "3", b"3", True, np.True_, 1.5, 10.5, -5, -1, 0, 1, 2, 3.0, np.int64(2), np.uint8(2), np.float32(0.5),
           1j, np.nan, np.inf, -np.inf, 1e30, 1e-40, 1e300, [], [2], (1, 2), {}, np.array(2), np.array([2]),
           np.zeros((2, 2)), "nearest", object(), 10**400, -(10**400), np.datetime64("2020-01-01")]  # fmt: skip
"""For numbers, words, flags and lists; none that would be right and take long."""


def contents(dtype: np.dtype) -> st.SearchStrategy:
    """Elements of an array; floats with the edges of their range."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            edges = [float(np.dtype(dtype).type(v)) for v in EDGES]
        return st.one_of(st.sampled_from(edges), hnp.from_dtype(dtype))
    if dtype.kind == "O":
        return st.sampled_from([None, 1, 2.5, "a", np.nan])
    return hnp.from_dtype(dtype)


@st.composite
def values(draw: st.DrawFn, shape: tuple[int, ...]) -> object:
    """Half of them an array of the right shape and a real type, else of any shape, layout and type, or no array."""
    kind = draw(st.sampled_from(["right", "right", "type", "shape", "odd"]))
    if kind == "odd":
        return draw(st.sampled_from(ODD))
    dtype = np.dtype(draw(st.sampled_from(TYPES if kind == "type" else TYPES[:2])))
    if kind == "shape":
        shape = draw(st.one_of(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4), st.just((4, *shape))))
    if kind == "right" and draw(st.booleans()):
        small = st.floats(-1, 1, width=16)
        array = draw(hnp.arrays(dtype, shape, elements=small))
    else:
        array = draw(hnp.arrays(dtype, shape, elements=contents(dtype)))
    layout = draw(st.sampled_from(["C", "C", "C", "F", "strided", "frozen", "list"]))
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "strided":
        return np.repeat(array, 2, axis=-1)[..., ::2] if array.ndim else array
    if layout == "frozen":
        array.flags.writeable = False
    return array.tolist() if layout == "list" else array


def right(value: object, shape: tuple[int, ...], formula: bool) -> bool:
    """Whether a value may have been taken: nothing (a default), or finite real numbers with the right last axis.

    `formula` is for functions of what a network gave, which answer as floating point does.
    """
    if value is None:
        return True
    array = np.asarray(value)
    real = array.dtype.kind in "biuf" and array.shape[-1:] == shape[-1:]
    return real and (formula or bool(np.isfinite(array).all()))


def tame(value: object) -> bool:
    """Whether a value is small, so that what comes out must be finite."""
    return value is None or bool((abs(np.asarray(value).astype(float)) <= 1e3).all())


def finite(answer: object) -> bool:
    """Whether all numbers in an answer are finite, so far as it has any."""
    if isinstance(answer, np.ndarray | float | np.floating):
        return bool(np.isfinite(answer).all())
    if isinstance(answer, tuple | list):
        return all(map(finite, answer))
    return True


def answers_or_says(call, *given: object, shapes: list[tuple[int, ...]] | None = None, formula: bool = False) -> None:
    """Call with the values: what is right works, with finite numbers of small ones; what is not ends in a sentence."""
    try:
        with np.errstate(all="ignore"):
            answer = call(*given)
    except ValueError as error:
        assert SENTENCE.match(str(error)) and len(str(error)) < 700, repr(str(error))
        return
    if shapes is not None:
        assert all(right(value, shape, formula) for value, shape in zip(given, shapes, strict=True)), given
        assert finite(answer) or not all(map(tame, given)), (given, answer)
