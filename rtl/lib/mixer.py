"""`mix` by rounds over clocks, under keys that stand in the hardware; see `golden.blocks.lib.mixer`."""

from collections.abc import Sequence
from typing import NamedTuple

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.mixer import ROUNDS
from .signals import signals

WORDS = 4
"""16-bit words of a key; round r takes word r mod 4."""


class Seed(NamedTuple):
    """The seed of a chip: a constant, or a register.

    Attributes
    ----------
    value : Value
        32 bits.
    renewed : Value
        High for one clock after another one was written.
    """

    value: Value
    renewed: Value


def halves(seed: int | Value, domain: int) -> list[tuple[Value, ...]]:
    """Keys under which the number of an item becomes the two halves of its own key, 16-bit words.

    See `golden.blocks.lib.mixer.key`.

    Parameters
    ----------
    seed : int or Value
        A constant, or 32 bits of a register.
    domain : int
    """
    low, high = (seed[:16], seed[16:]) if isinstance(seed, Value) else (Const(seed & 0xFFFF, 16), Const(seed >> 16, 16))
    return [(Const(half, 16), low, high, Const(domain, 16)) for half in range(2)]


def mix_round(m: Module, xy: Value, word: Value, r: Value | int) -> Signal:
    """One round, combinational.

    Parameters
    ----------
    xy : Value
        32 bits: y and, above it, x.
    word : Value
        16 bits of the key.
    r : Value or int
        Number of the round.
    """
    y, x = xy[:16], xy[16:32]
    mixed = Signal(16, name="mixed")
    after = Signal(32, name="after")
    m.d.comb += mixed.eq((Cat(x[7:], x[:7]) + y)[:16] ^ word ^ r)
    m.d.comb += after.eq(Cat(Cat(y[14:], y[:14]) ^ mixed, mixed))
    return after


def mix(m: Module, key: Value, counter: Value) -> Value:
    """32 pseudo-random bits from a 64-bit key and a counter, combinational."""
    xy = Signal(32, name="xy")
    m.d.comb += xy.eq(counter)
    for r in range(ROUNDS):
        xy = mix_round(m, xy, key.word_select(r % WORDS, 16), r)
    return xy


def half_key(half: Value, seed: int | Value, domain: int) -> Value:
    """64-bit key of one of the `halves`, by a bit."""
    _, low, high, last = halves(seed, domain)[0]
    return Cat(half, Const(0, 15), low, high, last)


def item_key(m: Module, seed: int | Value, domain: int, number: Value) -> Value:
    """64-bit key of item `number` of a domain, combinational; the seed as of `halves`."""
    return Cat(mix(m, Cat(*half), number) for half in halves(seed, domain))


class FixedMixer(Component):
    """`mix` of a counter under given keys, one after the other.

    Parameters
    ----------
    keys : sequence of sequences of Value
        Four 16-bit words each, which stand while they are used: constants, or registers.

    Members
    -------
    counter : stream in; taken as the last key's rounds begin.
    mixed : stream out, 32 bits a key, the first one lowest; 8 clocks a key and one more after the counter was
        offered.
    """

    def __init__(self, keys: Sequence[Sequence[Value]]):
        self.keys = keys
        super().__init__({"counter": In(stream.Signature(32)), "mixed": Out(stream.Signature(32 * len(keys)))})

    def elaborate(self, platform):
        m = Module()
        count = len(self.keys)
        xy, active = Signal(32, name="xy"), Signal(name="active")
        r, turn = Signal(range(ROUNDS), name="r"), Signal(range(max(2, count)), name="turn")
        ends, final, load = signals("ends final load")
        # Constants by key and round: a few LUTs a bit.
        table = Array(word for key in self.keys for word in key)
        after = mix_round(m, xy, table[Cat(r[:2], turn)], r)
        m.d.comb += [
            ends.eq(active & (r == ROUNDS - 1)),
            final.eq(turn == count - 1),
            load.eq(~active & ~self.mixed.valid & self.counter.valid | (ends & ~final)),
            self.counter.ready.eq(load & ((turn == count - 2) & active if count > 1 else 1)),
        ]
        with m.If(load):
            m.d.sync += [xy.eq(self.counter.payload), active.eq(1)]
        with m.Elif(active):
            m.d.sync += xy.eq(after)
        with m.If(active):
            m.d.sync += r.eq(r + 1)
        with m.If(ends):
            m.d.sync += turn.eq(Mux(final, 0, turn + 1))
        with m.If(self.mixed.ready):
            m.d.sync += self.mixed.valid.eq(0)
        with m.If(ends & final):
            m.d.sync += [active.eq(0), self.mixed.valid.eq(1)]
        earlier = [Signal(32, name=f"earlier_{k}") for k in range(count - 1)]
        for k, held in enumerate(earlier):
            with m.If(ends & (turn == k)):
                m.d.sync += held.eq(after)
        m.d.comb += self.mixed.payload.eq(Cat(*earlier, xy))
        return m
