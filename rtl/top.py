"""The chip: engine, emulated array and host port as one Verilog module.

`ohmgrad generate` writes it, with names and addresses as JSON.
"""

from amaranth.back.verilog import convert
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out, connect

from ..golden.chip import Chip
from ..golden.engine import FLAGS
from ..golden.memory_map import (
    ADDRESS_BITS,
    CALIBRATE,
    DATA_BITS,
    EVALUATE,
    INDEX_BITS,
    START,
    Region,
    Register,
)
from ..golden.registers import constants
from .average import AverageMemory
from .buses.ram import TEXT, VerilogPlatform
from .buses.streams import fork
from .cost import MEMORY
from .counters import RESTORABLE, shown_as
from .crossbar import CrossbarArray
from .devices import DeviceArray
from .engine import Engine, regions
from .pair import PAIR, ArrayPair
from .settings import LAYOUT

NAME = "chip"
"""Name of the top module."""
CYCLES = 48
"""Bits of the counter of clocks."""


class Top(Component):
    """Engine with its emulated array, run by a host through addresses of `golden.memory_map`.

    Parameters
    ----------
    chip : golden.chip.Chip

    Members
    -------
    host_valid, host_ready, host_write, host_address, host_data : a request; memories answer while the
        engine is idle, registers always.
    reply_valid, reply_data : the answer to a read, three clocks after its acceptance; the data stay until the next.
    busy : a run is under way, or the devices are being made after reset.
    learning : a run is under way, no evaluation or calibration.
    flags : sticky flags, see `golden.engine.FLAGS`.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
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
        chip = self.chip
        m.submodules.engine = engine = Engine(chip)
        m.submodules.crossbar = array = CrossbarArray(
            chip.crossbar, chip.layout, chip.polarity, chip.codes.bits
        )
        connect(m, engine.line, array.line)
        connect(m, engine.hidden, array.hidden)
        connect(m, engine.sign, array.sign)
        connect(m, array.adc, engine.adc)
        ports = {region: getattr(engine, f"host_{region.name.lower()}") for region in regions(chip)}
        busy = engine.busy
        if chip.loop:
            m.submodules.pair = pair = ArrayPair(chip)
            for name in ("pulse", "train", "read"):
                connect(m, getattr(engine, name), getattr(pair, name))
            connect(m, pair.reading, engine.reading)
            weight = pair.weight
            ports |= {region: getattr(pair, f"host_{region.name.lower()}") for region in PAIR}
            busy = engine.busy | pair.busy
        elif chip.devices:
            m.submodules.devices = devices = DeviceArray(chip.crossbar, chip.devices, chip.layout)
            connect(m, engine.pulses, devices.pulses)
            connect(m, engine.transfer, devices.command)
            weight = devices.weight
            ports |= {Region.THETA: devices.host}
            busy = engine.busy | devices.busy
        else:
            weight = engine.weight
        m.d.comb += self.busy.eq(busy)
        saturated = self._weigh(m, engine, weight, array, ports)
        self._host(m, engine, ports, saturated)
        return m

    def _weigh(self, m: Module, engine: Engine, weight, array: CrossbarArray, ports: dict) -> Value:
        """Give the weights to the array, and to the average; whether that saturates."""
        average = self.chip.average
        if not average:
            connect(m, weight, array.weight)
            return Const(0)
        m.submodules.average = memory = AverageMemory(average, self.chip.layout)
        fork(m, weight, array.weight, memory.weight)
        m.d.comb += [sink.payload.eq(weight.payload) for sink in (array.weight, memory.weight)]
        connect(m, engine.average, memory.command)
        ports[Region.AVERAGE] = memory.host
        return memory.saturated

    def _host(self, m: Module, engine: Engine, ports: dict, saturated: Value) -> None:
        """Registers, and the requests to them and to the memories."""
        region, index = Signal(ADDRESS_BITS - INDEX_BITS), Signal(INDEX_BITS)
        is_register, accept = Signal(), Signal()
        m.d.comb += [
            Cat(index, region).eq(self.host_address),
            is_register.eq(region == Region.REGISTERS),
            self.host_ready.eq(is_register | ~self.busy),
            accept.eq(self.host_valid & self.host_ready),
        ]
        write_register, control, target = Signal(), Signal(), Signal(32)
        m.d.comb += write_register.eq(accept & self.host_write & is_register)
        m.d.comb += control.eq(write_register & (index == Register.CONTROL))
        m.d.sync += self.flags.eq(self.flags | engine.saturated | (saturated << 2))
        with m.If(write_register):
            with m.Switch(index):
                with m.Case(Register.TARGET):
                    with m.If(~self.busy):
                        m.d.sync += target.eq(self.host_data)
                with m.Case(Register.FLAGS):
                    m.d.sync += self.flags.eq(self.host_data)
        m.d.comb += [
            self.learning.eq(engine.learning),
            engine.stop.eq(control & self.host_data[1]),
            engine.target.eq(target),
            engine.load.eq(write_register & (index <= max(Register)) & ~self.busy),
            engine.load_register.eq(index),
            engine.load_value.eq(self.host_data),
        ]
        for name, value in (("start", START), ("evaluate", EVALUATE), ("calibrate", CALIBRATE)):
            m.d.comb += getattr(engine, name).eq(control & ~self.busy & (self.host_data[:4] == value))

        # A memory's value stands two clocks after the request, at the index held; registers wait as long.
        held_index, waiting = Signal(INDEX_BITS), Signal(2)
        m.d.sync += waiting.eq(Cat(accept & ~self.host_write, waiting[0]))
        with m.If(accept):
            m.d.sync += held_index.eq(index)
        sources = [
            (is_register & Cat(index == number for number in numbers).any(), value)
            for numbers, value in self._registers(m, engine, target)
        ]
        for number, port in ports.items():
            here = region == number
            m.d.comb += [
                port.select.eq(~self.busy),
                port.write.eq(accept & self.host_write & here),
                port.index.eq(Mux(accept, index, held_index)),
                port.data.eq(self.host_data.as_signed()),
            ]
            sources.append((here, port.value))
        reply = Const(0, DATA_BITS)
        for number, (here, value) in enumerate(sources):
            chosen, word = Signal(name=f"chosen_{number}"), Signal(DATA_BITS, name=f"word_{number}")
            m.d.comb += word.eq(value)
            with m.If(accept):
                m.d.sync += chosen.eq(here)
            reply |= Mux(chosen, word, 0)
        m.d.sync += self.reply_valid.eq(waiting[1])
        with m.If(waiting[1]):
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
            if bits := shown_as(chip, name) if name in RESTORABLE else None:
                port, first, last = bits
                same.setdefault(bits, ([], getattr(engine, port)[first:last]))[0].append(number)
            elif name in fixed:
                same.setdefault(f"constant {fixed[name]}", ([], Const(fixed[name])))[0].append(number)
            elif name in LAYOUT.members:
                same[number] = [number], engine.settings[name]
        return list(same.values())


def verilog(top: Component) -> str:
    """Verilog of a component around a chip, one text with all modules; the top module is `chip`."""
    text = convert(top, name=NAME, platform=VerilogPlatform(), emit_src=False, strip_internal_attrs=True)
    return text + TEXT


def generate(chip: Chip) -> str:
    """Verilog of a chip, see `verilog`."""
    return verilog(Top(chip))
