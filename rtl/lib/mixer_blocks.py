"""Values of `mix` in order: 0, 1, ... under the key of one numbered item after the other; see `KeyedWords`."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.lib.mixer import BLOCK, ROUNDS
from .mixer import WORDS, FixedMixer, halves, mix_round
from .signals import read_port, signals, write_port


def ended(width: int) -> data.StructLayout:
    """Payload of some bits, and whether they are the item's last."""
    return data.StructLayout({"bits": width, "last": 1})


class Blocks(Component):
    """Values of `mix`, `units` at a time.

    Parameters
    ----------
    seed : int or Value
    domain : int
    units : int
        Values a block.
    count : int
        Blocks an item, at most 2**16.
    clocks : int
        That the words of a block last.

    Attributes
    ----------
    latency : int
        Clocks from the first clock of a number to that of its first block, where nothing is under way.
    gap : int
        Clocks from an item's last block to the next one's first where that is made in time, at least; a mean.

    Members
    -------
    number : stream in, as of `KeyedWords`.
    blocks : stream out, `count` blocks an item.
    """

    def __init__(self, seed: int | Value, domain: int, units: int, count: int, clocks: int):
        self.seed, self.domain = seed, domain
        self.units, self.count, self.clocks = units, count, clocks
        super().__init__({"number": In(stream.Signature(32)), "blocks": Out(stream.Signature(ended(BLOCK * units)))})


class SerialBlocks(Blocks):
    """One round a clock: both halves of the key, with a clock more each, and the blocks.

    A finished block waits in the last round's place. The next item begins when the last block is taken.
    """

    latency = 2 * (ROUNDS + 1) + ROUNDS
    gap = 2 * (ROUNDS + 1) + ROUNDS

    def elaborate(self, platform):
        m = Module()
        low, high, block = range(3)
        xy = Signal(32, name="xy")
        place = Signal(range(max(2, self.count)), name="place")
        place_next = Signal(range(self.count + 1), name="place_next")
        job, r = Signal(range(3), name="job"), Signal(range(ROUNDS), name="r")
        active, storing = signals("active storing")
        job_next, r_next = Signal.like(job, name="job_next"), Signal.like(r, name="r_next")
        # The item's key stands in RAM: one block is less than 64 registers and their choice. Those of its halves do
        # not, so that the RAM needs no contents; as large as this it becomes a block.
        m.submodules.keys = keys = Memory(shape=16, depth=4 * WORDS, init=[])
        read, write = read_port(keys), write_port(keys)
        fixed = Array(word for half in halves(self.seed, self.domain) for word in half)
        word = Mux(job == block, read.data, fixed[Cat(r[:2], job[0])])
        after = mix_round(m, xy, word, r)
        ends, taken, begin, start = signals("ends taken begin start")
        m.d.comb += [
            read.addr.eq(r_next[:2]),
            write.addr.eq(Cat(storing, job[0])),
            write.data.eq(Mux(storing, xy[16:], after[:16])),
            write.en.eq(storing | (ends & (job != block))),
            ends.eq(active & (r == ROUNDS - 1)),
            self.blocks.valid.eq(ends & (job == block)),
            self.blocks.payload.bits.eq(after),
            self.blocks.payload.last.eq(place == self.count - 1),
            taken.eq(self.blocks.valid & self.blocks.ready),
            self.number.ready.eq(storing & (job == low)),
            # What is next, and whether it begins.
            job_next.eq(job),
            place_next.eq(Mux(taken, place + 1, place)),
            begin.eq(~active | taken),
            start.eq(begin & ((job_next != low) | self.number.valid)),
            r_next.eq(Mux(active & ~self.blocks.valid | taken, r + 1, r)),
        ]
        with m.If(storing):
            m.d.comb += job_next.eq(job + 1)
        with m.Elif(taken & self.blocks.payload.last):
            m.d.comb += [job_next.eq(low), place_next.eq(0)]
        with m.If(start):
            m.d.sync += xy.eq(Mux(job_next == block, place_next, self.number.payload))
        with m.Elif(active & ~self.blocks.valid):
            m.d.sync += xy.eq(after)
        with m.If(begin):
            m.d.sync += active.eq(start)
        with m.Elif(write.en):
            m.d.sync += active.eq(0)
        m.d.sync += [job.eq(job_next), r.eq(r_next), place.eq(place_next), storing.eq(write.en & ~storing)]
        return m


