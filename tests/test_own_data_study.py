"""The study of own data: its chip files are read, and its page says what was measured, and what was not."""

import pytest

from ohmgrad.scripts.long_runs import own_data


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_chip_files_are_read():
    names = own_data.write_files(None)
    assert names == ["iris", "wine", "breast_cancer", "diabetes", "sine"]
    configs = {name: own_data.described(name) for name in names}
    assert (configs["wine"].dataset.train, configs["wine"].dataset.test) == (142, 36)
    assert 0.09 < own_data.beside(configs["sine"], "lbfgs") < 0.12, "near the noise that was added"


def test_the_page():
    row = {
        "task": "iris", "kind": "classes", "layers": [4, 8, 3], "train": 120, "test": 30, "steps": 1000,
        "seeds": [1, 2], "golden": [0.9, 1.0], "sim": 0.9, "bit_exact": True, "adam": [0.95, 0.95],
        "lbfgs": [0.9, 0.9], "within": True,
    }  # fmt: skip
    value = row | {"task": "sine", "kind": "values", "sim": None, "bit_exact": None, "within": False}
    lines = own_data.page([row, value]).splitlines()
    start = "| iris | 4-8-3 | 120 + 30 | 1,000 | 95.0 +- 5.0 | 90.0 (90.0), bit exact | 95.0 +- 0.0 |"
    assert any(line.startswith(start) for line in lines)
    assert any(line.startswith("| sine ") and "| not run |" in line and line.endswith("| no |") for line in lines)
