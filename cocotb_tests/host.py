"""A chip's host in simulation: requests through its port, and what its memories hold at a state."""

import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge

from ohmgrad.cocotb_tests.harness import check
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.memories import Memory, memories
from ohmgrad.golden.chip.memory_map import Region, Register, address
from ohmgrad.golden.chip.registers import registers
from ohmgrad.golden.state import FLAGS


class Host:
    """The host port of one chip, by its name in the grid; without one that of the top itself."""

    def __init__(self, dut, name: str):
        self._edge, self.clock = RisingEdge(dut.clk), dut.clk
        prefix = f"{name}__" if name else ""
        for port in ("valid", "ready", "write", "address", "data"):
            setattr(self, f"_{port}", getattr(dut, f"{prefix}host_{port}"))
        self._reply_valid, self._reply = getattr(dut, f"{prefix}reply_valid"), getattr(dut, f"{prefix}reply_data")
        self.busy = getattr(dut, f"{prefix}busy")
        self._valid.value = 0

    async def wait(self) -> None:
        """Until the chip is idle."""
        while self.busy.value:
            await ClockCycles(self.clock, 5)

    async def _request(self, write: int, place: int, value: int = 0) -> None:
        self._write.value, self._address.value, self._data.value = write, place, value & 0xFFFFFFFF
        self._valid.value = 1
        await self._edge
        while not self._ready.value:
            await self._edge
        self._valid.value = 0

    async def write(self, region: Region, values, first: int = 0) -> None:
        """Write entries of a region from `first` on."""
        for index, value in enumerate(values, first):
            await self._request(1, address(region, index), int(value))

    async def read(self, region: Region, count: int, first: int = 0) -> np.ndarray:
        """Read `count` entries of a region from `first` on."""
        values = []
        for index in range(first, first + count):
            await self._request(0, address(region, index))
            while not self._reply_valid.value:
                await self._edge
            values.append(self._reply.value.to_signed())
            await self._edge
        return np.array(values)


async def start(host: Host, command: int, target: int | None = None) -> None:
    """Let a chip do what a command says, and wait until it has."""
    if target is not None:
        await host.write(Region.REGISTERS, [target], Register.TARGET)
    await host.write(Region.REGISTERS, [command], Register.CONTROL)
    await ClockCycles(host.clock, 2)
    await host.wait()


async def restore(host: Host, chip: Chip, state) -> None:
    """Write all memories and registers."""
    for memory, values in contents(chip, state):
        await host.write(memory.region, values)
    for region in absent(chip):
        await host.write(region, [5, -7])
    for register, value in registers(chip, state).items():
        await host.write(Region.REGISTERS, [value], register)


def contents(chip: Chip, state) -> list[tuple[Memory, np.ndarray]]:
    """The memories of a chip that a host reads, and what they hold at a state, by the equations."""
    found, latency = [], chip.config.array.latency
    for memory in memories(chip):
        if memory.region is None or memory.region == Region.SAMPLES:
            continue
        if memory.ring:
            values = np.zeros(memory.words, np.int64)
            for step in range(max(0, state.step - latency), state.step):
                values[step % 16] = state.pending[step % latency]
        elif memory.name == "rates":
            values = np.array(chip.path.rates)
        else:
            values = state.arrays[memory.field]
        found.append((memory, values))
    return found


def absent(chip: Chip) -> list[Region]:
    """Regions that a chip has not got: what is written there is lost, and 0 is read."""
    found = {memory.region for memory in memories(chip)}
    return [region for region in Region if region not in {Region.REGISTERS, Region.LINK, *found}]


def known(chip: Chip, state, memory: Memory, values: np.ndarray) -> np.ndarray:
    """Values read, but of a ring only those that are still to come out."""
    if memory.ring:
        ahead = [step % 16 for step in range(max(0, state.step - chip.config.array.latency), state.step)]
        values = np.where(np.isin(np.arange(16), ahead), values, 0)
    return values


async def memories_match(host: Host, chip: Chip, state) -> None:
    """All registers and memories are golden's."""
    name = chip.config.name
    got = await host.read(Region.REGISTERS, len(Register) - Register.FLAGS, Register.FLAGS)
    for register, value in registers(chip, state).items():
        check(f"{name} {register.name}", state.step, value, got[register - Register.FLAGS] % 2**32)
    check(f"{name} {FLAGS}", state.step, state.flags, got[0])
    for memory, values in contents(chip, state):
        words = known(chip, state, memory, await host.read(memory.region, memory.words))
        check(f"{name} {memory.name}", state.step, values, words)


def readings(chip: Chip, step: int) -> int:
    """Readings of a step, by the sentences of `golden.blocks.control.sequencer.Sequencer`."""
    config = chip.config.cost
    return max(config.average, config.average_c0) if refreshed(chip, step) else config.average


def rails_used(chip: Chip, step: int, reading: int) -> int:
    """Rails whose cost a reading of a step counts for, bit by bit."""
    config = chip.config.cost
    if config.mode != "forward":
        return 0b11 if config.mode == "antithetic" else 0b01
    return (reading < config.average) | (refreshed(chip, step) and reading < config.average_c0) << 1


def refreshed(chip: Chip, step: int) -> bool:
    """Whether a step measures C0."""
    config, taus = chip.config.cost, chip.config.perturbation
    changed = step % taus.tau_x == 0 or step % taus.tau_theta == 0
    return config.mode == "forward" and (step % config.refresh == 0 if config.refresh else changed)
