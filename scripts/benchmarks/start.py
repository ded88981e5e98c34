"""How long a user waits before anything is learned: rows as in `benchmark`, each beside what it was before."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest.mock import patch

from ...fpga.simulation import verilate
from ...rtl.top import generate
from .rows import Row, alternately, example, row, seconds

START = "from ohmgrad.scripts.benchmarks.start import learn_a_step; learn_a_step()"
BEFORE = [
    "verilator", "--cc", "--exe", "--build", "-j", "2", "--top-module", "chip", "--prefix", "Vchip", "-O3",
    "--x-assign", "fast", "--x-initial", "fast", "--noassert", "--Mdir", "objects", "-MAKEFLAGS", "OPT_GLOBAL=-O2",
]  # fmt: skip
"""Verilator's flags before its own objects were kept and what runs once was left unoptimised; with -O3 for the rest."""


def golden_start_s() -> Iterator[Row]:
    """Seconds of a process that loads a chip and learns one step, the second time, against one that must compile."""
    def start(environment: Mapping[str, str]) -> None:
        subprocess.run([sys.executable, "-c", START], check=True, env=os.environ | environment)

    def anew() -> float:
        with tempfile.TemporaryDirectory() as empty:
            return seconds(lambda: start({"NUMBA_CACHE_DIR": empty}))

    start({})
    ours, before = alternately(lambda: seconds(lambda: start({})), anew)
    yield row("golden_start_s", ours, "s", f"{before:.3g} s where nothing is kept", before / ours, "lower")


def sim_build_s() -> Iterator[Row]:
    """Seconds that an example's simulator takes to build, against the flags of before."""
    text = generate(example("digits").chip)

    def build(optimize: str = verilate.FAST) -> float:
        with tempfile.TemporaryDirectory() as empty:
            return seconds(lambda: verilate.build(text, Path(empty), optimize))

    def before() -> float:
        nothing = {"_linked": lambda runtime: [], "_keep": lambda runtime, objects: None}
        with patch.multiple(verilate, VERILATOR=BEFORE, **nothing):
            return build("-O3")

    build()
    ours, old = alternately(build, before)
    yield row("sim_build_s", ours, "s", f"{old:.3g} s with all optimised by -O3", old / ours, "lower")


def learn_a_step() -> None:
    """What a process does until it has learned."""
    engine = example("nist7x7")
    engine.run(engine.initial(), 1)
