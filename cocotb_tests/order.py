"""Plugin of pytest: which tests start first, and which stay in one process when several share the suite.

Tests of a file stay together, so that what it compiles or builds is made once. The longest come first, or the last
process to end would work alone at one of them.

Groups are told by names alone, not by marks `xdist_group`: xdist 3.8 writes those into a test's name, which pytest 9.2
does not let it, and then shares out test by test without a word.
"""

from typing import Any

import pytest

LONGEST = (
    "cocotb_tests/test_engine.py",
    "cocotb_tests/test_top.py",
    "cocotb_tests/test_external.py",
    "cocotb_tests/update/test_ttv2.py",
    "tests/test_build.py",
    "tests/test_simulation.py",
    "tests/test_generate.py",
    "tests/test_digests.py",
    "tests/test_one_verilog.py",
    "tests/test_virtual_board.py",
    "tests/test_four_state.py",
    "tests/test_reproduce.py",
    "tests/test_acceptance.py",
    "tests/test_netlist.py",
    "tests/test_faults.py",
    "tests/test_placement.py",
)
APART = {"cocotb_tests/test_engine.py", "cocotb_tests/test_top.py"}
"""Files whose tests share nothing that takes time to make: processes share them test by test."""
WITH = {"tests/test_watchdog.py": "tests/test_virtual_board.py"}
"""Files that need what another one builds."""


def group(test: str) -> str:
    """Name of what stays in one process with a test."""
    file = _file(test)
    return test if file in APART else WITH.get(file, file)


@pytest.hookimpl(optionalhook=True)  # of xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Processes take a whole `group` each time, in the order of the collection."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    config.option.loadscopereorder = False
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, each followed by what goes with it."""
    places = {file: place for place, file in enumerate(LONGEST)}

    def place(item: pytest.Item) -> int:
        file = _file(item.nodeid)
        return places.get(WITH.get(file, file), len(places))

    items.sort(key=place)


def _file(test: str) -> str:
    return test.partition("::")[0]
