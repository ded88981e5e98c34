"""A board without RTL: the model of the link, and the golden engine behind it; and a pseudo-terminal to it."""

import os
import pty
import select
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from ohmgrad.golden.blocks.measure.calibration import LAGS
from ohmgrad.golden.chip.memories import Memory
from ohmgrad.golden.chip.memory_map import CALIBRATE, EVALUATE, START, STOP, LinkRegister, Region, Register
from ohmgrad.golden.chip.registers import registers
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.link.frames import identity
from ohmgrad.golden.link.frames import sizes as region_sizes
from ohmgrad.golden.link.link import Device
from ohmgrad.golden.state import State, cleared

CLOCK_HZ = 24_000_000


class Registers(list):
    """Registers of which one hears when it is written."""

    def __init__(self, control: Callable[[int], None]):
        super().__init__([0] * len(Register))
        self._control = control

    def __setitem__(self, index, value):
        if index == Register.CONTROL:
            self._control(value)
        else:
            super().__setitem__(index, value)

    def set(self, register: Register, value: int) -> None:
        super().__setitem__(register, value)


class ModelBoard:
    """A board after reset; its engine does `pace` steps for every frame that it hears while it runs."""

    def __init__(self, engine: Engine, pace: int = 48):
        self.engine, self.pace = engine, pace
        self.press_reset()

    def press_reset(self) -> None:
        """Forget everything, as a board does."""
        chip = self.engine.chip
        self.registers = Registers(self._command)
        self.regions = {region: [0] * size for region, size in region_sizes(chip).items() if region != Region.LINK}
        self.regions[Region.REGISTERS] = self.registers
        self.device = Device(self.regions, identity(chip), CLOCK_HZ)

    def feed(self, data: bytes) -> bytes:
        """Bytes answered to these bytes."""
        if self.device.busy:
            self._go()
        return self.device.feed(data)

    def fire(self) -> None:
        """Stop the engine, as the watchdog does."""
        self.device.busy = False
        self.registers.set(Register.CONTROL, 0)
        self.device.link[LinkRegister.WATCHDOG] |= 1 << 16

    def state(self) -> State:
        """State of the chip."""
        state = cleared(self.engine.chip)
        state.step, state.flags = self.registers[Register.STEP] & 0xFFFFFFFF, self.registers[Register.FLAGS]
        for memory, words in self._memories(state):
            words[:] = self.regions[memory.region]
        for n in self._pending(state):
            state.pending[n % len(state.pending)] = self.regions[Region.DELAY_LINE][n % LAGS]
        memory = np.array(self.registers[Register.MEMORY_0_LOW : Register.MEMORY_1_HIGH + 1], np.int64)
        state.memory[:] = memory.astype(np.uint32).view(np.int64)
        return state

    def _memories(self, state: State) -> Iterator[tuple[Memory, np.ndarray]]:
        """Memories whose words stand as in the state, and those words."""
        for memory in state.memories:
            if memory.region is not None and not memory.ring:
                yield memory, state.arrays[memory.field]

    def _pending(self, state: State) -> range:
        """Steps whose costs are on their way."""
        return range(state.step - self.engine.chip.config.array.latency, state.step)

    def _command(self, value: int) -> None:
        target, now = self.registers[Register.TARGET], self.device.busy
        if value & STOP:
            self.device.busy = False
        elif value == START and not now:
            self.device.busy = self.registers[Register.STEP] != target
        elif value == EVALUATE and not now:
            total, right = self.engine.evaluate(self.state(), target)
            for register, word in (("TOTAL_LOW", total), ("TOTAL_HIGH", total >> 32), ("RIGHT", right)):
                self.registers.set(Register[register], word & 0xFFFFFFFF)
        elif value == CALIBRATE and not now:
            self.registers.set(Register.DELAY, self.engine.calibrate(self.state()))
        self.registers.set(Register.CONTROL, int(self.device.busy))

    def _go(self) -> None:
        state, target = self.state(), self.registers[Register.TARGET]
        self.engine.run(state, min(self.pace, target - state.step))
        for memory, words in self._memories(state):
            self.regions[memory.region][:] = words.tolist()
        for n in self._pending(state):
            self.regions[Region.DELAY_LINE][n % LAGS] = int(state.pending[n % len(state.pending)])
        for register, value in registers(self.engine.chip, state).items():
            self.registers.set(register, value)
        self.device.busy = state.step != target
        self.registers.set(Register.CONTROL, int(self.device.busy))


class Line:
    """A serial port whose other end is a board in the same process, through functions that may damage the bytes."""

    def __init__(self, board: ModelBoard, to=lambda data: data, back=lambda data: data):
        self.board, self.to, self.back = board, to, back
        self._received = b""

    def write(self, data: bytes) -> None:
        self._received += self.back(self.board.feed(self.to(data)))

    def read(self, size: int = 1) -> bytes:
        if not self._received:
            threading.Event().wait(0.002)
        data, self._received = self._received[:size], self._received[size:]
        return data


@contextmanager
def served(board: ModelBoard) -> Iterator[str]:
    """A pseudo-terminal with the board behind it; gives its name."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    end, stop = os.pipe()

    def serve() -> None:
        while end not in (ready := select.select([ours, end], [], [])[0]):
            if ready:
                os.write(ours, board.feed(os.read(ours, 4096)))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.write(stop, b"x")
        thread.join()
        for file in (ours, theirs, end, stop):
            os.close(file)
