"""Registers of the link, `golden.chip.memory_map.LinkRegister`, and its watchdog."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib.wiring import Component, In, Out

from ...golden.chip.memory_map import DATA_BITS, LinkRegister
from ...golden.link.frames import DROPPED_MOST, VERSION
from ...rtl.lib.signals import signals

LIMIT_BITS, TICK_BITS = 16, 16
"""Width of LinkRegister.WATCHDOG, and log2 of the clocks in a unit of it."""


class LinkRegisters(Component):
    """What a host reads and writes in the region LINK, bit by bit.

    Parameters
    ----------
    identity : int
        Of the chip description, 64 bits.
    clock_hz : int

    Members
    -------
    entry, bit_index : number of a register, and of its bit.
    bit : that bit, in the same clock.
    write, limit : write the watchdog's register.
    drop : a frame is dropped.
    good : a good frame came.
    fire : the engine is to be stopped; high until `stopped`.
    fired : the watchdog has had to, since its register was written.
    """

    def __init__(self, identity: int, clock_hz: int):
        self.constants = {
            LinkRegister.VERSION: VERSION,
            LinkRegister.CHIP_LOW: identity & 0xFFFFFFFF,
            LinkRegister.CHIP_HIGH: identity >> 32,
            LinkRegister.CLOCK_HZ: clock_hz,
        }
        super().__init__(
            {
                "entry": In(range(len(LinkRegister))),
                "bit_index": In(range(DATA_BITS)),
                "bit": Out(1),
                "write": In(1),
                "limit": In(LIMIT_BITS),
                "drop": In(1),
                "good": In(1),
                "fire": Out(1),
                "stopped": In(1),
                "fired": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        dropped, limit = Signal(range(DROPPED_MOST + 1), name="dropped"), Signal(LIMIT_BITS, name="limit")
        values = {number: Const(value, DATA_BITS) for number, value in self.constants.items()}
        values |= {LinkRegister.WATCHDOG: Cat(limit, self.fired), LinkRegister.DROPPED: dropped}
        with m.Switch(self.entry):
            for number, value in values.items():
                with m.Case(number):
                    m.d.comb += self.bit.eq((value >> self.bit_index)[0])
        with m.If(self.drop & (dropped != DROPPED_MOST)):
            m.d.sync += dropped.eq(dropped + 1)

        # Clocks since the last good frame; the carry between the halves takes a clock, and so does what it leads to.
        low, high = Signal(TICK_BITS, name="low"), Signal(LIMIT_BITS, name="high")
        carry, tick = signals("carry tick")
        m.d.sync += [Cat(low, carry).eq(low + 1), high.eq(high + carry), tick.eq(carry)]
        with m.If(self.good):
            m.d.sync += [low.eq(0), high.eq(0), carry.eq(0), tick.eq(0)]
        with m.If(self.stopped):
            m.d.sync += self.fire.eq(0)
        with m.If(tick & (high == limit) & limit.any()):
            m.d.sync += [self.fire.eq(1), self.fired.eq(1)]
        with m.If(self.write):
            m.d.sync += [limit.eq(self.limit), self.fired.eq(0)]
        return m
