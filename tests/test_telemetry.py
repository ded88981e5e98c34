"""Telemetry: its numbers from golden's own memories, its file after a kill at any byte, its curves dot by dot."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from ohmgrad.fpga.host import golden as host_golden
from ohmgrad.fpga.host.golden import Golden
from ohmgrad.golden.blocks.perturb.codes import pattern_signs
from ohmgrad.scripts.training.checkpoint import Figures
from ohmgrad.scripts.training.live import BLANK, Curve, LivePlot, braille, picture
from ohmgrad.scripts.training.telemetry import FILE, Telemetry, gradient_norm, read

from .chips import LOOP, engine, small


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def telemetry(folder: Path, chip, clock: Clock, step: int | None = None, heard=lambda record: None) -> Telemetry:
    return Telemetry(folder / FILE, chip, step, heard, 1.0, clock)


def poll(step: int, cost: int = 0, sum_0: int = 0, flags: int = 0) -> dict[str, int]:
    return {"step": step, "cost": cost, "sum_0": sum_0, "flags": flags}


@pytest.mark.parametrize("mode", ["antithetic", "forward"])
@pytest.mark.parametrize("function", ["mse", "l1"])
def test_costs_are_those_of_the_outputs(tmp_path, mode, function):
    """C of rail 0 and C~ by their definitions ([M23]), from the outputs that golden's trace has in codes."""
    chip = small(**{"cost.mode": mode, "cost.function": function})
    chip_engine = engine(chip)
    golden = Golden(chip_engine, chip_engine.initial())
    golden.run(37)
    state = chip_engine.initial()
    trace = chip_engine.trace(state, 37)
    full, last = 511, chip.layout.layers[-1]  # of 10-bit outputs
    errors = [
        trace.act[:, -last:, rail] / full - chip_engine.targets[trace.sample] / full for rail in (0, 1)
    ]
    c = [(e**2 / 2 if function == "mse" else abs(e)).sum(1) for e in errors]
    expected = (c[0] - c[1]) / 2 if mode == "antithetic" else c[0] - c[1]  # tau_x = 1: C0 is taken at every step
    telemetry(tmp_path, chip, Clock()).sample(golden.poll())
    (record,) = read(tmp_path / FILE)
    assert record["step"] == 37
    assert record["cost"] == pytest.approx(c[0][-1], abs=1e-12)
    assert record["difference"] == pytest.approx(expected[-1], abs=1e-12) and expected[-1]


@pytest.mark.parametrize(
    "overrides", [{}, {"perturbation.tau_theta": 4, "engine.window": 4, "engine.gradient": "replay"}]
)
def test_golden_shows_its_last_step_in_pieces_of_any_length(monkeypatch, overrides):
    monkeypatch.setattr(host_golden, "PAUSE", 1e-5)
    chip_engine = engine(small(**overrides))
    golden, whole = Golden(chip_engine, chip_engine.initial()), chip_engine.initial()
    heard = []
    golden.run(200, lambda step: heard.append(golden.poll()))
    trace = chip_engine.trace(whole, 200)
    assert [p["cost"] for p in heard] == [trace.cost[p["step"] - 1] for p in heard] and len(heard) > 1
    assert heard[-1] == poll(200, int(trace.cost[-1]), int(trace.sums[-1, 0]), whole.flags)
    assert np.array_equal(golden.at.theta, whole.theta)


@pytest.mark.parametrize("code", ["random", "walsh", "walsh-upper", "sequential"])
def test_gradient_norm_is_that_of_g(code):
    """With tau_theta = 1, G = C~ s, and E[C~ s / a^2] is the gradient (a: amplitude, C~: real)."""
    chip = small(**{"perturbation.code": code})
    chip_engine = engine(chip)
    trace = chip_engine.trace(chip_engine.initial(), 11)
    signs, amplitude = pattern_signs(chip.codes, 10), chip.crossbar.amplitude * chip.weight_unit
    real = trace.cost[-1] * chip.cost.unit
    expected = np.linalg.norm(real * signs / amplitude)
    assert gradient_norm(chip, int(trace.cost[-1])) == pytest.approx(expected, rel=1e-12) and expected > 0


