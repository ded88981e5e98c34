"""A whole board by the pins of its serial line: it learns as golden does, also where frames are damaged on the way."""

from importlib.resources import files

import cocotb
import numpy as np
from cocotb.queue import Queue
from cocotb.triggers import ClockCycles, FallingEdge, SimTimeoutError, Timer, with_timeout
from cocotb.utils import get_sim_time

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.fpga.board.top import BoardTop
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import SAMPLE_WORD, START, LinkRegister, Region, Register, address
from ohmgrad.golden.chip.registers import registers
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.link.frames import (
    MOST_DATA,
    MOST_REPLY,
    MOST_REQUEST,
    Kind,
    Reply,
    Request,
    Status,
    Unstuffer,
    decode,
    encode,
    identity,
)
from ohmgrad.golden.state import State

XOR = {
    "update.path": "digital", "device": None, "update.reset": None, "update.eta": 0.05, "engine.lanes": 1,
    "array.adc_bits": 7, "array.output_bits": 9,
}  # fmt: skip
GRID = {"digital": (XOR, 4), "devices": ({"array.adc_bits": 7, "array.output_bits": 9}, 8)}
"""Overrides of the example for exclusive or; clocks a bit."""
CLOCK_HZ, CLOCK = 24_000_000, 2  # ns
STEPS = 30
CLOCKS_A_BYTE = 8
"""That a request takes, at most, once it is there."""
SETTLE = 600
"""Clocks of a step, about, where the watchdog stops the engine: golden then has few to follow."""


def chip(name: str) -> Chip:
    """The chip of one configuration."""
    overrides = GRID[name][0]
    return Chip(load(str(files("ohmgrad.examples") / "xor_filtered.toml")).with_(**overrides))


def make(name: str) -> BoardTop:
    """The block of one configuration."""
    return BoardTop(chip(name), GRID[name][1], CLOCK_HZ)


def test_board():
    run(__file__, make, GRID)


