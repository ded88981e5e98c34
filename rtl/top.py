"""The chip: engine, emulated array and host port as one Verilog module.

`ohmgrad generate` writes it, with names and addresses as JSON.
"""

from amaranth.back.verilog import convert
from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
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
from .average import AverageMemory
from .buses.ram import TEXT, VerilogPlatform
from .buses.streams import fork
from .cost import MEMORY
from .crossbar import CrossbarArray
from .devices import DeviceArray
from .engine import Engine, regions
from .pair import PAIR, ArrayPair
from .sequencer import RESTORABLE
from .settings import LAYOUT

NAME = "chip"
"""Name of the top module."""


class Top(Component):
    """Engine with its emulated array, run by a host through addresses of `golden.memory_map`.

    Parameters
    ----------
    chip : golden.chip.Chip

    Members
    -------
    host_valid, host_ready, host_write, host_address, host_data : a request; memories answer while the
        engine is idle, registers always.
    reply_valid, reply_data : the answer to a read, three clocks after its acceptance.
    busy : a run is under way, or the devices are being made after reset.
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
        is_register = Signal()
        accept = Signal()
        m.d.comb += [
            Cat(index, region).eq(self.host_address),
            is_register.eq(region == Region.REGISTERS),
            self.host_ready.eq(is_register | ~self.busy),
            accept.eq(self.host_valid & self.host_ready),
        ]
        # A memory's value stands two clocks after the request; registers wait as long.
        held_region, held_index = Signal.like(region), Signal(INDEX_BITS)
        waiting = Signal(2)
        m.d.sync += waiting.eq(Cat(accept & ~self.host_write, waiting[0]))
        with m.If(accept):
            m.d.sync += [held_region.eq(region), held_index.eq(index)]
        for number, port in ports.items():
            write = accept & self.host_write & (region == number)
            m.d.comb += [
                port.select.eq(~self.busy),
                port.write.eq(write),
                port.index.eq(Mux(accept, index, held_index)),
                port.data.eq(self.host_data.as_signed()),
            ]

        write_register, control = Signal(), Signal()
        flags, cycles, target = Signal(len(FLAGS)), Signal(64), Signal(32)
        m.d.comb += write_register.eq(accept & self.host_write & is_register)
        m.d.comb += control.eq(write_register & (index == Register.CONTROL))
        m.d.sync += flags.eq(flags | engine.saturated | (saturated << 2))
        with m.If(engine.busy):
            m.d.sync += cycles.eq(cycles + 1)
        with m.If(write_register):
            with m.Switch(index):
                with m.Case(Register.TARGET):
                    m.d.sync += target.eq(self.host_data)
                with m.Case(Register.FLAGS):
                    m.d.sync += flags.eq(self.host_data)
        m.d.comb += [
            engine.stop.eq(control & self.host_data[1]),
            engine.target.eq(target),
            engine.load.eq(write_register & (index <= max(Register)) & ~self.busy),
            engine.load_register.eq(index),
            engine.load_value.eq(self.host_data),
        ]
        for name, value in (("start", START), ("evaluate", EVALUATE), ("calibrate", CALIBRATE)):
            m.d.comb += getattr(engine, name).eq(control & ~self.busy & (self.host_data[:4] == value))

        memory = [word[half : half + 32] for word in engine.memory for half in (0, 32)]
        values = dict(zip(MEMORY, memory, strict=True)) | {
            Register.CONTROL: self.busy, Register.TARGET: target, Register.FLAGS: flags,
            Register.CYCLES_LOW: cycles[:32], Register.CYCLES_HIGH: cycles[32:],
            Register.COST: engine.last.cost, Register.SUM_0: engine.last.sum0, Register.SUM_1: engine.last.sum1,
            Register.TOTAL_LOW: engine.total[:32], Register.TOTAL_HIGH: engine.total[32:],
            Register.RIGHT: engine.right,
        }  # fmt: skip
        values |= {r: getattr(engine, r.name.lower()) for r in Register if r.name.lower() in RESTORABLE}
        values |= {r: engine.settings[r.name.lower()] for r in Register if r.name.lower() in LAYOUT.members}
        reply = Signal(signed(DATA_BITS))
        with m.Switch(held_region):
            with m.Case(Region.REGISTERS):
                m.d.comb += reply.eq(Array(values[r] for r in Register)[held_index[:6]])
            for number, port in ports.items():
                with m.Case(number):
                    m.d.comb += reply.eq(port.value)
        m.d.sync += [self.reply_valid.eq(waiting[1]), self.reply_data.eq(reply)]


def verilog(top: Top) -> str:
    """Verilog of a chip, one text with all modules; the top module is `chip`."""
    text = convert(top, name=NAME, platform=VerilogPlatform(), emit_src=False, strip_internal_attrs=True)
    return text + TEXT


def generate(chip: Chip) -> str:
    """Verilog of a chip, see `verilog`."""
    return verilog(Top(chip))
