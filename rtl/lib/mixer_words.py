"""Random words of numbered items (patterns, steps): `mix` of 0, 1, ... under each item's own key.

    number -> SerialBlocks or PipelinedBlocks -> KeyedWords -> words

`mix` takes eight rounds for 32 bits. Up to 4 bits a clock one round a clock suffices, and one set of adders does key
and blocks in turn; beyond, the stages of a pipeline share the rounds, and another set makes the next key meanwhile.
"""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.lib.mixer import BLOCK, ROUNDS
from .mixer_blocks import PipelinedBlocks, SerialBlocks, ended
from .signals import signals
from .streams import decouple

SERIAL = BLOCK // ROUNDS
"""Bits a clock that one round a clock makes."""


class KeyedWords(Component):
    """Words of one item after the other.

    Parameters
    ----------
    seed : int or Value
        See `rtl.lib.mixer.halves`.
    domain : int
        See `golden.blocks.lib.mixer.key`.
    width : int
        Bits a word; a power of two.
    count : int
        Words an item.

    Attributes
    ----------
    latency : int
        Clocks from the first clock of an item's number to that of its first word, where nothing is under way; beyond
        4 bits a clock up to 32 / width - 1 more.
    period : int
        Clocks an item takes where the next one's number is offered in time: `count`, or more where the next one's
        key takes longer than this one's last block.

    Members
    -------
    number : stream in: number of the item. It stands until the second half of its key is begun.
    words : stream out, `count` words an item, one a clock, from the lowest bits of each value on.
    """

    def __init__(self, seed: int | Value, domain: int, width: int, count: int):
        self.width, self.count = width, count
        bits = max(BLOCK, width)
        self.chunks = bits // width
        blocks = -(-count // self.chunks)
        self.blocks = (SerialBlocks if width <= SERIAL else PipelinedBlocks)(
            seed, domain, bits // BLOCK, blocks, self.chunks
        )
        self.latency = self.blocks.latency + 2
        rest = count - (blocks - 1) * self.chunks
        self.period = (blocks - 1) * self.chunks + max(rest, self.blocks.gap)
        super().__init__({"number": In(stream.Signature(32)), "words": Out(stream.Signature(ended(width)))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.blocks = blocks = self.blocks
        connect(m, flipped(self.number), blocks.number)
        bits = Signal.like(blocks.blocks.payload.bits, name="bits")
        last, ends = signals("last ends")
        left = Signal(range(max(2, self.chunks)), name="left")
        words, block = self.words.signature.create(path=("chunk",)), blocks.blocks
        decouple(m, words, self.words)
        m.d.comb += [
            ends.eq(left == 0),
            words.payload.bits.eq(bits),
            words.payload.last.eq(last & ends),
            block.ready.eq(~words.valid | (words.ready & ends)),
        ]
        with m.If(block.ready):
            rest = (self.count - 1) % self.chunks
            m.d.sync += [words.valid.eq(block.valid), bits.eq(block.payload.bits), last.eq(block.payload.last)]
            m.d.sync += left.eq(Mux(block.payload.last, rest, self.chunks - 1))
        with m.Elif(words.ready):
            m.d.sync += [left.eq(left - 1), bits.eq(bits >> self.width)]
        return m