def test_gradient_norm_of_a_window_is_in_memory():
    chip = small(**{"perturbation.tau_theta": 8})
    chip_engine = engine(chip)
    state = chip_engine.initial()
    trace = chip_engine.trace(state, 5)
    signs, amplitude = [pattern_signs(chip.codes, p) for p in range(5)], chip.crossbar.amplitude * chip.weight_unit
    expected = np.linalg.norm(trace.cost * chip.cost.unit @ np.array(signs) / amplitude)
    assert gradient_norm(chip, None, state.g) == pytest.approx(expected, rel=1e-12)
    chip_engine.run(state, 3)
    assert gradient_norm(chip, 5, state.g) is None  # cleared by the update


@pytest.mark.parametrize(
    "overrides",
    [LOOP, {"engine.settle": 0, "array.latency": 2}, {"perturbation.tau_x": 4, "perturbation.blanking": 1},
     {"perturbation.code": "sinusoidal"}, {"perturbation.code": "rank-one"}],
)  # fmt: skip
def test_gradient_norm_that_a_cost_does_not_tell(overrides):
    assert gradient_norm(small(**overrides), 1000) is None


def test_lines_are_held_apart_and_flags_named(tmp_path):
    clock, chip, heard = Clock(), small(), []
    notes = telemetry(tmp_path, chip, clock, heard=heard.append)
    for now, step in ((0.0, 10), (0.5, 20), (1.0, 40), (1.9, 50), (2.0, 60)):
        clock.now = now
        assert notes.due() == (now != 0.5 and now != 1.9)
        notes.sample(poll(step, flags=0b101))
    notes.checkpoint(engine(chip).initial(), Figures(test_accuracy=0.5, mean_squared_error=0.25))
    notes.checkpoint(engine(chip).initial(), Figures(mean_squared_error=0.25))
    notes.event(60, "The board was reset.")
    records = read(tmp_path / FILE)
    assert [r["step"] for r in records] == [10, 40, 60, 0, 0, 60] and records == heard
    assert [r.get("steps_per_s") for r in records[:3]] == [None, 30.0, 20.0]
    assert records[0]["flags"] == ["cost", "parameter"] and records[3]["flags"] == []
    assert records[3] == {"step": 0, "seconds": 2.0, "flags": [], "accuracy": 0.5, "error": 0.25}
    assert "accuracy" not in records[4] and records[5]["event"] == "The board was reset."


def test_a_run_that_goes_on_drops_what_comes_again(tmp_path):
    clock, chip = Clock(), small()
    notes = telemetry(tmp_path, chip, clock)
    for step in (10, 20, 30):
        clock.now += 1
        notes.sample(poll(step))
    clock.now = 100.0
    notes = telemetry(tmp_path, chip, clock, 20)
    clock.now = 101.5
    notes.sample(poll(25))
    assert [(r["step"], r["seconds"]) for r in read(tmp_path / FILE)] == [(10, 1.0), (20, 2.0), (25, 3.5)]
    notes.rewind(10)
    notes.sample(poll(12))
    assert [r["step"] for r in read(tmp_path / FILE)] == [10, 12]
    notes.rewind(0)
    notes.checkpoint(engine(chip).initial(), Figures(mean_squared_error=0.5))
    notes.rewind(0)
    assert [r["step"] for r in read(tmp_path / FILE)] == [0]
    assert telemetry(tmp_path, chip, clock) and read(tmp_path / FILE) == []


def test_a_file_cut_at_any_byte_loses_one_line_at_most(tmp_path):
    clock, chip = Clock(), small()
    notes = telemetry(tmp_path, chip, clock)
    for step in range(3):
        clock.now += 1
        notes.sample(poll(step, cost=step, sum_0=100))
    notes.close()
    whole = (tmp_path / FILE).read_bytes()
    records, ends = read(tmp_path / FILE), [k + 1 for k, byte in enumerate(whole) if byte == 10]
    assert len(records) == len(ends) == 3
    for size in range(len(whole)):
        (tmp_path / FILE).write_bytes(whole[:size])
        assert read(tmp_path / FILE) == records[: sum(end <= size for end in ends)]
    again = telemetry(tmp_path, chip, clock, 5)
    again.sample(poll(6))
    assert [r["step"] for r in read(tmp_path / FILE)] == [0, 1, 6]
    assert read(tmp_path / "none") == []


