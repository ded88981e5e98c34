"""The doctor must see what is there, and say in one sentence what is not."""

import json
import os
import shutil
import subprocess
from importlib import metadata

import pytest

from ohmgrad.fpga.toolchain import doctor, doctor_rows, tools, verilator_environment


@pytest.fixture
def path_without(tmp_path, monkeypatch):
    """Leave on PATH the commands of the tool chain, but those named."""

    def leave_out(*names):
        for command in {"g++", "make", "perl"} - set(names):
            (tmp_path / command).symlink_to(str(shutil.which(command)))
        monkeypatch.setenv("PATH", str(tmp_path))

    return leave_out


def test_everything_is_found_with_its_version(capsys):
    assert doctor() == 0
    out, err = capsys.readouterr()
    assert err == ""
    for tool in tools():
        assert tool.state == "ok" and os.path.exists(tool.where)
        assert tool.name in out
    versions = {tool.name: tool.version for tool in tools()}
    assert versions["cocotb"] == metadata.version("cocotb")
    asked = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=True)
    assert versions["g++"] == asked.stdout.strip()


@pytest.mark.parametrize("name", ["g++", "make", "perl"])
def test_a_missing_command_is_one_sentence(name, path_without, capsys):
    path_without(name)
    assert doctor() == 1
    advice = f"{name} is missing (install: sudo apt-get install {name})"
    assert capsys.readouterr().err == f"ohmgrad: the tool chain is not complete: {advice}.\n"
    rows, ok = doctor_rows()
    assert not ok
    assert [row["name"] for row in rows if row["state"] != "ok"] == [name]


@pytest.mark.parametrize("name", ["make", "perl"])
def test_a_command_that_fails_is_unfit(name, path_without, capsys, tmp_path):
    path_without(name)
    (tmp_path / name).write_text("#!/bin/sh\nexit 2\n")
    (tmp_path / name).chmod(0o755)
    assert doctor() == 1
    advice = f"{name} is unfit: it does not run (install: sudo apt-get install {name})"
    assert advice in capsys.readouterr().err


def test_json_says_the_same(path_without, capsys):
    path_without("g++", "perl")
    assert doctor(json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert {tool["name"] for tool in report["tools"] if tool["state"] == "missing"} == {"g++", "perl"}


@pytest.mark.parametrize(
    ("name", "version", "fit"),
    [
        ("amaranth", "0.5.8", False),
        ("amaranth", "0.5.9", True),
        ("amaranth", "0.6.0", False),
        ("cocotb", "2.0.1", False),
        ("cocotb", "2.1.0", True),
        ("verilator", "5.6.0", False),
        ("verilator", "5.48.0", True),
    ],
)
def test_known_bad_versions_say_why(name, version, fit, monkeypatch):
    monkeypatch.setattr(metadata.Distribution, "version", version)
    (tool,) = [tool for tool in tools() if tool.name == name]
    assert tool.version == version
    assert (tool.state == "ok") is fit
    assert fit or len(tool.known_bad) > 20


@pytest.mark.parametrize(("files", "target"), [("many", "Vtop.o"), ("few", "Vtop__ALL.cpp")])
def test_the_traps_of_verilators_wheel(files, target, tmp_path, monkeypatch):
    """A precompiled header, which many files share, and a `python` and a `c++` that are as good as absent."""
    for trap in ("python", "c++"):
        (tmp_path / trap).write_text("#!/bin/sh\nexit 127\n")
        (tmp_path / trap).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    design = "module top(input c, output reg n); always @(posedge c) n <= !n; endmodule"
    (tmp_path / "top.v").write_text(design)
    for command in (
        f"verilator --cc --output-split {1 if files == 'many' else 20000} -Mdir out top.v",
        f"make -C out -f Vtop.mk {target}",
    ):
        environment = os.environ | verilator_environment()
        done = subprocess.run(command.split(), cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "out" / target).stat().st_size > 0
    assert ("__pch.h" in done.stdout) is (files == "many")
