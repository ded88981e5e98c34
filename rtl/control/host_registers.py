"""Registers of a chip, and the requests of its host to them and to the memories.

Addresses are those of `golden.chip.memory_map`.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out

from ...golden.chip.chip import Chip
from ...golden.chip.memories import memories
from ...golden.chip.memory_map import (
    ADDRESS_BITS,
    CALIBRATE,
    DATA_BITS,
    EVALUATE,
    INDEX_BITS,
    START,
    Region,
    Register,
)
from ...golden.chip.registers import constants
from ...golden.state import FAULT, FLAGS
from ..lib.settings_layout import LAYOUT
from ..measure.cost import MEMORY
from .control_port import ControlPort
from .sequencer_counters import RESTORABLE, counter_source

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


class HostRegisters(Component):
    """What a host sees of an engine.

    Parameters
    ----------
    chip : golden.chip.chip.Chip

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
    fault : an array outside is cut off: a run is stopped, and none begins before the host has cleared the flag.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        array = {"array_busy": In(1), "pulses": Out(1), "fault": In(1)}
        super().__init__({**HOST, "engine": In(ControlPort(chip)), **array})

    def elaborate(self, platform):
        m = Module()
        self._host(m)
        return m

    def _host(self, m: Module) -> None:
        """Requests, one at a time."""
        engine = self.engine
        # A request waits in registers, and what it asks for is decoded on the way there.
        accept, waiting, act, replying = Signal(), Signal(), Signal(), Signal(3)
        write, index, word = Signal(), Signal(INDEX_BITS), Signal(DATA_BITS)
        clearing, working = self._clear(m, index), engine.busy | self.array_busy
        m.d.comb += [
            self.busy.eq(working | clearing),
            self.host_ready.eq(~waiting & ~replying.any() & ~clearing),
            accept.eq(self.host_valid & self.host_ready),
        ]
        with m.If(accept):
            m.d.sync += [write.eq(self.host_write), word.eq(self.host_data)]
            m.d.sync += index.eq(self.host_address[:INDEX_BITS])

        def asked(region: Region, numbers=()) -> Signal:
            """Whether the request is to a region, or to one of these of its entries."""
            here = Signal(name=f"at_{region.name.lower()}{''.join(f'_{number}' for number in numbers)}")
            address, low = self.host_address[INDEX_BITS:], self.host_address[:INDEX_BITS]
            with m.If(accept):
                m.d.sync += here.eq((address == region) & (Cat(low == n for n in numbers).any() if numbers else 1))
            return here

        written = (Register.CONTROL, Register.TARGET, Register.FLAGS, Register.PULSES)
        is_register, at_control, at_target, at_flags, at_pulses = (
            asked(Region.REGISTERS, numbers) for numbers in ((), *((number,) for number in written))
        )
        write_register, target, late = Signal(), Signal(32), Signal.like(self.flags)
        m.d.comb += [act.eq(waiting & (is_register | ~self.busy)), write_register.eq(act & write & is_register)]
        m.d.sync += waiting.eq(accept | (waiting & ~act))
        faulty = Signal()  # the flag is raised once, so that the host can clear it
        m.d.sync += [faulty.eq(self.fault), late.eq(Cat(engine.saturated, self.fault & ~faulty))]
        m.d.sync += self.flags.eq(self.flags | late)
        with m.If(write_register & at_target & ~self.busy):
            m.d.sync += target.eq(word)
        with m.If(write_register & at_flags):
            m.d.sync += self.flags.eq(word)
        if not self.chip.emulated and self.chip.path.pulsed:
            with m.If(write_register & at_pulses):
                m.d.sync += self.pulses.eq(word[0])
        if not self.chip.emulated:
            m.d.comb += engine.cut.eq(self.fault)
        m.d.comb += [
            self.learning.eq(engine.learning),
            engine.stop.eq((write_register & at_control & word[1]) | self.fault),
            engine.target.eq(target),
            engine.load.eq(write_register & (index <= max(Register)) & ~self.busy),
            engine.load_register.eq(index),
            engine.load_value.eq(word),
        ]
        for name, value in (("start", START), ("evaluate", EVALUATE), ("calibrate", CALIBRATE)):
            begins = at_control & ~self.busy & ~self.flags[FAULT]
            m.d.comb += getattr(engine, name).eq(write_register & begins & (word[:4] == value))

        # A memory's value stands three clocks after the request; registers wait as long.
        m.d.sync += replying.eq(Cat(act & ~write, replying[:2]))
        sources = [
            (asked(Region.REGISTERS, numbers), value) for numbers, value in self._registers(m, target)
        ]
        for memory in memories(self.chip):
            if memory.region is None:
                continue
            port, here = getattr(engine, memory.port), asked(memory.region)
            cleared = clearing & (index < memory.lanes * memory.depth) if memory.lanes else 0
            m.d.comb += [
                port.select.eq(~working | clearing),
                port.write.eq(act & write & here | cleared),
                port.index.eq(index),
                port.data.eq(word.as_signed()),
            ]
            sources.append((here, port.value))
        reply = Const(0, DATA_BITS)
        for number, (here, value) in enumerate(sources):
            read = Signal(DATA_BITS, name=f"word_{number}")
            m.d.comb += read.eq(value)
            reply |= Mux(here, read, 0)
        m.d.sync += self.reply_valid.eq(replying[2])
        with m.If(replying[2]):
            m.d.sync += self.reply_data.eq(reply)

    def _clear(self, m: Module, index: Signal) -> Signal:
        """High after reset, while `index` goes through the words of lanes, with padding: each is set to zero."""
        size = max(memory.lanes * memory.depth for memory in memories(self.chip))
        clearing = Signal(init=1, name="clearing")
        with m.If(clearing):
            m.d.sync += [index.eq(index + 1), clearing.eq(index != size - 1)]
        return clearing

    def _registers(self, m: Module, target: Value) -> list[tuple[list[Register], Value]]:
        """Values of all registers but those that read 0, each with the registers that read it."""
        chip, engine, cycles = self.chip, self.engine, Signal(CYCLES)
        with m.If(engine.busy):
            m.d.sync += cycles.eq(cycles + 1)
        total = Signal(signed(64))
        m.d.comb += total.eq(engine.total)
        memory = [word[half : half + 32] for word in engine.memory for half in (0, 32)]
        values = dict(zip(MEMORY, memory, strict=True)) | {
            Register.CONTROL: self.busy, Register.TARGET: target, Register.FLAGS: self.flags,
            Register.CYCLES_LOW: cycles[:32], Register.CYCLES_HIGH: cycles[32:],
            Register.COST: engine.last.cost, Register.SUM_0: engine.last.sum0, Register.SUM_1: engine.last.sum1,
            Register.TOTAL_LOW: total[:32], Register.TOTAL_HIGH: total[32:],
            Register.RIGHT: engine.right, Register.PULSES: self.pulses,
        }  # fmt: skip
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
