"""Figures of boards: bytes of the link counted by hand, speeds by the clocks that are given."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ohmgrad.scripts.benchmarks import board as benchmark_board

DESIGN = {
    "chip": "examples/xor_filtered.toml", "board": "icebreaker", "clock_hz": 24_000_000, "baud": 3_000_000,
    "fmax_mhz": 30.0,
}  # fmt: skip


@pytest.fixture
def design(tmp_path, monkeypatch):
    """One design whose steps take 50 clocks, beside one that fits no board and has no speed."""
    path = tmp_path / "baselines.json"
    path.write_text(json.dumps({"designs": {"XOR": DESIGN, "large": {"does_not_fit": "it takes too much."}}}))
    monkeypatch.setattr(benchmark_board, "BASELINES", path)
    monkeypatch.setattr(benchmark_board, "clocks_per_step", lambda engine: 50.0)


def rows(found: Iterator[benchmark_board.Row]) -> list[dict[str, Any]]:
    return [dict(row) for row in found]


def test_share_of_the_uart(design):
    telemetry, upload = rows(benchmark_board.uart_share())
    # A reply is END, seq, op, data, CRC (4), END: 8 bytes and the data. In a second: ten readings of CONTROL and STEP
    # of 4 bytes each, and four of the 35 registers from FLAGS to SUM_1; 3 Mbit/s, ten bits a byte. Two bytes
    # of 256 become pairs: 0.8 % of these in the mean, less than 5 % with certainty enough.
    expected = (10 * 2 * (8 + 4) + 4 * (8 + 4 * 35)) * 10 / 3e6
    assert telemetry["name"] == "uart_share" and expected <= telemetry["value"] <= 1.05 * expected
    # Four samples of 2 + 1 codes take 4 * 16 bytes; with the rest it must be some hundreds of bytes, in a run
    # of 200,000 steps of 50 clocks at 24 MHz.
    run = 200_000 * 50 / 24e6
    assert upload["name"] == "uart_share_upload" and 64 * 10 / 3e6 < upload["value"] * run < 1000 * 10 / 3e6


def test_steps_a_second(design):
    ours, *papers = rows(benchmark_board.board_steps_per_s())
    assert ours["name"] == "board_steps_per_s" and ours["value"] == 30e6 / 50
    assert [row["ratio"] for row in papers] == pytest.approx([600.0, 0.006, 0.00012])


def test_without_baselines(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark_board, "BASELINES", tmp_path / "none.json")
    with pytest.raises(SystemExit, match=r"none\.json is missing; see docs/board\.md"):
        next(benchmark_board.uart_share())
