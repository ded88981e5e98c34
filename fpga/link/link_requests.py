"""What a request asks for, and whether it is right; see `golden.link.link`."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from ...golden.chip.memory_map import ADDRESS_BITS, INDEX_BITS, LinkRegister, Region
from ...golden.link.frames import MOST_DATA, WIDTHS, Kind, Status
from ...rtl.lib.signals import signals
from .uart import BYTE

HEADER = data.StructLayout({"seq": BYTE, "op": BYTE, "address": 4 * BYTE, "most": BYTE})
"""Of a request, in the order in which its bits come; `most` is count - 1."""
REGISTERS = (Region.REGISTERS, Region.LINK)
"""Regions that answer while the engine runs."""


class Requests(Component):
    """Judges requests one after the other, and makes the addresses of their entries.

    Parameters
    ----------
    sizes : dict of Region to int
        Entries of the regions, see `golden.link.frames.sizes`.

    Members
    -------
    header : of the request.
    exact : its data are as long as it says.
    entry : number of one of its entries.
    address, is_link : of that entry, and whether it is in the region LINK; one clock later.
    busy : the engine runs.
    judge : high for one clock; all but `busy` have been there for two clocks, with the last entry.
    status, run : what is answered, and whether the request is to be done; from the next clock on.
    """

    def __init__(self, sizes: dict[Region, int]):
        self.sizes = sizes
        super().__init__(
            {
                "header": In(HEADER),
                "exact": In(1),
                "entry": In(BYTE),
                "address": Out(ADDRESS_BITS),
                "is_link": Out(1),
                "busy": In(1),
                "judge": In(1),
                "status": Out(Status),
                "run": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        header, kind = self.header, self.header.op[:2]
        session = Signal(name="session")
        last = Signal(BYTE, name="last")
        last_kind = Signal(2, name="last_kind")
        last_status = Signal(Status, name="last_status")
        again, following, exact, within, blocked = signals("again following exact within blocked")
        m.d.sync += [
            again.eq((header.seq == last) & (kind == last_kind)),
            following.eq(header.seq == (last + 1)[:BYTE]),
            exact.eq(self.exact & ~self._too_long()),
            within.eq(self._address(m)),
            blocked.eq(self.busy & ~self._in(REGISTERS)),
        ]
        accepted, verdict = Signal(name="accepted"), Signal(Status, name="verdict")
        with m.If(kind == Kind.HELLO):
            m.d.comb += accepted.eq(1)
        with m.Elif(~session):
            m.d.comb += verdict.eq(Status.SESSION)
        with m.Elif(again & (kind == Kind.WRITE)):
            m.d.comb += verdict.eq(last_status)
        with m.Elif(~again & ~following):
            m.d.comb += verdict.eq(Status.SEQUENCE)
        with m.Else():
            m.d.comb += accepted.eq(1)
        with m.If(accepted):
            with m.If((header.op >> 2 >= len(WIDTHS)) | (kind > max(Kind))):
                m.d.comb += verdict.eq(Status.OPERATION)
            with m.Elif(~exact):
                m.d.comb += verdict.eq(Status.LENGTH)
            with m.Elif(~within):
                m.d.comb += verdict.eq(Status.ADDRESS)
            with m.Elif(blocked):
                m.d.comb += verdict.eq(Status.BUSY)
        with m.If(self.judge):
            m.d.sync += [self.status.eq(verdict), self.run.eq(accepted & (verdict == Status.OK))]
            with m.If(accepted):
                m.d.sync += [last.eq(header.seq), last_kind.eq(kind), last_status.eq(verdict)]
                with m.If((kind == Kind.HELLO) & (verdict == Status.OK)):
                    m.d.sync += session.eq(1)
        return m

    def _in(self, regions: tuple[Region, ...]):
        """Whether the entry's region is one of these."""
        region = self.header.address[INDEX_BITS:ADDRESS_BITS]
        return Cat(region == number for number in regions).any()

    def _too_long(self):
        """Whether count * width is more than a frame's data can be."""
        wide = ((self.header.op[2:4] == k, MOST_DATA // width) for k, width in enumerate(WIDTHS))
        return Cat(here & (self.header.most >= most) for here, most in wide).any()

    def _address(self, m: Module):
        """Make the address; whether all entries up to it are there and may be read, or written."""
        bits = max(BYTE, *((size - 1).bit_length() for size in self.sizes.values()))  # the sum of two has one more
        first, above = self.header.address[:bits], self.header.address[bits:INDEX_BITS]
        index = Signal(bits + 1, name="index")
        bound = Signal(bits + 1, name="bound")
        allowed = Signal(init=1, name="allowed")
        m.d.sync += [index.eq(first + self.entry), self.is_link.eq(self._in((Region.LINK,)))]
        m.d.comb += self.address.eq(index | self.header.address[INDEX_BITS:ADDRESS_BITS] << INDEX_BITS)
        write = self.header.op[:2] == Kind.WRITE
        with m.Switch(self.header.address[INDEX_BITS:]):
            for region, size in self.sizes.items():
                with m.Case(region):
                    m.d.comb += bound.eq(size)
                    if region == Region.LINK:
                        single = (index == LinkRegister.WATCHDOG) & (self.header.most == 0)
                        m.d.comb += allowed.eq(~write | single)
                    if region == Region.SAMPLES:
                        m.d.comb += allowed.eq(write)
        return ~above.any() & (index < bound) & allowed
