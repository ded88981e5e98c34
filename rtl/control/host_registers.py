"""Registers of a chip, and the requests of its host to them and to the memories.

Addresses are those of `golden.chip.memory_map`.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Member, Out

from ...golden.blocks.array.bring_up import PATTERN
from ...golden.chip.chip import Chip
from ...golden.chip.counters import RESTORABLE, counter_source
from ...golden.chip.memories import memories
from ...golden.chip.memory_map import (
    ADDRESS_BITS,
    CALIBRATE,
    DATA_BITS,
    EVALUATE,
    INDEX_BITS,
    INFER,
    START,
    STOP,
    Region,
    Register,
)
from ...golden.chip.registers import constants
from ...golden.state import FAULT, FLAGS
from ..lib.settings_layout import LAYOUT
from ..lib.signals import signals
from ..measure.cost import MEMORY
from .control_port import ControlPort

CYCLES = 48
"""Bits of the counter of clocks."""
HOST = {
    "host_valid": In(1),
    "host_ready": Out(1),
    "host_write": In(1),
    "host_address": In(ADDRESS_BITS),
    "host_data": In(DATA_BITS),
    "reply_valid": Out(1),
    "reply_data": Out(DATA_BITS),
    "busy": Out(1),
    "learning": Out(1),
    "flags": Out(len(FLAGS)),
}
"""Members towards the host."""


def host_members(refuses: bool) -> dict[str, Member]:
    """Members towards the host, with one that says what is refused."""
    return HOST | ({"refused": Out(1)} if refuses else {})


class HostRegisters(Component):
    """What a host sees of an engine.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    refuses : bool
        A request is never waited for, nor ignored for its time: where it would be, it is dropped and `refused`.

    Members
    -------
    host_valid, host_ready, host_write, host_address, host_data : a request, done a clock later; one to a memory waits
        until the engine is idle. The next one is accepted once this one is done and answered; the first one after
        reset once memories are cleared.
    reply_valid, reply_data : the answer to a read, four clocks after it was done; the data stay until the next.
    busy : a run is under way, or the array is not ready for one, as while devices are made after reset; or memories
        with words of lanes are being cleared after reset, so that RAM needs no initial contents: a clock a lane's word.
    learning : a run is under way, no evaluation or calibration.
    flags : sticky flags, see `golden.state.FLAGS`.
    engine : the engine, see `ControlPort`.
    array_busy : the array is not ready.
    pulses : the host allows pulses onto devices outside.
    bring_up : see `golden.chip.memory_map.Register.BRING_UP`.
    fault : an array outside is cut off: a run is stopped, and none begins before the host has cleared the flag.
    refused : high in the clock after a request was taken that is not done.
    """

    def __init__(self, chip: Chip, refuses: bool = False):
        self.chip, self.refuses = chip, refuses
        array = {"array_busy": In(1), "pulses": Out(1), "fault": In(1), "bring_up": Out(2)}
        super().__init__({**host_members(refuses), "engine": In(ControlPort(chip)), **array})

    def elaborate(self, platform):
        m, target = Module(), Signal(32, name="target")
        request, working = self._request(m), self.engine.busy | self.array_busy
        m.d.comb += self.busy.eq(working | request.clearing)
        self._control(m, request, target)
        self._answer(m, request, working, self._registers(m, target))
        return m

    def _request(self, m: Module) -> "_Request":
        """A request waits in registers, and what it asks for is decoded on the way there."""
        r = _Request(m, self)
        r.clearing, r.place = self._clear(m, r.index)
        m.d.comb += [
            self.host_ready.eq(~r.waiting & ~r.replying.any() & ~r.clearing),
            r.accept.eq(self.host_valid & self.host_ready),
            r.act.eq(r.waiting & (r.asked(Region.REGISTERS) | ~self.busy)),
        ]
        with m.If(r.accept):
            m.d.sync += [r.write.eq(self.host_write), r.word.eq(self.host_data)]
            m.d.sync += r.index.eq(self.host_address[:INDEX_BITS])
        waits = r.waiting & ~r.act
        if self.refuses:
            late = r.waiting & ~r.asked(Region.REGISTERS) & self.busy
            m.d.comb += self.refused.eq(late | self._ignored(r))
            waits &= ~late
        m.d.sync += r.waiting.eq(r.accept | waits)
        return r

    def _ignored(self, r: "_Request") -> Value:
        """Whether a register is written at a time when that has no effect."""
        written = r.waiting & r.write & r.asked(Region.REGISTERS)
        control = r.asked(Region.REGISTERS, (Register.CONTROL,))
        always = r.asked(Region.REGISTERS, (Register.FLAGS,)) | r.asked(Region.REGISTERS, (Register.PULSES,))
        begins = (r.word != STOP) & (self.busy | self.flags[FAULT])
        return written & Mux(control, begins, self.busy & ~always)

    def _control(self, m: Module, r: "_Request", target: Signal) -> None:
        """Registers that are written, and the engine's ports that follow."""
        engine, late, faulty = self.engine, Signal.like(self.flags, name="late"), Signal(name="faulty")
        written = r.act & r.write & r.asked(Region.REGISTERS)
        control = written & r.asked(Region.REGISTERS, (Register.CONTROL,))
        # The flag of a fault is raised once, so that the host can clear it.
        m.d.sync += [faulty.eq(self.fault), late.eq(Cat(engine.saturated, self.fault & ~faulty))]
        m.d.sync += self.flags.eq(self.flags | late)
        with m.If(written & r.asked(Region.REGISTERS, (Register.TARGET,)) & ~self.busy):
            m.d.sync += target.eq(r.word)
        with m.If(written & r.asked(Region.REGISTERS, (Register.FLAGS,))):
            m.d.sync += self.flags.eq(r.word)
        if not self.chip.emulated and self.chip.path.pulsed:
            with m.If(written & r.asked(Region.REGISTERS, (Register.PULSES,))):
                m.d.sync += self.pulses.eq(r.word[0])
        if self.chip.config.engine.bring_up:
            with m.If(written & r.asked(Region.REGISTERS, (Register.BRING_UP,)) & ~self.busy & (r.word <= PATTERN)):
                m.d.sync += self.bring_up.eq(r.word)
        if not self.chip.emulated:
            m.d.comb += engine.cut.eq(self.fault)
        m.d.comb += [
            self.learning.eq(engine.learning),
            engine.stop.eq((control & r.word[1]) | self.fault),
            engine.target.eq(target),
            engine.load.eq(written & (r.index <= max(Register)) & ~self.busy),
            engine.load_register.eq(r.index),
            engine.load_value.eq(r.word),
        ]
        begins = control & ~self.busy & ~self.flags[FAULT]
        commands, width = {"start": START, "evaluate": EVALUATE, "calibrate": CALIBRATE}, 4
        if self.chip.config.engine.inference:
            commands, width = commands | {"infer": INFER}, 5
        for name, value in commands.items():
            m.d.comb += getattr(engine, name).eq(begins & (r.word[:width] == value))

    def _answer(self, m: Module, r: "_Request", working: Value, registers: list[tuple[list[Register], Value]]) -> None:
        """Memories, and what is read: a memory's value stands three clocks after the request; registers wait."""
        sources = [(r.asked(Region.REGISTERS, numbers), value) for numbers, value in registers]
        for memory in memories(self.chip):
            if memory.region is None:
                continue
            port, here = getattr(self.engine, memory.port), r.asked(memory.region)
            cleared = r.clearing & (r.place < memory.lanes * memory.depth) if memory.lanes else 0
            m.d.comb += [
                port.select.eq(~working | r.clearing),
                port.write.eq(r.act & r.write & here | cleared),
                port.index.eq(r.index),
                port.data.eq(r.word.as_signed()),
            ]
            sources.append((here, port.value))
        reply = Const(0, DATA_BITS)
        for number, (here, value) in enumerate(sources):
            read = Signal(DATA_BITS, name=f"word_{number}")
            m.d.comb += read.eq(value)
            reply |= Mux(here, read, 0)
        m.d.sync += [r.replying.eq(Cat(r.act & ~r.write, r.replying[:2])), self.reply_valid.eq(r.replying[2])]
        with m.If(r.replying[2]):
            m.d.sync += self.reply_data.eq(reply)

    def _clear(self, m: Module, index: Signal) -> tuple[Signal, Value]:
        """High after reset, while `index` goes through the words of lanes, with padding: each is set to zero.

        The second is the part of `index` that counts.
        """
        size = max(memory.lanes * memory.depth for memory in memories(self.chip))
        clearing = Signal(init=1, name="clearing")
        place = index[: max(1, (size - 1).bit_length())]
        with m.If(clearing):
            m.d.sync += [place.eq(place + 1), clearing.eq(place != size - 1)]
        return clearing, place

    def _registers(self, m: Module, target: Value) -> list[tuple[list[Register], Value]]:
        """Values of all registers but those that read 0, each with the registers that read it."""
        chip, engine, cycles = self.chip, self.engine, Signal(CYCLES, name="cycles")
        with m.If(engine.busy):
            m.d.sync += cycles.eq(cycles + 1)
        total = Signal(signed(64), name="total")
        m.d.comb += total.eq(engine.total)
        memory = [word[half : half + 32] for word in engine.memory for half in (0, 32)]
        values = dict(zip(MEMORY, memory, strict=True)) | {
            Register.CONTROL: self.busy, Register.TARGET: target, Register.FLAGS: self.flags,
            Register.CYCLES_LOW: cycles[:32], Register.CYCLES_HIGH: cycles[32:],
            Register.COST: engine.last.cost, Register.SUM_0: engine.last.sum0, Register.SUM_1: engine.last.sum1,
            Register.TOTAL_LOW: total[:32], Register.TOTAL_HIGH: total[32:],
            Register.RIGHT: engine.right, Register.PULSES: self.pulses,
        }  # fmt: skip
        if chip.config.engine.bring_up:
            values[Register.BRING_UP] = self.bring_up
        same: dict[object, tuple[list[Register], Value]] = {number: ([number], word) for number, word in values.items()}
        fixed = constants(chip)
        for number in Register:
            name = number.name.lower()
            if bits := counter_source(chip, name) if name in RESTORABLE else None:
                port, first, last = bits
                same.setdefault(bits, ([], getattr(engine, port)[first:last]))[0].append(number)
            elif name in fixed:
                same.setdefault(f"constant {fixed[name]}", ([], Const(fixed[name])))[0].append(number)
            elif name in LAYOUT.members:
                same[number] = [number], engine.settings[name]
        return list(same.values())


class _Request:
    """The request that is under way."""

    def __init__(self, m: Module, host: HostRegisters):
        self._m, self._host, self._asked = m, host, {}
        self.replying = Signal(3, name="replying")
        self.accept, self.waiting, self.act = signals("accept waiting act")
        self.write = Signal(name="write")
        self.index = Signal(INDEX_BITS, name="index")
        self.word = Signal(DATA_BITS, name="word")
        self.clearing: Value = Const(0)
        self.place: Value = self.index

    def asked(self, region: Region, numbers: Sequence[int] = ()) -> Signal:
        """Whether the request is to a region, or to one of these of its entries."""
        name = f"at_{region.name.lower()}{''.join(f'_{number}' for number in numbers)}"
        if name not in self._asked:
            here = self._asked[name] = Signal(name=name)
            address = self._host.host_address
            index = address[:INDEX_BITS]
            known = Cat(index == number for number in numbers).any() if numbers else 1
            with self._m.If(self.accept):
                self._m.d.sync += here.eq((address[INDEX_BITS:] == region) & known)
        return self._asked[name]
