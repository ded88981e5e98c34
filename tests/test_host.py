"""The host library against the model of a board: it equals golden, whatever the line does, and says what is wrong."""

import os
import random
import re
import threading

import numpy as np
import pytest

from ohmgrad.fpga.errors import BoardError, BoardReset, BoardSilent, BoardStopped
from ohmgrad.fpga.host import board as board_module
from ohmgrad.fpga.host import serial_link
from ohmgrad.fpga.host.board import Board
from ohmgrad.fpga.host.golden import compare
from ohmgrad.fpga.host.host import Host
from ohmgrad.fpga.host.serial_link import SerialLink
from ohmgrad.golden.chip.memory_map import LinkRegister, Region, Register
from ohmgrad.golden.link.frames import Kind, Unstuffer, opened, sealed, stuff

from .board_model import CLOCK_HZ, Line, ModelBoard, served
from .chips import FILTERED, LOOP, engine, small

CHIPS = {
    "digital": {"cost.mode": "forward", "update.momentum": 0.5},
    "filtered": FILTERED,
    "late": {"cost.mode": "forward", "cost.refresh": 4, "array.latency": 3},
    "tiki-taka": LOOP,
    "replay": {"engine.gradient": "replay", "perturbation.tau_theta": 4, "engine.window": 8},
}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Answers of the model are there at once."""
    monkeypatch.setattr(serial_link, "SHORTEST", 0.01)
    monkeypatch.setattr(serial_link, "FIRST", 0.02)
    monkeypatch.setattr(serial_link, "LONGEST", 0.05)
    monkeypatch.setattr(board_module, "FIRST_PATIENCE", 1.0)
    monkeypatch.setattr(board_module, "TURN", 0.1)


def hosted(model: ModelBoard, **line) -> tuple[Host, SerialLink]:
    link = SerialLink(Line(model, **line), "line", patience=2.0)
    link.hello()
    return Host(model.engine.chip, link), link


@pytest.mark.parametrize("name", CHIPS)
def test_a_run_equals_golden(name):
    golden = engine(small(**CHIPS[name]))
    host, _ = hosted(ModelBoard(golden))
    state = golden.initial()
    golden.run(state, 24)
    host.load(state, golden.inputs, golden.targets)
    compare(state, host.state())
    told = []
    host.run(160, told.append)
    golden.run(state, 160)
    compare(state, host.state())
    assert told == sorted(told) and told[-1] > 24
    assert host.evaluate(3) == golden.evaluate(state, 3)
    assert host.calibrate() == golden.calibrate(state)
    assert host.poll()["step"] == host.step == 184


def test_samples_stand_in_words_of_eight():
    golden = engine(small())
    model = ModelBoard(golden)
    host, _ = hosted(model)
    calls = []
    host.load(golden.initial(), golden.inputs, golden.targets, lambda *call: calls.append(call))
    # Two inputs and one target: a word each, padded with zeros.
    memory = np.array(model.regions[Region.SAMPLES]).reshape(4, 2, 8)
    assert np.array_equal(memory[:, 0, :2], golden.inputs) and np.array_equal(memory[:, 1, :1], golden.targets)
    assert not memory[:, 0, 2:].any() and not memory[:, 1, 1:].any()
    assert calls == [(64, 64)]


def frames(model: ModelBoard) -> tuple[SerialLink, list[bytes]]:
    """A link, and the contents of the frames that go to the board over it."""
    sent, cutter = [], Unstuffer(1000)

    def to(data: bytes) -> bytes:
        sent.extend(opened(frame or b"") or b"" for frame in cutter.feed(data))
        return data

    return hosted(model, to=to)[1], sent


@pytest.mark.parametrize(
    "values, width, lengths",
    [
        (np.arange(-128, 128), 1, [256]),
        (np.arange(200), 2, [128, 72]),
        ([-(2**15), 2**15 - 1], 2, [2]),
        ([2**15], 4, [1]),
        ([2**32 - 1], 1, [1]),  # of a register: the same 32 bits as -1
        ([2**31], 4, [1]),
        (np.full(65, 1 << 20), 4, [64, 1]),
    ],
)
def test_entries_go_in_the_narrowest_width(values, width, lengths):
    model = ModelBoard(engine(small(**{"data.train": 4, "network.layers": (2, 250, 1), "network.activation": "tanh"})))
    link, sent = frames(model)
    del sent[:]
    values = np.array(values)
    link.write(Region.THETA, 3, values)
    assert [frame[6] + 1 for frame in sent] == lengths
    assert {frame[1] for frame in sent} == {Kind.WRITE | {1: 0, 2: 4, 4: 8}[width]}
    assert [len(frame) - 7 for frame in sent] == [width * length for length in lengths]
    back = link.read(Region.THETA, 3, values.size)
    assert np.array_equal(back.view(np.uint32), values.astype(np.int64).astype(np.uint32))
    numbers = [frame[0] for frame in sent]
    assert numbers == [(numbers[0] + k) % 256 for k in range(len(numbers))]


class Noise:
    """Damages one chunk in four: drops it or a byte of it, flips a bit, repeats a byte, cuts it."""

    def __init__(self, seed: int):
        self.random, self.done = random.Random(seed), 0

    def __call__(self, data: bytes) -> bytes:
        if not data or self.random.random() > 0.25:
            return data
        self.done += 1
        place = self.random.randrange(len(data))
        bit = bytes([data[place] ^ 1 << self.random.randrange(8)])
        return self.random.choice(
            [
                b"",
                data[:place] + data[place + 1 :],
                data[:place] + bit + data[place + 1 :],
                data[: place + 1] + data[place:],
                data[:place],
                data + data,
            ]
        )


@pytest.mark.parametrize("seed", [1, 2])
def test_a_bad_line_changes_nothing(seed):
    print(f"seed {seed}")
    golden = engine(small(**CHIPS["filtered"]))
    to, back = Noise(seed), Noise(seed + 100)
    host, link = hosted(ModelBoard(golden, pace=10), to=to, back=back)
    state = golden.initial()
    host.load(state, golden.inputs, golden.targets)
    for _ in range(5):
        host.run(60)
        golden.run(state, 60)
        compare(state, host.state())
    assert to.done > 10 and back.done > 10 and link.counts.repeats > 20


def test_a_repeated_write_is_done_once():
    """The reply is lost: the board has started, stopped and is not to start again."""
    golden = engine(small())
    model = ModelBoard(golden)
    lose = []
    host, link = hosted(model, back=lambda data: b"" if lose and lose.pop() else data)
    host.load(golden.initial(), golden.inputs, golden.targets)
    done = []
    model.registers._control = done.append
    lose.append(True)
    link.write(Region.REGISTERS, Register.CONTROL, np.array([1]))
    assert done == [1] and link.counts.repeats == 1


def test_an_interrupted_request_is_finished_first():
    """Else its number would stand for two different writes, of which the board does the first only."""
    golden = engine(small())
    model = ModelBoard(golden)
    host, link = hosted(model)
    host.load(golden.initial(), golden.inputs, golden.targets)
    line, read = link.channel, link.channel.read
    assert isinstance(line, Line)

    def interrupt(size: int = 1) -> bytes:
        line.read = read
        raise KeyboardInterrupt

    for lost in (False, True):
        line.read = interrupt
        line.to = lambda data, lost=lost: b"" if lost else data
        with pytest.raises(KeyboardInterrupt):
            link.write(Region.THETA, 0, np.array([5, 6]))
        line.to = lambda data: data
        link.write(Region.THETA, 1, np.array([7]))
        assert link.read(Region.THETA, 0, 2).tolist() == [5, 7]
        link.write(Region.THETA, 0, np.array([0, 0]))


def test_a_reset_is_told_and_never_worked_around():
    golden = engine(small())
    model = ModelBoard(golden)
    host, link = hosted(model)
    state = golden.initial()
    host.load(state, golden.inputs, golden.targets)
    model.press_reset()
    for _ in range(2):
        with pytest.raises(BoardReset, match=r"^line: the board was reset, or another host has used it; what it held"):
            host.run(10)
    link.hello()
    host.load(state, golden.inputs, golden.targets)
    host.run(10)
    golden.run(state, 10)
    compare(state, host.state())


def test_another_host_on_the_same_board_is_told():
    golden = engine(small())
    model = ModelBoard(golden)
    (mine, first), (theirs, second) = hosted(model), hosted(model)
    second._seq = (first._seq + 100) % 256
    second.hello()
    with pytest.raises(BoardReset):
        mine.load(golden.initial(), golden.inputs, golden.targets)
    theirs.load(golden.initial(), golden.inputs, golden.targets)


def test_a_running_board_is_stopped_before_it_is_loaded():
    """Its host was killed, and it went on."""
    golden = engine(small())
    model = ModelBoard(golden)
    host, _ = hosted(model)
    state = golden.initial()
    host.load(state, golden.inputs, golden.targets)
    host._start(1, 1_000_000)
    again, _ = hosted(model)
    again.load(state, golden.inputs, golden.targets)
    again.run(20)
    golden.run(state, 20)
    compare(state, again.state())


def test_an_exception_stops_the_board_between_two_steps():
    golden = engine(small())
    host, _ = hosted(ModelBoard(golden))
    state = golden.initial()
    host.load(state, golden.inputs, golden.targets)

    def progress(step: int) -> None:
        if step >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        host.run(10_000, progress)
    golden.run(state, host.step)
    assert 100 <= state.step < 1000
    compare(state, host.state())


def test_a_watchdog_that_fired_is_told():
    golden = engine(small())
    model = ModelBoard(golden)
    host, _ = hosted(model)
    host.load(golden.initial(), golden.inputs, golden.targets)
    with pytest.raises(BoardStopped, match=r"^The chip stopped at step \d+ instead of 1000\.$"):
        host.run(1000, lambda step: model.fire() if step >= 100 else None)


@pytest.mark.parametrize(
    "request_, text",
    [
        (("read", Region.FILTER, 0, 1), "refused to read 1 entries of FILTER from 0 on (ADDRESS)"),
        (("read", Region.THETA, 30, 8), "refused to read 8 entries of THETA from 30 on (ADDRESS)"),
        (("write", Region.LINK, LinkRegister.VERSION, np.array([1])), "refused to write 1 entries of LINK"),
        (("read", Region.SAMPLES, 0, 1), "refused to read 1 entries of SAMPLES"),
    ],
)
def test_refusals_name_what_was_asked_for(request_, text):
    golden = engine(small())
    _, link = hosted(ModelBoard(golden))
    verb, *arguments = request_
    with pytest.raises(BoardError, match=re.escape(f"line: the board {text}")):
        getattr(link, verb)(*arguments)
    assert link.read(Region.REGISTERS, Register.STEP, 1).tolist() == [0]


def test_memories_of_a_running_board_are_refused():
    golden = engine(small())
    model = ModelBoard(golden)
    host, link = hosted(model)
    host.load(golden.initial(), golden.inputs, golden.targets)
    host._start(1, 1_000_000)
    with pytest.raises(BoardError, match=r"refused to read 37 entries of THETA from 0 on \(BUSY\)"):
        host.state()


def test_silence_is_one_sentence(monkeypatch):
    golden = engine(small())
    link = SerialLink(Line(ModelBoard(golden), to=lambda data: b""), "line", patience=0.2)
    with pytest.raises(BoardSilent, match=r"^line: the board has not answered for 0\.\d seconds\.$"):
        link.hello()
    assert link.counts.repeats >= 3


def test_an_answer_counts_however_late_the_host_looks():
    """The host was suspended while the board answered."""
    golden = engine(small())
    host, link = hosted(ModelBoard(golden))

    def slow(data: bytes) -> bytes:
        threading.Event().wait(2.1)  # longer than the link's patience
        return data

    assert isinstance(link.channel, Line)
    link.channel.back = slow
    assert host.step == 0 and link.counts.repeats == 0


def test_replies_of_another_request_are_ignored():
    golden = engine(small())
    _, link = hosted(ModelBoard(golden))
    content = bytes([(link._seq + 7) % 256, Kind.READ | 8, *bytes(4)])
    assert isinstance(link.channel, Line)
    link.channel._received = stuff(sealed(content))
    assert link.read(Region.LINK, LinkRegister.CLOCK_HZ, 1).tolist() == [CLOCK_HZ]


def test_a_board_on_a_pseudo_terminal():
    golden = engine(small())
    model = ModelBoard(golden)
    state = golden.initial()
    with served(model) as port:
        for _ in range(2):  # it is there again after a host has gone
            with Board(golden.chip, port) as board:
                assert board.clock_hz == CLOCK_HZ
                board.load(state, golden.inputs, golden.targets)
                board.run(50)
                golden.run(state, 50)
                compare(state, board.state())
        with Board(golden.chip, port) as board:
            with pytest.raises(BoardError, match=f"^{port}: another program has this serial port open\\.$"):
                Board(golden.chip, port)
            # 2 s are 732.4 times 65,536 clocks of 24 MHz.
            board.watchdog(2.0)
            assert model.device.link[LinkRegister.WATCHDOG] == 733 and not board.watchdog_fired
            model.fire()
            assert board.watchdog_fired
            # 65,535 times 65,536 clocks are 178.95 s.
            with pytest.raises(BoardError, match=rf"^{port}: the watchdog cannot be 180 seconds, but 0 to 178\.$"):
                board.watchdog(180)
            model.device.feed(b"\xc0nonsense\xc0")
            assert board.dropped == 1
            model.press_reset()
            with pytest.raises(BoardReset):
                board.run(1)
            board.connect()
            board.load(state, golden.inputs, golden.targets)
            compare(state, board.state())


def test_the_board_must_hold_this_chip(monkeypatch):
    golden = engine(small())
    model = ModelBoard(golden)
    with served(model) as port:
        other = small(**{"cost.bits": 19})
        with pytest.raises(BoardError, match=rf"^{port}: the board holds another chip than small; ohmgrad build and"):
            Board(other, port)
        Board(small(**{"run.steps": 5, "name": "renamed"}), port).close()
        model.device.link[LinkRegister.VERSION] = 1
        with pytest.raises(BoardError, match=rf"^{port}: the board speaks version 1 of the link instead of 2\.$"):
            Board(golden.chip, port)
        model.feed = lambda data: b""
        with pytest.raises(BoardSilent, match=rf"^{port}: no board answers, at 3,000,000 or .* bits a second"):
            Board(golden.chip, port)


def test_a_missing_port_is_one_sentence(tmp_path):
    port = str(tmp_path / "tty")
    with pytest.raises(BoardError, match=rf"^{port}: there is no such serial port; found: .*\.$"):
        Board(small(), port)
    with open(port, "w"), pytest.raises(BoardError, match=rf"^{port}: the serial port cannot be opened \(.*\)\.$"):
        Board(small(), port)


def test_a_port_that_goes_away_is_one_sentence():
    golden = engine(small())
    _, link = hosted(ModelBoard(golden))

    def gone(data: bytes) -> bytes:
        raise OSError(5, os.strerror(5))

    assert isinstance(link.channel, Line)
    link.channel.to = gone
    with pytest.raises(BoardError, match=r"^line: the serial port is gone \(.*\)\.$"):
        link.read(Region.LINK, 0, 1)
