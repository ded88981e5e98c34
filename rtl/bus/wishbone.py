"""A slave of Wishbone B4, classic cycles, with the names of its specification as Caravel has them."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Member, Out

from ..lib.signals import signals
from ..lib.streams import transfer
from .port import DATA_BITS, BusAdapter


class Wishbone(BusAdapter):
    """One request at a time; acknowledged, or ended by ERR, for one clock, 10 after it began or sooner.

    A request whose cycle ends before is done none the less, and not acknowledged.

    Members
    -------
    wbs_... : classic cycles of words; addresses are of bytes.
    bus : see `BusAdapter`.
    """

    @staticmethod
    def ports(bits: int) -> dict[str, Member]:
        return {
            "wbs_cyc_i": In(1), "wbs_stb_i": In(1), "wbs_we_i": In(1), "wbs_sel_i": In(DATA_BITS // 8),
            "wbs_adr_i": In(bits), "wbs_dat_i": In(DATA_BITS), "wbs_dat_o": Out(DATA_BITS),
            "wbs_ack_o": Out(1), "wbs_err_o": Out(1),
        }  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        request, answer = self.bus.request, self.bus.answer
        selected, waiting, wanted = signals("selected waiting wanted")
        m.d.comb += [
            selected.eq(self.wbs_cyc_i & self.wbs_stb_i),
            request.valid.eq(selected & ~waiting & ~self.wbs_ack_o & ~self.wbs_err_o),
            request.payload.address.eq(self.wbs_adr_i),
            request.payload.write.eq(self.wbs_we_i),
            request.payload.data.eq(self.wbs_dat_i),
            request.payload.strobe.eq(self.wbs_sel_i),
            answer.ready.eq(1),
        ]
        with m.If(transfer(request)):
            m.d.sync += [waiting.eq(1), wanted.eq(1)]
        with m.Elif(~selected):
            m.d.sync += wanted.eq(0)
        ends = Signal(name="ends")
        m.d.comb += ends.eq(transfer(answer) & wanted & selected)
        with m.If(transfer(answer)):
            m.d.sync += waiting.eq(0)
        m.d.sync += [
            self.wbs_ack_o.eq(ends & ~answer.payload.error),
            self.wbs_err_o.eq(ends & answer.payload.error),
            self.wbs_dat_o.eq(Mux(ends, answer.payload.data, 0)),
        ]
        return m