class Wire:
    """The serial line of a board, and requests over it, resent until there is an answer."""

    def __init__(self, dut, name: str, block: BoardTop | None = None):
        block = block or make(name)
        self.bench = bench = Bench(dut, name, block)
        self.name, self._bit = name, block.divisor * CLOCK
        self._rx, self._tx = bench.signal("rx"), bench.signal("tx")
        self._rx.value = 1
        self._replies, self._frames = Queue(), Unstuffer(MOST_REPLY)
        self._seq, self.damage = int(bench.rng.integers(256)), 0.0
        cocotb.start_soon(self._listen())

    async def _listen(self) -> None:
        while True:
            await FallingEdge(self._tx)
            byte = 0
            await Timer(self._bit // 2, "ns")
            for k in range(8):
                await Timer(self._bit, "ns")
                byte |= int(self._tx.value) << k
            await Timer(self._bit, "ns")
            assert int(self._tx.value), f"board {self.name}: stop bit"
            for frame in self._frames.feed(bytes([byte])):
                self._replies.put_nowait(decode(frame))

    async def send(self, wire: bytes) -> None:
        """Bytes onto the line, one after the other."""
        for byte in wire:
            for bit in [0, *(byte >> k & 1 for k in range(8)), 1]:
                self._rx.value = bit
                await Timer(self._bit, "ns")

    def _damaged(self, wire: bytes) -> bytes:
        """A frame that is cut, has lost a byte or has a wrong bit; or whole."""
        rng = self.bench.rng
        if rng.random() >= self.damage:
            return wire
        k, bit = int(rng.integers(len(wire))), 1 << int(rng.integers(8))
        rest = [b"", wire[k + 1 :], bytes([wire[k] ^ bit]) + wire[k + 1 :]]
        return wire[:k] + rest[int(rng.integers(3))]

    async def ask(self, kind: Kind, width: int, region: Region, index: int, entries: int, data: bytes = b"") -> Reply:
        """The reply to a request, which is sent again while there is none; replies get lost as well."""
        self._seq = (self._seq + 1) % 256
        wire = encode(Request(self._seq, kind, width, address(region, index), entries, data))
        longest = 10 * self._bit * 2 * (10 + (0 if data else entries * width)) + MOST_REQUEST * CLOCKS_A_BYTE * CLOCK
        for _ in range(20):
            await self.send(self._damaged(wire))
            try:
                reply = await with_timeout(self._replies.get(), longest, "ns")
            except SimTimeoutError:
                continue
            if reply and reply.seq == self._seq and self.bench.rng.random() >= self.damage:
                return reply
        raise AssertionError(f"board {self.name}: no answer to {wire.hex(' ')}")

    async def write(self, region: Region, index: int, values: np.ndarray, width: int = 4) -> None:
        """Write entries."""
        step = MOST_DATA // width
        for k in range(0, len(values), step):
            part = np.asarray(values[k : k + step]).astype(f"<i{width}").tobytes()
            reply = await self.ask(Kind.WRITE, width, region, index + k, len(part) // width, part)
            assert reply.status == Status.OK, f"board {self.name}: {region.name}: {Status(reply.status).name}"

    async def read(self, region: Region, index: int, count: int) -> np.ndarray:
        """Read entries, 32 bits signed."""
        values, step = [], MOST_DATA // 4
        for k in range(0, count, step):
            reply = await self.ask(Kind.READ, 4, region, index + k, min(step, count - k))
            assert reply.status == Status.OK, f"board {self.name}: {region.name}: {Status(reply.status).name}"
            values.append(np.frombuffer(reply.data, "<i4"))
        return np.concatenate(values)

    async def register(self, register: Register) -> int:
        """A register, unsigned."""
        return int((await self.read(Region.REGISTERS, register, 1))[0]) & 0xFFFFFFFF


def memories(wire: Wire, state: State) -> dict[Region, np.ndarray]:
    """Contents at a state of the memories that the chip has."""
    found = [memory for memory in state.memories if memory.region is not None]
    assert not any(memory.ring for memory in found)
    return {memory.region: state.arrays[memory.field] for memory in found}


async def load_state(wire: Wire, engine: Engine, state: State) -> None:
    """Open a session, and write samples, memories and registers."""
    reply = await wire.ask(Kind.HELLO, 4, Region.LINK, 0, len(LinkRegister))
    known = identity(engine.chip)
    words = np.frombuffer(reply.data, "<u4")[:4].tolist()
    check(f"board {wire.name} hello", 0, [2, known & 0xFFFFFFFF, known >> 32, CLOCK_HZ], words)
    parts = [np.pad(codes, ((0, 0), (0, -codes.shape[1] % SAMPLE_WORD))) for codes in (engine.inputs, engine.targets)]
    await wire.write(Region.SAMPLES, 0, np.hstack(parts).ravel(), 2)
    for region, values in memories(wire, state).items():
        await wire.write(region, 0, values)
    for register, value in registers(engine.chip, state).items():
        await wire.write(Region.REGISTERS, register, np.array([value]))


async def compare(wire: Wire, state: State) -> None:
    """Compare memories and registers."""
    for region, values in memories(wire, state).items():
        check(f"board {wire.name} {region.name}", state.step, values, await wire.read(region, 0, values.size))
    for register in (Register.STEP, Register.FLAGS, Register.MEMORY_0_LOW, Register.MEMORY_0_HIGH):
        value = registers(wire.bench.block.chip, state)[register]
        check(f"board {wire.name} {register.name}", state.step, value, await wire.register(register))


def golden(name: str) -> Engine:
    """The golden engine with its samples."""
    own = chip(name)
    data = own.config.dataset
    return Engine(own, datasets.load(data.set, data.train, data.test, own.config.seed))


@cocotb.test()
@over(GRID)
async def learns_as_golden_over_a_line_that_damages(dut, name):
    wire, engine = Wire(dut, name), golden(name)
    running, learning, fault = (wire.bench.signal(pin) for pin in ("running", "learning", "fault"))
    await wire.bench.start()
    while int(running.value):
        await ClockCycles(dut.clk, 10)
    wire.damage = 0.1
    state = engine.initial()
    await load_state(wire, engine, state)
    for target in (STEPS // 3, STEPS):
        await wire.write(Region.REGISTERS, Register.TARGET, np.array([target]))
        await wire.write(Region.REGISTERS, Register.CONTROL, np.array([START]), 1)
        while await wire.register(Register.CONTROL):
            pass
        engine.run(state, target - state.step)
        await compare(wire, state)
    assert [int(running.value), int(learning.value), int(fault.value)] == [0, 0, state.flags > 0]


@cocotb.test()
@over(["digital"])
async def watchdog_stops_between_two_steps(dut, name):
    """The host vanishes in the middle of a run: it goes on from where the board has stopped."""
    wire, engine = Wire(dut, name), golden(name)
    running, learning, fault = (wire.bench.signal(pin) for pin in ("running", "learning", "fault"))
    await wire.bench.start()
    state = engine.initial()
    await load_state(wire, engine, state)
    await wire.write(Region.REGISTERS, Register.SETTLE, np.array([SETTLE]))
    await wire.write(Region.LINK, LinkRegister.WATCHDOG, np.array([1]), 2)
    await wire.write(Region.REGISTERS, Register.TARGET, np.array([1_000_000]))
    await wire.write(Region.REGISTERS, Register.CONTROL, np.array([START]), 1)
    reply = await wire.ask(Kind.READ, 4, Region.THETA, 0, 1)
    assert reply.status == Status.BUSY, f"board {name}: memories answer during a run"
    begin = get_sim_time("ns")
    await wire.send(encode(Request(0, Kind.READ, 4, 0, 1))[:7])
    await ClockCycles(dut.clk, (1 << 16) - 5000)
    assert int(running.value) and int(learning.value) and not int(fault.value)
    await FallingEdge(running)
    clocks = (get_sim_time("ns") - begin) // CLOCK
    assert abs(clocks - (1 << 16)) < 2 * SETTLE + 500, f"board {name}: stopped after {clocks} clocks"
    assert int(fault.value) and not int(learning.value)
    step = await wire.register(Register.STEP)
    assert 50 < step < (1 << 16) // SETTLE + 2
    engine.run(state, step)
    await compare(wire, state)
