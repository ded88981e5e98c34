"""Serial line, 8N1: a start bit 0, eight data bits from the lowest one, a stop bit 1; the line idles at 1."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out

BYTE = 8


class Receiver(Component):
    """Bytes from a line that knows nothing of our clock.

    Bits are sampled in their middle, which the falling edge of the start bit gives; a start bit that is over by
    its middle is none. The next one may begin from the middle of the stop bit on, hence both clocks may differ.

    Parameters
    ----------
    divisor : int
        Clocks a bit, from 4.

    Members
    -------
    rx : the line, not synchronous to the clock.
    valid, data : high for one clock, in the middle of the stop bit, and the byte, which stands until the next one.
    broken : high for one clock where the stop bit is 0; the next byte begins after the line was 1.
    """

    def __init__(self, divisor: int):
        self.divisor = divisor
        super().__init__({"rx": In(1, init=1), "valid": Out(1), "data": Out(BYTE), "broken": Out(1)})

    def elaborate(self, platform):
        m = Module()
        early, line = Signal(init=1, name="early"), Signal(init=1, name="line")
        m.d.sync += [early.eq(self.rx), line.eq(early)]
        clocks, bits = Signal(range(self.divisor), name="clocks"), Signal(range(BYTE + 1), name="bits")
        middle = clocks == 0
        m.d.sync += clocks.eq(clocks - 1)
        with m.If(middle):
            m.d.sync += clocks.eq(self.divisor - 1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [clocks.eq(self.divisor // 2 - 1), bits.eq(0)]
                with m.If(~line):
                    m.next = "START"
            with m.State("START"):
                with m.If(middle):
                    m.next = "BITS"
                    with m.If(line):
                        m.next = "IDLE"
            with m.State("BITS"), m.If(middle):
                m.d.sync += bits.eq(bits + 1)
                with m.If(bits == BYTE):
                    m.d.comb += [self.valid.eq(line), self.broken.eq(~line)]
                    m.next = "IDLE"
                    with m.If(~line):
                        m.next = "BREAK"
                with m.Else():
                    m.d.sync += self.data.eq(Cat(self.data[1:], line))
            with m.State("BREAK"):
                with m.If(line):
                    m.next = "IDLE"
        return m


class Transmitter(Component):
    """Bytes onto a line.

    Parameters
    ----------
    divisor : int
        Clocks a bit.

    Members
    -------
    data : stream in, bytes; the next one is taken when the stop bit is over.
    tx : the line.
    """

    def __init__(self, divisor: int):
        self.divisor = divisor
        super().__init__({"data": In(stream.Signature(BYTE)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        # What follows the bit on the line: the byte's other bits and the stop bit.
        frame = Signal(BYTE + 1, name="frame")
        clocks, sending = Signal(range(self.divisor), name="clocks"), Signal(name="sending")
        bits = Signal(range(BYTE + 2), name="bits")  # before the one on the line
        last = clocks == 0
        m.d.comb += self.data.ready.eq(~sending)
        m.d.sync += clocks.eq(clocks - 1)
        with m.If(last | ~sending):
            m.d.sync += clocks.eq(self.divisor - 1)
        with m.If(~sending):
            m.d.sync += [bits.eq(0), sending.eq(self.data.valid)]
            with m.If(self.data.valid):
                m.d.sync += [self.tx.eq(0), frame.eq(Cat(self.data.payload, Const(1, 1)))]
        with m.Elif(last):
            m.d.sync += [Cat(self.tx, frame).eq(Cat(frame, Const(1, 1))), bits.eq(bits + 1)]
            with m.If(bits == BYTE + 1):
                m.d.sync += sending.eq(0)
        return m
