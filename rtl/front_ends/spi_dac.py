"""A bank of serial DACs; see `golden.blocks.front_ends.spi_dac`."""

from typing import ClassVar

from amaranth.hdl import Array, Cat, Const, Module, Signal
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import Component, Out, connect, flipped

from ...golden.blocks.front_ends.spi_dac import INPUT_DATA, REGISTER_BITS, SpiDac
from .dac_bank import DacBankUpdate, members
from .spi import SpiBus, find


class SpiDacBank(Component):
    """Writes codes to the input registers of the parts, several buses at a time, and updates all outputs at once.

    Each bus has a queue for a code of each of its channels, from which it sends frame after frame: codes are taken one
    a clock, in any order, and all buses are at work.

    Parameters
    ----------
    dac : golden.blocks.front_ends.spi_dac.SpiDac

    Members
    -------
    code, safe, secured, settled, ldac, busy : as in `rtl.front_ends.dac_bank.DacBankUpdate`.
    select, sclk, mosi : pins as in `SpiBus`; a select line (SYNC) for each part, clock and data (DIN) for each bus.
    """

    PINS: ClassVar[dict[str, str]] = {
        "select": "SYNC of each DAC, active low, the first part lowest",
        "sclk": "SCLK of the DACs of each bus",
        "mosi": "DIN of the DACs of each bus",
        "ldac": "LDAC of all DACs, active low",
        "busy": "BUSY of all DACs, tied together; synchronised",
    }

    def __init__(self, dac: SpiDac):
        self.dac = dac
        parts, buses = dac.bank.parts, len(dac.buses)
        super().__init__(
            {
                **members(dac.bank),
                "select": Out(parts, init=(1 << parts) - 1),
                "sclk": Out(buses),
                "mosi": Out(buses),
            }
        )

    def elaborate(self, platform):
        m, dac = Module(), self.dac
        m.submodules.update = update = DacBankUpdate(dac.bank)
        connect(m, flipped(self.code), update.code)
        m.d.comb += update.safe.eq(self.safe)
        m.d.comb += [getattr(self, name).eq(getattr(update, name)) for name in ("secured", "settled", "ldac")]
        if dac.bank.waits:
            m.d.comb += update.busy.eq(self.busy)
        write = update.write.payload
        bus, local = find(m, dac.buses, write.part)
        buses, ready, idle = [], [], []
        for number, size in enumerate(dac.buses):
            m.submodules[f"bus{number}"] = unit = SpiBus(dac.spi, size)
            width = len(local) + len(write.channel) + len(write.code)
            m.submodules[f"queue{number}"] = queue = SyncFIFOBuffered(width=width, depth=size * dac.bank.channels)
            part = Signal.like(local, name="part")
            channel = Signal.like(write.channel, name="channel")
            code = Signal.like(write.code, name="code")
            word = Cat(Const(0, REGISTER_BITS - dac.bank.bits), code, Const(INPUT_DATA, 2), channel)
            m.d.comb += [
                queue.w_en.eq(update.write.valid & (bus == number)),
                queue.w_data.eq(Cat(local, write.channel, write.code)),
                Cat(part, channel, code).eq(queue.r_data),
                unit.frame.valid.eq(queue.r_rdy),
                queue.r_en.eq(unit.frame.ready),
                unit.frame.payload.part.eq(part),
                unit.frame.payload.word.eq(word),
                self.sclk[number].eq(unit.sclk),
                self.mosi[number].eq(unit.mosi),
            ]
            buses.append(unit)
            ready.append(queue.w_rdy)
            idle.append(unit.idle & (queue.level == 0))
        m.d.comb += update.write.ready.eq(Array(ready)[bus])
        m.d.comb += update.idle.eq(Cat(idle).all())
        m.d.comb += self.select.eq(Cat(unit.select for unit in buses))
        return m
