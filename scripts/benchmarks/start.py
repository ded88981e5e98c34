"""How long a user waits before anything is learned: rows as in `benchmark`, each beside what it was before."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.resources import files as resources
from pathlib import Path
from unittest.mock import patch

from ...fpga.simulation import verilate
from ...rtl.top import generate
from .rows import Row, alternately, example, row, seconds

LEARNS = """
import sys
from ohmgrad.scripts.cli import main
from ohmgrad.scripts.training.progress import Live
Live.begin = lambda *_: sys.exit()
main()
"""
"""`ohmgrad`, which ends where its first step is done and the bar would begin."""
BUILT = ("digits", "nist7x7", "xor_filtered")
BEFORE = [
    "verilator", "--cc", "--exe", "--build", "-j", "2", "--top-module", "chip", "--prefix", "Vchip", "-O3",
    "--x-assign", "fast", "--x-initial", "fast", "--noassert", "--Mdir", "objects", "-MAKEFLAGS", "OPT_GLOBAL=-O2",
]  # fmt: skip
"""Verilator's flags before its own objects were kept and what runs once was left unoptimised; with -O3 for the rest."""


def golden_start_s() -> Iterator[Row]:
    """Seconds until `ohmgrad train --on golden` learns, the second time, against one that must compile."""

    def start(kept: str) -> float:
        with tempfile.TemporaryDirectory() as output:
            train = ["train", str(resources("ohmgrad.examples") / "nist7x7.toml"), "--on", "golden", "-o", output]
            environment = os.environ | {"NUMBA_CACHE_DIR": kept}
            command = [sys.executable, "-c", LEARNS, *train]
            return seconds(lambda: subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL))

    def anew() -> float:
        with tempfile.TemporaryDirectory() as empty:
            return start(empty)

    with tempfile.TemporaryDirectory() as kept:
        start(kept)
        ours, before = alternately(lambda: start(kept), anew)
    yield row("golden_start_s", ours, "s", f"{before:.3g} s where nothing is kept", before / ours, "lower")


def sim_build_s() -> Iterator[Row]:
    """Seconds that an example's simulator takes to build, against the flags of before."""

    def build(text: str, optimize: str = verilate.FAST) -> float:
        with tempfile.TemporaryDirectory() as empty:
            return seconds(lambda: verilate.build(text, Path(empty), optimize))

    def before(text: str) -> float:
        nothing = {
            "_linked": lambda *_: [], "_keep": lambda *_: None, "_make_flags": lambda optimize: f"OPT_FAST={optimize}"
        }  # fmt: skip
        with patch.multiple(verilate, VERILATOR=BEFORE, **nothing):
            return build(text, "-O3")

    build(generate(example("xor").chip))  # keeps Verilator's own objects
    for name in BUILT:
        text = generate(example(name).chip)
        ours, old = alternately(lambda: build(text), lambda: before(text), repeats=1)  # noqa: B023
        yield row(f"sim_build_s_{name}", ours, "s", f"{old:.3g} s with all optimised by -O3", old / ours, "lower")
