"""Plugin of pytest: which tests start first, and which stay in one process when several share the suite.

Tests of a file stay together, so that what it compiles or builds is made once; a test with a mark `xdist_group` of its
own is apart from its file. The longest come first, or the last process to end would work alone at one of them.
"""

import pytest

LONGEST = (
    "cocotb_tests/test_engine.py",
    "tests/test_build.py",
    "tests/test_virtual_board.py",
    "tests/test_simulation.py",
    "tests/test_digests.py",
    "tests/test_reproduce.py",
    "tests/test_acceptance.py",
    "tests/test_netlist.py",
    "tests/test_faults.py",
    "tests/test_placement.py",
)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests by files, and put the longest files first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_file(item)))
    items.sort(key=lambda item: LONGEST.index(_file(item)) if _file(item) in LONGEST else len(LONGEST))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
