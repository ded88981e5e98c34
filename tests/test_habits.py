"""What runs before a commit and in continuous integration is what `scripts/test` runs."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOOKS = (ROOT / ".pre-commit-config.yaml").read_text()
WORKFLOW = (ROOT / ".github/workflows/test.yml").read_text()


@pytest.mark.parametrize(("package", "repository"), [("ruff", "ruff-pre-commit"), ("pyright", "pyright-python")])
def test_versions_before_a_commit_are_those_of_the_lock(package, repository):
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    (version,) = (entry["version"] for entry in lock["package"] if entry["name"] == package)
    (hook,) = re.findall(rf"repo: \S+/{repository}\n    rev: v(\S+)\n", HOOKS)
    assert hook == version


@pytest.mark.parametrize("tool", ["ruff", "pyright", "lint-imports"])
def test_each_check_of_style_runs_in_both(tool):
    script = (ROOT / "scripts/test").read_text()
    assert re.search(rf"^ *{tool} .*\|\| status=1$|^ *{tool} \|\| status=1$", script, re.MULTILINE)
    assert re.search(rf"\b{tool}\b", HOOKS)


def test_the_workflow_runs_the_script_and_keeps_its_report():
    jobs = WORKFLOW.split("\njobs:\n")[1]
    assert jobs.count("- run: scripts/test\n") == jobs.count("    runs-on: ") == 2
    (report,) = re.findall(r"--junit-xml build/(\S+)", (ROOT / "scripts/test").read_text())
    assert report.endswith(".xml") and jobs.count("            build/*.xml\n") == 2
