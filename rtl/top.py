"""The chip: engine, emulated array and host port as one Verilog module.

`ohmgrad generate` writes it, with names and addresses as JSON.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out, connect

from ..golden.chip.chip import Chip
from ..golden.chip.memories import memories
from ..golden.chip.memory_map import ADDRESS_BITS, CALIBRATE, DATA_BITS, EVALUATE, INDEX_BITS, START, Region, Register
from ..golden.chip.registers import constants
from ..golden.state import FLAGS
from .array.emulated import EmulatedArray
from .control.sequencer_counters import RESTORABLE, counter_source
from .engine import Engine
from .lib import verilog as text
from .lib.settings_layout import LAYOUT
from .measure.cost import MEMORY

NAME = "chip"
"""Name of the top module."""
CYCLES = 48
"""Bits of the counter of clocks."""


class Top(Component):
    """Engine and array, run by a host through addresses of `golden.chip.memory_map`.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    array : Component, optional
        Anything that has a member `array`, In(ArrayPort(chip)); without one the chip's emulated array.

    Members
    -------
    host_valid, host_ready, host_write, host_address, host_data : a request, done a clock later; one to a memory waits
        until the engine is idle. The next one is accepted once this one is done and answered.
    reply_valid, reply_data : the answer to a read, four clocks after it was done; the data stay until the next.
    busy : a run is under way, or the devices are being made after reset.
    learning : a run is under way, no evaluation or calibration.
    flags : sticky flags, see `golden.state.FLAGS`.
    """

    def __init__(self, chip: Chip, array: Component | None = None):
        self.chip = chip
        self.array = array or EmulatedArray(chip)
        super().__init__(
            {
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
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.engine = engine = Engine(self.chip)
        m.submodules.array = self.array
        connect(m, engine.array, self.array.array)
        m.d.comb += self.busy.eq(engine.busy | engine.array.busy)
        self._host(m, engine)
        return m

    def _host(self, m: Module, engine: Engine) -> None:
        """Registers, and the requests to them and to the memories."""
        # A request waits in registers, and what it asks for is decoded on the way there.
        accept, waiting, act, replying = Signal(), Signal(), Signal(), Signal(3)
        write, index, word = Signal(), Signal(INDEX_BITS), Signal(DATA_BITS)
        m.d.comb += [
            self.host_ready.eq(~waiting & ~replying.any()),
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

        is_register, at_control, at_target, at_flags = (
            asked(Region.REGISTERS, numbers)
            for numbers in ((), (Register.CONTROL,), (Register.TARGET,), (Register.FLAGS,))
        )
        write_register, target, late = Signal(), Signal(32), Signal.like(self.flags)
        m.d.comb += act.eq(waiting & (is_register | ~self.busy))
        m.d.comb += write_register.eq(act & write & is_register)
        m.d.sync += waiting.eq(accept | (waiting & ~act))
        m.d.sync += [late.eq(engine.saturated), self.flags.eq(self.flags | late)]
        with m.If(write_register & at_target & ~self.busy):
            m.d.sync += target.eq(word)
        with m.If(write_register & at_flags):
            m.d.sync += self.flags.eq(word)
        m.d.comb += [
            self.learning.eq(engine.learning),
            engine.stop.eq(write_register & at_control & word[1]),
            engine.target.eq(target),
            engine.load.eq(write_register & (index <= max(Register)) & ~self.busy),
            engine.load_register.eq(index),
            engine.load_value.eq(word),
        ]
        for name, value in (("start", START), ("evaluate", EVALUATE), ("calibrate", CALIBRATE)):
            m.d.comb += getattr(engine, name).eq(write_register & at_control & ~self.busy & (word[:4] == value))

        # A memory's value stands three clocks after the request; registers wait as long.
        m.d.sync += replying.eq(Cat(act & ~write, replying[:2]))
        sources = [
            (asked(Region.REGISTERS, numbers), value) for numbers, value in self._registers(m, engine, target)
        ]
        for memory in memories(self.chip):
            if memory.region is None:
                continue
            port, here = getattr(engine, memory.port), asked(memory.region)
            m.d.comb += [
                port.select.eq(~self.busy),
                port.write.eq(act & write & here),
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

    def _registers(self, m: Module, engine: Engine, target: Value) -> list[tuple[list[Register], Value]]:
        """Values of all registers but those that read 0, each with the registers that read it."""
        chip, cycles = self.chip, Signal(CYCLES)
        with m.If(engine.busy):
            m.d.sync += cycles.eq(cycles + 1)
        memory = [word[half : half + 32] for word in engine.memory for half in (0, 32)]
        values = dict(zip(MEMORY, memory, strict=True)) | {
            Register.CONTROL: self.busy, Register.TARGET: target, Register.FLAGS: self.flags,
            Register.CYCLES_LOW: cycles[:32], Register.CYCLES_HIGH: cycles[32:],
            Register.COST: engine.last.cost, Register.SUM_0: engine.last.sum0, Register.SUM_1: engine.last.sum1,
            Register.TOTAL_LOW: engine.total[:32], Register.TOTAL_HIGH: engine.total[32:],
            Register.RIGHT: engine.right,
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


def verilog(top: Component) -> str:
    """Verilog of a component around a chip, one text with all modules; the top module is `chip`."""
    return text.verilog(top, NAME)


def generate(chip: Chip) -> str:
    """Verilog of a chip, see `verilog`."""
    return verilog(Top(chip))
