"""A bank of serial DACs; see `golden.blocks.front_ends.spi_dac`."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.front_ends.spi_dac import CHANNELS, INPUT_DATA, REGISTER_BITS, SpiDac
from ..lib.streams import transfer
from .spi import SpiBus, find


def code_layout(dac: SpiDac) -> data.StructLayout:
    """Payload of a write: part and channel, code, and whether all outputs change after it."""
    return data.StructLayout(
        {"part": range(max(2, dac.parts)), "channel": range(CHANNELS), "code": dac.bits, "last": 1}
    )


class SpiDacBank(Component):
    """Writes codes to the input registers of the parts, several buses at a time, and updates all outputs at once.

    A code waits until its bus is free; those of different buses overlap as far as their order allows. After the code
    that is `last` none is taken until the outputs change.

    After reset, and when `safe` rises, all channels get the safe code, and the outputs change; until then, and as
    long as `safe` is high, no code is taken. A frame or an update that has begun is finished first.

    Parameters
    ----------
    dac : golden.blocks.front_ends.spi_dac.SpiDac

    Members
    -------
    code : stream in, `code_layout`.
    safe : the outputs are to have the safe code.
    secured : they have got it, for as long as `safe` is high.
    settled : high for one clock when the outputs of an update have settled: `dac.settle` clocks after `ldac` fell.
    select, sclk, mosi : pins as in `SpiBus`; a select line (SYNC) for each part, clock and data (DIN) for each bus.
    ldac : pin, active low, for all parts.
    """

    def __init__(self, dac: SpiDac):
        self.dac = dac
        buses = len(dac.buses)
        super().__init__(
            {
                "code": In(stream.Signature(code_layout(dac))),
                "safe": In(1),
                "secured": Out(1),
                "settled": Out(1),
                "select": Out(dac.parts, init=(1 << dac.parts) - 1),
                "sclk": Out(buses),
                "mosi": Out(buses),
                "ldac": Out(1, init=1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        securing, updating, wanted, free = Signal(init=1), Signal(), Signal(), Signal()
        source = stream.Signature(code_layout(self.dac)).create(path=("source",))
        chosen = source.payload
        secure = self._safe_codes(m, transfer(source) & securing)
        m.d.comb += [
            free.eq(~updating & ~securing & ~wanted & ~self.safe),
            source.valid.eq(Mux(securing, ~updating, self.code.valid & free)),
            self.code.ready.eq(source.ready & free),
            chosen.eq(Mux(securing, secure, self.code.payload)),
        ]
        with m.If(transfer(source) & chosen.last):
            m.d.sync += updating.eq(1)
        updated = self._update(m, updating, self._write(m, source))
        with m.If(updated):
            m.d.sync += [updating.eq(0), securing.eq(0)]
        m.d.sync += self.secured.eq(self.safe & (self.secured | (updated & securing)))
        # A short `safe` counts too, also while an update is under way.
        with m.If(wanted & ~updating):
            m.d.sync += [wanted.eq(0), securing.eq(1)]
        with m.Elif(self.safe & ~self.secured & ~securing):
            m.d.sync += wanted.eq(1)
        return m

    def _safe_codes(self, m: Module, taken) -> data.View:
        """The safe codes of all channels, one after the other; part by part within a channel, to use all buses."""
        layout = code_layout(self.dac)
        payload = Signal(layout)
        part, channel = Signal.like(payload.part), Signal.like(payload.channel)
        final = part == self.dac.parts - 1
        with m.If(taken):
            m.d.sync += part.eq(Mux(final, 0, part + 1))
            with m.If(final):
                m.d.sync += channel.eq(channel + 1)
        m.d.comb += [
            payload.part.eq(part),
            payload.channel.eq(channel),
            payload.code.eq(self.dac.safe),
            payload.last.eq(final & channel.all()),
        ]
        return payload

    def _write(self, m: Module, source) -> Signal:
        """The buses, fed from one stream of codes; whether all are idle."""
        dac, chosen = self.dac, source.payload
        bus, local = find(m, dac.buses, chosen.part)
        word = Cat(Const(0, REGISTER_BITS - dac.bits), chosen.code, Const(INPUT_DATA, 2), chosen.channel)
        buses = [SpiBus(dac.spi, size) for size in dac.buses]
        for number, unit in enumerate(buses):
            m.submodules[f"bus{number}"] = unit
            m.d.comb += [
                unit.frame.valid.eq(source.valid & (bus == number)),
                unit.frame.payload.part.eq(local),
                unit.frame.payload.word.eq(word),
                self.sclk[number].eq(unit.sclk),
                self.mosi[number].eq(unit.mosi),
            ]
        m.d.comb += source.ready.eq(Array(unit.frame.ready for unit in buses)[bus])
        m.d.comb += self.select.eq(Cat(unit.select for unit in buses))
        idle = Signal()
        m.d.comb += idle.eq(Cat(unit.idle for unit in buses).all())
        return idle

    def _update(self, m: Module, updating: Signal, idle: Signal) -> Signal:
        """The pulse of LDAC, and the wait after it; high for one clock when the pulse ends."""
        dac, ended = self.dac, Signal()
        left = Signal(range(max(2, dac.busy, dac.pulse, dac.settle)))
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        m.d.sync += self.settled.eq(0)
        with m.FSM():
            with m.State("WRITE"):
                m.d.sync += left.eq(dac.busy - 1)
                with m.If(updating & idle):
                    m.next = "BUSY"
            with m.State("BUSY"):
                with m.If(left == 0):
                    m.d.sync += [self.ldac.eq(0), left.eq(dac.settle - 1)]
                    m.next = "PULSE"
            with m.State("PULSE"):
                with m.If(left == dac.settle - dac.pulse):
                    m.d.comb += ended.eq(1)
                    m.d.sync += self.ldac.eq(1)
                    m.next = "SETTLE"
            with m.State("SETTLE"):
                with m.If(left == 0):
                    m.d.sync += self.settled.eq(1)
                    m.next = "WRITE"
        return ended
