"""The shell in which a component is placed reaches its inputs and outputs; nextpnr's clock falls as a path grows."""

from typing import Any, cast

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import Component, In, Out
from amaranth.sim import Simulator

from ohmgrad.fpga.synthesis import placement
from ohmgrad.fpga.synthesis.placement import Shell, fmax


class Sum(Component):
    """`terms` numbers of 8 bits, added in one clock.

    Members
    -------
    odd : an output beside the sum.
    """

    def __init__(self, terms: int):
        self.terms = terms
        super().__init__({"numbers": In(8 * terms), "sum": Out(8), "odd": Out(1)})

    def elaborate(self, platform):
        m, ports = Module(), cast(Any, self)
        total = Signal(8)
        for k in range(self.terms):
            before, total = total, Signal(8)
            m.d.comb += total.eq(before + ports.numbers[8 * k : 8 * k + 8])
        m.d.comb += [ports.sum.eq(total), ports.odd.eq(total[0])]
        return m


@pytest.mark.parametrize("untaken", [(), ("odd",)])
def test_shell(untaken):
    """What is shifted in is added, and shifted out from its low bit on; a port that is not taken adds no bit."""
    shell = cast(Any, Shell(Sum(2), untaken))
    read = []

    async def testbench(ctx):
        word = 200 << 8 | 100
        for bit in range(16):
            ctx.set(shell.serial, word >> (15 - bit) & 1)
            await ctx.tick()
        ctx.set(shell.load, 1)
        ctx.set(shell.serial, 0)
        await ctx.tick()  # `load` is in its register, and the inputs have moved by one bit
        ctx.set(shell.load, 0)
        await ctx.tick()
        for _ in range(10):
            await ctx.tick()
            read.append(ctx.get(shell.out))

    simulator = Simulator(shell)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    moved = (200 << 8 | 100) << 1 & 0xFFFF
    total = ((moved >> 8) + (moved & 0xFF)) % 256
    bits = [total >> k & 1 for k in range(8)] + ([] if untaken else [total & 1])
    assert read == bits + [0] * (10 - len(bits))


def test_fmax(monkeypatch, tmp_path):
    """A chain of 12 adders is slower than one of 2, on both parts; what was placed before is not placed again."""
    monkeypatch.chdir(tmp_path)  # where its cache is
    short, long = (fmax(Sum(terms), "iCE40", f"{terms} terms") for terms in (2, 12))
    assert short.keys() == long.keys() == {"UP5K", "HX8K"}
    for part in short:
        assert 0 < cast(float, long[part]) < cast(float, short[part])
    monkeypatch.setattr(placement, "_place", None)
    assert fmax(Sum(2), "iCE40", "again") == short
    assert fmax(Sum(2), "iCE40", "one part", parts=("UP5K",)) == {"UP5K": short["UP5K"]}


def test_a_part_that_is_too_small(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # where its cache is
    monkeypatch.setattr(placement, "FAMILIES", {"iCE40": placement.FAMILIES["iCE40"]._replace(
        parts={"LP384": ("--lp384", "--package", "qn32")}
    )})  # fmt: skip
    assert fmax(Sum(40), "iCE40", "40 terms") == {"LP384": None}
