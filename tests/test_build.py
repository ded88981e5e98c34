"""Builds: counts and sentences, a small design through all stages, baselines."""

from dataclasses import replace
from pathlib import Path

import pytest

from ohmgrad.fpga.board import boards
from ohmgrad.fpga.board.boards import BOARDS
from ohmgrad.fpga.synthesis import stages
from ohmgrad.fpga.synthesis.build import DoesNotFit, TooSlow, build, design, synthesise, target
from ohmgrad.fpga.synthesis.timing import CASCADE_NS, MULTIPLICATION_NS, clocks
from ohmgrad.fpga.synthesis.utilisation import of_log, of_netlist, of_report, rows, too_much, within
from ohmgrad.scripts.long_runs import board_study

from .chips import small
from .wired import Wired

SMALL = small()
"""Only names the target."""


@pytest.fixture
def wired(monkeypatch, tmp_path):
    """Build `Wired`, with other sizes, on the iCEBreaker."""
    monkeypatch.setattr(boards, "BoardTop", Wired)
    monkeypatch.chdir(tmp_path)

    def run(seeds=1, mhz=None, board=BOARDS["icebreaker"], **sizes):
        for name, size in sizes.items():
            monkeypatch.setattr(Wired, name, size)
        return build(target(SMALL, board, mhz), seeds, Path("out"), said.append)

    said = []
    return run


def test_counts():
    """iCE40: a cell holds LUT, carry and flip-flop. ECP5: a carry cell is two LUTs, 16 x 4 bits of RAM are four."""
    ice40 = {"SB_LUT4": 30, "SB_DFFESR": 25, "SB_DFF": 15, "SB_CARRY": 9, "SB_MAC16": 2, "SB_RAM40_4K": 3}
    assert of_netlist(ice40) == {
        "cells": 40, "lut": 30, "ff": 40, "carry": 9, "bram": 3, "spram": 0, "dsp": 2
    }  # fmt: skip
    ecp5 = {"LUT4": 30, "CCU2C": 5, "TRELLIS_FF": 99, "TRELLIS_DPR16X4": 2, "DP16KD": 1, "MULT18X18D": 4}
    assert of_netlist(ecp5)["cells"] == 30 + 2 * 5 + 4 * 2
    log = "Info: Device\nInfo:  ICESTORM_LC:  9058/   5280   171%\nInfo: ICESTORM_RAM: 3/30 10%"
    used, there = of_report(of_log(log))
    assert (used, there) == ({"cells": 9058, "bram": 3}, {"cells": 5280, "bram": 30})
    assert too_much(used, there) == "9,058 logic cells, 3,778 more than its 5,280"
    assert too_much({"bram": 31, "dsp": 9}, {"bram": 30, "dsp": 8}) == (
        "31 block RAMs, 1 more than its 30 and 9 multipliers, 1 more than its 8"
    )
    assert too_much({"bram": 30}, {"bram": 30, "dsp": 8}) == ""
    assert rows(used, there)[0] == ("logic cells", "9,058", "5,280", "172%")


def test_multipliers_are_in_a_path():
    """iCE40: way in, product, adder of a second one, way out, where nextpnr sees three paths of registers."""
    idle = "posedge $PACKER_GND_NET_$glb_clk"

    def path(start, end, *delays):
        return {"from": start, "to": end, "path": [{"delay": delay} for delay in delays]}

    report = {
        "fmax": {"clk": {"achieved": 40.0, "constraint": 24.0}, idle.split()[-1]: {"achieved": 250, "constraint": 12}},
        "critical_paths": [path("posedge clk", "posedge clk", 1, 24), path("<async>", "posedge clk", 99),
                           path("posedge clk", idle, 20, 2), path(idle, "posedge clk", 5)],
    }  # fmt: skip
    assert clocks(report)["clk"].reached == round(1000 / (22 + MULTIPLICATION_NS + 5), 2)
    report["critical_paths"].append(path(idle, idle, 3))
    assert clocks(report)["clk"].reached == round(1000 / (22 + MULTIPLICATION_NS + 3 + CASCADE_NS + 5), 2)
    assert clocks(report).keys() == {"clk"}
    report["critical_paths"] = report["critical_paths"][:2]
    assert clocks(report)["clk"].reached == 40.0


def test_bitstream(wired, monkeypatch):
    """All stages: pins, PLL and clock are in the result; the same input runs no tool, another clock does."""
    result = wired()
    assert result["met"] and result["fmax_mhz"] >= 24 and result["clock_hz"] == 24_000_000
    bitstream = Path("out", result["bitstream"]).read_bytes()
    assert bitstream.startswith(b"\xff\x00") and b"\x7e\xaa\x99\x7e" in bitstream[:200]  # sync word, TN1248
    assert result["used"]["bram"] == 1 and result["has"]["bram"] == 30
    monkeypatch.setattr(stages, "_execute", None)
    assert wired() == result
    with pytest.raises(TypeError):
        wired(mhz=36)


def test_too_slow(wired):
    """A sum of 16 bits takes some 10 ns, not 4; build.json says what was reached, and nothing else is there."""
    expected = r"^small on icebreaker reaches \d+\.?\d* MHz, not 240 MHz \(seed [12], the best of 2\): "
    with pytest.raises(TooSlow, match=expected):
        wired(seeds=2, mhz=240)
    assert [path.name for path in Path("out").iterdir()] == ["build.json"]
    assert len(list(Path("build").rglob("top.report"))) == 2, "both seeds were placed"


def test_does_not_fit(wired):
    """16 x 8,192 bits are 32 block RAMs of 4 kbit, as counted in the netlist, and by nextpnr alone."""
    sentence = "^small on icebreaker does not fit: it takes 32 block RAMs, 2 more than its 30.$"
    for board in (BOARDS["icebreaker"], replace(BOARDS["icebreaker"], has={})):
        with pytest.raises(DoesNotFit, match=sentence):
            wired(words=8192, board=board)
    assert not Path("out").exists()


def test_baselines_hold_for_the_last_builds():
    """docs/results/board: no design of the last study is a tenth away from its baseline, and all clocks were met."""
    before, last = (board_study.designs(path) for path in (board_study.BASELINES, board_study.BUILDS))
    assert before.keys() == last.keys() == board_study.DESIGNS.keys()
    for name, row in last.items():
        assert not board_study.differences(row, before[name]), name
        assert "does_not_fit" in row or row["met"], name


def test_xor_takes_what_it_took():
    """XOR on the iCEBreaker, synthesised as it is now: netlist within a tenth of its baseline."""
    made = design(target(board_study.chip_of("XOR"), BOARDS["icebreaker"], None))
    cells = synthesise(made.files, made.commands[0]).json("top.stat")["design"]["num_cells_by_type"]
    before = board_study.designs(board_study.BASELINES)["XOR"]["netlist"]
    assert not within(of_netlist(cells), before, board_study.TOLERANCE, board_study.SLACK)


def test_differences():
    row = {"used": {"lut": 100, "dsp": 4}, "fmax_mhz": 25.0}
    assert not board_study.differences({"used": {"lut": 110, "dsp": 5}, "fmax_mhz": 22.6}, row)
    assert board_study.differences({"used": {"lut": 88, "dsp": 6}, "fmax_mhz": 22.4}, row) == [
        "88 LUTs, before 100", "6 multipliers, before 4", "22.4 MHz, before 25"
    ]  # fmt: skip
    assert board_study.differences({"does_not_fit": "a"}, {"does_not_fit": "a"}) == []
    assert "does_not_fit" not in row and board_study.differences(row, {"does_not_fit": "a"})
