"""The data sets are complete, and their splits apart and reproducible."""

import dataclasses

import numpy as np
import pytest

from ohmgrad.golden.data.datasets import GLYPHS, SETS, load, nist7x7


def clean_letter(letter: str, down: int, right: int) -> np.ndarray:
    """A letter without flips, drawn pixel by pixel."""
    image = np.zeros((7, 7))
    for row, line in enumerate(GLYPHS[letter].split()):
        for column, pixel in enumerate(line):
            image[row + down, column + right] = pixel == "#"
    return image.ravel()


def test_nist7x7_is_every_letter_shift_and_flip_once():
    x, t = nist7x7()
    assert x.shape == (44136, 49) and t.shape == (44136, 4)
    assert set(np.unique(x)) == {0.0, 1.0}
    # I and T at one place differ in 4 pixels: each of 9 shifts shares the C(4, 2) images halfway.
    assert len(np.unique(x, axis=0)) == 44136 - 9 * 6
    assert (t.sum(0) == 44136 // 4).all() and (t.sum(1) == 1).all()
    seen = np.zeros(44136, int)
    for label, letter in enumerate("NIST"):
        for down in range(3):
            for right in range(3):
                flips = (x != clean_letter(letter, down, right)).sum(1).astype(int)
                near, own = flips <= 2, t[:, label] == 1
                assert np.bincount(flips[near & own]).tolist() == [1, 49, 1176]
                assert (near & ~own).sum() == (6 if letter in "IT" else 0)
                seen += near & own
    assert (seen == 1).all()


def test_nist7x7_order_is_as_documented():
    x, _ = nist7x7()
    for label, letter in enumerate("NIST"):
        for shift in range(9):
            assert (x[(label * 9 + shift) * 1226] == clean_letter(letter, shift // 3, shift % 3)).all()


@pytest.mark.parametrize("name, train, test", [("nist7x7", 4096, 4096), ("digits", 1437, 360)])
def test_split_is_apart_and_seeded(name, train, test):
    split = load(name, train, test, 5)
    assert len(split.train_index) == train and len(split.test_index) == test
    assert len({*split.train_index.tolist(), *split.test_index.tolist()}) == train + test
    again, other = load(name, train, test, 5), load(name, train, test, 6)
    for field in dataclasses.fields(split):
        assert np.array_equal(getattr(split, field.name), getattr(again, field.name))
    assert not np.array_equal(split.train_index, other.train_index)


@pytest.mark.parametrize("name", [name for name, data in SETS.items() if not data.held_out])
def test_a_set_is_what_its_entry_says(name):
    data = SETS[name]
    split = load(name, data.train, data.test, 1)
    for part, count in (("train", data.train), ("test", data.test)):
        x, t, y, index = (getattr(split, f"{part}_{array}") for array in ("x", "t", "y", "index"))
        assert x.shape == (count, data.inputs) and x.dtype == np.float64
        assert t.shape == (count, data.outputs) and t.dtype == np.float64
        assert y.shape == index.shape == (count,) and y.dtype == index.dtype == np.int64
        assert abs(x).max() <= 1 and abs(t).max() <= 1
        for values, levels in zip((x, t), data.levels or (None, None), strict=True):
            assert levels is None or np.array_equal(np.unique(values), levels)
        whole_x, whole_t, held_out = data.whole()
        assert len(whole_x) == data.size and held_out == 0
        assert np.array_equal(x, whole_x[index]) and np.array_equal(t, whole_t[index])


def test_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    split = load("digits", 1437, 360, 1)
    digits = load_digits()
    assert np.array_equal(split.test_x * 16, digits.data[split.test_index])
    assert np.array_equal(split.test_y, digits.target[split.test_index])
    assert np.array_equal(split.test_t.argmax(1), split.test_y) and (split.test_t.sum(1) == 1).all()
    assert set(np.unique(split.train_x * 16)) == set(range(17))


def test_xor_is_the_truth_table_to_train_and_to_test():
    split = load("xor", 4, 4, 9)
    assert split.train_x.tolist() == [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    assert split.train_t.tolist() == [[-1], [1], [1], [-1]]
    assert split.train_y.tolist() == [0, 1, 1, 0]
    assert np.array_equal(split.test_x, split.train_x) and np.array_equal(split.test_y, split.train_y)


def test_parity_is_the_truth_table():
    for bits in range(3, 9):
        split = load(f"parity{bits}", 2**bits, 2**bits, 1)
        counts = [[number >> bit & 1 for bit in reversed(range(bits))] for number in range(2**bits)]
        assert ((split.train_x + 1) / 2).tolist() == counts
        assert split.train_t.tolist() == [[2.0 * (sum(row) % 2) - 1] for row in counts]


@pytest.mark.parametrize(
    "name, train, test", [("xor", 5, 0), ("digits", 1437, 361), ("nist7x7", -1, 0), ("parity3", 9, 0)]
)
def test_too_many_samples(name, train, test):
    with pytest.raises(
        ValueError, match=f"{name} has {SETS[name].size} samples, too few for {train} to train"
    ):
        load(name, train, test, 1)


def test_unknown_set():
    with pytest.raises(ValueError, match="^Data set must be one of nist7x7, .*, mnist, .*, not 'emnist'$"):
        load("emnist", 1, 1, 1)
