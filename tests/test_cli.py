"""The command line: what it says, exit codes, and that bad input leaves nothing behind."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ohmgrad.fpga import toolchain
from ohmgrad.scripts.cli import app
from ohmgrad.scripts.training.progress import Live
from ohmgrad.scripts.training.train import Run

from .malformed import MALFORMED
from .test_train import stand_in

EXAMPLES = Path(__file__).parent.parent / "examples"
XOR = str(EXAMPLES / "xor_filtered.toml")
COMMANDS = ("demo", "train", "generate", "verify", "doctor")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Commands run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments: str) -> str:
    """The one sentence that a command with bad input ends in."""
    before = sorted(Path().rglob("*"))
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert re.fullmatch(r"ohmgrad: [^\n]+\.\n", result.stderr), result.stderr
    assert sorted(Path().rglob("*")) == before
    return result.stderr.removeprefix("ohmgrad: ").removesuffix("\n")


@pytest.mark.parametrize("content, message", [m[1:] for m in MALFORMED], ids=[m[0] for m in MALFORMED])
def test_malformed_chips(content, message):
    Path("chip.toml").write_bytes(content)
    assert refused("train", "chip.toml") == message
    assert refused("train", "chip.toml", "--on", "sim", "--seeds", "2", "-o", "runs") == message
    assert refused("generate", "chip.toml", "-o", "out") == message
    assert refused("verify", "chip.toml") == message


def test_missing_chips():
    message = "none.toml: cannot be read (No such file or directory); allowed is a TOML file."
    for arguments in (["train", "none.toml"], ["generate", "none.toml", "-o", "out"], ["verify", "none.toml"]):
        assert refused(*arguments) == message


def test_options_out_of_range():
    assert refused("train", XOR, "--steps", "0").startswith("xor_filtered: run.steps: 0 is out of range; ")
    assert refused("train", XOR, "--seed", "-1").startswith("xor_filtered: seed: -1 is out of range; ")
    assert refused("demo", "--steps", "-5").startswith("nist7x7: run.steps: -5 is out of range; ")


@pytest.mark.parametrize(
    "arguments",
    [["train"], ["train", XOR, "--on", "paper"], ["train", XOR, "--seeds", "0"], ["train", XOR, "--wrong"], ["x"]],
)
def test_misuse(arguments):
    result = call(*arguments)
    assert result.exit_code == 2 and "Traceback" not in result.output
    assert list(Path().iterdir()) == []


def test_widths_that_no_chip_can_have():
    """What the chip file's own rules let pass, but no integers can hold."""
    text = Path(XOR).read_text()
    eta = re.sub(r"(?m)^eta = .*$", "eta = 1e-30", text)
    assert eta != text
    Path("chip.toml").write_text(eta)
    for command in (["train"], ["generate", "-o", "out"], ["verify"]):
        sentence = "xor_filtered: update.eta: 1e-30 cannot be held by the filter's threshold"
        assert refused(*command, "chip.toml").startswith(sentence)


def test_folders_that_cannot_be_written():
    Path("file").write_text("")
    for arguments in (["train", XOR, "--steps", "10", "-o", "file"], ["generate", XOR, "-o", "file/out"]):
        result = call(*arguments)
        assert result.exit_code == 2, result.output
        assert re.fullmatch(r"ohmgrad: file\S*: (Not a directory|File exists)\.\n", result.stderr)
    assert [path.name for path in Path().iterdir()] == ["file"]


def test_resume_from_what_is_no_checkpoint():
    assert refused("train", XOR, "--resume", "-o", "runs") == (
        "runs/xor_filtered-seed1: there is no checkpoint to resume from."
    )
    assert call("train", XOR, "--steps", "10", "-o", "runs").exit_code == 0
    last = Path("runs/xor_filtered-seed1/checkpoints/step_00000010.npz")
    whole = last.read_bytes()
    again = ["train", XOR, "--steps", "20", "-o", "runs", "--resume"]
    last.write_bytes(whole[:500])
    assert refused(*again) == f"{last}: the checkpoint cannot be read (damaged, or no .npz file)."
    last.write_bytes(whole)
    changed = Path("chip.toml")
    changed.write_text(re.sub(r"(?m)^eta = .*$", "eta = 0.0123", Path(XOR).read_text()))
    assert refused("train", "chip.toml", *again[2:]) == f"{last}: it is of a chip with another update."
    assert call(*again).exit_code == 0


def test_help_shows_an_example():
    for name in COMMANDS:
        result = call(name, "--help")
        assert result.exit_code == 0 and f"Example: ohmgrad {name}" in result.stdout
        assert name in call("--help").stdout


