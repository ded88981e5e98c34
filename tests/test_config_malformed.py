"""Chip files that are refused: each ends in one sentence that says what would be right."""

import random
from pathlib import Path

import pytest

from ohmgrad.golden.chip.config import ConfigError, load

from .config_files import DIGITAL, FILTERED, is_one_sentence, read
from .malformed import MALFORMED


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("content, message", [m[1:] for m in MALFORMED], ids=[m[0] for m in MALFORMED])
def test_malformed(content, message):
    with pytest.raises(ConfigError) as refused:
        read(content)
    assert str(refused.value) == message
    assert is_one_sentence(message)


def test_the_table_is_large_and_its_names_are_distinct():
    assert len(MALFORMED) >= 45
    assert len({name for name, _, _ in MALFORMED}) == len(MALFORMED)


def test_unreadable():
    with pytest.raises(ConfigError) as refused:
        load("none.toml")
    assert (
        str(refused.value) == "none.toml: cannot be read (No such file or directory); allowed is a TOML file."
    )
    Path("folder.toml").mkdir()
    with pytest.raises(ConfigError) as refused:
        load(Path("folder.toml"))
    assert str(refused.value) == "folder.toml: cannot be read (Is a directory); allowed is a TOML file."
    with pytest.raises(ConfigError, match=r'^"two\\nlines.toml": cannot be read'):
        load("two\nlines.toml")


def test_damaged_files_load_or_end_in_one_sentence():
    draw = random.Random(1)
    values = [
        "-1",
        "0",
        "1e999",
        "nan",
        "true",
        '""',
        "[]",
        "{}",
        "[[]]",
        "12:00:00",
        "99999999999999999999",
        "'x'",
    ]
    refused = 0
    for _ in range(600):
        lines = draw.choice([DIGITAL, FILTERED]).splitlines()
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(lines))
            key = lines[at].split("=")[0]
            lines[at] = draw.choice(
                [f"{key} = {draw.choice(values)}", "", lines[at][:-1], draw.choice(lines)]
            )
        try:
            read("\n".join(lines))
        except ConfigError as error:
            refused += 1
            assert str(error).startswith("chip.toml: ") and is_one_sentence(str(error)), str(error)
    assert refused > 300
