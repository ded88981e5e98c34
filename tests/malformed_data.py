"""Data files that are refused, and with which sentence; each is read beside a chip file with a 2-2-2 network."""

import gzip
import io

import numpy as np

GOOD = "a,b,kind\n1,2,x\n2,3,y\n3,5,x\n4,4,y\n5,7,x\n"
"""A table that is read."""


def table(old: str, new: str) -> bytes:
    """The good table with one change."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new).encode()


CSV = [
    ("missing-cell", table("2,3,y", "2,,y"),
     'row 2, column "b": the value is missing; right is a finite number.'),
    ("not-available", table("2,3,y", "2,NA,y"),
     'row 2, column "b": the value is missing; right is a finite number.'),
    ("nan", table("3,5,x", "nan,5,x"), 'row 3, column "a": the value is missing; right is a finite number.'),
    ("infinite", table("3,5,x", "inf,5,x"), 'row 3, column "a": the value is "inf"; right is a finite number.'),
    ("beyond-double", table("3,5,x", "1e999,5,x"), 'row 3, column "a": the value is "inf"; right is a finite number.'),
    ("word", table("3,5,x", "3,five,x"), 'row 3, column "b": the value is "five"; right is a finite number.'),
    ("underscore", table("3,5,x", "3,1_0,x"), 'row 3, column "b": the value is "1_0"; right is a finite number.'),
    ("missing-label", table("4,4,y", "4,4,"),
     'row 4, column "kind": the value is missing; right is a label or a number.'),
    ("short-row", table("4,4,y", "4,4"), "row 4 has 2 cells; right are 3, one for each column of the header."),
    ("long-row", table("4,4,y", "4,4,y,9"), "row 4 has 4 cells; right are 3, one for each column of the header."),
    ("two-uneven-rows", table("4,4,y\n5,7,x", "4,4,y,9\n5,x"),
     "row 4 has 4 cells; right are 3, one for each column of the header."),
    ("decimal-comma", table("4,4,y", "4,5,4,y"), "row 4 has 4 cells; right are 3, one for each column of the header."),
    ("open-quote", table("5,7,x", '5,7,"x'), "line 6 is no line of a table (unexpected end of data)."),
    ("no-target", table("a,b,kind", "a,b,sort"),
     'has no column "kind", which data.target names; its columns are a, b, sort.'),
    ("header-of-numbers", table("a,b,kind", "1,2,3"),
     "the first line has numbers; right are the names of the columns."),
    ("name-twice", table("a,b,kind", "a,a,kind"), 'two columns are named "a"; right are names that differ.'),
    ("no-name", table("a,b,kind", "a,,kind"), "column 2 of the header has no name; right is one for each."),
    ("empty", b"", "is empty; right are a line of column names and rows under it."),
    ("blank", b"\n \n", "is empty; right are a line of column names and rows under it."),
    ("header-alone", b"a,b,kind\n", "has no rows; right is one or more."),
    ("one-class", GOOD.replace("y", "x").encode(),
     "column kind, the target, is x in all rows; right are classes or values that differ."),
    ("constant", GOOD.replace(",2,", ",5,").replace(",3,", ",5,").replace(",4,", ",5,").replace(",7,", ",5,").encode(),
     'column b is 5 in all training samples; right is to leave it out by data.inputs, or data.scale = "common".'),
    ("latin-1", table("5,7,x", "5,7,é").decode().encode("latin-1"),
     "byte 37 is not UTF-8; right is a table of text in UTF-8."),
    ("zero-byte", table("5,7,x", "5,7,\0"), "byte 37 is zero; right is a table of text."),
]  # fmt: skip


def npz(**arrays: np.ndarray) -> bytes:
    """An .npz file."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


