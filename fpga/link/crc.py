"""CRC-32 of IEEE 802.3, a bit a clock, the lowest bit of a byte first; see `golden.link.frames.sealed`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out

BITS = 32
POLYNOMIAL = 0xEDB88320
"""Reflected: the coefficient of x**31 is the lowest bit."""
RESIDUE = 0xDEBB20E3
"""What the register holds after a frame and its CRC, whatever the frame."""


class Crc(Component):
    """Register of a CRC.

    Members
    -------
    start : begin anew.
    shift : take `bit`, or, if `close`, give the CRC's next one.
    out : the CRC's next bit, the one to be sent.
    good : what was taken is a frame and its CRC; a clock later.
    """

    start: In(1)
    shift: In(1)
    close: In(1)
    bit: In(1)
    out: Out(1)
    good: Out(1)

    def elaborate(self, platform):
        m = Module()
        register = Signal(BITS, init=(1 << BITS) - 1, name="register")
        m.d.comb += self.out.eq(~register[0])
        m.d.sync += self.good.eq(register == RESIDUE)
        with m.If(self.start):
            m.d.sync += register.eq(register.init)
        with m.Elif(self.shift):
            feedback = (register[0] ^ self.bit) & ~self.close
            m.d.sync += register.eq(Cat(register[1:], Const(0, 1)) ^ Mux(feedback, POLYNOMIAL, 0))
        return m
