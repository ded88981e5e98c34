"""Imports between rooms: no circle in the sources, and the command that shows them."""

import json

import pytest

from ohmgrad.fpga.errors import Failure
from ohmgrad.scripts.reports import imports


def test_sources_have_no_circle():
    graph = imports.arrows(imports.sources())
    rooms = imports.order(graph)
    assert {"golden.blocks.update", "rtl.update", "golden.engine", "scripts.cli"} <= set(rooms)
    for i, name in enumerate(rooms):
        assert set(graph[name]) <= set(rooms[:i])


TREE = {
    "golden.errors": "",
    "golden.chip": "",
    "golden.chip.chip": "from ..errors import ConfigError\nfrom .config import load",
    "golden.chip.config": "def late():\n    from .. import errors",
    "golden.engine": "import ohmgrad.golden.chip.chip\nfrom numpy import array",
    "rtl.update": "",
    "rtl.update.window": "from ...golden import engine\nfrom ...golden.chip.chip import Chip",
}


def test_arrows_count_files_that_import_files():
    """Relative and absolute ones, of a module or of a name in it, at the top of a file or in a function."""
    assert imports.arrows(TREE) == {
        "golden.errors": {},
        "golden.chip": {"golden.errors": 2},
        "golden.engine": {"golden.chip": 1},
        "rtl.update": {"golden.engine": 1, "golden.chip": 1},
    }


def test_a_circle_ends_in_one_sentence():
    back = TREE | {"golden.errors": "from .engine import Engine"}
    circle = r"golden\.chip -> golden\.errors -> golden\.engine -> golden\.chip"
    with pytest.raises(Failure, match=rf"in a circle: {circle}\.$"):
        imports.order(imports.arrows(back))


def test_what_type_checkers_alone_import_does_not_count():
    for_types = TREE | {"golden.errors": "if TYPE_CHECKING:\n    from .engine import Engine"}
    assert imports.arrows(for_types) == imports.arrows(TREE)


def test_the_command_writes_table_and_picture(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(imports, "sources", lambda: TREE)
    assert imports.main([str(tmp_path)]) == 0
    rows = json.loads((tmp_path / "imports.json").read_text())
    assert [row["room"] for row in rows] == ["golden.errors", "golden.chip", "golden.engine", "rtl.update"]
    assert "4 rooms, 4 arrows, no circle" in capsys.readouterr().out
    assert "| `golden.chip` | 3 | `golden.errors` 2 |" in (tmp_path / "imports.md").read_text()
    assert (tmp_path / "imports.svg").read_text().count("golden.chip") >= 1
