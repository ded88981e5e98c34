"""When codes are written to a bank of DACs, and when its outputs change; see `golden.blocks.front_ends.dac_bank`."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import Component, In, Member, Out

from ...golden.blocks.front_ends.dac_bank import DacBank
from ..lib.signals import signals
from ..lib.streams import transfer


def code_layout(bank: DacBank) -> data.StructLayout:
    """Payload of a write: part and channel, code, and whether all outputs change after it."""
    return data.StructLayout(
        {"part": range(max(2, bank.parts)), "channel": range(max(2, bank.channels)), "code": bank.bits, "last": 1}
    )


def members(bank: DacBank) -> dict[str, Member]:
    """What every bank shows to the engine's side, as in `DacBankUpdate`."""
    return {
        "code": In(stream.Signature(code_layout(bank))),
        "safe": In(1),
        "secured": Out(1),
        "settled": Out(1),
        "ldac": Out(1, init=1),
    } | ({"busy": In(1, init=1)} if bank.waits else {})


class DacBankUpdate(Component):
    """Passes codes on to what writes them, updates all outputs at once, and makes them safe.

    After the code that is `last` none is passed on until LDAC has been pulsed. After reset, and when `safe` has been
    high for a clock, all channels get the safe code, and the outputs change; until then, and as long as `safe` is high,
    no code is taken. An update that has begun is finished first.

    Parameters
    ----------
    bank : golden.blocks.front_ends.dac_bank.DacBank

    Members
    -------
    code : stream in, `code_layout`.
    write : stream out, the same: a code to be written now.
    idle : no write is under way.
    safe : the outputs are to have the safe code.
    secured : they have got it, for as long as `safe` is high.
    settled : high for one clock when the outputs of an update have settled: `bank.settle` clocks after `ldac` fell.
    ldac : pin, active low, for all parts.
    busy : pin, if `bank.waits`: low while any part is busy; synchronised.
    """

    def __init__(self, bank: DacBank):
        self.bank = bank
        super().__init__({**members(bank), "write": Out(stream.Signature(code_layout(bank))), "idle": In(1)})

    def elaborate(self, platform):
        m = Module()
        securing = Signal(init=1, name="securing")
        updating, wanted, free = signals("updating wanted free")
        write, chosen = self.write, self.write.payload
        m.d.comb += [
            free.eq(~updating & ~securing & ~wanted & ~self.safe),
            write.valid.eq(Mux(securing, ~updating, self.code.valid & free)),
            self.code.ready.eq(write.ready & free),
            chosen.eq(Mux(securing, self._safe_codes(m, transfer(write) & securing), self.code.payload)),
        ]
        with m.If(transfer(write) & chosen.last):
            m.d.sync += updating.eq(1)
        updated = self._update(m, updating & self.idle)
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
        """The safe codes of all channels, one after the other."""
        bank, payload = self.bank, Signal(code_layout(self.bank), name="payload")
        part, channel = Signal.like(payload.part, name="part"), Signal.like(payload.channel, name="channel")
        last_part, last_channel = part == bank.parts - 1, channel == bank.channels - 1
        with m.If(taken):
            m.d.sync += part.eq(Mux(last_part, 0, part + 1))
            with m.If(last_part):
                m.d.sync += channel.eq(Mux(last_channel, 0, channel + 1))
        m.d.comb += [payload.part.eq(part), payload.channel.eq(channel), payload.code.eq(bank.safe)]
        m.d.comb += payload.last.eq(last_part & last_channel)
        return payload

    def _update(self, m: Module, begin) -> Signal:
        """The pulse of LDAC, and the wait after it; high for one clock when the pulse ends."""
        bank, ended, free = self.bank, Signal(name="ended"), Const(1)
        if bank.waits:
            free = Signal(name="free")
            m.submodules.busy = FFSynchronizer(self.busy, free, init=1)
        left = Signal(range(max(2, bank.busy, bank.settle)), name="left")
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        m.d.sync += self.settled.eq(0)
        with m.FSM():
            with m.State("WRITE"):
                m.d.sync += left.eq(bank.busy - 1)
                with m.If(begin):
                    m.next = "BUSY"
            with m.State("BUSY"):
                with m.If((left == 0) & free):
                    m.d.sync += [self.ldac.eq(0), left.eq(bank.settle - 1)]
                    m.next = "PULSE"
            with m.State("PULSE"):
                with m.If(left == bank.settle - bank.pulse):
                    m.d.comb += ended.eq(1)
                    m.d.sync += self.ldac.eq(1)
                    m.next = "SETTLE"
            with m.State("SETTLE"):
                with m.If(left == 0):
                    m.d.sync += self.settled.eq(1)
                    m.next = "WRITE"
        return ended
