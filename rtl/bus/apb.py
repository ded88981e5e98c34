"""A slave of APB (Arm IHI 0024, APB4 without protection bits)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Member, Out

from ..lib.streams import transfer
from .port import DATA_BITS, BusAdapter


class Apb(BusAdapter):
    """One transfer at a time; PREADY comes 9 clocks after PENABLE or sooner, with PSLVERR if it is an error.

    Members
    -------
    p... : those of APB; the strobes of a read count for nothing.
    bus : see `BusAdapter`.
    """

    @staticmethod
    def ports(bits: int) -> dict[str, Member]:
        return {
            "psel": In(1), "penable": In(1), "pwrite": In(1), "pstrb": In(DATA_BITS // 8), "paddr": In(bits),
            "pwdata": In(DATA_BITS), "prdata": Out(DATA_BITS), "pready": Out(1), "pslverr": Out(1),
        }  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        request, answer, waiting = self.bus.request, self.bus.answer, Signal(name="waiting")
        m.d.comb += [
            request.valid.eq(self.psel & self.penable & ~waiting),
            request.payload.address.eq(self.paddr),
            request.payload.write.eq(self.pwrite),
            request.payload.data.eq(self.pwdata),
            request.payload.strobe.eq(Mux(self.pwrite, self.pstrb, 15)),
            answer.ready.eq(1),
            self.pready.eq(transfer(answer)),
            self.prdata.eq(answer.payload.data),
            self.pslverr.eq(answer.valid & answer.payload.error),
        ]
        with m.If(transfer(answer)):
            m.d.sync += waiting.eq(0)
        with m.Elif(transfer(request)):
            m.d.sync += waiting.eq(1)
        return m
