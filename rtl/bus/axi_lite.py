"""A slave of AXI4-Lite (Arm IHI 0022), with the names that Vivado and Quartus take for one."""

from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import In, Member, Out

from ..lib.signals import signals
from ..lib.streams import transfer
from .port import DATA_BITS, BusAdapter

OKAY, SLVERR = 0, 2


class AxiLite(BusAdapter):
    """Reads and writes one at a time, in turn where both wait; an error is SLVERR.

    A response comes 10 clocks after its request, or sooner; 16 where one of the other kind is first. One that is not
    taken holds up its own kind alone.

    Members
    -------
    s_axi_... : channels of AXI4-Lite without protection bits.
    bus : see `BusAdapter`.
    """

    @staticmethod
    def ports(bits: int) -> dict[str, Member]:
        return {
            "s_axi_awaddr": In(bits), "s_axi_awvalid": In(1), "s_axi_awready": Out(1),
            "s_axi_wdata": In(DATA_BITS), "s_axi_wstrb": In(DATA_BITS // 8),
            "s_axi_wvalid": In(1), "s_axi_wready": Out(1),
            "s_axi_bresp": Out(2), "s_axi_bvalid": Out(1), "s_axi_bready": In(1),
            "s_axi_araddr": In(bits), "s_axi_arvalid": In(1), "s_axi_arready": Out(1),
            "s_axi_rdata": Out(DATA_BITS), "s_axi_rresp": Out(2), "s_axi_rvalid": Out(1), "s_axi_rready": In(1),
        }  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        request, answer, payload = self.bus.request, self.bus.answer, self.bus.request.payload
        reads, writes, read_last = signals("reads writes read_last")
        m.d.comb += [
            reads.eq(self.s_axi_arvalid & ~self.s_axi_rvalid),
            writes.eq(self.s_axi_awvalid & self.s_axi_wvalid & ~self.s_axi_bvalid),
        ]
        with m.If(self.s_axi_bready):
            m.d.sync += self.s_axi_bvalid.eq(0)
        with m.If(self.s_axi_rready):
            m.d.sync += self.s_axi_rvalid.eq(0)
        with m.FSM():
            with m.State("IDLE"):
                with m.If(reads & ~(writes & read_last)):
                    m.next = "READ"
                with m.Elif(writes):
                    m.next = "WRITE"
            with m.State("READ"):
                m.d.comb += [request.valid.eq(1), payload.address.eq(self.s_axi_araddr), payload.strobe.eq(15)]
                m.d.comb += self.s_axi_arready.eq(request.ready)
                with m.If(transfer(request)):
                    m.d.sync += read_last.eq(1)
                    m.next = "ANSWER"
            with m.State("WRITE"):
                m.d.comb += [request.valid.eq(1), payload.address.eq(self.s_axi_awaddr), payload.write.eq(1)]
                m.d.comb += [payload.data.eq(self.s_axi_wdata), payload.strobe.eq(self.s_axi_wstrb)]
                m.d.comb += Cat(self.s_axi_awready, self.s_axi_wready).eq(request.ready.replicate(2))
                with m.If(transfer(request)):
                    m.d.sync += read_last.eq(0)
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += answer.ready.eq(1)
                response = answer.payload.error << 1
                with m.If(transfer(answer)):
                    with m.If(read_last):
                        m.d.sync += [self.s_axi_rvalid.eq(1), self.s_axi_rdata.eq(answer.payload.data)]
                        m.d.sync += self.s_axi_rresp.eq(response)
                    with m.Else():
                        m.d.sync += [self.s_axi_bvalid.eq(1), self.s_axi_bresp.eq(response)]
                    m.next = "IDLE"
        return m