@pytest.mark.parametrize("code", [0, 1])
def test_doctor(monkeypatch, code):
    monkeypatch.setattr(toolchain, "doctor", lambda json: print("json" if json else "table") or code)
    assert call("doctor").exit_code == code
    assert call("doctor", "--json").stdout == "json\n"


def test_a_run_and_its_report():
    result = call("train", XOR, "--steps", "2000", "--seed", "5", "-o", "runs")
    assert result.exit_code == 0, result.output
    run = Path("runs/xor_filtered-seed5")
    assert f"report: {run}/report.html" in result.stdout
    assert len(re.findall(r"^checkpoint \d+/20: step \d+, test accuracy ", result.stdout, re.M)) == 21
    assert {path.name for path in run.iterdir()} == {
        "checkpoints", "samples.npz", "data.json", "telemetry.jsonl", "curve.png", "curve.json", "result.json",
        "report.html", "report.json",
    }  # fmt: skip
    report = json.loads((run / "report.json").read_text())
    assert report["steps"] == 2000 and report["checkpoints"] == 21 and report["seed"] == 5
    assert {"test_accuracy", "bit_exact", "cycles", "seconds", "curve", "flags"} <= report.keys()
    page = (run / "report.html").read_text()
    # Self-contained: nothing is fetched, all pictures are inside.
    assert not re.search(r'(src|href)="(?!data:)|url\(|@import|<script', page)
    assert page.count('src="data:image/svg+xml;base64,') == 2
    for section in ("Learning curve", "Weights before and after", "Resolution", "Configuration"):
        assert f"<h2>{section}</h2>" in page


def test_the_demo_on_the_golden_model():
    result = call("demo", "--on", "golden", "--steps", "1000")
    assert result.exit_code == 0, result.output
    assert "report: build/demo/report.html" in result.stdout
    assert json.loads(Path("build/demo/report.json").read_text())["name"] == "nist7x7"
    assert Path("build/demo/report.html").read_text().count('src="data:image/svg+xml;base64,') == 3


def test_several_seeds():
    result = call("train", XOR, "--steps", "500", "--seeds", "3", "--seed", "7", "-o", "runs")
    assert result.exit_code == 0, result.output
    summary = json.loads(Path("runs/xor_filtered-seeds.json").read_text())
    assert summary["seeds"] == [7, 8, 9] and len(summary["runs"]) == 3
    assert "mean_squared_error: mean " in result.stdout and "summary: runs/xor_filtered-seeds.json" in result.stdout
    again = call("train", XOR, "--steps", "500", "--seeds", "4", "--seed", "7", "-o", "runs", "--resume")
    assert again.exit_code == 0, again.output
    assert again.stdout.count("checkpoint 20/20") == 1


def test_a_calibrated_run_goes_on():
    late = re.sub(r"(?m)^\[engine\]$", "[engine]\ndelay = 0", Path(XOR).read_text())
    late = re.sub(r"(?m)^\[array\]$", "[array]\nlatency = 3", late)
    Path("late.toml").write_text(late)
    calls = [["--seeds", "1"], ["--resume"]]
    for options in calls:
        result = call("train", "late.toml", "--steps", "50", "--calibrate", "-o", "runs", *options)
        assert result.exit_code == 0, result.output
        line = "calibrated: the cost arrives 3 steps after its pattern, instead of 0 as in the chip file"
        assert line in result.stdout
    run = Path("runs/xor_filtered-seed1")
    assert json.loads((run / "report.json").read_text())["steps"] == 50
    assert call("train", "late.toml", "--steps", "60", "--resume", "-o", "runs").exit_code == 2


def test_a_mismatch(monkeypatch):
    stand_in(monkeypatch, "theta")
    result = call("train", XOR, "--steps", "2000", "--on", "sim", "-o", "runs")
    assert result.exit_code == 1
    assert re.fullmatch(
        r"ohmgrad: theta\[5\] at step 1000: expected -?\d+ \(golden\), got -?\d+ \(RTL\); "
        r"1 of 9 words of theta differ\.\n",
        result.stderr,
    )


def test_control_c_and_resume(monkeypatch):
    def press(self, step):
        if step >= 1000:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Live, "at", press)
        result = call("train", XOR, "--steps", "2000", "-o", "runs")
    assert result.exit_code == 130
    assert re.fullmatch(r"ohmgrad: Interrupted at step \d+; --resume goes on from there\.\n", result.stderr)
    result = call("train", XOR, "--steps", "2000", "-o", "runs", "--resume")
    assert result.exit_code == 0 and "checkpoint 20/20: step 2000," in result.stdout


def test_errors_of_ours_are_not_hidden(monkeypatch):
    """Only what is expected to go wrong ends in a sentence."""

    def broken(run, claim):
        raise ZeroDivisionError

    monkeypatch.setattr(Run, "go", broken)
    assert isinstance(call("train", XOR, "-o", "runs").exception, ZeroDivisionError)
