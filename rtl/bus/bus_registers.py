"""Registers that only a bus has: what chip it is, a scratch register, status and interrupt."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out

from ...golden.chip.chip import Chip
from ...golden.link.bus_map import EVENTS, MAGIC, MAP, BusRegister
from ...golden.link.frames import identity
from ...golden.state import FAULT, FLAGS
from ..lib.signals import signals


class BusRegisters(Component):
    """`golden.link.bus_map.BusRegister`.

    Parameters
    ----------
    chip : golden.chip.chip.Chip

    Members
    -------
    number, write, data, value : of a register; `value` is there in the same clock.
    busy, learning, flags : of the chip.
    begins : high for one clock where a command makes the chip busy.
    lost : high for one clock where a word of telemetry was lost.
    irq : high while an event that is enabled has not been cleared.
    """

    def __init__(self, chip: Chip):
        self.identity = identity(chip)
        super().__init__(
            {
                "number": In(range(len(BusRegister))), "write": In(1), "data": In(32), "value": Out(32),
                "busy": In(1), "learning": In(1), "flags": In(len(FLAGS)), "begins": In(1),
                "lost": In(1), "irq": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        scratch = Signal(32, name="scratch")
        events = Signal(len(EVENTS), name="events")
        enable = Signal(len(EVENTS), name="enable")
        values = {
            BusRegister.ID: MAGIC, BusRegister.VERSION: MAP,
            BusRegister.CHIP_LOW: self.identity & 0xFFFFFFFF, BusRegister.CHIP_HIGH: self.identity >> 32,
            BusRegister.SCRATCH: scratch, BusRegister.STATUS: Cat(self.busy, self.learning, self.flags),
            BusRegister.INTERRUPT: events, BusRegister.ENABLE: enable,
        }  # fmt: skip
        with m.Switch(self.number):
            for register, value in values.items():
                with m.Case(register):
                    m.d.comb += self.value.eq(value)
        clears = self.write & (self.number == BusRegister.INTERRUPT)
        m.d.sync += events.eq((events & ~Mux(clears, self.data, 0)) | self._events(m))
        with m.If(self.write & (self.number == BusRegister.SCRATCH)):
            m.d.sync += scratch.eq(self.data)
        with m.If(self.write & (self.number == BusRegister.ENABLE)):
            m.d.sync += enable.eq(self.data)
        m.d.comb += self.irq.eq((events & enable).any())
        return m

    def _events(self, m: Module):
        """Bits of `EVENTS`, each high in the clock after it happens."""
        flags = Signal.like(self.flags, name="flags_before")
        begun, was_busy = signals("begun was_busy")
        done = begun & was_busy & ~self.busy
        m.d.sync += [was_busy.eq(self.busy), flags.eq(self.flags)]
        m.d.sync += begun.eq(self.begins | (begun & ~done))
        raised = self.flags & ~flags
        return Cat(done, raised[:FAULT].any(), raised[FAULT], self.lost)
