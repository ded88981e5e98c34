"""What runs before a commit and in continuous integration is what `scripts/test` runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOOKS = (ROOT / ".pre-commit-config.yaml").read_text()
WORKFLOW = (ROOT / ".github/workflows/test.yml").read_text()


def test_what_runs_before_a_commit_is_what_the_lock_names():
    """The programs in .venv, in no other versions."""
    entries = re.findall(r"^        entry: (\S+)", HOOKS, re.MULTILINE)
    assert len(entries) == HOOKS.count("- id: ") == 3
    assert all(entry.startswith(".venv/bin/") for entry in entries) and HOOKS.count("- repo: ") == 1


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