WRITER = """
import sys, time
from ohmgrad.scripts.training.telemetry import Telemetry
from pathlib import Path
from tests.chips import small
notes = Telemetry(Path(sys.argv[1]), small(), interval=0)
for step in range(101):
    notes.sample({"step": step, "cost": 1, "sum_0": 2, "flags": 0})
print("ready", flush=True)
time.sleep(60)
"""


def test_lines_survive_a_kill(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path / FILE)]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGKILL)
    steps = [record["step"] for record in read(tmp_path / FILE)]
    assert steps == list(range(101))
    assert not list(tmp_path.glob(".*"))


def test_braille_dot_by_dot():
    """Eight points, a dot each: the rising diagonal of two characters, bits as in Unicode's table of braille."""
    lines = braille(range(4), range(4), 2, 1, (0, 3), (0, 3))
    assert lines == [chr(BLANK | 0x40 | 0x20) + chr(BLANK | 0x02 | 0x08)]
    assert braille([], [], 3, 2, (0, 1), (0, 1)) == [chr(BLANK) * 3] * 2
    # A jump is drawn as one column of dots; what is outside lies on the edge.
    (line,) = braille([0, 1], [-5, 9], 1, 1, (0, 1), (0, 3))
    assert line == chr(BLANK | 0x40 | 0x08 | 0x10 | 0x20)
    # Two points in one column of dots are averaged: to the middle row but one.
    (line,) = braille([0, 0.1, 1], [0, 2, 0], 1, 1, (0, 1), (0, 3))
    assert line == chr(BLANK | 0x04 | 0x80)


def test_curves_stay_short_and_keep_their_mean(monkeypatch):
    monkeypatch.setattr("ohmgrad.scripts.training.live.POINTS", 8)
    curve = Curve()
    for k in range(64):
        curve.add(k, k % 2)
    assert len(curve.x) < 16 and curve.x == sorted(curve.x) and set(curve.y) == {0.5}
    curve.add(10, 3)
    assert max(curve.x) <= 10


def test_a_picture_shows_its_ends():
    curve = Curve()
    for x, y in ((0, 0), (500, 50), (1000, 100)):
        curve.add(x, y)
    text = picture("test accuracy, %", curve, (0, 1000), (0, 100), 40).plain.splitlines()
    assert len(text) == 10 and all(len(line) <= 40 for line in text)
    assert text[0].strip() == "test accuracy, %" and text[1].startswith("    100 ┤") and text[8].startswith("      0 ┤")
    assert text[9].split() == ["0", "1,000"]


@pytest.mark.parametrize("terminal", [True, False])
def test_live_plot(terminal):
    out = io.StringIO()
    plot = LivePlot(Console(file=out, force_terminal=terminal, width=100, highlight=False))
    plot.begin("run", 0, 1000)
    record = {"step": 100, "seconds": 0.5, "cost": 0.25, "gradient_norm": 1.5, "flags": ["cost"], "steps_per_s": 2000.0}
    plot.telemetry(record)
    plot.telemetry(record | {"step": 200, "seconds": 1.0})
    plot.telemetry({"step": 250, "seconds": 1.5, "event": "The board was reset."})
    plot.telemetry({"step": 300, "seconds": 20.0, "accuracy": 0.75, "error": 0.1, "flags": []})
    plot.end()
    text = out.getvalue()
    assert "step 250: The board was reset." in text
    assert "step 300, cost 0.25, |G| 1.5, 2,000 steps/s, test accuracy 75.0%, saturated: nothing" in text
    assert any(BLANK < ord(c) <= BLANK + 255 for c in text) == terminal
    if not terminal:
        assert text.count("saturated") == 2  # the first, and the one more than ten seconds later
