"""A serial bus; see `golden.blocks.front_ends.spi`."""

from amaranth.hdl import Array, Cat, Const, Module, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Member, Out

from ...golden.blocks.front_ends.spi import Spi, places
from ..lib.signals import signals


def frame_layout(spi: Spi, parts: int) -> data.StructLayout:
    """Payload of a frame: which part it is for, and its bits."""
    return data.StructLayout({"part": range(max(2, parts)), "word": spi.bits})


def pins(parts: int) -> dict[str, Member]:
    """Members for the pins of one bus, as in `SpiBus`."""
    return {"select": Out(parts, init=(1 << parts) - 1), "sclk": Out(1), "mosi": Out(1), "miso": In(1)}


def find(m: Module, buses: tuple[int, ...], part: Signal) -> tuple[Signal, Signal]:
    """Bus of a part, and its number there; see `golden.blocks.front_ends.spi.places`."""
    table = places(buses)
    bus, local = Signal(range(max(2, len(buses))), name="bus"), Signal(range(max(2, *buses)), name="local")
    m.d.comb += bus.eq(Array(Const(b, bus.shape()) for b, _ in table)[part])
    m.d.comb += local.eq(Array(Const(n, local.shape()) for _, n in table)[part])
    return bus, local


class SpiBus(Component):
    """Sends frames to the parts of one bus, one at a time, and takes what they answer.

    Parameters
    ----------
    spi : golden.blocks.front_ends.spi.Spi
    parts : int
        Parts on the bus.

    Members
    -------
    frame : stream in, `frame_layout`; taken in the clock before select falls.
    idle : no frame is on its way, and the last gap is over.
    done : high for one clock, that after the last falling edge of the clock line; `answer` then holds the bits that
        came in, each taken in the clock in which the clock line falls, and stands until the next frame's first bit.
    select, sclk, mosi, miso : pins; `select` is active low, one line a part. All that go out come from registers.
        `miso` is timed by `sclk`, hence not synchronised: bits must be there before the clock line falls.
    """

    def __init__(self, spi: Spi, parts: int):
        self.spi, self.parts = spi, parts
        super().__init__(
            {
                "frame": In(stream.Signature(frame_layout(spi, parts))),
                "idle": Out(1),
                "done": Out(1),
                "answer": Out(spi.bits),
                **pins(parts),
            }
        )

    def elaborate(self, platform):
        m, spi = Module(), self.spi
        left = Signal(range(max(2, spi.high, spi.low, spi.lead, spi.lag, spi.gap)), name="left")
        bit = Signal(range(spi.bits), name="bit")
        word = Signal(spi.bits - 1, name="word")
        ended = left == 0
        rise, fall = signals("rise fall")
        m.d.sync += [left.eq(left - 1), self.done.eq(0)]
        with m.If(rise & (bit != spi.bits - 1) if spi.trailing else fall & (bit != 0)):
            m.d.sync += [self.mosi.eq(word[-1]), word.eq(word << 1)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.idle.eq(1), self.frame.ready.eq(1)]
                with m.If(self.frame.valid):
                    m.d.sync += [Cat(word, self.mosi).eq(self.frame.payload.word), bit.eq(spi.bits - 1)]
                    m.d.sync += self.select.eq(~(1 << self.frame.payload.part)[: self.parts])
                    m.d.sync += left.eq(spi.lead - 1)
                    m.next = "LOW"
            with m.State("LOW"):
                with m.If(ended):
                    m.d.comb += rise.eq(1)
                    m.d.sync += [self.sclk.eq(1), left.eq(spi.high - 1)]
                    m.next = "HIGH"
            with m.State("HIGH"):
                with m.If(ended):
                    m.d.comb += fall.eq(1)
                    m.d.sync += [self.sclk.eq(0), self.answer.eq(Cat(self.miso, self.answer)), bit.eq(bit - 1)]
                    m.d.sync += left.eq(spi.low - 1)
                    m.next = "LOW"
                    with m.If(bit == 0):
                        m.d.sync += [self.done.eq(1), left.eq(spi.lag - 1)]
                        m.next = "LAG"
            with m.State("LAG"):
                with m.If(ended):
                    m.d.sync += [self.select.eq(~0), self.mosi.eq(0), left.eq(spi.gap - 2)]
                    m.next = "GAP" if spi.gap > 1 else "IDLE"
            with m.State("GAP"):
                with m.If(ended):
                    m.next = "IDLE"
        return m
