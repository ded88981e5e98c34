"""Headers that are precompiled once are taken by the compiler, and missed where they cannot be kept."""

import subprocess
from pathlib import Path

import pytest

from ohmgrad.fpga.simulation import headers
from ohmgrad.fpga.toolchain import verilator_environment


@pytest.mark.parametrize("flags", [[], ["-fPIC"]])
def test_the_compiler_takes_them(tmp_path, monkeypatch, flags):
    """It says so by an exclamation mark before the file's name; what it does not take is read, and no error."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    option, include, again, header = headers.precompiled(flags)
    assert (option, include, again) == ("-CFLAGS", "-include", "-CFLAGS")
    made = Path(header + ".gch").stat()
    assert headers.precompiled(flags) == [option, include, again, header]
    assert Path(header + ".gch").stat() == made
    (tmp_path / "chip.cpp").write_text('#include "verilated.h"\nVerilatedContext context;\n')
    folder = Path(verilator_environment()["VERILATOR_ROOT"], "include")
    defined = [f"-D{name}" for name in headers.DEFINED]
    options = [*flags, *defined, f"-I{folder}", f"-I{folder / 'vltstd'}", "-include", header]
    command = ["g++", "-H", "-O0", *options, "-fsyntax-only", "chip.cpp"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"! {header}.gch" in done.stderr.splitlines()


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "ohmgrad").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    assert headers.precompiled() == []


def test_a_compiler_that_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    monkeypatch.setattr(headers, "DEFINED", ("VL_NOT_FINAL=#", "1"))
    assert headers.precompiled() == [] and not any((tmp_path / "kept" / "ohmgrad" / "headers").iterdir())
