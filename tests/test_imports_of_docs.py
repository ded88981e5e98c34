"""What the documents and examples import and run is there under that name."""

import ast
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SCRIPTS = sorted(ROOT.glob("examples/*.py"))


def imported(text: str) -> list[tuple[str, str]]:
    """Modules of ours and names that are imported from them, in a page's code or a script."""
    lines = re.findall(r"from ohmgrad[\w.]* import (?:\([^)]*\)|[\w, ]+)", text)
    return [
        (str(node.module), alias.name)
        for line in lines
        for node in ast.walk(ast.parse(line))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


@pytest.mark.parametrize("path", [*PAGES, *SCRIPTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_names_exist(path):
    text = path.read_text()
    for module, name in imported(text):
        found = hasattr(import_module(module), name) or find_spec(f"{module}.{name}")
        assert found, f"from {module} import {name}"
    for module in re.findall(r"python -m (ohmgrad[\w.]*)", text):
        assert find_spec(module), f"python -m {module}"


def test_imports_are_found():
    """The pages and examples that have some, so that the pattern cannot silently find nothing."""
    assert ("ohmgrad.golden.learn.layered", "Layered") in imported((ROOT / "docs" / "analog.md").read_text())
    assert all(imported(path.read_text()) for path in SCRIPTS if path.name != "__init__.py")
