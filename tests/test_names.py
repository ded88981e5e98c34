"""The same Verilog on every Python: no name in it comes from Python's bytecode, where Amaranth looks for names else."""

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from amaranth import tracer

from ohmgrad.fpga.board.top import BoardTop
from ohmgrad.rtl.lib.verilog import verilog
from ohmgrad.rtl.top import EngineTop, Top

from .chips import FILTERED, LOOP, small

ROOT = Path(__file__).parents[1]


def unnamed(text: str) -> list[int]:
    """Lines of a module that make a signal without a name."""
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return [
        call.lineno
        for call in calls
        if ast.unparse(call.func) in ("Signal", "Signal.like") and "name" not in [word.arg for word in call.keywords]
    ]


def test_every_signal_has_a_name():
    files = [file for folder in ("rtl", "fpga") for file in sorted((ROOT / folder).rglob("*.py"))]
    found = [f"{file.relative_to(ROOT)}:{line}" for file in files for line in unnamed(file.read_text())]
    assert len(files) > 60 and not found, "give each of these signals a name="


def test_signals_without_a_name_are_found():
    assert unnamed('a = Signal(8)\nb, c = Signal(name="b"), Signal.like(a)\nd = ClockSignal()') == [1, 2]


COARSE = {"array.adc_bits": 7, "array.output_bits": 9, "engine.lanes": 2}
TOPS = {
    "digital": lambda: Top(small(**COARSE, **{"engine.window": 4, "update.momentum": 0.5})),
    "filtered": lambda: BoardTop(small(**COARSE, **FILTERED), 8, 24_000_000),
    "tiki-taka": lambda: EngineTop(small(**COARSE, **LOOP)),
}


@pytest.mark.parametrize("name", TOPS)
def test_verilog_does_not_hang_on_frames(monkeypatch, name):
    """Names that Amaranth cannot find are `$signal` and so on, which `rtl.lib.names` makes plain."""
    monkeypatch.setattr(tracer, "get_var_name", lambda depth=2, default=None: default)
    assert not re.findall(r"(?<!\w)_(?:signal|like|signature|memory)(?:_\d+)*\b.*", verilog(TOPS[name](), "top"))


DIGEST = """
import hashlib, sys
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.rtl.top import generate
print("{}.{}".format(*sys.version_info), hashlib.sha256(generate(Chip(load(sys.argv[1]))).encode()).hexdigest())
"""


@cache
def digest(python: str) -> tuple[str, str]:
    """Version of a Python, and the digest of what it writes."""
    command = [python, "-c", DIGEST, str(ROOT / "examples/xor_filtered.toml")]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=True
    )
    version, text = done.stdout.split()
    return version, text


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_other_pythons_write_the_same(version):
    python = ROOT / "build/pythons" / version / "bin/python"
    if not python.exists():
        pytest.skip(f"{python.relative_to(ROOT)} is not there: scripts/pythons makes it")
    assert digest(str(python)) == (version, digest(sys.executable)[1])
