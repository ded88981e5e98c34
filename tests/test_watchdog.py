"""A host that vanishes: the board's engine goes on to its target, or stops, and golden is where it is."""

import os
import signal
import time
from functools import partial

import pytest

from ohmgrad.fpga.host.board import Board
from ohmgrad.fpga.host.golden import compare
from ohmgrad.fpga.simulation import virtual_board
from ohmgrad.fpga.simulation.verilate import QUICK
from ohmgrad.fpga.simulation.virtual_board import VirtualBoard
from ohmgrad.golden.chip.memory_map import START

from .chips import FILTERED, engine, small
from .test_virtual_board import DIVISOR, SMALL

PERIOD = (1 << 16) / 24e6
"""Seconds that the watchdog counts as one, by the clock that a virtual board tells."""
PATIENCE = 120.0


@pytest.fixture(scope="module")
def golden():
    return engine(small(**SMALL, **FILTERED))


@pytest.fixture(scope="module")
def running(golden, pytestconfig):
    """The board of tests/test_virtual_board.py, so that it is built once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(virtual_board, "build", partial(virtual_board.build, optimize=QUICK))
        with VirtualBoard(golden.chip, pytestconfig.rootpath / "build" / "sim", DIVISOR) as board:
            yield board


@pytest.fixture
def virtual(running):
    running.press_reset()
    return running


def vanish(golden, port: str, steps: int, watchdog: float) -> None:
    """A host in a process of its own, which starts the engine and is killed."""
    ready, told = os.pipe()
    child = os.fork()
    if not child:
        board = Board(golden.chip, port)
        board.load(golden.initial(), golden.inputs, golden.targets)
        board.watchdog(watchdog)
        board._start(START, steps)
        os.write(told, b"x")
        time.sleep(PATIENCE)
        os._exit(0)
    os.close(told)
    assert os.read(ready, 1) == b"x"
    os.close(ready)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def clocks(virtual: VirtualBoard) -> None:
    """Wait while the virtual board works; it sleeps when the engine has stopped."""

    def used() -> str:
        with open(f"/proc/{virtual.process.pid}/stat") as file:
            return " ".join(file.read().rpartition(")")[2].split()[11:13])

    until, before = time.monotonic() + PATIENCE, ""
    while before != (before := used()):
        assert time.monotonic() < until
        time.sleep(0.5)


def test_without_a_watchdog_it_goes_on(golden, virtual):
    steps, state = 4500, golden.initial()
    vanish(golden, virtual.port, steps, 0.0)
    clocks(virtual)
    golden.run(state, steps)
    with Board(golden.chip, virtual.port) as board:
        assert board.step == steps and not board.watchdog_fired
        assert board.cycles > 2 << 16  # longer than the watchdog below would have let it
        compare(state, board.state())


def test_a_watchdog_stops_it_between_two_steps(golden, virtual):
    state = golden.initial()
    vanish(golden, virtual.port, 1 << 30, 0.9 * PERIOD)
    clocks(virtual)
    with Board(golden.chip, virtual.port) as board:
        assert board.watchdog_fired and 1 << 16 <= board.cycles <= (2 << 16) + 1000  # a step takes fewer than 1000
        step = board.step
        golden.run(state, step)
        compare(state, board.state())
        # The next host goes on from there.
        board.watchdog(0.0)
        board.run(100)
        golden.run(state, 100)
        compare(state, board.state())
        assert not board.watchdog_fired
