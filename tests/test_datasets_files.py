"""Data sets from files: what is written is what is read, and what is wrong ends in one sentence."""

import gzip
import hashlib
import http.server
import os
import pickle
import re
import struct
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pooch
import pytest

from ohmgrad.golden.data import cifar, fetch, idx
from ohmgrad.golden.data.datasets import DataError, load

SHARED = Path(__file__).parents[2] / "shared" / "data"


def rng(seed=11):
    return np.random.default_rng(seed)


def idx_bytes(array: np.ndarray) -> bytes:
    """The format by its definition: 0, 0, type 8, dimensions, sizes, values."""
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_idx(folder: Path, train: int = 7, test: int = 3, end: str = "") -> list[np.ndarray]:
    """The four files; returns pixels and labels of both parts."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = []
    for count in (train, test):
        arrays.append(rng(count).integers(0, 256, (count, 28, 28), np.uint8))
        arrays.append(rng(count).integers(0, 10, count, np.uint8))
    for name, array in zip(idx.FILES, arrays, strict=True):
        data = idx_bytes(array)
        (folder / (name + end)).write_bytes(gzip.compress(data) if end else data)
    return arrays


def batch(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return rng(seed).integers(0, 256, (count, 3072), np.uint8), rng(seed).integers(0, 10, count, np.uint8)


def write_binary(path: Path, x: np.ndarray, y: np.ndarray) -> None:
    data = np.concatenate([y[:, None], x], 1).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def python2_pickle(x: np.ndarray, y: np.ndarray) -> bytes:
    """Protocol 2 as Python 2 wrote it, opcode by opcode: byte strings, numpy.core.multiarray._reconstruct."""

    def string(text: bytes) -> bytes:
        return b"U" + bytes([len(text)]) + text if len(text) < 256 else b"T" + struct.pack("<I", len(text)) + text

    def whole(n: int) -> bytes:
        return b"J" + struct.pack("<i", n)

    kind = b"cnumpy\ndtype\n" + string(b"u1") + whole(0) + whole(1) + b"\x87R"
    kind += b"(" + whole(3) + string(b"|") + b"NNN" + whole(-1) + whole(-1) + whole(0) + b"tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + whole(0) + b"\x85" + string(b"b") + b"\x87R"
    array += b"(" + whole(1) + whole(len(x)) + whole(3072) + b"\x86" + kind + b"\x89" + string(x.tobytes()) + b"tb"
    labels = b"](" + b"".join(whole(int(label)) for label in y) + b"e"
    return b"\x80\x02}(" + string(b"data") + array + string(b"labels") + labels + b"u."


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(fetch.FOLDER, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("name, place", [("mnist", "mnist"), ("fashion-mnist", "FashionMNIST/raw"), ("mnist", ".")])
def test_idx_files_are_read_as_written(folder, name, place, end):
    x, y, test_x, test_y = write_idx(folder / place, end=end)
    split = load(name, 7, 3, 4)
    assert sorted(split.train_index) == list(range(7)) and sorted(split.test_index) == [7, 8, 9]
    assert np.array_equal(split.train_x, x.reshape(7, 784)[split.train_index] / 255)
    assert np.array_equal(split.test_x, test_x.reshape(3, 784)[split.test_index - 7] / 255)
    assert np.array_equal(split.train_y, y[split.train_index])
    assert np.array_equal(split.test_t, np.eye(10)[test_y[split.test_index - 7]])
    assert np.array_equal(load(name, 4, 2, 4).train_index, split.train_index[:4])
    for part in ("train_index", "test_index"):
        assert len({tuple(getattr(load(name, 7, 3, seed), part)) for seed in range(9)}) > 1


def test_cifar_versions_are_the_same_images(folder):
    parts = {"data_batch_1": batch(5, 1), "data_batch_2": batch(2, 2), "test_batch": batch(4, 3)}
    splits = []
    for kind in ("binary", "packed", "python 2", "python 3"):
        place = folder / "cifar-10-batches-bin"
        place.mkdir()
        for name, (x, y) in parts.items():
            if kind in ("binary", "packed"):
                write_binary(place / f"{name}.bin{'.gz' * (kind == 'packed')}", x, y)
            elif kind == "python 2":
                (place / name).write_bytes(python2_pickle(x, y))
            else:
                content = {b"data": x, b"labels": y.tolist(), b"batch_label": b"one"}
                (place / name).write_bytes(pickle.dumps(content, 4))
        splits.append(load("cifar10", 7, 4, 1))
        place.rename(folder / kind)
    for split in splits:
        x = np.concatenate([parts["data_batch_1"][0], parts["data_batch_2"][0]])
        assert np.array_equal(split.train_x, x[split.train_index] / 255)
        assert np.array_equal(split.test_y, parts["test_batch"][1][split.test_index - 7])
        assert np.array_equal(split.train_t.argmax(1), splits[0].train_y)


def put(name: str, data: bytes):
    return lambda folder: (folder / name).write_bytes(data)


def change(name: str, edit):
    return lambda folder: (folder / name).write_bytes(edit((folder / name).read_bytes()))


IMAGES, LABELS = idx.FILES[:2]
DAMAGED_IDX = [
    (lambda f: (f / LABELS).unlink(), f"{LABELS}: is missing beside {IMAGES}; needed are all four files."),
    (change(IMAGES, lambda d: d[:-1]), f"{IMAGES}: has 5503 bytes; right for 7x28x28 values are 5504."),
    (change(IMAGES, lambda d: d + b"0"), f"{IMAGES}: has 5505 bytes; right for 7x28x28 values are 5504."),
    (change(IMAGES, lambda d: d[:9]), f"{IMAGES}: ends after 9 bytes, within the 16 bytes of its header."),
    (change(IMAGES, lambda d: b""), f"{IMAGES}: ends after 0 bytes, within the 16 bytes of its header."),
    (change(IMAGES, lambda d: b"\x89PNG" + d), "begins with 0x89504e47; right for .* with 3 dimensions is 0x00000803."),
    (change(IMAGES, lambda d: d[:2] + b"\x0d" + d[3:]), "begins with 0x00000d03; right for .* unsigned bytes"),
    (change(LABELS, lambda d: d[:3] + b"\x03" + d[4:]), "begins with 0x00000803; right .* 1 dimension is 0x00000801"),
    (put(IMAGES, idx_bytes(np.zeros((7, 32, 28), np.uint8))), "has images of 32x28 pixels; right are 28x28."),
    (put(IMAGES, idx_bytes(np.zeros((0, 28, 28), np.uint8))), f"{IMAGES}: has no images; right is one or more."),
    (put(LABELS, idx_bytes(np.zeros(6, np.uint8))), f"has 6 labels for the 7 images of {IMAGES}; right is one"),
    (put(LABELS, idx_bytes(np.array([0, 9, 10, 1, 2, 3, 4], np.uint8))), "label 2 is 10; right are 0 to 9."),
    (put(IMAGES, b"\0\0\x08\x03" + b"\xff" * 12), f"{IMAGES}: has 16 bytes; right for 4294967295x4294967295x42949"),
]


@pytest.mark.parametrize("damage, sentence", DAMAGED_IDX)
def test_damaged_idx(folder, damage, sentence):
    write_idx(folder)
    damage(folder)
    check(sentence, "mnist", folder)


@pytest.mark.parametrize(
    "edit, sentence",
    [
        (lambda d: d[: len(d) // 2], "the gzip file ends too early; please fetch it again."),
        (lambda d: b"no gzip" + d, "is not a sound gzip file .*; please fetch it again."),
        (lambda d: d[:40] + bytes([d[40] ^ 255]) + d[41:], "is not a sound gzip file .*; please fetch it again."),
        (lambda d: d[:-8] + bytes([d[-8] ^ 255]) + d[-7:], "is not a sound gzip file .CRC check failed"),
    ],
)
def test_damaged_gzip(folder, edit, sentence):
    write_idx(folder, end=".gz")
    change(IMAGES + ".gz", edit)(folder)
    check(sentence, "mnist", folder)


def test_a_gzip_bomb_is_refused_before_it_fills_the_memory(folder, monkeypatch):
    monkeypatch.setattr(fetch, "MOST", 3 << 20)
    write_idx(folder, end=".gz")
    (folder / f"{IMAGES}.gz").write_bytes(gzip.compress(bytes(5 << 20)))
    check("holds more than 3145728 bytes", "mnist", folder)


class Evil:
    def __reduce__(self):
        return os.system, ("touch pwned",)


def pickled(**entries) -> bytes:
    return pickle.dumps({key.encode(): value for key, value in entries.items()}, 4)


X, Y = batch(5, 1)
DAMAGED_CIFAR = [
    ("data_batch_1.bin", b"", "has 0 bytes, 0 beyond 0 records; right are one or more records of 3073 bytes."),
    ("data_batch_1.bin", bytes(3073 + 5), "has 3078 bytes, 5 beyond 1 records; right are"),
    ("data_batch_1.bin", b"\x0a" + bytes(3072), "the label of image 0 is out of range; right are 0 to 9."),
    ("data_batch_1", pickled(data=X, labels=Evil()), "asks for posix.system, and nothing that a file names is run"),
    ("data_batch_1", pickled(data=X, labels=np.array([1], np.uint8)), "labels is not a list of integers; right is"),
    ("data_batch_1", pickled(data=X, labels=[1, 2]), "has 2 labels for 5 images; right is one each."),
    ("data_batch_1", pickled(data=X, labels=[1, 2, 3, 4, 2**70]), "label of image 4 is out of range"),
    ("data_batch_1", pickled(data=X, labels=[1, 2, -1, 4, 5]), "label of image 2 is out of range"),
    ("data_batch_1", pickled(data=X[:, :-1], labels=[1] * 5), r"an array of shape \(5, 3071\) as data; right is one"),
    ("data_batch_1", pickled(data=X.astype(np.float32), labels=[1] * 5), "an array is of type 'f4', not of unsigned"),
    ("data_batch_1", pickled(data=np.array([Evil()]), labels=[1]), "is not a batch of CIFAR-10 in its Python version"),
    ("data_batch_1", pickled(data=[1], labels=[1]), "has no array as data; right is one of unsigned bytes"),
    ("data_batch_1", pickled(labels=[1]), "has no array as data; right is one of unsigned bytes"),
    ("data_batch_1", pickle.dumps([1, 2]), "is not a dictionary; right is one with data and labels."),
    ("data_batch_1", pickled(data=X, labels=[1] * 5)[:-50], "is not a batch of CIFAR-10 in its Python version"),
    ("data_batch_1", b"\x80\x04garbage", "is not a batch of CIFAR-10 in its Python version"),
    ("data_batch_1", b"cbuiltins\neval\n(S'1'\ntR.", "asks for builtins.eval, and nothing that a file names is run"),
    ("data_batch_1", b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.", "asks for numpy.ndarray.tofile, and nothing"),
]


@pytest.mark.parametrize("name, data, sentence", DAMAGED_CIFAR)
def test_damaged_cifar(folder, monkeypatch, name, data, sentence):
    monkeypatch.chdir(folder)
    test = folder / name.replace("data_batch_1", "test_batch")
    if name.endswith(".bin"):
        write_binary(test, X, Y)
    else:
        test.write_bytes(python2_pickle(X, Y))
    (folder / name).write_bytes(data)
    check(sentence, "cifar10", folder)
    assert not (folder / "pwned").exists()


def test_a_version_of_cifar_without_its_test_batch(folder):
    write_binary(folder / "data_batch_1.bin", X, Y)
    check("test_batch.bin: is missing beside data_batch_1.bin.", "cifar10", folder)


def test_fewer_images_than_asked_for(folder):
    write_idx(folder)
    with pytest.raises(DataError, match="^mnist: the files have 7 samples and 3 to test, too few for data.train = 8"):
        load("mnist", 8, 3, 1)


def test_folders_that_do_not_help(folder, monkeypatch):
    with pytest.raises(DataError, match="has no file of mnist, there or in mnist or MNIST/raw; needed are train"):
        load("mnist", 1, 1, 1)
    monkeypatch.setenv(fetch.FOLDER, str(folder / "none"))
    with pytest.raises(DataError, match="none: is no folder; right for OHMGRAD_DATA or --data is the one with"):
        load("mnist", 1, 1, 1)


def check(sentence: str, name: str, folder: Path) -> None:
    """One sentence, which begins with the file's whole name and holds this."""
    with pytest.raises(DataError, match=sentence) as caught:
        load(name, 1, 1, 1)
    assert re.fullmatch(rf"{folder}/[\w.-]+: [^\n]*\.", str(caught.value))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A web server on this machine with the four files, and a cache of its own."""
    arrays = write_idx(tmp_path / "www", end=".gz")
    monkeypatch.delenv(fetch.FOLDER, raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "www")))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "www").iterdir()}
    url = f"http://127.0.0.1:{web.server_port}/"
    yield arrays, lambda **other: monkeypatch.setitem(
        idx.SOURCES, "mnist", fetch.Source((), ("http://127.0.0.1:1/", url), hashes | other)
    )
    web.shutdown()
    web.server_close()


def test_files_are_fetched_once_from_the_first_that_answers(server, tmp_path):
    arrays, source = server
    source()
    first = load("mnist", 7, 3, 1)
    assert np.array_equal(first.train_x, arrays[0].reshape(7, 784)[first.train_index] / 255)
    for path in (tmp_path / "www").iterdir():
        path.unlink()
    assert np.array_equal(load("mnist", 7, 3, 1).train_x, first.train_x)


def test_a_fetched_file_has_its_hash_or_is_refused(server):
    _, source = server
    source(**{f"{IMAGES}.gz": "0" * 64})
    with pytest.raises(DataError, match=f"^mnist: {IMAGES}.gz could not be fetched .127.0.0.1 sends a file with"):
        load("mnist", 7, 3, 1)


def test_without_a_network_one_sentence_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.delenv(fetch.FOLDER, raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / name)
    monkeypatch.setattr(cifar, "SOURCE", fetch.Source((), ("http://127.0.0.1:1/",), cifar.SOURCE.hashes))
    with pytest.raises(DataError) as caught:
        load("cifar10", 1, 1, 1)
    assert re.fullmatch(
        r"cifar10: cifar-10-binary.tar.gz could not be fetched \(ConnectionError from 127.0.0.1\); please put "
        r"data_batch_1.bin, [^\n]*, test_batch into a folder, [^\n]* name that by OHMGRAD_DATA or --data\.",
        str(caught.value),
    )


@pytest.mark.skipif(not (SHARED / "mnist").is_dir(), reason="there is no folder ../shared/data with the real files")
@pytest.mark.parametrize(
    "name, train, test", [("mnist", 60000, 10000), ("fashion-mnist", 60000, 10000), ("cifar10", 2000, 500)]
)
def test_real_files(monkeypatch, name, train, test):
    """Sizes, and a statistic of the originals, which the order of the images leaves as it is."""
    monkeypatch.setenv(fetch.FOLDER, str(SHARED))
    split = load(name, train, test, 1)
    assert len(split.train_x) == train and len(split.test_x) == test
    mean = {"mnist": 0.1307, "fashion-mnist": 0.2860, "cifar10": 0.4734}[name]
    assert split.train_x.mean() == pytest.approx(mean, abs=0.01 if name == "cifar10" else 1e-4)
    if name == "fashion-mnist":
        assert np.bincount(split.train_y).tolist() == [6000] * 10
