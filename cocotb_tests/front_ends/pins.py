"""An array behind the pins of a front end, for benches: models of the parts stand between the pins and the array.

`train` is what the bench beside generated Verilog runs: the array there is a few lines of the user's own.
"""

from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge
from numpy.typing import NDArray

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.front_ends.boards import board_of
from ohmgrad.cocotb_tests.host import rails_used, readings, restore, start
from ohmgrad.cocotb_tests.outside import Array, hear, host_of
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.memory_map import START, Region, Register
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.recording import Recorder
from ohmgrad.rtl.array.port import SAMPLE
from ohmgrad.rtl.bus.slave import NATIVE
from ohmgrad.rtl.front_ends.converter_array import PASSED
from ohmgrad.rtl.top import FrontTop


class Behind:
    """An array of Python behind the pins of a front end.

    Parameters
    ----------
    bench : Bench
        Drivers of the ports of a `rtl.top.FrontTop`.
    chip : Chip
    array : Array
        With `update.path = "filtered"` it takes the pulses of an update at once, before it is measured again.

    Attributes
    ----------
    board : Board
        The parts.
    pulses : list of tuple
        Updates of the DACs before each pulse, its device and its polarity.
    """

    def __init__(self, bench: Bench, chip: Chip, array: Array):
        self._bench, self._chip, self._array, self._front = bench, chip, array, chip.front_end
        self.board = board_of(bench, self._front.rail, chip.config.front_end.clock, self._answer, "pins.")
        self.pulses: list[tuple[int, int, int]] = []
        self._sample, self._taken = 0, 0
        names = bench.block.front.pins.signature.members
        for name in PASSED:
            if name in names:
                bench.signal(f"pins.{name}.ready").value = 1

    async def start(self) -> None:
        """Reset, and wait until the outputs are safe."""
        await self.board.start()
        cocotb.start_soon(self._watch_samples())
        if self._front.driver:
            cocotb.start_soon(self._watch_pulses())
        await ClockCycles(self._bench.clock, 4)

    def codes(self, update: int) -> NDArray[np.int64]:
        """Codes of the cells' DACs at an update, zero in the middle of their range."""
        outputs, rail = self.board.updates[update], self._front.rail
        return np.array([outputs[part][channel] for part, channel in rail.outputs]) - (1 << rail.dac.bank.bits - 1)

    def given(self, before: int) -> NDArray[np.int64]:
        """Pulses that came after so many updates, shape (P,): -1, 0, +1."""
        found = np.zeros(self._chip.layout.parameters, np.int64)
        for update, device, polarity in self.pulses:
            found[device] += polarity * (update == before)
        return found

    def _answer(self, outputs: list[list[int]], part: int, channel: int) -> int:
        """Code of the ADC, for what the outputs are now."""
        board, codes = self.board, np.array([outputs[p][c] for p, c in self._front.rail.outputs])
        moved = codes - (1 << self._front.rail.dac.bank.bits - 1)
        if self._front.driver:
            while self._taken < len(board.updates):
                self._taken += 1
                self._array.apply(self.given(self._taken - 1))
        else:
            self._array.apply(moved)
            moved = 0 * moved
        return self._front.code(self._array.cost(moved, self._sample), self._chip.config.cost.signed)

    async def _watch_samples(self) -> None:
        valid, payload = (self._bench.signal(f"pins.sample.{name}") for name in ("valid", "payload"))
        while True:
            await FallingEdge(self._bench.clock)
            if int(valid.value):
                self._sample = SAMPLE.from_bits(int(payload.value)).number

    async def _watch_pulses(self) -> None:
        device, up, down = (self._bench.signal(f"pins.pulse.{name}") for name in ("device", "up", "down"))
        before = 0
        while True:
            await FallingEdge(self._bench.clock)
            polarity = int(up.value) - int(down.value)
            if polarity and not before:
                self.pulses.append((len(self.board.updates), int(device.value), polarity))
            before = polarity


async def train(dut, chip: Chip, array: Array, steps: int, trace: Path, bus: str = NATIVE) -> list[int]:
    """Let generated Verilog with a front end train an array behind its pins, and record it.

    Parameters
    ----------
    dut : handle of the top module
        `rtl.top.FrontTop` of the chip.
    chip : Chip
        With a front end, whose samples are the array's own or in memory.
    array : Array
    steps : int
    trace : Path
        Where the trace goes, for `golden.replay`: with the codes that the outputs had, or the pulses that left.
    bus : str
        As of the `train` in `cocotb_tests/outside.py`.

    Returns
    -------
    list of int
        S of rail 0 at each step.
    """
    bench, engine = Bench(dut, "", FrontTop(chip, bus=bus)), RecordedEngine(chip)
    host, behind, heard, state = host_of(bench, chip), Behind(bench, chip, array), [], engine.initial()
    await behind.start()
    await host.wait()  # DACs are being written, and memories cleared
    await restore(host, chip, state)
    await host.write(Region.REGISTERS, [1], Register.PULSES)  # of no use where there are none
    hear(bench, chip, heard)
    update = len(behind.board.updates)
    await start(host, START, steps)
    while len(heard) < steps:  # on its way
        await FallingEdge(bench.clock)
    with Recorder(trace, chip, state, sent=True) as recorder:
        for step, (_, cost, *totals) in enumerate(heard):
            first = update
            update += sum(rails_used(chip, step, reading).bit_count() for reading in range(readings(chip, step)))
            sent = behind.given(update) if chip.path.pulsed else behind.codes(first)
            recorder.write([totals], [cost], sent[None])
    return [total for _, _, total, _ in heard]
