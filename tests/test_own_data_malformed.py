"""Data files that are refused: each ends in one sentence with row and column, and leaves nothing behind."""

from pathlib import Path

import pytest

from ohmgrad.golden.chip.config import ConfigError
from ohmgrad.golden.chip.dataset import split_of
from ohmgrad.golden.data.fetch import DataError

from .config_files import is_one_sentence
from .malformed_data import FILES, GOOD, KEYS
from .own_data import chip


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(data: str) -> str:
    with pytest.raises((ConfigError, DataError), match=r".") as error:
        split_of(chip(data))
    return str(error.value)


@pytest.mark.parametrize("name, content, message", [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_files(name, content, message):
    Path(name).write_bytes(content)
    assert refused(f'file = "{name}"\ntarget = "kind"') == message
    assert is_one_sentence(message.replace(name, "data"))
    assert sorted(path.name for path in Path().iterdir()) == sorted(["chip.toml", name])


@pytest.mark.parametrize("keys, message", [row[1:] for row in KEYS], ids=[row[0] for row in KEYS])
def test_keys(keys, message):
    Path("data.csv").write_text(GOOD)
    of_data = message.startswith(("DATA", "more.csv"))
    whole = message.replace("DATA", "data.csv:") if of_data else f"chip.toml: {message}"
    assert refused(f'file = "data.csv"\n{keys}') == whole
    assert is_one_sentence(whole.replace(".csv", "").replace("data.", ""))


@pytest.mark.parametrize(
    "name, message",
    [
        ("none.csv", "none.csv: cannot be read (No such file or directory)."),
        ("x.npy", 'data.file: "x.npy" has 1 name; allowed is a pair [inputs, targets] of .npy or IDX files.'),
        ("flowers", "flowers: cannot be read (No such file or directory)."),
    ],
)
def test_names(name, message):
    target = "" if name in ("x.npy", "flowers") else '\ntarget = "kind"'
    text = refused(f'file = "{name}"{target}')
    assert text in (message, f"chip.toml: {message}")
