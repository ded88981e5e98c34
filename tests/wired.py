"""A small design in place of a chip's, for builds in tests."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out


class Wired(Component):
    """In place of `BoardTop`: rx is shifted through a register and `words` of block RAM."""

    words = 256

    def __init__(self, chip, divisor, clock_hz):
        super().__init__({"rx": In(1, init=1), "tx": Out(1), "running": Out(1), "learning": Out(1), "fault": Out(1)})

    def elaborate(self, platform):
        m = Module()
        line, total = Signal(64), Signal(16)
        m.submodules.memory = memory = Memory(shape=16, depth=self.words, init=[])
        read, write = memory.read_port(), memory.write_port()
        m.d.sync += line.eq(Cat(self.rx, line))
        m.d.comb += [
            total.eq(line[-16:] + read.data),
            write.en.eq(1), write.addr.eq(line), write.data.eq(total),
            read.addr.eq(line[16:]), read.en.eq(1), self.tx.eq(total.xor()),
        ]  # fmt: skip
        return m
