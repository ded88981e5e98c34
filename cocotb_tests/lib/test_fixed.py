"""Saturation and rounding as expressions equal those of `golden.blocks.lib.fixed`."""

import cocotb
import numpy as np
from amaranth.hdl import Module, signed
from amaranth.lib.wiring import Component, In, Out
from cocotb.triggers import Timer

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.golden.blocks.lib import fixed
from ohmgrad.rtl.lib.fixed import exceeds, round_shift, saturate

# Bits of the value, bits that it saturates to, shift that it is rounded by.
GRID = {
    "narrow": (6, 4, 1),
    "one_bit": (2, 2, 0),
    "equal": (8, 8, 7),
    "wider": (8, 10, 8),
    "beyond": (8, 3, 12),
    "product": (28, 20, 14),
    "widest": (31, 30, 30),
    "unshifted": (20, 19, 0),
}


class Fixed(Component):
    """Every function of `rtl.lib.fixed` applied to one value."""

    def __init__(self, value_bits: int, bits: int, shift: int):
        self.bits, self.shift = bits, shift
        super().__init__(
            {
                "value": In(signed(value_bits)),
                "saturated": Out(signed(bits)),
                "exceeds": Out(1),
                "rounded": Out(signed(value_bits)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.saturated.eq(saturate(self.value, self.bits)),
            self.exceeds.eq(exceeds(self.value, self.bits)),
            self.rounded.eq(round_shift(self.value, self.shift)),
        ]
        return m


def make(name: str) -> Fixed:
    """The expressions of one configuration."""
    return Fixed(*GRID[name])


def test_fixed():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def computes(dut, name):
    """All values of a narrow width; of a wide one, extremes, those about a rounding step, and random ones."""
    value_bits, bits, shift = GRID[name]
    bench = Bench(dut, name, make(name))
    value, saturated, exceeded, rounded = map(bench.signal, ("value", "saturated", "exceeds", "rounded"))
    lowest = -(1 << (value_bits - 1))
    if value_bits <= 8:
        values = np.arange(lowest, -lowest, dtype=np.int32)
    else:
        ends = [-fixed.limit(bits), fixed.limit(bits), 1 << shift >> 1, -(1 << shift >> 1), lowest + 2, -lowest - 3]
        near = np.add.outer(ends, range(-2, 3)).ravel()
        values = np.append(near, extremes(bench.rng, value_bits, 500)).astype(np.int32)
    for v in values:
        value.value = int(v)
        await Timer(1, "ns")
        expected = fixed.saturate(v, fixed.limit(bits))
        check(f"saturate {name}", int(v), expected, saturated.value.to_signed())
        check(f"exceeds {name}", int(v), expected != v, int(exceeded.value))
        check(f"round_shift {name}", int(v), fixed.round_shift(v, np.int32(shift)), rounded.value.to_signed())
