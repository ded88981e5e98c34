"""Passes over lines of a memory of words of lanes: a word is read, changed and written back, at any place, every clock.

A line is consecutive words (`golden.blocks.tiki_taka.lines`). `place_words` gives each word its place; `LinePass`
takes placed words.
"""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream

from ...golden.blocks.tiki_taka.lines import Lines
from ..lib.layout import LaneMemory
from ..lib.signals import signals


def place_words(m: Module, lines: Lines, command, words, idle: Value):
    """Give each word of a stream its place in the memory, and what its line's command says.

    Parameters
    ----------
    command : stream in, one a line, with `start` (first word) and `words` (number, at least 1), and `update`
    words : stream in, words of lanes, line after line
    idle : Value
        The pass of the command in front takes no words, but goes over its places.

    Returns
    -------
    stream
        `place`, `words`, `active` (one bit a lane: the command updates, the pass
        takes words, and the lane is no padding) and `command`.
    """
    shape = {
        "place": range(max(2, lines.depth)), "words": words.payload.shape(), "active": lines.lanes,
        "command": command.payload.shape(),
    }  # fmt: skip
    placed = stream.Signature(data.StructLayout(shape)).create(path=("placed",))
    offered, out = command.payload, placed.payload
    within, last, go = signals("within last go")
    place, left = Signal.like(out.place, name="place"), Signal.like(offered.words, name="left")
    now = Signal.like(left, name="now")
    m.d.comb += [
        now.eq(Mux(within, left, offered.words)),
        last.eq(now == 1),
        out.place.eq(Mux(within, place, offered.start)),
        out.words.eq(words.payload),
        out.command.eq(offered),
        placed.valid.eq(command.valid & (words.valid | idle)),
        go.eq(placed.valid & placed.ready),
        words.ready.eq(go & ~idle),
        command.ready.eq(go & last),
    ]
    with m.If(go):
        m.d.sync += [within.eq(~last), place.eq(out.place + 1), left.eq(now - 1)]
    for lane in range(lines.lanes):
        m.d.comb += out.active[lane].eq(offered.update & ~idle & ~(last & _padding(lines, lane, offered.start)))
    return placed


def _padding(lines: Lines, lane: int, start: Value) -> Value:
    """Whether a lane is padding in the last word of the line that starts there."""
    padded = [(length - 1) % lines.lanes < lane for _, length in lines.layers]
    value = Value.cast(padded[0])
    for first, this, before in zip(lines.starts[1:], padded[1:], padded, strict=False):
        if this != before:
            value = Mux(start >= first, this, value)
    return value


class LinePass:
    """Read-modify-write of placed words, one a clock, in two clocks; the same place may come again at once.

    Parameters
    ----------
    m : Module
    memories : list of LaneMemory
    placed : stream in, with `place`
    ready : Value
        The word in the second clock can go.
    name : str
        Prefix of its signals.

    Attributes
    ----------
    coming : payload that moves to the second clock where `move` is high.
    word : payload in the second clock.
    values : words of the memories in the second clock.
    data : words to be written, driven by the block.
    full, commit : there is a word in the second clock; it goes, and `data` is written back.
    """

    def __init__(self, m: Module, memories: list[LaneMemory], placed, ready: Value, name: str = "filter"):
        offered = placed.payload
        self.coming = coming = Signal.like(offered, name=f"{name}_coming")
        self.word = word = Signal.like(offered, name=f"{name}_word")
        waits, same, follows, again = (Signal(name=f"{name}_{what}") for what in ("waits", "same", "follows", "again"))
        self.full = full = Signal(name=f"{name}_full")
        self.commit, self.move = commit, move = Signal(name=f"{name}_commit"), Signal(name=f"{name}_move")
        take = Signal(name=f"{name}_take")
        m.d.comb += [
            commit.eq(full & ready),
            move.eq(waits & (~full | commit)),
            placed.ready.eq(~waits | move),
            take.eq(placed.valid & placed.ready),
        ]
        m.d.sync += [waits.eq(take | (waits & ~move)), full.eq(move | (full & ~commit))]
        with m.If(take):
            # When this word is read, the one before may be written in the same clock, or be still on its way.
            m.d.sync += [
                coming.eq(offered),
                same.eq(offered.place == coming.place),
                follows.eq(commit & (offered.place == word.place)),
            ]
        with m.If(move):
            m.d.sync += [word.eq(coming), again.eq(full & same)]
        self.values, self.data = [], []
        for number, memory in enumerate(memories):
            first, value, changed, written = (
                Signal.like(memory.value, name=f"{name}_{what}_{number}")
                for what in ("first", "value", "changed", "written")
            )
            m.d.comb += [
                memory.read.eq(take), memory.read_word.eq(offered.place),
                memory.write.eq(commit), memory.write_word.eq(word.place), memory.data.eq(changed),
                value.eq(Mux(again, written, first)),
            ]  # fmt: skip
            with m.If(commit):
                m.d.sync += written.eq(changed)
            with m.If(move):
                m.d.sync += first.eq(Mux(follows, written, memory.value))
            self.values.append(value)
            self.data.append(changed)
