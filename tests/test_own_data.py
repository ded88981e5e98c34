"""The user's own data: forms of files, roles, labels, split, scaling, and what a checkpoint holds of them."""

import gzip
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from sklearn.datasets import load_iris

from ohmgrad.fpga.errors import CheckpointError
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ConfigError
from ohmgrad.golden.chip.dataset import learnt_of, split_of
from ohmgrad.golden.data.fetch import DataError
from ohmgrad.golden.data.own import delimited
from ohmgrad.golden.data.own.companion import Companion
from ohmgrad.golden.data.own.own import mixed
from ohmgrad.golden.data.own.reading import read_new
from ohmgrad.golden.data.own.request import Request
from ohmgrad.golden.data.own.samples import Samples
from ohmgrad.golden.engine import Engine
from ohmgrad.scripts.training.checkpoint import Figures, load_checkpoint, save_checkpoint

from .config_files import DIGITAL, read
from .own_data import chip

X, Y = load_iris(return_X_y=True)
NAMES = ("setosa", "versicolor", "virginica")


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def iris_csv(delimiter=",", quote="", end="\n", words=True) -> bytes:
    """Iris as a table of text."""
    label = [f"{quote}{NAMES[y]}{quote}" if words else str(y) for y in Y]
    rows = [delimiter.join([*map(str, x), name]) for x, name in zip(X, label, strict=True)]
    return end.join([delimiter.join(["sl", "sw", "pl", "pw", "species"]), *rows, ""]).encode()


