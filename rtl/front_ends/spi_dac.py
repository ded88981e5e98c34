"""A bank of serial DACs; see `golden.blocks.front_ends.spi_dac`."""

from amaranth.hdl import Array, Cat, Const, Module
from amaranth.lib.wiring import Component, Out, connect, flipped

from ...golden.blocks.front_ends.spi_dac import INPUT_DATA, REGISTER_BITS, SpiDac
from .dac_bank import DacBankUpdate, members
from .spi import SpiBus, find


class SpiDacBank(Component):
    """Writes codes to the input registers of the parts, several buses at a time, and updates all outputs at once.

    A code waits until its bus is free; those of different buses overlap as far as their order allows.

    Parameters
    ----------
    dac : golden.blocks.front_ends.spi_dac.SpiDac

    Members
    -------
    code, safe, secured, settled, ldac : as in `rtl.front_ends.dac_bank.DacBankUpdate`.
    select, sclk, mosi : pins as in `SpiBus`; a select line (SYNC) for each part, clock and data (DIN) for each bus.
    """

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
        write = update.write.payload
        bus, local = find(m, dac.buses, write.part)
        word = Cat(Const(0, REGISTER_BITS - dac.bank.bits), write.code, Const(INPUT_DATA, 2), write.channel)
        buses = [SpiBus(dac.spi, size) for size in dac.buses]
        for number, unit in enumerate(buses):
            m.submodules[f"bus{number}"] = unit
            m.d.comb += [
                unit.frame.valid.eq(update.write.valid & (bus == number)),
                unit.frame.payload.part.eq(local),
                unit.frame.payload.word.eq(word),
                self.sclk[number].eq(unit.sclk),
                self.mosi[number].eq(unit.mosi),
            ]
        m.d.comb += update.write.ready.eq(Array(unit.frame.ready for unit in buses)[bus])
        m.d.comb += update.idle.eq(Cat(unit.idle for unit in buses).all())
        m.d.comb += self.select.eq(Cat(unit.select for unit in buses))
        return m
