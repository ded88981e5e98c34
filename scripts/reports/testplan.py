"""The testplan: `python -m ohmgrad.scripts.reports.testplan` makes docs/testplan.md of docs/testplan.toml.

It ends in one sentence where the plan does not fit the suite: a test that is not there, a file of tests that no feature
names.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...fpga.errors import Failure
from ...fpga.files import replacing

ROOT = Path(__file__).parents[2]
SUITES = ("cocotb_tests", "tests")
PAGE = """# Testplan

`python -m ohmgrad.scripts.reports.testplan` made this page of [testplan.toml](testplan.toml); `tests/test_testplan.py`
holds both to the suite. A test is a file, or one function of it; `cocotb_tests` compares RTL with golden on
Verilator, `tests` needs no simulator but where it says so. `scripts/test FILE` runs one.

{features} features.
"""
HEADER = "\n| feature | what must hold | shown by |\n|---|---|---|"


class Feature(NamedTuple):
    """What the project promises.

    Attributes
    ----------
    group, name : str
    holds : str
        What must hold.
    tests : tuple of str
        Files, or single tests (`file::function`), that show it.
    """

    group: str
    name: str
    holds: str
    tests: tuple[str, ...]


def load(path: Path = ROOT / "docs/testplan.toml") -> list[Feature]:
    """Features of a file.

    Raises
    ------
    Failure
        An entry has other keys than those of `Feature`, or no tests, or its name is there twice.
    """
    features: list[Feature] = []
    for entry in tomllib.loads(path.read_text())["feature"]:
        name = entry.get("name", "an entry without a name")
        if set(entry) != set(Feature._fields) or not entry["tests"]:
            raise Failure(f"{path.name}: {name}: it needs {', '.join(Feature._fields)}, and nothing else.")
        if any(other.name == name for other in features):
            raise Failure(f"{path.name}: {name}: this feature is there twice.")
        features.append(Feature(**entry | {"tests": tuple(entry["tests"])}))
    return features


def suite(root: Path = ROOT) -> dict[str, set[str]]:
    """Names of the test functions of each file of tests; classes of tests count as such."""
    return {
        file.relative_to(root).as_posix(): set(_functions(file.read_text()))
        for folder in SUITES
        for file in sorted((root / folder).rglob("test_*.py"))
    }


def check(features: list[Feature], files: dict[str, set[str]]) -> None:
    """Hold a plan to a suite.

    Raises
    ------
    Failure
        A test of the plan is not in the suite, or a file of the suite not in the plan.
    """
    named: set[str] = set()
    for feature in features:
        for test in feature.tests:
            file, _, function = test.partition("::")
            if file not in files or (function and function not in files[file]):
                raise Failure(f"testplan: {feature.name}: {test} is no test of the suite.")
            named.add(file)
    if left := sorted(set(files) - named):
        raise Failure(f"testplan: no feature names {left[0]}; each file of tests shows something.")


def page(features: list[Feature]) -> str:
    """Text of testplan.md."""
    parts = [PAGE.format(features=len(features))]
    for group in dict.fromkeys(feature.group for feature in features):
        rows = [feature for feature in features if feature.group == group]
        lines = [f"| {row.name} | {row.holds} | {' '.join(map(_link, row.tests))} |" for row in rows]
        parts.append("\n".join([f"## {group}", HEADER, *lines, ""]))
    return "\n".join(parts)


def main() -> int:
    """Write the page; returns the exit code."""
    try:
        features, files = load(), suite()
        check(features, files)
    except Failure as error:
        print(error, file=sys.stderr)
        return 1
    with replacing(ROOT / "docs/testplan.md") as file:
        file.write(page(features).encode())
    print(f"{len(features)} features, {len(files)} files of tests: docs/testplan.md")
    return 0


def _functions(text: str) -> Iterator[str]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name


def _link(test: str) -> str:
    file, _, function = test.partition("::")
    return f"[{function or file}](../{file})"


if __name__ == "__main__":
    sys.exit(main())