def idx(array: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def whole(split) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels of both parts, in the order of the file."""
    order = np.argsort(np.concatenate([split.train_index, split.test_index]))
    x, y = (np.concatenate(pair)[order] for pair in ((split.train_x, split.test_x), (split.train_y, split.test_y)))
    return x, y


TABLE = 'file = "d.csv"\ntarget = "species"'


@pytest.mark.parametrize(
    "options",
    [{}, {"delimiter": ";"}, {"delimiter": "\t"}, {"quote": '"'}, {"end": "\r\n"}, {"words": False}],
    ids=["plain", "semicolon", "tab", "quoted", "windows", "numbers"],
)
def test_tables_of_text(options):
    Path("d.csv").write_bytes(iris_csv(**options))
    split, companion = learnt_of(chip(TABLE, "[4, 3, 3]"))
    x, y = whole(split)
    low, high = X[split.train_index].min(0), X[split.train_index].max(0)
    assert np.allclose(x, 2 * (X - low) / (high - low) - 1)
    assert (y == Y).all()
    assert companion.labels == (NAMES if options.get("words", True) else ("0", "1", "2"))
    assert (split.train_t == np.eye(3)[split.train_y]).all()


def test_forms_hold_the_same():
    """CSV, packed CSV, .npz, and a pair of .npy give the same samples."""
    Path("d.csv").write_bytes(iris_csv())
    Path("p.csv.gz").write_bytes(gzip.compress(iris_csv()))
    words = np.array(NAMES)[Y]
    np.savez("d.npz", measures=X, species=words)
    np.save("x.npy", X)
    np.save("y.npy", words)
    tables = [TABLE.replace("d.csv", name) for name in ("d.csv", "p.csv.gz", "d.npz")]
    configs = [chip(keys, "[4, 3, 3]") for keys in (*tables, 'file = ["x.npy", "y.npy"]')]
    first, *others = [split_of(config) for config in configs]
    for other in others:
        assert np.array_equal(first.train_x, other.train_x)
        assert np.array_equal(first.test_y, other.test_y)


def test_parquet():
    columns = dict(zip(["sl", "sw", "pl", "pw"], X.T, strict=True)) | {"species": np.array(NAMES)[Y]}
    pyarrow.parquet.write_table(pyarrow.table(columns), "d.parquet")
    Path("d.csv").write_bytes(iris_csv())
    one, other = (split_of(chip(f'file = "d.{end}"\ntarget = "species"', "[4, 3, 3]")) for end in ("csv", "parquet"))
    assert np.array_equal(one.train_x, other.train_x)
    assert np.array_equal(one.train_y, other.train_y)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_large_tables_are_read_alike(monkeypatch, between, end):
    """By pyarrow, by NumPy, and cell by cell."""
    rng = np.random.default_rng(5)
    numbers, signs = rng.normal(size=(40, 3)) * 10.0 ** rng.integers(-300, 300, (40, 3)), ["a", " b ", "", "c d", "7"]
    rows = [[*map(repr, row.tolist()), signs[k % 5], str(k % 7)] for k, row in enumerate(numbers)]
    text = end.join(between.join(cells) for cells in (["x", "y", "z", "word", "part"], *rows))
    request = Request(("d.csv",), target=("word", "part"))

    def table() -> Samples:
        return delimited.read_delimited("d.csv", text.encode(), request, True)

    plain = table()
    monkeypatch.setattr(delimited, "LARGE", 0)
    quick = table()
    monkeypatch.setattr(delimited.np, "loadtxt", lambda *_, **__: (_ for _ in ()).throw(ValueError))
    monkeypatch.setattr(delimited, "_quickly", lambda *_: None)
    close = table()
    for other in (quick, close):
        assert np.array_equal(plain.inputs, other.inputs) and np.array_equal(plain.targets, other.targets)
    assert np.array_equal(plain.inputs, numbers) and plain.targets[1, 0] == "b"


@pytest.mark.parametrize("cell", ["", "NA", "1_0", "0x1p3", "one", "nan", "-inf"])
def test_large_tables_are_refused_alike(monkeypatch, cell):
    text = f"x,y\n1,2\n{cell},3\n".encode()
    request, sentences = Request(("d.csv",), target=("y",)), set()
    Path("d.csv").write_bytes(text)
    for large in (0, 1 << 20):
        monkeypatch.setattr(delimited, "LARGE", large)
        with pytest.raises(DataError) as caught:
            read_new(request)
        sentences.add(str(caught.value))
    assert len(sentences) == 1 and 'row 2, column "x"' in sentences.pop()


def test_pictures_and_idx():
    """Bytes become 0 to 1 by one range, although their corners are constant; folders give the labels."""
    from PIL import Image

    rng = np.random.default_rng(1)
    pixels, labels = rng.integers(0, 256, (20, 3, 4)).astype(np.uint8), np.arange(20) % 2
    pixels[:, 0, 0] = 0
    Path("x-idx3-ubyte").write_bytes(idx(pixels))
    Path("y-idx1-ubyte").write_bytes(idx(labels))
    for k, (picture, label) in enumerate(zip(pixels, labels, strict=True)):
        Path("pictures", ("cat", "dog")[label]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(f"pictures/{('cat', 'dog')[label]}/{k:02}.png")
    Path("pictures/cat/notes.txt").write_text("no picture")
    split, companion = learnt_of(chip('file = ["x-idx3-ubyte", "y-idx1-ubyte"]', "[12, 2, 2]"))
    x, y = whole(split)
    assert np.allclose(x, pixels.reshape(20, 12) / 255)
    assert (y == labels).all()
    assert companion.scale == "common"
    split, companion = learnt_of(chip('file = "pictures"', "[12, 2, 1]", "tanh"))
    x, y = whole(split)
    order = np.argsort(labels, kind="stable")
    assert np.allclose(x, pixels.reshape(20, 12)[order] / 255)
    assert (y == labels[order]).all()
    assert companion.labels == ("cat", "dog")
    assert (split.train_t[:, 0] == np.where(split.train_y, 1, -1)).all()
    assert split_of(chip('file = "pictures"\npixels = [6, 2]', "[12, 2, 2]")).train_x.shape == (16, 12)
    Image.fromarray(pixels[0, :2]).save("pictures/dog/small.png")
    with pytest.raises(DataError, match=r"small.png: has 2 x 4 pixels, 00.png 3 x 4; right is one size for all"):
        chip('file = "pictures"', "[12, 2, 1]")
    Path("pictures/dog/small.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=r"small.png: is no sound picture"):
        chip('file = "pictures"', "[12, 2, 1]")
    Path("none").mkdir()
    with pytest.raises(DataError, match=r"none: has no pictures; right is a folder for each class"):
        chip('file = "none"', "[12, 2, 1]")
    Path("y-idx1-ubyte").write_bytes(idx(labels[:19]))
    with pytest.raises(DataError, match=r"y-idx1-ubyte: has 19 rows for the 20 of x-idx3-ubyte; right is one each"):
        chip('file = ["x-idx3-ubyte", "y-idx1-ubyte"]', "[12, 2, 2]")


def test_the_split_is_stratified_and_the_seeds():
    Path("d.csv").write_bytes(iris_csv())
    config = chip(TABLE, "[4, 3, 3]")
    assert (config.dataset.train, config.dataset.test) == (120, 30)
    splits = [split_of(config.with_seed(seed)) for seed in (1, 1, 2)]
    for split in splits:
        assert np.bincount(split.test_y).tolist() == [10, 10, 10]
        assert not {*split.train_index} & {*split.test_index}
    assert np.array_equal(splits[0].test_index, splits[1].test_index)
    assert not np.array_equal(splits[0].test_index, splits[2].test_index)


def test_parts_of_a_mixed_order_have_their_shares():
    groups = np.repeat([0, 1, 2], [90, 9, 1])
    order = mixed(np.arange(100), groups, np.random.default_rng(1))
    for part in (10, 50, 77):
        shares = np.bincount(groups[order[:part]], minlength=3)
        assert (abs(shares - part * np.array([0.9, 0.09, 0.01])) <= 1).all()


def test_given_splits():
    """By a column, by a second file: rows that are given to test on are never trained on."""
    lines = iris_csv().decode().splitlines()
    marked = [lines[0] + ",part", *(f"{line},{'test' if k % 5 == 0 else 'Train'}" for k, line in enumerate(lines[1:]))]
    Path("d.csv").write_text("\n".join(marked))
    split = split_of(chip(TABLE + '\nsplit = "part"', "[4, 3, 3]"))
    assert sorted(split.test_index) == [*range(0, 150, 5)]
    assert len(split.train_index) == 120
    Path("d.csv").write_text("\n".join(lines[:101]))
    Path("t.csv").write_text("\n".join([lines[0], *lines[51:101]]))
    config = chip(TABLE + '\ntest_file = "t.csv"\nlabels = ["versicolor", "setosa"]', "[4, 3, 2]")
    split = split_of(config)
    assert sorted(split.test_index) == [*range(100, 150)]
    assert set(split.test_y) == {0}
    Path("t.csv").write_text("\n".join([lines[0], lines[60], lines[150]]))
    with pytest.raises(DataError, match=r't.csv: row 2, column "species": the value is "virginica"; right is one of'):
        chip(TABLE + '\ntest_file = "t.csv"', "[4, 3, 2]")


def test_scales():
    Path("d.csv").write_bytes(iris_csv())
    one = {scale: learnt_of(chip(f'{TABLE}\nscale = "{scale}"', "[4, 3, 3]")) for scale in ("standard", "common")}
    split, _ = one["standard"]
    train = X[split.train_index]
    assert np.allclose(split.test_x, (X[split.test_index] - train.mean(0)) / (3 * train.std(0)))
    split, _ = one["common"]
    assert np.allclose([split.train_x.min(), split.train_x.max()], [-1, 1])


def test_values_are_in_the_users_units():
    """Several targets; the training values' range fills four fifths of the outputs' levels."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-5, 5, (40, 2))
    rows = [f"{a},{b},{1000 + 7 * a},{b - a}" for a, b in x]
    Path("d.csv").write_text("\n".join(["a,b,p,q", *rows]))
    keys = 'file = "d.csv"\ntarget = ["p", "q"]'
    for activation, levels in (("tanh", (-0.8, 0.8)), ("sigmoid", (0.1, 0.9))):
        split, companion = learnt_of(chip(keys, "[2, 2, 2]", activation))
        assert companion.task == "values"
        assert np.allclose([split.train_t.min(0), split.train_t.max(0)], np.transpose([levels, levels]))
        values = companion.values(split.test_t)
        assert np.allclose(values[:, 0], 1000 + 7 * x[split.test_index, 0])
        again = Companion.from_json(companion.to_json(), "data.json")
        assert again == companion


def test_numbers_are_classes_where_the_network_says_so():
    Path("d.csv").write_text("a,n\n" + "\n".join(f"{k % 7},{k % 3}" for k in range(30)))
    keys = 'file = "d.csv"\ntarget = "n"'
    assert learnt_of(chip(keys, "[1, 2, 3]"))[1].labels == ("0", "1", "2")
    assert learnt_of(chip(keys, "[1, 2, 1]"))[1].labels is None
    assert learnt_of(chip(keys + "\nlabels = [2, 0, 1]", "[1, 2, 3]"))[1].labels == ("2", "0", "1")
    with pytest.raises(ConfigError, match=r"has 1 inputs and 3 classes; allowed are lists that begin with 1"):
        chip(keys, "[1, 2, 4]")


def test_a_checkpoint_is_of_its_data():
    Path("d.csv").write_bytes(iris_csv())
    config = chip(TABLE, "[4, 3, 3]")
    one = Chip(config)
    engine = Engine(one, split_of(config))
    state = engine.initial()
    engine.run(state, 10)
    save_checkpoint(Path("c.npz"), one, state, Figures())
    Path("sub").mkdir()
    Path("d.csv").rename("sub/e.csv")
    moved = chip(TABLE.replace("d.csv", "sub/e.csv"), "[4, 3, 3]")
    assert load_checkpoint(Path("c.npz"), Chip(moved)).step == 10
    Path("sub/e.csv").write_bytes(iris_csv().replace(b"5.1,", b"5.2,", 1))
    with pytest.raises(DataError, match=r"sub/e.csv: holds data of SHA-256"):
        split_of(moved)
    other = chip(TABLE.replace("d.csv", "sub/e.csv"), "[4, 3, 3]")
    with pytest.raises(CheckpointError, match=r"it is of a chip with another data\."):
        load_checkpoint(Path("c.npz"), Chip(other))


def test_a_set_by_name_is_described_as_ever():
    """What older checkpoints hold of a chip."""
    assert list(read(DIGITAL).model_dump()["data"]) == ["set", "train", "test", "order"]
    Path("d.csv").write_bytes(iris_csv())
    assert "set" not in chip(TABLE, "[4, 3, 3]").model_dump()["data"]


def test_sets_by_name_have_companions():
    split, companion = learnt_of(read(DIGITAL))
    assert companion.labels == tuple("0123456789")
    assert np.array_equal(companion.scaled(split.test_x), split.test_x)
    assert replace(companion, labels=None).task == "values"