class PipelinedBlocks(Blocks):
    """Stages that hold a block for `clocks` clocks each, in which they do as many rounds.

    Blocks of two items may be under way at once, each item under a key of its own; the next item's key is made
    beside them. The first block of all may take `clocks - 1` clocks more than `latency`.
    """

    latency = 2 * ROUNDS + 4 + ROUNDS

    @property
    def gap(self) -> int:
        """See `Blocks`; a key takes longer than few blocks."""
        return max(self.clocks, 2 * (ROUNDS + 1) - self.clocks * (self.count - 1))

    def elaborate(self, platform):
        m = Module()
        stages = ROUNDS // self.clocks
        turn = Signal(range(self.clocks), name="turn") if self.clocks > 1 else Const(0, 1)
        tags = [Signal(data.StructLayout({"valid": 1, "last": 1, "side": 1}), name=f"tag_{s}") for s in range(stages)]
        place = Signal(range(max(2, self.count)), name="place")
        side, issuing = signals("side issuing")
        move, shift, last, begin = signals("move shift last begin")
        keys = self._keys(m, side, begin, issuing, [tag.valid & (tag.side != side) for tag in tags])
        out = self.blocks
        # Only a block a clock needs the place of the one that is taken at once.
        free = ~out.valid | out.ready if self.clocks == 1 else ~out.valid
        m.d.comb += [
            move.eq((turn != self.clocks - 1) | ~tags[-1].valid | free),
            shift.eq(move & (turn == self.clocks - 1)),
            last.eq(place == self.count - 1),
            begin.eq(~issuing | (shift & last)),
        ]
        if self.clocks > 1:
            with m.If(move):
                m.d.sync += turn.eq(turn + 1)
        with m.If(shift):
            for tag, before in zip(tags[1:], tags, strict=False):
                m.d.sync += tag.eq(before)
            m.d.sync += [tags[0].valid.eq(issuing), tags[0].last.eq(last), tags[0].side.eq(side)]
        with m.If(shift & issuing):
            m.d.sync += place.eq(Mux(last, 0, place + 1))
        with m.If(out.ready):
            m.d.sync += out.valid.eq(0)
        with m.If(shift & tags[-1].valid):
            m.d.sync += [out.valid.eq(1), out.payload.last.eq(tags[-1].last)]
        for unit in range(self.units):
            bits = out.payload.bits.word_select(unit, BLOCK)
            coming = place * self.units | unit
            for s, tag in enumerate(tags):
                xy, first = Signal(32, name=f"xy_{unit}_{s}"), s * self.clocks
                after = mix_round(m, xy, self._word(tag.side, keys, first, turn), first | turn)
                with m.If(move & ~shift):
                    m.d.sync += xy.eq(after)
                with m.If(shift):
                    m.d.sync += xy.eq(coming)
                coming = after
            with m.If(shift & tags[-1].valid):
                m.d.sync += bits.eq(coming)
        return m

    def _keys(self, m: Module, side: Signal, begin: Signal, issuing: Signal, held: list[Value]) -> list[Signal]:
        """Keys of the two sides: that of the blocks that are issued, and the next one or the last one."""
        m.submodules.key = key = FixedMixer(halves(self.seed, self.domain))
        connect(m, flipped(self.number), key.counter)
        keys, loaded = [Signal(64, name=f"key_{k}") for k in range(2)], Signal(name="loaded")
        m.d.comb += key.mixed.ready.eq(~loaded & ~Cat(held).any())
        with m.If(begin):
            m.d.sync += [issuing.eq(loaded), side.eq(side ^ loaded), loaded.eq(0)]
        with m.If(key.mixed.valid & key.mixed.ready):
            m.d.sync += loaded.eq(1)
            for k, register in enumerate(keys):
                with m.If(side != k):
                    m.d.sync += register.eq(key.mixed.payload)
        return keys

    def _word(self, side: Value, keys: list[Signal], first: int, turn: Value) -> Value:
        """Word of the key that a stage takes in this clock."""
        key = Mux(side, keys[1], keys[0])
        return key.word_select((first % WORDS) | turn[:2], 16)
