"""Processes that share the suite each take whole groups, the longest first."""

import subprocess
import sys
from pathlib import Path

import pytest

from ohmgrad.cocotb_tests import order

ROOT = Path(__file__).parents[1]
TEST = """
import os
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(5))
def test_who(number):
    with Path("said").open("a") as file:
        file.write(f"{__file__} {os.environ['PYTEST_XDIST_WORKER']}\\n")
"""


def test_files_stay_in_one_process(tmp_path):
    """Three files whose tests say which process runs them."""
    for number in range(3):
        (tmp_path / f"test_{number}.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-n", "2", "-p", order.__name__, "--rootdir", tmp_path, "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "15 passed" in done.stdout, done.stdout + done.stderr
    said = [line.split() for line in (tmp_path / "said").read_text().splitlines()]
    assert len({file for file, _ in said}) == len({(file, worker) for file, worker in said}) == 3
    assert len({worker for _, worker in said}) == 2


def test_groups():
    assert order.group("tests/test_link.py::test_a[x::y]") == order.group("tests/test_link.py::test_b")
    assert order.group("tests/test_watchdog.py::test_a") == order.group("tests/test_virtual_board.py::test_b")
    engine = "cocotb_tests/test_engine.py"
    assert order.group(f"{engine}::test_a") != order.group(f"{engine}::test_b")


@pytest.mark.parametrize("file", sorted({*order.LONGEST, *order.APART, *order.WITH, *order.WITH.values()}))
def test_files_that_are_named_exist(file):
    assert (ROOT / file).is_file()
