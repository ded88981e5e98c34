"""The testplan fits the suite, and its page is made of it."""

import pytest

from ohmgrad.fpga.errors import Failure
from ohmgrad.scripts.reports import testplan

FEATURE = testplan.Feature("Cost", "Cost", "It is right.", ("tests/test_cost.py::test_cost",))
SUITE = {"tests/test_cost.py": {"test_cost"}}


def test_every_test_that_is_named_exists_and_every_file_is_named():
    testplan.check(testplan.load(), testplan.suite())


def test_the_page_is_up_to_date():
    page = testplan.page(testplan.load())
    assert (testplan.ROOT / "docs/testplan.md").read_text() == page


@pytest.mark.parametrize(
    ("tests", "suite", "message"),
    [
        (("tests/test_price.py",), SUITE, "Cost: tests/test_price.py is no test"),
        (("tests/test_cost.py::test_price",), SUITE, "test_cost.py::test_price is no test"),
        (FEATURE.tests, SUITE | {"tests/test_new.py": set()}, "no feature names tests/test_new.py"),
    ],
)
def test_what_does_not_fit_is_one_sentence(tests, suite, message):
    with pytest.raises(Failure, match=message):
        testplan.check([FEATURE._replace(tests=tests)], suite)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[feature]]\nname = "A"\ngroup = "B"\nholds = "C"', "A: it needs group, name, holds, tests"),
        ('[[feature]]\nname = "A"\ngroup = "B"\nholds = "C"\ntests = []', "A: it needs"),
        ('[[feature]]\nname = "A"\ngroup = "B"\nholds = "C"\ntests = ["x"]\n' * 2, "A: this feature is there twice"),
    ],
)
def test_entries_are_whole(tmp_path, text, message):
    path = tmp_path / "testplan.toml"
    path.write_text(text)
    with pytest.raises(Failure, match=message):
        testplan.load(path)
