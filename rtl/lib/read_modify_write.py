"""Passes over a memory of words of lanes, one word a clock."""

from amaranth.hdl import Array, Module, Mux, Signal, Value
from amaranth.lib import stream

from ...golden.blocks.lib.layout import Layout
from .layout import LaneMemory


def always(m: Module, payload):
    """Stream that always has a payload: the command of a `ReadModifyWrite` whose words bring it with them."""
    source = stream.Signature(payload.shape()).create(path=("source",))
    m.d.comb += [source.valid.eq(1), source.payload.eq(payload)]
    return source


class ReadModifyWrite:
    """A pass over a `LaneMemory`: a word is read, combined with a word of a stream, and written back.

    One word a clock; the result is valid one clock after the stream's word was taken. Words of the memory are
    read ahead, so that both operands stand in registers.

    Parameters
    ----------
    m : Module
        Module of the block; gets the memory as its submodule "memory".
    layout : Layout
    bits : int
        Width of an entry.
    host : HostPort
    words : stream in, `layout.words` words a pass
    command : stream in, one a pass
    result : stream out, whose payload the block drives
    selective : bool
        Passes whose command has no `use` leave the memory alone: it is neither read nor written, and shows word 0.

    Attributes
    ----------
    memory : the memory.
    value : the word of the memory, while `result` is valid.
    words, command : the payloads that belong to it.
    data : the word to be written, driven by the block.
    accept, read_index : a word is taken in this clock, and its index.
    commit, write_index : a word is given, and written back, in this clock, and its index.
    """

    def __init__(self, m: Module, layout: Layout, bits: int, *, host, words, command, result, selective: bool = False):
        m.submodules.memory = self.memory = memory = LaneMemory(layout, bits)
        self.value, self.data = Signal(memory.value.shape(), name="value", reset_less=True), memory.data
        self._connect_host(m, layout.lanes, host, memory)
        self.words = Signal.like(words.payload, name="words", reset_less=True)
        self.command = Signal.like(command.payload, name="command")
        self.commit = commit = Signal(name="commit")

        self.read_index = read_index = Signal.like(memory.read_word, name="read_index")
        self.write_index = write_index = Signal.like(read_index, name="write_index")
        self.accept = accept = Signal(name="accept")
        # The memory shows the word to be taken next, unless the host has just had it.
        full, last, fetched = Signal(name="full"), Signal(name="last"), Signal(name="fetched")
        following = Signal.like(read_index, name="following")
        m.d.comb += [
            last.eq(read_index == layout.words - 1),
            following.eq(Mux(last, 0, read_index + 1)),
            commit.eq(full & result.ready),
            accept.eq(words.valid & command.valid & fetched & (~full | result.ready)),
            words.ready.eq(accept),
            command.ready.eq(accept & last),
            memory.read.eq((accept & command.payload.use if selective else accept) | ~fetched),
            memory.read_word.eq(Mux(accept, following, read_index)),
            result.valid.eq(full),
            memory.write.eq(commit & self.command.use if selective else commit),
            memory.write_word.eq(write_index),
        ]
        m.d.sync += [full.eq(accept | (full & ~commit)), fetched.eq(~host.select)]
        newest = self._newest(m, layout, memory, fetched)
        with m.If(accept):
            m.d.sync += [read_index.eq(following), write_index.eq(read_index)]
            m.d.sync += [self.words.eq(words.payload), self.command.eq(command.payload)]
        with m.If(accept | host.select):
            m.d.sync += self.value.eq(newest)

    def _connect_host(self, m: Module, lanes: int, host, memory: LaneMemory) -> None:
        """Give the memory to the host, which sees `value`: to choose a lane of what RAM shows would take long."""
        lane = Signal(range(max(2, lanes)), name="host_lane")
        driven = [name for name in host.signature.members if name != "value"]
        m.d.comb += [getattr(memory.host, name).eq(getattr(host, name)) for name in driven]
        m.d.comb += lane.eq(host.index[: (lanes - 1).bit_length()])
        m.d.comb += host.value.eq(Array(self.value[k] for k in range(lanes))[lane])

    def _newest(self, m: Module, layout: Layout, memory: LaneMemory, fetched: Signal) -> Value:
        """The word to be taken; of one or two words, what was written since it was read comes from a register."""
        if layout.words > 2:
            return memory.value
        written = Signal(memory.value.shape(), name="written", reset_less=True)
        since = Signal(name="since")
        newest = Signal.like(written, name="newest")
        m.d.comb += newest.eq(Mux(since, written, memory.value))
        if layout.words == 1:
            with m.If(memory.write):
                m.d.comb += newest.eq(memory.data)
                m.d.sync += [written.eq(memory.data), since.eq(1)]
        else:  # the word that was taken before the last one may be written in the clock in which it is read again
            with m.If(memory.read):
                m.d.sync += [written.eq(memory.data), since.eq(memory.write)]
        with m.If(~fetched):
            m.d.sync += since.eq(0)
        return newest
