"""Boards: PLLs beside the tools' own, pins, the files for vendors, programming."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth.hdl import Const

from ohmgrad.fpga.board import boards
from ohmgrad.fpga.board.boards import BOARDS, baud
from ohmgrad.fpga.errors import Failure
from ohmgrad.fpga.synthesis.build import design, target
from ohmgrad.fpga.synthesis.program import program
from ohmgrad.scripts import build_command
from ohmgrad.scripts.commands.options import BoardName

from .chips import small
from .wired import Wired

SMALL = small()


def tool(*command: str, cwd: Path | None = None) -> str:
    """What a program of the environment prints."""
    program, *arguments = command
    ran = [str(Path(sys.executable).with_name(program)), *arguments]
    return subprocess.run(ran, cwd=cwd, capture_output=True, text=True, check=True).stdout


def test_ice40_pll_as_icepll():
    """Divisors and filter are those of IceStorm's icepll."""
    for mhz in (18, 24, 36):
        said = tool("yowasp-icepll", "-i", "12", "-o", str(mhz))
        theirs = {name: int(re.search(rf"{name}: +(\d+) ", said)[1]) for name in ("DIVR", "DIVF", "DIVQ")}
        ours = BOARDS["icebreaker"].clock(mhz)
        assert ours.hz == mhz * 1e6
        assert {name: Const.cast(ours.parameters[name]).value for name in theirs} == theirs
        theirs_filter = int(re.search(r"FILTER_RANGE: (\d)", said)[1])
        assert Const.cast(ours.parameters["FILTER_RANGE"]).value == theirs_filter


def test_ecp5_pll_as_ecppll(tmp_path):
    """Divisors are those of Project Trellis' ecppll."""
    for mhz in (50, 80, 75):
        tool("yowasp-ecppll", "-i", "25", "-o", str(mhz), "-f", "pll.v", cwd=tmp_path)
        text = (tmp_path / "pll.v").read_text()
        names = ("CLKI_DIV", "CLKFB_DIV", "CLKOP_DIV")
        theirs = {name: int(re.search(rf"\.{name}\((\d+)\)", text)[1]) for name in names}
        ours = BOARDS["ulx3s-85f"].clock(mhz)
        assert (ours.hz, {name: ours.parameters[name] for name in names}) == (mhz * 1e6, theirs)


def test_xilinx_pll():
    """f = f_in MULT / DIVIDE, and the VCO within 800 and 1600 MHz (DS181, grade -1)."""
    clock = BOARDS["arty-a7"].clock(80)
    vco = 100 * clock.parameters["CLKFBOUT_MULT"]
    assert vco / clock.parameters["CLKOUT0_DIVIDE"] == 80 and 800 <= vco <= 1600


def test_clock_that_no_pll_makes():
    with pytest.raises(Failure, match="^icebreaker: the PLL makes no 5 MHz; the nearest that it makes is 16.125 MHz.$"):
        target(SMALL, BOARDS["icebreaker"], 5)


def test_baud():
    """Clocks a bit are whole, and the rate is within 1 % of one that the boards' converters have."""
    assert [baud(mhz * 10**6) for mhz in (24, 80, 50)] == [(3_000_000, 8), (2_000_000, 40), (2_000_000, 25)]
    for mhz in range(16, 200):
        rate, divisor = baud(mhz * 10**6)
        assert divisor >= 8 and abs(mhz * 1e6 / divisor / rate - 1) <= 0.01
    with pytest.raises(ValueError, match="too slow"):
        baud(3_000_000)


def test_names():
    """The command line's boards are the boards."""
    assert [board.value for board in BoardName] == list(BOARDS)


@pytest.mark.parametrize("board", ["ulx3s-85f", "ulx3s-25f"])
def test_ecp5_plan(board, monkeypatch):
    """Pins of the ULX3S's manual: crystal G2, FTDI's lines L4 and M1, lamps B2, C2, C1, button R1 (FIRE1)."""
    monkeypatch.setattr(boards, "BoardTop", Wired)
    made = design(target(SMALL, BOARDS[board], None))
    sites = dict(re.findall(r'LOCATE COMP "(\w+)" SITE "(\w+)"', made.files["top.lpf"]))
    pins = {"clk25_0__io": "G2", "uart_0__tx__io": "L4", "uart_0__rx__io": "M1", "button_fire_0__io": "R1",
            "led_0__io": "B2", "led_1__io": "C2", "led_2__io": "C1"}  # fmt: skip
    assert pins.items() <= sites.items()
    assert "--85k" in made.commands[1] if board == "ulx3s-85f" else "--25k" in made.commands[1]


def test_vendor_sources(monkeypatch, tmp_path, capsys):
    """Arty A7: Verilog with its PLL, pins of Digilent's constraints, Vivado's script; a wrong word says who builds."""
    monkeypatch.setattr(boards, "BoardTop", Wired)
    folder = build_command.build_command(SMALL, "arty-a7", None, 1, tmp_path / "arty")
    assert "vivado" in capsys.readouterr().out
    assert "PLLE2_BASE" in (folder / "top.v").read_text() and "ohmgrad_ram" in (folder / "ram.v").read_text()
    constraints = (folder / "top.xdc").read_text()
    for pin, site in (("clk100", "E3"), ("uart_0__tx", "D10"), ("uart_0__rx", "A9")):
        assert re.search(rf'set_property LOC {site} \[get_ports "{pin}_', constraints)
    script = (folder / "top.tcl").read_text()
    assert "write_bitstream" in script and "xc7a35t" in script
    with pytest.raises(Failure, match="comes from its vendor's tool"):
        build_command.program_command(Path("chip.toml"), "arty-a7", lambda path: SMALL)


def test_program(monkeypatch, tmp_path):
    """The first tool that is found gets the file; without one, or where it fails, a sentence says so."""
    bitstream = tmp_path / "chip.bit"
    with pytest.raises(Failure, match="there is no such bitstream"):
        program(BOARDS["ulx3s-85f"], bitstream)
    bitstream.write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="is on PATH: install openFPGALoader or fujprog.$"):
        program(BOARDS["ulx3s-85f"], bitstream)
    said, loader = tmp_path / "said", tmp_path / "openFPGALoader"
    for status in (0, 3):
        loader.write_text(f"#!/bin/sh\necho $@ >{said}\nexit {status}\n")
        loader.chmod(0o755)
        if status:
            with pytest.raises(Failure, match="^openFPGALoader ends with 3: is the ULX3S"):
                program(BOARDS["ulx3s-85f"], bitstream)
        else:
            program(BOARDS["ulx3s-85f"], bitstream)
            assert said.read_text() == f"-b ulx3s {bitstream}\n"
