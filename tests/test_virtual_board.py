"""The virtual board, by its pins: it equals golden, and a run on it survives its reset."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ohmgrad.fpga.errors import BoardReset
from ohmgrad.fpga.host.board import Board
from ohmgrad.fpga.host.golden import compare
from ohmgrad.fpga.simulation import verilate, virtual_board
from ohmgrad.fpga.simulation.virtual_board import VirtualBoard, build
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.memory_map import Region
from ohmgrad.golden.link.frames import identity
from ohmgrad.scripts.cli import app
from ohmgrad.scripts.training.checkpoint import checkpoint_path, load_checkpoint
from ohmgrad.scripts.training.progress import Monitor
from ohmgrad.scripts.training.train import train

from .chips import FILTERED, engine, small

SMALL = {"array.adc_bits": 7, "array.output_bits": 9, "run.steps": 400, "run.checkpoints": 2}
"""Small tables, which are most of what the C++ compiler is busy with."""
DIVISOR = 4


@pytest.fixture(scope="module")
def golden():
    return engine(small(**SMALL, **FILTERED))


@pytest.fixture(scope="module")
def builds(golden, pytestconfig):
    """The cache of builds; the board of this file is built once, of quick C++, and has a quick line."""
    folder = pytestconfig.rootpath / "build" / "sim"
    with pytest.MonkeyPatch.context() as patch:
        program = build(golden.chip, DIVISOR, folder, verilate.QUICK)

        def built(chip: Chip, divisor: int, where: Path) -> Path:
            assert (identity(chip), divisor, where) == (identity(golden.chip), DIVISOR, folder)
            return program

        patch.setattr(virtual_board, "build", built)
        patch.setattr(virtual_board.VirtualBoard.__init__, "__defaults__", (DIVISOR,))
        patch.setattr(verilate, "BUILDS", folder)
        yield folder


@pytest.fixture(scope="module")
def program(golden, builds):
    return virtual_board.build(golden.chip, DIVISOR, builds)


@pytest.fixture
def virtual(golden, builds):
    with VirtualBoard(golden.chip, builds) as running:
        yield running


def test_runs_equal_golden(golden, virtual):
    state = golden.initial()
    with Board(golden.chip, virtual.port) as board:
        board.load(state, golden.inputs, golden.targets)
        compare(state, board.state())
        told = []
        for steps in (1, 0, 250):
            board.run(steps, told.append)
            golden.run(state, steps)
            compare(state, board.state())
        assert board.evaluate(3) == golden.evaluate(state, 3)
        assert board.poll()["step"] == 251 and told == sorted(told)
        assert board.link.counts.repeats <= 1 and board.dropped == 0
    with Board(golden.chip, virtual.port) as board:  # another host, later
        compare(state, board.state())


def test_its_reset_is_told(golden, virtual):
    state = golden.initial()
    with Board(golden.chip, virtual.port) as board:
        board.load(state, golden.inputs, golden.targets)
        board._start(1, 1_000_000)
        virtual.press_reset()
        with pytest.raises(BoardReset):
            board._finish()
        board.connect()
        assert board.step == 0
        board.load(state, golden.inputs, golden.targets)
        board.run(20)
        golden.run(state, 20)
        compare(state, board.state())


def test_what_is_cut_or_nonsense_is_dropped(golden, virtual):
    with Board(golden.chip, virtual.port) as board:
        line = board.link.channel
        line.write(b"\xc0\x07\x02\x00\x00\x00\x01")  # the beginning of a write to theta, and its link was cut
        assert board.link.read(Region.REGISTERS, 0, 1).size == 1
        line.write(b"\xc0" + bytes(300) + b"\xc0\xdb\xc0")  # too long, and ESC before END
        assert board.dropped == 3 and board.link.counts.repeats <= 1


def test_several_at_once(golden, builds):
    with VirtualBoard(golden.chip, builds) as one, VirtualBoard(golden.chip, builds) as two:
        assert one.port != two.port
        with Board(golden.chip, one.port) as first, Board(golden.chip, two.port) as second:
            states = [golden.initial(), golden.initial()]
            golden.run(states[1], 30)
            for board, state in zip((first, second), states, strict=True):
                board.load(state, golden.inputs, golden.targets)
                board._start(1, state.step + 100)
            for board, state in zip((first, second), states, strict=True):
                board._finish()
                golden.run(state, 100)
                compare(state, board.state())


def seconds(process: subprocess.Popen) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_it_sleeps_while_nothing_moves(golden, virtual):
    with Board(golden.chip, virtual.port) as board:
        board.load(golden.initial(), golden.inputs, golden.targets)
        for _ in range(100):
            before = seconds(virtual.process)
            time.sleep(0.3)
            if seconds(virtual.process) == before:
                break
        else:
            pytest.fail("it uses the processor all the time")
        assert board.step == 0


def started(program: Path, *arguments: str) -> tuple[subprocess.Popen, str]:
    process = subprocess.Popen([program, str(DIVISOR), *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_link(golden, program, tmp_path, end):
    link = tmp_path / "board"
    link.symlink_to("/dev/pts/none")  # of one that was killed
    process, port = started(program, "--link", str(link))
    assert os.readlink(link) == port
    with Board(golden.chip, str(link)) as board:
        assert board.step == 0
    process.send_signal(end)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0 and not link.is_symlink()
    clocks, speed = int(out.split()[0]), float(out.split()[5])
    assert out == f"{clocks} clocks in {out.split()[3]} s: {speed:.0f} clocks/s\n" and clocks > 1000 and speed > 0


def test_a_file_in_the_place_of_the_link_stays(program, tmp_path):
    link = tmp_path / "board"
    link.write_text("mine")
    process, _ = started(program, "--link", str(link))
    assert process.wait(20) == 2 and link.read_text() == "mine"


def test_it_ends_with_what_started_it(golden, builds):
    virtual = VirtualBoard(golden.chip, builds)
    assert virtual.process.stdin
    virtual.process.stdin.close()
    assert virtual.process.wait(20) == 0


class Presser(Monitor):
    """Presses the button reset once, in the middle of the run, and notes the lines."""

    def __init__(self, monkeypatch):
        self.lines, self.pressed = [], False
        self._boards = []
        monkeypatch.setattr(VirtualBoard, "_line", self._noting(VirtualBoard._line))

    def _noting(self, line):
        def noting(board):
            self._boards.append(board)
            return line(board)

        return noting

    def at(self, step):
        if step > 200 and not self.pressed:
            self.pressed = True
            self._boards[-1].press_reset()
            time.sleep(0.1)

    def say(self, line):
        self.lines.append(line)

    def checkpoint(self, step, accuracy, line):
        self.lines.append(line)


def test_a_run_survives_a_reset_of_the_board(golden, builds, tmp_path, monkeypatch):
    config = golden.chip.config
    result = train(config, "board", tmp_path / "board", monitor=(listener := Presser(monkeypatch)), port="virtual")
    assert result["bit_exact"] and result["compared"] == 3 and result["on"] == "board"
    assert result["link"]["resets"] == 1 and result["link"]["requests"] > 50
    assert any(line.endswith("what it held is lost. It goes on from step 200.") for line in listener.lines)
    last = [line for line in listener.lines if line.startswith("checkpoint ")][-1]
    assert last.startswith("checkpoint 2/2: step 400, ") and "RTL == golden" in last
    # Longer than before, from the last checkpoint, on a new board.
    longer = config.with_(**{"run.steps": 600, "run.checkpoints": 3})
    assert train(longer, "board", tmp_path / "board", resume=True, port="virtual")["bit_exact"]
    train(longer, "golden", tmp_path / "golden")
    ends = [load_checkpoint(checkpoint_path(tmp_path / on, 600), Chip(longer)) for on in ("board", "golden")]
    compare(*ends)


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--on", "board"], "--on board and --port PORT go together: PORT is a serial port, or virtual."),
        (["--port", "virtual"], "--on board and --port PORT go together: PORT is a serial port, or virtual."),
        (["--on", "board", "--port", "p", "--calibrate"], "--calibrate changes the chip description, and with it the"),
    ],
)
def test_options_that_do_not_go_together(arguments, text, tmp_path):
    chip = str(Path(__file__).parent.parent / "examples" / "xor_filtered.toml")
    done = CliRunner().invoke(app, ["train", chip, "-o", str(tmp_path), *arguments])
    assert done.exit_code == 2 and text in done.output and not any(tmp_path.iterdir())


def test_a_missing_port_leaves_nothing(tmp_path):
    chip = str(Path(__file__).parent.parent / "examples" / "xor_filtered.toml")
    where = str(tmp_path / "tty")
    done = CliRunner().invoke(app, ["train", chip, "-o", str(tmp_path / "out"), "--on", "board", "--port", where])
    assert done.exit_code == 1 and f"ohmgrad: {where}: there is no such serial port" in done.output
    assert not (tmp_path / "out").exists()
