"""Golden's compiled code is kept between processes, and never that of other sources.

A small package stands for golden: its `compiled.py` and what that needs are golden's own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ohmgrad.golden import compile_cache, compiled, user_cache

FILES = {
    "__init__.py": "",
    "inlined.py": """
from .compiled import njit

@njit(inline="always")
def inlined(x):
    return x + 1
""",
    "called.py": """
from .compiled import njit

@njit
def called(x):
    return x * 10
""",
    "entry.py": """
from .called import called
from .compiled import njit
from .inlined import inlined

@njit
def entry(x):
    return called(inlined(x))
""",
}
ASK = """
from small.entry import entry
print(entry(2), *((sum(f.stats.cache_hits.values()), sum(f.stats.cache_misses.values())) for f in [entry]))
"""
BLAS = """
import numpy as np
from small.entry import entry
from small.compiled import njit
entry(2)
print(njit(lambda x, y: np.dot(x, y))(np.array([1.0, 2.0]), np.array([3.0, 4.0])))
"""


@pytest.fixture
def package(tmp_path):
    """A folder with the package `small`."""
    (tmp_path / "small").mkdir()
    for name, text in FILES.items():
        (tmp_path / "small" / name).write_text(text)
    for module in (compiled, compile_cache, user_cache):
        shutil.copy(module.__file__, tmp_path / "small")
    return tmp_path


def started(package: Path, code: str = ASK, **environment: str) -> subprocess.Popen:
    home = {"HOME": str(package / "home"), "XDG_CACHE_HOME": "", "NUMBA_CACHE_DIR": ""}
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=package, env=os.environ | home | environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ask(package: Path, code: str = ASK, **environment: str) -> str:
    """What a process of its own prints: the result of `entry(2)`, and its hits and misses of what is kept."""
    process = started(package, code, **environment)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out.strip()


def folders(package: Path) -> list[Path]:
    return sorted((package / "home" / ".cache" / "ohmgrad" / "compiled").glob("*"))


def edit(package: Path, name: str, old: str, new: str) -> None:
    path = package / "small" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize("name, old, new, result", [("inlined", "x + 1", "x + 2", 40), ("called", "10", "11", 33)])
def test_a_change_of_another_file_is_never_missed(package, name, old, new, result):
    """Of the same length and date: only what is in the file tells; and back again, what was kept is found."""
    path = package / "small" / f"{name}.py"
    ask(package)
    date = path.stat().st_mtime_ns
    edit(package, path.name, old, new)
    os.utime(path, ns=(date, date))
    shutil.rmtree(package / "small" / "__pycache__", ignore_errors=True)  # Python itself goes by length and date
    assert ask(package) == f"{result} (0, 1)"
    edit(package, path.name, new, old)
    shutil.rmtree(package / "small" / "__pycache__", ignore_errors=True)
    assert ask(package) == "30 (1, 0)"
    assert len(folders(package)) == 2


def test_sources_that_change_while_a_process_runs_are_not_kept(package):
    change = "import small.called; from pathlib import Path; p = Path('small/inlined.py')\n"
    change += "p.write_text(p.read_text().replace('x + 1', 'x + 22'))\n"
    assert ask(package, change + ASK) == "240 (0, 1)"
    assert folders(package) == []
    edit(package, "inlined.py", "x + 22", "x + 1")
    assert ask(package) == "30 (0, 1)"


def test_settings_of_numba_keep_apart(package):
    assert ask(package) == ask(package, NUMBA_OPT="1") == "30 (0, 1)"
    assert len(folders(package)) == 2


def test_several_processes_at_once(package):
    """Of which each compiles another type: what one keeps replaces nothing of the others."""
    values = ("2", "2.0", "2j")
    code = "from small.entry import entry\nprint(entry({0}), sum(entry.stats.cache_hits.values()))"
    expected = ["30", "30.0", "(10+20j)"]
    for hits in (0, 1):
        processes = [started(package, code.format(value)) for value in values]
        said = [process.communicate()[0].strip() for process in processes]
        assert said == [f"{value} {hits}" for value in expected]
    assert len(folders(package)) == 1


def test_broken_files_are_made_again(package):
    ask(package)
    for path, size in zip(sorted(folders(package)[0].iterdir()), (0, 50), strict=True):
        path.write_bytes(path.read_bytes()[:size])
    assert [ask(package), ask(package)] == ["30 (0, 1)", "30 (1, 0)"]


def test_where_home_cannot_be_written_it_is_kept_elsewhere(package):
    (package / "home").write_text("not a folder, for root too")
    (package / "temporary").mkdir()
    found = [ask(package, TMPDIR=str(package / "temporary")) for _ in range(2)]
    assert found == ["30 (0, 1)", "30 (1, 0)"]


def test_the_users_own_folder_of_numba(package):
    for expected in ("30 (0, 1)", "30 (1, 0)"):
        assert ask(package, NUMBA_CACHE_DIR=str(package / "own")) == expected
    assert folders(package) == [] and len(list((package / "own" / "ohmgrad").iterdir())) == 1


def test_nothing_is_kept_for_types_of_others(package):
    """Their methods, which may be in what is compiled, are in files that no hash is of."""
    code = "from typing import NamedTuple\nclass Pair(NamedTuple):\n    a: int\n    b: int\n"
    code += "import small.called as c; f = c.first; print(f({0}), sum(f.stats.cache_hits.values()))"
    with (package / "small" / "called.py").open("a") as file:
        file.write("\n\n@njit\ndef first(pair):\n    return pair[0]\n")
    for value, hits in (("(Pair(1, 2), 3)", (0, 0)), ("((1, 2), 3)", (0, 1))):
        for expected in hits:
            assert ask(package, code.format(value)).endswith(f" {expected}")


def test_without_compiling_numba_is_not_imported(package):
    code = "import sys; from small.entry import entry; print(entry(2), 'numba' in sys.modules)"
    assert ask(package, code, NUMBA_DISABLE_JIT="1") == "30 False"


def test_a_second_process_compiles_nothing_and_what_was_used_longest_ago_goes(package):
    above = package / "home" / ".cache" / "ohmgrad" / "compiled"
    for number in range(1, user_cache.KEPT + 3):
        (above / f"old{number}").mkdir(parents=True)
        os.utime(above / f"old{number}", (number, number))
    assert [ask(package), ask(package)] == ["30 (0, 1)", "30 (1, 0)"]
    left = [path.name for path in folders(package)]
    assert len(left) == user_cache.KEPT and not {"old1", "old2", "old3"} & set(left)


def test_what_learns_in_a_second_imports_nothing_that_it_does_not_need(package):
    """Each of these takes longer to import than a step to be found compiled; BLAS is there for whom it concerns."""
    code = ASK + "import sys; print(*sys.modules.keys() & {'scipy.linalg', 'matplotlib', 'amaranth'})"
    train = "\nimport ohmgrad.scripts.training.train, ohmgrad.scripts.cli"
    assert ask(package, train + code) == "30 (0, 1)"  # and an empty line
    assert ask(package, train + code) == "30 (1, 0)"
    assert ask(package, BLAS) == "11.0"


def test_golden_is_compiled_by_it_alone():
    """Another way to `njit` would keep nothing, or by a part of the sources only."""
    wrong = [path for path in compile_cache.SOURCES.rglob("*.py") if "import njit" in path.read_text()
             and "compiled import njit" not in path.read_text()]  # fmt: skip
    assert wrong == []
