"""What pyproject.toml says of the folders must follow the folders."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = PROJECT["tool"]["setuptools"]["package-dir"]


def test_every_folder_of_code_is_installed():
    """One that is not would be missing from a wheel, which no test in the checkout notices."""
    installed = set(PROJECT["tool"]["setuptools"]["packages"])
    present = {
        ".".join([package, *file.parent.relative_to(ROOT / folder).parts])
        for package, folder in FOLDERS.items()
        for file in (ROOT / folder).rglob("__init__.py")
    }
    assert installed == present


@pytest.mark.parametrize(("package", "folder"), FOLDERS.items())
def test_type_checkers_see_the_same_folders(package, folder):
    assert (ROOT / "typings" / package.replace(".", "/")).samefile(ROOT / folder)


def test_the_lock_names_the_public_index_only():
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    for package in lock["package"]:
        assert package["source"].get("registry", "https://pypi.org/simple") == "https://pypi.org/simple"
        for file in [*package.get("wheels", []), *filter(None, [package.get("sdist")])]:
            assert file["url"].startswith("https://files.pythonhosted.org/")