X, KIND = np.arange(10.0).reshape(5, 2), np.array([0, 1, 0, 1, 0])
HOLE = np.where(X == 7, np.nan, X)
NPZ = [
    ("npz-cut", npz(x=X, kind=KIND)[:-40], "is no sound .npz file of numbers and strings."),
    ("npz-text", b"a,b,kind\n", "is no sound .npz file of numbers and strings."),
    ("npz-no-target", npz(x=X, y=KIND), 'has no column "kind", which data.target names; its columns are x, y.'),
    ("npz-unequal", npz(x=X, kind=KIND[:4]), "array kind has 4 rows beside the 5 of x; right are as many."),
    ("npz-hole", npz(x=HOLE, kind=KIND), 'row 4, column "x[1]": the value is missing; right is a finite number.'),
    ("npz-complex", npz(x=X * 1j, kind=KIND),
     "array x holds complex128; right are real numbers, or words of a target."),
    ("npz-words", npz(x=X.astype(str), kind=KIND), "x holds no numbers; right for inputs are numbers."),
    ("npz-scalar", npz(x=np.float64(3), kind=np.float64(1)),
     "array x is a single value; right is a row for each sample."),
    ("npz-objects", npz(x=X, kind=np.array([None] * 5)), "is no sound .npz file of numbers and strings."),
]  # fmt: skip
FILES: list[tuple[str, str, bytes, str]] = [
    *((name, "data.csv", content, f"data.csv: {message}") for name, content, message in CSV),
    *((name, "data.npz", content, f"data.npz: {message}") for name, content, message in NPZ),
    ("gzip-cut", "data.csv.gz", gzip.compress(GOOD.encode())[:-12],
     "data.csv.gz: the gzip file ends too early; please fetch it again."),
]  # fmt: skip
"""What is wrong, the name of the file, its content, and the whole sentence."""

KEYS = [
    ("none", "", "data.target: missing key; allowed are a column's name, or a list of them."),
    ("input", 'target = "kind"\ninputs = ["a", "c"]',
     'DATA has no column "c", which data.inputs names; its columns are a, b, kind.'),
    ("input-and-target", 'target = "kind"\ninputs = ["a", "kind"]',
     'DATA column "kind" is an input and has another role; right is one role.'),
    ("inputs-twice", 'target = "kind"\ninputs = ["a", "a"]',
     'data.inputs: ["a", "a"] has a name twice; allowed are lists of names of columns.'),
    ("few-inputs", 'target = "kind"\ninputs = ["a"]',
     'network.layers: [2, 2, 2] does not fit data.file = "data.csv", which has 1 inputs and 2 classes; '
     "allowed are lists that begin with 1 and end with 1 or 2."),
    ("unknown-label", 'target = "kind"\nlabels = ["x", "z"]',
     'DATA row 2, column "kind": the value is "y"; right is one of the labels x, z.'),
    ("labels-many", 'target = "kind"\nlabels = ["x", "y", "z"]',
     'network.layers: [2, 2, 2] does not fit data.file = "data.csv", which has 2 inputs and 3 classes; '
     "allowed are lists that begin with 2 and end with 3."),
    ("label-twice", 'target = "kind"\nlabels = ["x", "x"]',
     'data.labels: ["x", "x"] has a label twice; allowed are lists of 2 to 4096 labels, words or numbers.'),
    ("values-of-words", 'target = ["b", "kind"]\ninputs = ["a"]',
     'DATA row 1, column "kind": the value is "x"; right is a finite number.'),
    ("split", 'target = "kind"\nsplit = "b"\ninputs = ["a"]',
     'DATA row 1, column "b": the value is "2"; right is train or test.'),
    ("both", 'target = "kind"\nset = "xor"', 'data.file: "data.csv" beside data.set = "xor"; allowed is one of them.'),
    ("train-many", 'target = "kind"\ntrain = 5\ntest = 1',
     'data.file: "data.csv" has 5 rows, too few for data.train = 5 and data.test = 1.'),
    ("scale-unknown", 'target = "kind"\nscale = "log"',
     'data.scale: "log" is not one of the choices; allowed are range, standard, common, none.'),
    ("scale-none", 'target = "kind"\nscale = "none"',
     'DATA column a has 2, beyond +-1, which data.scale = "none" leaves as it is; '
     "right are range, standard and common."),
    ("pixels", 'target = "kind"\npixels = [4, 4]',
     "data.pixels: [4, 4] is not a height and a width of pictures in folders; allowed are two of these."),
    ("test-file", 'target = "kind"\ntest_file = "more.csv"', "more.csv: cannot be read (No such file or directory)."),
    ("sha256", 'target = "kind"\nsha256 = "12"', 'data.sha256: "12" is not a name; allowed are 64 hexadecimal digits.'),
]  # fmt: skip
"""What is wrong, keys of `[data]` beside the file, and the sentence: of the chip file, or of data.csv."""
